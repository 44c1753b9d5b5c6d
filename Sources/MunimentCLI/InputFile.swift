// Input that a signal can interrupt: before each read the thread waits for bytes or for a signal, whichever comes
// first.

import Glibc
import Muniment
import MunimentInput

/// A file or standard input, named as on the command line.
struct InputFile: ByteSource {
    private let source: FileSource
    private let descriptor: Int32
    /// Whether a read always returns at once: a regular file.
    let isRegular: Bool

    /// Opens `path`; `-` is standard input.
    static func open(_ path: String) throws -> InputFile {
        if path == "-" { return InputFile(borrowing: STDIN_FILENO) }
        let opened = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw refusal(path, errno) }
        var status = stat()
        if fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(opened)
            throw refusal(path, EISDIR)
        }
        _ = posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
        return InputFile(borrowing: opened)
    }

    private init(borrowing descriptor: Int32) {
        self.descriptor = descriptor
        source = FileSource(borrowing: descriptor)
        var status = stat()
        isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The descriptor is used no more.
    func finish() { if descriptor != STDIN_FILENO { close(descriptor) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try Interruption.waitForInput(descriptor)
        return try source.read(into: buffer)
    }

    /// Everything, if it has at most `byteCountMax` bytes; the file is closed.
    mutating func readAll(atMost byteCountMax: Int, of path: String) throws -> [UInt8] {
        defer { finish() }
        var bytes = [UInt8](repeating: 0, count: byteCountMax + 1)
        var count = 0
        while count < bytes.count {
            let step = try bytes.withUnsafeMutableBytes {
                try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
            if step == 0 { return Array(bytes[..<count]) }
            count += step
        }
        throw ArchiveError(.badInput, "\(path) is longer than \(byteCountMax) bytes.")
    }

    private static func refusal(_ path: String, _ code: Int32) -> ArchiveError {
        let reason = String(cString: strerror(code)).lowercased()
        return ArchiveError(
            code == ENOENT ? .absent : code == EISDIR ? .badInput : .inputOutput,
            "\(path) can't be read: \(reason); check the name and its permissions.")
    }
}
