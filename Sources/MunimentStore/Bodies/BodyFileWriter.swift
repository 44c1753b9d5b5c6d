// Writing a body file: a payload above 8 MiB, as it arrives, under a key of its own. Format/body.md.
//
// The story: chunks are written to `ID.part`; at the end the file is synced, renamed to `ID.body`, and its directory
// synced; only then may a frame refer to it. If we die before the frame, the file is an orphan that `repair` removes;
// nothing refers to it.

internal import MunimentCrypto
package import MunimentFormat

package final class BodyFileWriter {
    private let fileSystem: any FileSystem
    private let path: String
    private let unfinishedPath: String
    private let directory: String
    private let bodies: String
    private let file: any File
    private let header: BodyFileHeader
    private let key = SecretKey.random()
    private let sealingKey: SealingKey
    private let salt = RandomBytes.array(Limits.saltByteCount)
    private let codec = PartCodec()
    private let chunk = UnsafeMutableRawBufferPointer.allocate(
        byteCount: BodyFileHeader.chunkContentByteCount, alignment: 64)
    private let ciphertext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 4 + PartRow.ciphertextByteCountMax, alignment: 64)
    private var chunkByteCount = 0
    private var chunkNumber: UInt64 = 0
    private var fileByteCount: UInt64
    private var payloadByteCount: UInt64 = 0
    private var salted: SHA256.Hasher
    private var plain = SHA256.Hasher()
    private var whole = SHA256.Hasher()
    private var isFinished = false

    package init(_ fileSystem: any FileSystem, _ paths: StorePaths, logID: Digest) throws(ArchiveError) {
        let id = RandomBytes.array(BodyReference.idByteCount)
        header = BodyFileHeader(logID: logID, id: id)
        path = paths.body(id)
        directory = StorePaths.parent(path)
        bodies = paths.bodies
        unfinishedPath = String(path.dropLast(4)) + "part"
        self.fileSystem = fileSystem
        sealingKey = key.sealingKey(.body, context: [])
        salted = SHA256.Hasher()
        salted.update([CommitmentTag.payload])
        salted.update(salt)
        fileByteCount = UInt64(BodyFileHeader.byteCount)
        let (directory, unfinished) = (directory, unfinishedPath)
        file = try translating(unfinishedPath) {
            if try fileSystem.status(directory) == nil { try fileSystem.createDirectory(directory) }
            return try fileSystem.open(unfinished, .create)
        }
        let bytes = header.encoded()
        whole.update(bytes)
        try translating(unfinishedPath) { try file.writeAll(bytes, at: 0) }
    }

    deinit {
        file.close()
        if !isFinished { try? fileSystem.remove(unfinishedPath) }
        chunk.deallocate()
        ciphertext.deallocate()
    }

    /// Takes the next bytes of the payload.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        guard let base = bytes.baseAddress else { return }
        salted.update(bytes)
        plain.update(bytes)
        payloadByteCount += UInt64(bytes.count)
        var offset = 0
        while offset < bytes.count {
            // A full chunk waits until more arrives, for the last one is sealed as such.
            if chunkByteCount == chunk.count { try flush(isLast: false) }
            let count = min(chunk.count - chunkByteCount, bytes.count - offset)
            (chunk.baseAddress! + chunkByteCount).copyMemory(from: base + offset, byteCount: count)
            chunkByteCount += count
            offset += count
        }
    }

    /// Ends the payload; the file is durable when this returns. The payload must not be empty.
    package func finish() throws(ArchiveError) -> (reference: BodyReference, body: RecordBatch.Body) {
        precondition(payloadByteCount > 0 && !isFinished)
        try flush(isLast: true)
        try translating(path) {
            try file.synchronize()
            file.close()
            try fileSystem.rename(unfinishedPath, to: path)
            isFinished = true
            try fileSystem.synchronizeDirectory(directory)
            // Whoever made the directory may have failed before its own name was durable.
            try fileSystem.synchronizeDirectory(bodies)
        }
        let key = key.withUnsafeBytes { Array($0) }
        let reference = BodyReference(id: header.id, payloadByteCount: payloadByteCount, key: key, salt: salt)
        let body = RecordBatch.Body(
            payloadDigest: salted.finalize(), plainDigest: plain.finalize(), fileByteCount: fileByteCount,
            fileDigest: whole.finalize(),
            id: header.id)
        return (reference, body)
    }

    private func flush(isLast: Bool) throws(ArchiveError) {
        let base = ciphertext.baseAddress!
        let count = codec.seal(
            UnsafeRawBufferPointer(rebasing: chunk[..<chunkByteCount]), isCompressed: true, key: sealingKey,
            nonce: chunkNumber,
            associatedData: header.associatedData(chunk: chunkNumber, isLast: isLast), to: base + 4)
        base.storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
        let bytes = UnsafeRawBufferPointer(rebasing: ciphertext[..<(4 + count)])
        whole.update(bytes)
        try translating(unfinishedPath) { try file.write(bytes, at: fileByteCount) }
        fileByteCount += UInt64(bytes.count)
        chunkNumber += 1
        chunkByteCount = 0
    }
}
