// Where contenders put their files, and how much space those take.

import Foundation

/// A directory that goes when the work is done.
struct Scratch: Sendable {
    let path: String

    /// A new, empty one below `parent`.
    init(in parent: String, _ name: String = "store") throws {
        path = parent + "/" + name + "-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Runs `body` with a directory that is removed afterwards.
    static func with<R>(in parent: String, _ name: String = "store", _ body: (Scratch) throws -> R) throws -> R {
        let scratch = try Scratch(in: parent, name)
        defer { scratch.remove() }
        return try body(scratch)
    }
}

/// What lies below a path.
enum DirectoryUsage {
    /// Every regular file below `path`, or `path` itself if it is one.
    static func files(_ path: String) -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFREG { return [path] }
        guard status.st_mode & S_IFMT == S_IFDIR, let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        else { return [] }
        return names.flatMap { files(path + "/" + $0) }
    }

    /// The space that files below `path` take, in bytes. Files that go away meanwhile don't count.
    static func allocatedByteCount(_ path: String) -> Int {
        files(path).reduce(0) { total, file in
            var status = stat()
            return lstat(file, &status) == 0 ? total + Int(status.st_blocks) * 512 : total
        }
    }

    /// The lengths of the files below `path` together.
    static func byteCount(_ path: String) -> Int {
        files(path).reduce(0) { total, file in
            var status = stat()
            return lstat(file, &status) == 0 ? total + Int(status.st_size) : total
        }
    }

    /// Asks the system to write the files below `path` out and to forget their pages, so that the next read comes from the device.
    static func dropCaches(_ path: String) {
        for file in files(path) {
            let descriptor = open(file, O_RDONLY)
            guard descriptor >= 0 else { continue }
            fsync(descriptor)
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            close(descriptor)
        }
    }
}
