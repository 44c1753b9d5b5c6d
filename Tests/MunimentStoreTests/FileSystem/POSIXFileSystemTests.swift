// What only the operating system's file system has: special files, links, mount tables, and the loops around its calls.

import Glibc
import Testing

@testable import MunimentStore

@Suite("The operating system's file system")
struct POSIXFileSystemTests {
    private let fileSystem = POSIXFileSystem()

    private func withDirectory(_ body: (String) throws -> Void) throws {
        try FileSystemSubject(kind: .posix).withDirectory { try body($1) }
    }

    @Test("refuses to open what is not a regular file, without waiting for it")
    func specialFiles() throws {
        try withDirectory { directory in
            #expect(mkfifo(directory + "/fifo", 0o600) == 0)
            for mode in [OpenMode.read, .readWrite, .createOrOpen] {
                #expect(code { _ = try fileSystem.open(directory + "/fifo", mode) } == .notRegularFile)
            }
            #expect(code { _ = try fileSystem.open(directory + "/fifo", .create) } == .exists)
            let found = try #require(try fileSystem.status(directory + "/fifo"))
            #expect(found.kind == .other)
            #expect(code { _ = try fileSystem.open("/dev/zero", .read) } == .notRegularFile)
        }
    }

    @Test("follows symbolic links, and finds nothing behind a dangling one")
    func symbolicLinks() throws {
        try withDirectory { directory in
            #expect(symlink("target", directory + "/link") == 0)
            #expect(try fileSystem.status(directory + "/link") == nil)
            #expect(code { _ = try fileSystem.open(directory + "/link", .create) } == .exists)
            try fileSystem.open(directory + "/target", .create).write([1], at: 0)
            let target = try fileSystem.status(directory + "/target")
            #expect(try fileSystem.status(directory + "/link") == target)
            #expect(try fileSystem.open(directory + "/link", .read).read(at: 0, count: 2) == [1])
        }
    }

    @Test("keeps a lock from other processes until its handle ends")
    func lockAcrossProcesses() async throws {
        let directory = temporaryDirectory + "/muniment-tests-\(UInt64.random(in: 0 ... .max))"
        try fileSystem.createDirectory(directory)
        defer { fileSystem.removeTree(directory) }
        let path = directory + "/lock"
        let file = try fileSystem.open(path, .create)
        #expect(try file.lockExclusively())
        await #expect(processExitsWith: .exitCode(3)) { [path = path as String] in
            exit(try POSIXFileSystem().open(path, .readWrite).lockExclusively() ? 2 : 3)
        }
        file.close()
        await #expect(processExitsWith: .exitCode(2)) { [path = path as String] in
            exit(try POSIXFileSystem().open(path, .readWrite).lockExclusively() ? 2 : 3)
        }
    }

    @Test("gives up its lock at the end, though a process that is being forked still has the open file")
    func lockBesideAFork() throws {
        try withDirectory { directory in
            let path = directory + "/lock"
            let file = try fileSystem.open(path, .create)
            #expect(try file.lockExclusively())
            // Shares the open file, as a child does until it executes its program.
            let number = try #require(
                (0..<1_024).first { number in
                    var target = [UInt8](repeating: 0, count: 4_096)
                    let count = readlink("/proc/self/fd/\(number)", &target, target.count)
                    return count > 0 && target[..<count].elementsEqual(path.utf8)
                })
            let shared = dup(Int32(number))
            defer { Glibc.close(shared) }
            let other = try fileSystem.open(path, .readWrite)
            #expect(try !other.lockExclusively())
            file.close()
            #expect(try other.lockExclusively())
        }
    }

    @Test("closes every descriptor that it opens")
    func descriptors() throws {
        try withDirectory { directory in
            try fileSystem.open(directory + "/a", .create).write([1], at: 0)
            // More than the usual limit of a process, were they to leak.
            for _ in 0..<3000 {
                _ = try fileSystem.open(directory + "/a", .read).read(at: 0, count: 1)
                _ = code { _ = try fileSystem.open(directory, .read) }
                try fileSystem.synchronizeDirectory(directory)
                _ = try fileSystem.isNetworkFileSystem(directory)
            }
        }
    }

    @Test("tells FUSE file systems apart by the mount table")
    func mountTable() {
        let table = """
            22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw
            40 28 0:45 / /remote rw,nosuid,nodev shared:5 master:1 - fuse.sshfs host:/dir rw
            41 28 0:46 / /overlay rw - fuse.fuse-overlayfs overlay rw
            42 28 259:300 / /ntfs rw shared:9 - fuseblk /dev/sdb1 rw
            43 28 0:47 / /short rw - virtiofs
            44 28 0:48 / /none rw
            45 28 0:49 / /cut rw -
            """
        func isShared(_ major: UInt64, _ minor: UInt64) -> Bool {
            let device = (major & 0xFFF) << 8 | (major & ~0xFFF) << 32 | minor & 0xFF | (minor & ~0xFF) << 12
            return NetworkFileSystems.isShared(device: device, mountTable: Array(table.utf8))
        }
        #expect(isShared(0, 45))
        #expect(!isShared(0, 46))
        #expect(!isShared(259, 300))
        #expect(isShared(0, 47))
        #expect(isShared(0, 48))
        #expect(isShared(0, 49))
        #expect(isShared(0, 50))
        #expect(NetworkFileSystems.magicNumbers.isSuperset(of: [0x6969, 0xFF53_4D42, 0x0102_1997]))
        #expect(!NetworkFileSystems.magicNumbers.contains(0xEF53))
    }

    @Test("says in one sentence what failed, where, and what to do")
    func errors() {
        let full = FileSystemError(.write, "s/0001", errno: ENOSPC, offset: 4096)
        #expect(
            full.description == "Cannot write 's/0001' at byte 4096: no space left on device (errno 28); "
                + "free some space or raise the quota, then try again.")
        #expect(full == FileSystemError(.open, "elsewhere", errno: EDQUOT))
        #expect(full != FileSystemError(.write, "s/0001", errno: EIO, offset: 4096))
        let odd = FileSystemError(.open, "a\u{1B}[2J\n\u{202E}\u{E9}b", errno: 9999)
        #expect(odd.code == .other)
        #expect(odd.description.hasPrefix("Cannot open 'a\\u{1B}[2J\\n\\u{202E}\u{E9}b': unknown error 9999 "))
        let numbers: [(Int32, FileSystemError.Code)] = [
            (ENOENT, .notFound), (EEXIST, .exists), (EACCES, .permission), (EPERM, .permission), (EROFS, .readOnly),
            (EIO, .inputOutput), (EMFILE, .tooManyOpenFiles), (ENFILE, .tooManyOpenFiles), (ENOSYS, .unsupported),
            (EOPNOTSUPP, .unsupported), (ENOTDIR, .notDirectory), (EISDIR, .isDirectory), (ENOTEMPTY, .notEmpty),
            (EFBIG, .tooLarge), (EOVERFLOW, .tooLarge), (EBADF, .badHandle), (EINVAL, .other),
        ]
        for (errno, expected) in numbers { #expect(FileSystemError.Code(errno: errno) == expected) }
    }
}

@Suite("A transfer loop")
struct TransferTests {
    /// Runs a write of `count` bytes over steps that return these results; the ranges that the steps were asked for.
    private func write(_ count: Int, isDirect: Bool, _ results: [Int]) throws -> [Range<UInt64>] {
        let buffer = AlignedBuffer(byteCount: count)
        var asked: [Range<UInt64>] = []
        try Transfer.write(UnsafeRawBufferPointer(buffer.bytes), at: 8192, isDirect: isDirect) { rest, position in
            defer { asked.append(position..<position + UInt64(rest.count)) }
            return results[min(asked.count, results.count - 1)]
        }
        return asked
    }

    @Test("goes on after short and interrupted writes, direct ones from an aligned place")
    func writes() throws {
        let asked = try write(8192, isDirect: false, [-Int(EINTR), 100, -Int(EINTR), 8092])
        #expect(asked == [8192..<16384, 8192..<16384, 8292..<16384, 8292..<16384])
        #expect(try write(8192, isDirect: true, [4608, 4096]) == [8192..<16384, 12288..<16384])
        #expect(try write(8192, isDirect: true, [512, 8192]) == [8192..<16384, 8192..<16384])
    }

    @Test("gives up on errors and on devices that take nothing")
    func failures() throws {
        for (isDirect, results) in [(false, [4096, 0]), (true, [4096, 512]), (false, [4096, -Int(EIO)])] {
            let error = #expect(throws: TransferFailure.self) { try write(8192, isDirect: isDirect, results) }
            #expect(error?.errno == EIO)
            #expect(error?.offset == 12288)
        }
    }

    @Test("reads up to the end of the file, which is not aligned, or past a short read that is not")
    func directReads() throws {
        // A device that gives a file of `length` bytes in reads of at most `most`.
        func read(length: Int, most: [Int]) throws -> (count: Int, steps: Int) {
            let buffer = AlignedBuffer(byteCount: 12_288)
            var steps = 0
            let count = try Transfer.read(into: buffer.bytes, at: 0, isDirect: true) { rest, position in
                #expect(position % 4096 == 0)
                defer { steps += 1 }
                return min(rest.count, max(0, length - Int(position)), most[min(steps, most.count - 1)])
            }
            return (count, steps)
        }
        #expect(try read(length: 20_000, most: [20_000]) == (12_288, 1))
        #expect(try read(length: 5000, most: [20_000]) == (5000, 2))
        #expect(try read(length: 100, most: [20_000]) == (100, 2))
        #expect(try read(length: 8192, most: [20_000]) == (8192, 2))
        #expect(try read(length: 20_000, most: [512, 20_000]) == (12_288, 2))
        #expect(try read(length: 20_000, most: [4608, 1024, 20_000]) == (12_288, 3))
    }
}
