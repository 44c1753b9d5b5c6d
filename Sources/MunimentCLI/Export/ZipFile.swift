// A ZIP file, by libarchive: the only door to it. ZIP64 where sizes ask for it, deflated, entries streamed.

import CMunimentZip
import Glibc
import Muniment
import MunimentInput

/// A ZIP file being written under a temporary name. Used by one thread.
final class ZipFile {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    /// Freed with the object.
    private let writer: OpaquePointer
    private var isFinished = false

    /// Begins the file that shall be at `path`, where nothing may be yet.
    init(_ path: String) throws {
        (self.path, temporary) = (path, path + ".new")
        guard access(path, F_OK) != 0 else {
            throw ArchiveError(.usage, "\(path) exists already: choose another name, or remove it.")
        }
        unlink(temporary)
        descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ArchiveError(
                .inputOutput, "\(path) can't be written: \(String(cString: strerror(errno)).lowercased()).")
        }
        guard let writer = mk_zip_create(descriptor) else {
            close(descriptor)
            unlink(temporary)
            throw ArchiveError(.inputOutput, "\(path) can't be written: libarchive writes no ZIP files here.")
        }
        self.writer = writer
    }

    deinit {
        mk_zip_free(writer)
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }

    /// Begins an entry of `byteCount` bytes; `time` is in microseconds since 1970.
    func begin(_ name: String, byteCount: UInt64, time: Microseconds) throws {
        try check(mk_zip_begin(writer, name, byteCount, time / 1_000_000))
    }

    /// The next bytes of the entry.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try check(mk_zip_write(writer, bytes.baseAddress, bytes.count))
    }

    /// A whole entry.
    func add(_ name: String, _ bytes: [UInt8], time: Microseconds) throws {
        try begin(name, byteCount: UInt64(bytes.count), time: time)
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// The file at `source` as an entry, in pieces.
    func add(_ name: String, fileAt source: String, time: Microseconds) throws {
        func refusal() -> ArchiveError {
            ArchiveError(.inputOutput, "\(source) can't be read: \(String(cString: strerror(errno)).lowercased()).")
        }
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw refusal() }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0 else { throw refusal() }
        try begin(name, byteCount: UInt64(max(0, status.st_size)), time: time)
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(input, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw refusal() }
            if count == 0 { return }
            try piece.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Ends the file, makes it durable, and gives it its name.
    func finish() throws {
        try check(mk_zip_finish(writer))
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw ArchiveError(
                .inputOutput, "\(path) can't be written: \(String(cString: strerror(errno)).lowercased()).")
        }
        isFinished = true
    }

    private func check(_ hasSucceeded: Bool) throws {
        guard !hasSucceeded else { return }
        let reason = TerminalText.escaped(String(cString: mk_zip_failure(writer)).lowercased())
        throw ArchiveError(.inputOutput, "\(path) can't be written: \(reason).")
    }
}
