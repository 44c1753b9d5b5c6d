// The file of an export, under a temporary name until it is whole and durable. Bytes pass through once: they are hashed as they are written.
//
// If we die before `finish` has renamed it, a file of the temporary name is left, which no verifier takes for evidence: its end chunk lacks.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentStore

/// Writes chunks. Used by one thread.
final class EvidenceWriter {
    private static let bufferByteCount = 256 << 10

    private let fileSystem: any FileSystem
    private let path: String
    private let file: any File
    private var buffer: [UInt8] = []
    private var flushed: UInt64 = 0
    private var hasher = SHA256.Hasher()

    /// Begins the file that shall be at `path`. Throws `usage` where something is: evidence is not written over.
    init(_ fileSystem: any FileSystem, _ path: String) throws(ArchiveError) {
        (self.fileSystem, self.path) = (fileSystem, path)
        file = try translating(path) {
            guard try fileSystem.status(path) == nil else {
                throw ArchiveError(.usage, "\(path) exists already: choose another name, or remove it.")
            }
            let temporary = path + TemporaryFile.suffix
            if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
            return try fileSystem.open(temporary, .create)
        }
        buffer.reserveCapacity(EvidenceWriter.bufferByteCount)
        try write(EvidenceHeader.encoded())
    }

    /// The bytes so far.
    var byteCount: UInt64 { flushed + UInt64(buffer.count) }

    /// SHA-256 of the bytes so far.
    var digest: Digest { hasher.finalize() }

    func write(_ bytes: [UInt8]) throws(ArchiveError) {
        let result = bytes.withUnsafeBytes { raw -> Result<Void, ArchiveError> in
            do throws(ArchiveError) { return .success(try write(raw)) } catch { return .failure(error) }
        }
        try result.get()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        hasher.update(bytes)
        buffer.append(contentsOf: bytes)
        if buffer.count >= EvidenceWriter.bufferByteCount { try flush() }
    }

    /// A chunk's heading; its body is written next.
    func begin(_ chunk: EvidenceChunk, bodyByteCount: UInt64) throws(ArchiveError) {
        guard bodyByteCount <= chunk.byteCountMax else {
            throw ArchiveError(.refused, "A \(chunk) of \(bodyByteCount) bytes has no place in an evidence file.")
        }
        try write(EvidenceHeading(chunk, bodyByteCount: bodyByteCount).encoded())
    }

    func chunk(_ chunk: EvidenceChunk, _ body: [UInt8]) throws(ArchiveError) {
        try begin(chunk, bodyByteCount: UInt64(body.count))
        try write(body)
    }

    private func flush() throws(ArchiveError) {
        try translating(path) { try file.writeAll(buffer, at: flushed) }
        flushed += UInt64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes the end chunk, and gives the file its name once its bytes are durable.
    func finish() throws(ArchiveError) {
        var end: [UInt8] = []
        end.append(digest)
        try chunk(.end, end)
        try flush()
        try translating(path) {
            try file.synchronize()
            file.close()
            try fileSystem.rename(path + TemporaryFile.suffix, to: path)
            try fileSystem.synchronizeDirectory(fileSystem.directory(of: path))
        }
    }

    /// Gives up, and removes what there is if that works.
    func abandon() {
        file.close()
        try? fileSystem.remove(path + TemporaryFile.suffix)
    }
}
