// What every file system behind the door must do. One suite, run against each implementation in a directory of its own.

import Testing

@testable import MunimentStore

/// A file system to test, and an empty directory on it.
struct FileSystemSubject: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable { case posix, simulated, simulatedWithoutDirect }
    let kind: Kind

    static let all = [Kind.posix, .simulated, .simulatedWithoutDirect].map { FileSystemSubject(kind: $0) }

    var testDescription: String { "\(kind)" }

    /// Runs `body` with the file system and an empty directory, which is removed afterwards.
    func withDirectory(_ body: (any FileSystem, String) throws -> Void) throws {
        var directory = "tests"
        let fileSystem: any FileSystem
        switch kind {
        case .posix:
            fileSystem = POSIXFileSystem()
            directory = temporaryDirectory + "/muniment-tests-\(UInt64.random(in: 0 ... .max))"
        case .simulated, .simulatedWithoutDirect:
            var configuration = SimulatedDisk.Configuration(seed: 7)
            configuration.allowsDirect = kind == .simulated
            fileSystem = SimulatedDisk(configuration)
        }
        try fileSystem.createDirectory(directory)
        defer { fileSystem.removeTree(directory) }
        try body(fileSystem, directory)
    }
}

extension FileSystem {
    /// Removes what is at `path` and below it, as far as that works.
    func removeTree(_ path: String) {
        guard (try? status(path))?.kind == .directory else {
            try? remove(path)
            return
        }
        for name in (try? names(in: path)) ?? [] { removeTree(path + "/" + name) }
        try? removeDirectory(path)
    }
}

/// The code of the error that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> FileSystemError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? FileSystemError)?.code
    }
}

@Suite("Every file system behind the door")
struct FileSystemConformance {
    @Test("reads back what it wrote, and only that", arguments: FileSystemSubject.all)
    func writeAndRead(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            #expect(try file.byteCount() == 0)
            #expect(try file.read(at: 0, count: 10) == [])
            try file.write([1, 2, 3], at: 0)
            try file.write([9], at: 1)
            #expect(try file.read(at: 0, count: 10) == [1, 9, 3])
            #expect(try file.read(at: 2, count: 10) == [3])
            #expect(try file.read(at: 3, count: 10) == [])
            #expect(try file.read(at: 1 << 40, count: 1) == [])
            try file.write([7], at: 10_000)
            #expect(try file.byteCount() == 10_001)
            #expect(try file.read(at: 2, count: 9999) == [3] + Array(repeating: 0, count: 9997) + [7])
            try file.write([], at: 1 << 40)
            #expect(try file.byteCount() == 10_001)
            let again = try fileSystem.open(directory + "/a", .read)
            #expect(try again.read(at: 10_000, count: 5) == [7])
            #expect(again.path == directory + "/a")
        }
    }

    @Test("moves large and unaligned ranges whole", arguments: FileSystemSubject.all)
    func largeTransfers(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let bytes = SeededRandom(seed: 4).bytes(count: 300_001)
            let file = try fileSystem.open(directory + "/a", .create)
            try file.write(bytes, at: 4095)
            #expect(try file.read(at: 4095, count: 400_000) == bytes)
            try file.write(Array(bytes[..<5000]), at: 8000)
            #expect(try file.read(at: 8000, count: 5000) == Array(bytes[..<5000]))
            #expect(try file.read(at: 13_000, count: 10) == Array(bytes[8905..<8915]))
        }
    }

    @Test("zeros what a cut took away", arguments: FileSystemSubject.all)
    func truncate(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            try file.write(Array(repeating: 5, count: 9000), at: 0)
            try file.truncate(to: 5)
            #expect(try file.byteCount() == 5)
            try file.truncate(to: 9000)
            #expect(try file.read(at: 0, count: 9000) == [5, 5, 5, 5, 5] + Array(repeating: 0, count: 8995))
        }
    }

    @Test("allocates without losing bytes, and punches holes", arguments: FileSystemSubject.all)
    func allocateAndPunch(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            try file.write([1, 2, 3], at: 0)
            try file.allocate(0..<65536)
            #expect(try file.byteCount() == 65536)
            #expect(try file.read(at: 0, count: 5) == [1, 2, 3, 0, 0])
            #expect(try file.read(at: 65535, count: 5) == [0])
            try file.allocate(0..<100)
            #expect(try file.byteCount() == 65536)
            try file.synchronize()
            let full = try #require(try fileSystem.status(directory + "/a")).allocatedByteCount
            #expect(full >= 65536)

            try file.write(Array(repeating: 8, count: 16384), at: 0)
            try file.punchHole(100..<8192)
            #expect(try file.byteCount() == 65536)
            #expect(try file.read(at: 99, count: 2) == [8, 0])
            #expect(try file.read(at: 8191, count: 2) == [0, 8])
            try file.punchHole(8192..<1 << 20)
            #expect(try file.byteCount() == 65536)
            try file.synchronize()
            let punched = try #require(try fileSystem.status(directory + "/a")).allocatedByteCount
            #expect(punched < full)
        }
    }

    @Test("opens as the mode says", arguments: FileSystemSubject.all)
    func openModes(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let path = directory + "/a"
            for mode in [OpenMode.read, .readWrite] {
                #expect(code { _ = try fileSystem.open(path, mode) } == .notFound)
            }
            #expect(code { _ = try fileSystem.open(path + "/b", .create) } == .notFound)
            try fileSystem.open(path, .createOrOpen).write([1], at: 0)
            #expect(code { _ = try fileSystem.open(path, .create) } == .exists)
            #expect(code { _ = try fileSystem.open(path + "/b", .createOrOpen) } == .notDirectory)
            #expect(code { _ = try fileSystem.open(directory, .read) } == .isDirectory)
            #expect(code { _ = try fileSystem.open(directory, .readWrite) } == .isDirectory)
            let file = try fileSystem.open(path, .createOrOpen)
            #expect(try file.read(at: 0, count: 3) == [1])
            let reader = try fileSystem.open(path, .read)
            #expect(code { try reader.write([1], at: 0) } == .badHandle)
            #expect(try fileSystem.status(path)?.mode == 0o600)
            #expect(try fileSystem.status(directory)?.mode == 0o700)
        }
    }

    @Test("keeps a file whose name went while a handle is open", arguments: FileSystemSubject.all)
    func unlinked(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let path = directory + "/a"
            let old = try fileSystem.open(path, .create)
            try old.write([1], at: 0)
            try fileSystem.remove(path)
            #expect(try fileSystem.status(path) == nil)
            #expect(code { try fileSystem.remove(path) } == .notFound)
            try fileSystem.open(path, .create).write([2], at: 0)
            #expect(try old.read(at: 0, count: 9) == [1])
            #expect(try fileSystem.readFully(path, maximumByteCount: 9) == [2])
        }
    }

    @Test("renames over a file, and refuses what can't be", arguments: FileSystemSubject.all)
    func rename(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            try fileSystem.open(directory + "/a", .create).write([1], at: 0)
            try fileSystem.open(directory + "/b", .create).write([2], at: 0)
            try fileSystem.createDirectory(directory + "/d")
            try fileSystem.rename(directory + "/a", to: directory + "/b")
            #expect(try fileSystem.names(in: directory) == ["b", "d"])
            try fileSystem.rename(directory + "/b", to: directory + "/d/c")
            #expect(try fileSystem.readFully(directory + "/d/c", maximumByteCount: 9) == [1])
            try fileSystem.rename(directory + "/d", to: directory + "/e")
            #expect(try fileSystem.names(in: directory + "/e") == ["c"])
            #expect(code { try fileSystem.rename(directory + "/x", to: directory + "/y") } == .notFound)
            #expect(code { try fileSystem.rename(directory + "/e/c", to: directory + "/n/c") } == .notFound)
            try fileSystem.createDirectory(directory + "/g")
            #expect(code { try fileSystem.rename(directory + "/e/c", to: directory + "/g") } == .isDirectory)
            try fileSystem.removeDirectory(directory + "/g")
            // Linux looks at where the target lies before it looks at what it is.
            #expect(code { try fileSystem.rename(directory + "/e/c", to: directory + "/e") } == .notEmpty)
            #expect(code { try fileSystem.rename(directory + "/e", to: directory + "/e/f") } == .other)
            try fileSystem.open(directory + "/file", .create).close()
            #expect(code { try fileSystem.rename(directory + "/e", to: directory + "/file") } == .notDirectory)
            try fileSystem.createDirectory(directory + "/empty")
            #expect(code { try fileSystem.rename(directory + "/empty", to: directory + "/e") } == .notEmpty)
            try fileSystem.rename(directory + "/e", to: directory + "/empty")
            try fileSystem.rename(directory + "/file", to: directory + "/file")
            #expect(try fileSystem.names(in: directory) == ["empty", "file"])
        }
    }

    @Test("makes and removes directories one at a time", arguments: FileSystemSubject.all)
    func directories(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let path = directory + "/d"
            #expect(code { try fileSystem.createDirectory(path + "/e") } == .notFound)
            try fileSystem.createDirectory(path)
            #expect(code { try fileSystem.createDirectory(path) } == .exists)
            #expect(code { try fileSystem.remove(path) } == .isDirectory)
            try fileSystem.open(path + "/f", .create).close()
            #expect(code { try fileSystem.createDirectory(path + "/f") } == .exists)
            #expect(code { try fileSystem.removeDirectory(path) } == .notEmpty)
            #expect(code { try fileSystem.removeDirectory(path + "/f") } == .notDirectory)
            #expect(code { _ = try fileSystem.names(in: path + "/f") } == .notDirectory)
            #expect(code { try fileSystem.synchronizeDirectory(path + "/f") } == .notDirectory)
            try fileSystem.synchronizeDirectory(path)
            try fileSystem.remove(path + "/f")
            try fileSystem.removeDirectory(path)
            #expect(try fileSystem.status(path) == nil)
            #expect(code { try fileSystem.removeDirectory(path) } == .notFound)
            #expect(code { try fileSystem.synchronizeDirectory(path) } == .notFound)
            #expect(code { _ = try fileSystem.names(in: path) } == .notFound)
        }
    }

    @Test("lists names by their bytes, which are what tells them apart", arguments: FileSystemSubject.all)
    func names(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            // The first two are equal as Swift strings; the byte order of the rest is not the alphabet's.
            let names = ["\u{E9}", "e\u{301}", "b", "B", "a10", "a9", ".hidden"]
            for name in names { try fileSystem.open(directory + "/" + name, .create).close() }
            let listed = try fileSystem.names(in: directory).map { Array($0.utf8) }
            #expect(listed == [".hidden", "B", "a10", "a9", "b", "e\u{301}", "\u{E9}"].map { Array($0.utf8) })
        }
    }

    @Test("says what is at a path", arguments: FileSystemSubject.all)
    func status(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            try fileSystem.open(directory + "/a", .create).write([1, 2], at: 0)
            let file = try #require(try fileSystem.status(directory + "/a"))
            #expect(file.kind == .file)
            #expect(file.byteCount == 2)
            let other = try #require(try fileSystem.status(directory))
            #expect(other.kind == .directory)
            #expect(other.inode != file.inode)
            try fileSystem.rename(directory + "/a", to: directory + "/b")
            #expect(try fileSystem.status(directory + "/b")?.inode == file.inode)
            #expect(code { _ = try fileSystem.status(directory + "/b/c") } == .notDirectory)
            #expect(code { _ = try fileSystem.status(directory + "/a\0b") } == .other)
            #expect(code { _ = try fileSystem.status(directory + "/" + String(repeating: "n", count: 256)) } == .other)
            #expect(try fileSystem.availableByteCount(directory) > 0)
            #expect(try !fileSystem.isNetworkFileSystem(directory))
            #expect(code { _ = try fileSystem.availableByteCount(directory + "/x") } == .notFound)
            #expect(code { _ = try fileSystem.isNetworkFileSystem(directory + "/x") } == .notFound)
        }
    }

    @Test("gives the lock to one handle at a time", arguments: FileSystemSubject.all)
    func locks(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let first = try fileSystem.open(directory + "/lock", .create)
            let second = try fileSystem.open(directory + "/lock", .readWrite)
            let other = try fileSystem.open(directory + "/other", .create)
            let reader = try fileSystem.open(directory + "/lock", .read)
            #expect(code { _ = try reader.lockExclusively() } == .badHandle)
            #expect(try first.lockExclusively())
            #expect(try first.lockExclusively())
            #expect(try !second.lockExclusively())
            #expect(try other.lockExclusively())
            first.close()
            #expect(try second.lockExclusively())
            do {
                let third = try fileSystem.open(directory + "/other", .readWrite)
                #expect(try !third.lockExclusively())
            }
            other.close()
            #expect(try fileSystem.open(directory + "/other", .readWrite).lockExclusively())
            // The handle above is gone, and its lock with it.
            #expect(try fileSystem.open(directory + "/other", .readWrite).lockExclusively())
        }
    }

    @Test("refuses calls on a closed handle", arguments: FileSystemSubject.all)
    func closed(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            file.close()
            file.close()
            file.dropCache()
            #expect(code { _ = try file.read(at: 0, count: 1) } == .badHandle)
            #expect(code { try file.write([1], at: 0) } == .badHandle)
            #expect(code { try file.synchronize() } == .badHandle)
            #expect(code { try file.truncate(to: 0) } == .badHandle)
            #expect(code { try file.allocate(0..<1) } == .badHandle)
            #expect(code { try file.punchHole(0..<1) } == .badHandle)
            #expect(code { _ = try file.byteCount() } == .badHandle)
            #expect(code { _ = try file.lockExclusively() } == .badHandle)
        }
    }

    @Test("gives errors for offsets that no file has", arguments: FileSystemSubject.all)
    func extremeOffsets(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            for offset: UInt64 in [.max, .max - 1, 1 << 63, (1 << 63) - 1] {
                #expect(code { _ = try file.read(at: offset, count: 4096) } == .tooLarge)
                #expect(code { try file.write([1, 2], at: offset) } == .tooLarge)
            }
            for end in [UInt64.max, 1 << 63] {
                #expect(code { try file.truncate(to: end) } == .tooLarge)
                #expect(code { try file.allocate(0..<end) } == .tooLarge)
                #expect(code { try file.punchHole(1..<end) } == .tooLarge)
            }
            #expect(try file.byteCount() == 0)
        }
    }

    @Test("keeps bytes through a sync and a dropped cache", arguments: FileSystemSubject.all)
    func synchronized(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            let bytes = SeededRandom(seed: 1).bytes(count: 20_000)
            try file.write(bytes, at: 0)
            try file.synchronize()
            file.dropCache()
            #expect(try file.read(at: 0, count: 30_000) == bytes)
            try file.write([1], at: 5)
            file.dropCache()
            #expect(try file.read(at: 5, count: 1) == [1])
        }
    }

    @Test("agrees with itself between direct and cached transfers", arguments: FileSystemSubject.all)
    func direct(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create(direct: true))
            let buffer = AlignedBuffer(byteCount: 12_000)
            #expect(buffer.byteCount == 12_288)
            buffer.bytes.copyBytes(from: SeededRandom(seed: 2).bytes(count: 12_288))
            try file.write(UnsafeRawBufferPointer(buffer.bytes), at: 4096)
            let cached = try fileSystem.open(directory + "/a", .readWrite)
            #expect(!cached.isDirect)
            #expect(try cached.read(at: 4096, count: 20_000) == Array(buffer.bytes))
            try cached.write([1, 2, 3], at: 16_384)
            try cached.write([4], at: 8191)

            // The end of the file is not aligned now; a direct read finds it all the same.
            let back = AlignedBuffer(byteCount: 20_480)
            #expect(try file.read(into: back.bytes, at: 0) == 16_387)
            #expect(Array(back.bytes[16_384..<16_387]) == [1, 2, 3])
            #expect(back.bytes[8191] == 4)
            #expect(try file.read(into: back.bytes, at: 16_384) == 3)
            #expect(try file.read(into: back.bytes, at: 20_480) == 0)
        }
    }

    @Test("reads and replaces small files whole", arguments: FileSystemSubject.all)
    func conveniences(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let path = directory + "/small"
            try fileSystem.replaceAtomically(path, [1, 2, 3])
            #expect(try fileSystem.readFully(path, maximumByteCount: 3) == [1, 2, 3])
            #expect(code { _ = try fileSystem.readFully(path, maximumByteCount: 2) } == .tooLarge)
            try fileSystem.open(path + TemporaryFile.suffix, .create).write([9, 9, 9, 9, 9], at: 0)
            try fileSystem.replaceAtomically(path, [4])
            #expect(try fileSystem.readFully(path, maximumByteCount: 3) == [4])
            #expect(try fileSystem.names(in: directory) == ["small"])
            try fileSystem.replaceAtomically(path, [])
            #expect(try fileSystem.readFully(path, maximumByteCount: 0) == [])
            try fileSystem.createDirectory(directory + "/d")
            #expect(code { try fileSystem.replaceAtomically(directory + "/d", [1]) } == .isDirectory)
            #expect(try fileSystem.names(in: directory) == ["d", "small"])
        }
    }

    @Test("serves many threads at once", arguments: FileSystemSubject.all)
    func concurrentUse(_ subject: FileSystemSubject) throws {
        try subject.withDirectory { fileSystem, directory in
            let file = try fileSystem.open(directory + "/a", .create)
            onThreads(8) { thread in
                let bytes = [UInt8](repeating: UInt8(thread + 1), count: 5000)
                for round in 0..<20 {
                    try? file.write(bytes, at: UInt64(round * 8 + thread) * 5000)
                    if round % 5 == 0 { try? file.synchronize() }
                }
            }
            for slot in 0..<160 {
                let bytes = try file.read(at: UInt64(slot) * 5000, count: 5000)
                #expect(bytes == [UInt8](repeating: UInt8(slot % 8 + 1), count: 5000))
            }
            // Closing under running reads must not let them reach another file's descriptor.
            onThreads(4) { thread in
                if thread == 0 { return file.close() }
                for _ in 0..<200 {
                    guard let bytes = try? file.read(at: 0, count: 5000) else { continue }
                    #expect(bytes == [UInt8](repeating: 1, count: 5000))
                }
            }
            #expect(code { _ = try file.byteCount() } == .badHandle)
        }
    }
}
