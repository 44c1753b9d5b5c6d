// Names and kinds of what is in a directory, without following anything.

internal import Glibc

/// One name in a directory.
struct DirectoryItem: Sendable {
    enum Kind: Sendable { case file, directory, other }

    /// The name; where its bytes are not UTF-8, with replacement characters.
    let name: String
    let kind: Kind
    /// Permission bits.
    let mode: UInt32
    let byteCount: UInt64
}

enum DirectoryListing {
    /// What is at `path`, itself not followed if it is a link; nil when nothing is.
    static func item(_ path: String) -> DirectoryItem? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return DirectoryItem(name: path, status)
    }

    /// What is at `path`, through links: the caller named it.
    static func followed(_ path: String) -> DirectoryItem? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return DirectoryItem(name: path, status)
    }

    /// The most names of a directory that are held at a time.
    static let countMax = 1 << 18

    /// Calls `body` with each name in the directory at `path`, in no order, so that memory does not grow with it.
    /// Throws where it cannot be listed.
    static func forEach(_ path: String, _ body: (DirectoryItem) -> Void) throws(FileFailure) {
        guard let stream = opendir(path) else { throw FileFailure(errno: errno) }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in Array(raw.prefix { $0 != 0 }) }
            if name == [0x2e] || name == [0x2e, 0x2e] { continue }
            var status = stat()
            let isThere = (name + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    fstatat(dirfd(stream), $0.baseAddress!, &status, AT_SYMLINK_NOFOLLOW) == 0
                }
            }
            // A name that went away meanwhile is a name that is not there.
            if isThere { body(DirectoryItem(name: String(decoding: name, as: UTF8.self), status)) }
        }
        if errno != 0 { throw FileFailure(errno: errno) }
    }

    /// The names in the directory at `path`, sorted by their bytes.
    static func items(_ path: String) throws(FileFailure) -> [DirectoryItem] {
        var items: [DirectoryItem] = []
        var isTooMany = false
        try forEach(path) { item in
            isTooMany = items.count >= countMax
            if !isTooMany { items.append(item) }
        }
        if isTooMany { throw .tooMany }
        return items.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension DirectoryItem {
    fileprivate init(name: String, _ status: stat) {
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        self.init(
            name: name, kind: kind, mode: status.st_mode & 0o7777, byteCount: UInt64(max(0, status.st_size)))
    }
}
