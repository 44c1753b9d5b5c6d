// The operating system's file system. Calls block their thread; each waits out interruptions by signals.
// Nothing is cached here, so any number of instances are one.

import Glibc

/// Files and directories of the machine.
package struct POSIXFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let flags =
            switch mode.access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .createOrOpen: O_RDWR | O_CREAT
            }
        let descriptor = try openDescriptor(path, flags, .open)
        try requireRegularFile(descriptor, path)
        // Asked for afterwards, because a create that the file system refuses as direct may have left a file behind.
        let isDirect = mode.direct && fcntl(descriptor.number, F_SETFL, SystemCalls.directFlag) == 0
        return POSIXFile(descriptor, path: path, isDirect: isDirect)
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        try call(.createDirectory, path) { mkdir(path, 0o700) }
    }

    package func names(in directory: String) throws(FileSystemError) -> [String] {
        try checkPath(directory, .names)
        guard let stream = opendir(directory) else { throw FileSystemError(.names, directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileSystemError(.names, directory, errno: errno) }
        return names.sortedByBytes()
    }

    package func rename(_ source: String, to target: String) throws(FileSystemError) {
        try checkPath(target, .rename)
        try call(.rename, source) { Glibc.rename(source, target) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        try call(.remove, path) { unlink(path) }
    }

    package func removeDirectory(_ path: String) throws(FileSystemError) {
        do {
            try call(.removeDirectory, path) { rmdir(path) }
        } catch {
            // POSIX lets a system say EEXIST here.
            throw error.code == .exists ? FileSystemError(.removeDirectory, path, errno: ENOTEMPTY) : error
        }
    }

    package func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        let descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY, .synchronizeDirectory)
        try call(.synchronizeDirectory, path) { fsync(descriptor.number) }
    }

    package func status(_ path: String) throws(FileSystemError) -> FileStatus? {
        var found = stat()
        do {
            try call(.status, path) { stat(path, &found) }
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        return FileStatus(found)
    }

    package func availableByteCount(_ path: String) throws(FileSystemError) -> UInt64 {
        var found = statvfs()
        try call(.availableByteCount, path) { statvfs(path, &found) }
        let (count, overflow) = UInt64(found.f_bavail).multipliedReportingOverflow(by: UInt64(found.f_frsize))
        return overflow ? .max : count
    }

    package func isNetworkFileSystem(_ path: String) throws(FileSystemError) -> Bool {
        let descriptor = try openDescriptor(path, O_RDONLY, .isNetworkFileSystem)
        let type = SystemCalls.fileSystemType(descriptor.number)
        var found = stat()
        guard type >= 0, fstat(descriptor.number, &found) == 0 else {
            throw FileSystemError(.isNetworkFileSystem, path, errno: errno)
        }
        guard type == NetworkFileSystems.fuse else { return NetworkFileSystems.magicNumbers.contains(type) }
        // One number serves every FUSE file system: the mount table knows which this is.
        let table = try readToEnd("/proc/self/mountinfo", .isNetworkFileSystem, byteCountMax: 16 << 20)
        return NetworkFileSystems.isShared(device: UInt64(found.st_dev), mountTable: table)
    }

    private func openDescriptor(
        _ path: String, _ flags: Int32, _ operation: FileOperation
    ) throws(FileSystemError) -> Descriptor {
        try checkPath(path, operation)
        let number = SystemCalls.open(path, flags)
        guard number >= 0 else { throw FileSystemError(operation, path, errno: errno) }
        return Descriptor(number)
    }

    private func requireRegularFile(_ descriptor: Descriptor, _ path: String) throws(FileSystemError) {
        var found = stat()
        guard fstat(descriptor.number, &found) == 0 else { throw FileSystemError(.open, path, errno: errno) }
        switch FileStatus(found).kind {
        case .file: return
        case .directory: throw FileSystemError(.open, path, errno: EISDIR)
        case .other: throw FileSystemError(.open, path, errno: EINVAL, code: .notRegularFile)
        }
    }

    private func call(
        _ operation: FileOperation, _ path: String, _ body: () -> Int32
    ) throws(FileSystemError) {
        try checkPath(path, operation)
        guard SystemCalls.retrying(body) == 0 else { throw FileSystemError(operation, path, errno: errno) }
    }

    /// A zero byte would end the path early for the system, and so lead somewhere else.
    private func checkPath(_ path: String, _ operation: FileOperation) throws(FileSystemError) {
        guard !path.utf8.contains(0) else { throw FileSystemError(operation, path, errno: EINVAL) }
    }

    /// Reads a file that does not know its length, such as those of the kernel.
    private func readToEnd(
        _ path: String, _ operation: FileOperation, byteCountMax: Int
    ) throws(FileSystemError) -> [UInt8] {
        let descriptor = try openDescriptor(path, O_RDONLY, operation)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < byteCountMax {
            let count = Glibc.read(descriptor.number, &chunk, chunk.count)
            if count == 0 { break }
            if count > 0 {
                bytes += chunk[..<count]
            } else if errno != EINTR {
                throw FileSystemError(operation, path, errno: errno)
            }
        }
        return bytes
    }
}

extension FileStatus {
    fileprivate init(_ found: stat) {
        let kind: Kind =
            switch found.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        // st_blocks counts 512 bytes each, whatever the file system's own block is.
        self.init(
            kind: kind, byteCount: UInt64(found.st_size), allocatedByteCount: UInt64(found.st_blocks) * 512,
            mode: UInt16(found.st_mode & 0o7777), device: UInt64(found.st_dev), inode: UInt64(found.st_ino))
    }
}

extension [String] {
    /// In the order of their UTF-8 bytes; Swift's own order of strings compares other forms of them.
    func sortedByBytes() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
