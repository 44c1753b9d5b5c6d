// Small files, read and replaced whole.

import Glibc

/// Files that a crash may leave beside the one they were to replace.
package enum TemporaryFile {
    /// What `replaceAtomically` appends to a path. A file with this ending is never data: recovery may remove it.
    package static let suffix = ".new"
}

extension FileSystem {
    /// The whole of a file, if it has no more than `maximumByteCount` bytes; `.tooLarge` otherwise, before anything is
    /// allocated for it.
    package func readFully(_ path: String, maximumByteCount: Int) throws(FileSystemError) -> [UInt8] {
        let file = try open(path, .read)
        defer { file.close() }
        let byteCount = try file.byteCount()
        guard byteCount <= UInt64(maximumByteCount) else {
            throw FileSystemError(.read, path, errno: EFBIG, offset: UInt64(maximumByteCount))
        }
        var bytes = [UInt8](repeating: 0, count: Int(byteCount))
        var failure: FileSystemError?
        let readCount = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileSystemError) {
                return try file.read(into: buffer, at: 0)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        // Someone may have cut it since its length was asked for.
        bytes.removeLast(bytes.count - readCount)
        return bytes
    }

    /// Replaces what is at `path`, or makes it, so that after any crash the file holds all of the old bytes or all of the
    /// new. When this returns, the new ones are durable. One caller at a time per path.
    ///
    /// The story, with what a crash leaves after each step:
    /// 1. remove a temporary file that an earlier crash left: the old bytes are in place;
    /// 2. write the new bytes to a temporary file in the same directory: old bytes, and a temporary file of any length;
    /// 3. fdatasync it: the same, but the temporary file's bytes are durable. Without this the rename could become durable
    ///    before the bytes, and lead to an empty file;
    /// 4. rename it over `path`: old or new, whole either way, because step 3 came first;
    /// 5. fsync the directory: new.
    ///
    /// An error in steps 1 to 4 leaves the old bytes; the temporary file is removed if that works. An error in step 5 leaves
    /// the new bytes readable now, and either after a crash: the caller knows neither and must say so.
    package func replaceAtomically(_ path: String, _ bytes: [UInt8]) throws(FileSystemError) {
        let temporary = path + TemporaryFile.suffix
        if try status(temporary) != nil { try remove(temporary) }
        let file = try open(temporary, .create)
        do {
            defer { file.close() }
            try file.write(bytes, at: 0)
            try file.synchronize()
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try synchronizeDirectory(directory(of: path))
    }

    /// The path of the directory that holds the last component of `path`.
    package func directory(of path: String) -> String {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == bytes.startIndex ? "/" : String(path[..<slash])
    }
}

extension File {
    /// Writes an array; for what is not hot. The rules are those of the raw form.
    package func write(_ bytes: [UInt8], at offset: UInt64) throws(FileSystemError) {
        let failure = bytes.withUnsafeBytes { buffer -> FileSystemError? in
            do throws(FileSystemError) {
                try write(buffer, at: offset)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Reads up to `count` bytes; fewer only where the file ends. For what is not hot, and not for direct files.
    package func read(at offset: UInt64, count: Int) throws(FileSystemError) -> [UInt8] {
        var failure: FileSystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            do throws(FileSystemError) {
                initializedCount = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
