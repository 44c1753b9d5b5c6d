// An evidence file from its first byte to its last, in pieces, each hashed as it is read: memory does not grow with it.

internal import MunimentCrypto
internal import MunimentFormat

/// Reads forward. Used by one thread.
final class EvidenceStream {
    private static let bufferByteCount = 256 << 10

    private let file: ReadOnlyFile
    private var buffer: [UInt8] = []
    /// The first byte of `buffer` that has not been taken.
    private var position = 0
    /// Where the bytes after `buffer` are in the file.
    private var bufferEnd: UInt64 = 0
    private var hasher = SHA256.Hasher()

    init(_ file: ReadOnlyFile) { self.file = file }

    /// Of the next byte.
    var offset: UInt64 { bufferEnd - UInt64(buffer.count - position) }
    var remainingByteCount: UInt64 { file.byteCount - min(file.byteCount, offset) }
    /// SHA-256 of the bytes before the next.
    var digest: Digest { hasher.finalize() }

    /// The next `count` bytes. Throws `truncated` where there are fewer; asks for no memory before it knows.
    func take(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        guard UInt64(count) <= remainingByteCount else { throw truncation(UInt64(count)) }
        bytes.reserveCapacity(count)
        try forEach(UInt64(count)) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Calls `body` with the next `count` bytes in pieces.
    func forEach(_ count: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        guard count <= remainingByteCount else { throw truncation(count) }
        var rest = count
        while rest > 0 {
            if position == buffer.count { try fill() }
            let taken = Int(min(rest, UInt64(buffer.count - position)))
            guard taken > 0 else { throw truncation(rest) }
            buffer.withUnsafeBytes { raw in
                let piece = raw.slice(position..<position + taken)
                hasher.update(piece)
                body(piece)
            }
            position += taken
            rest -= UInt64(taken)
        }
    }

    func skip(_ count: UInt64) throws { try forEach(count) { _ in } }

    private func fill() throws(FileFailure) {
        buffer = try file.bytes(EvidenceStream.bufferByteCount, at: bufferEnd)
        position = 0
        bufferEnd += UInt64(buffer.count)
    }

    private func truncation(_ count: UInt64) -> FormatError {
        FormatError(.truncated, "evidence file", at: 0, "\(count) bytes wanted, \(remainingByteCount) left")
    }
}
