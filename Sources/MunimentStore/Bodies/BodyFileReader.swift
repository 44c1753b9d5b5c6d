// Reading a body file, chunk by chunk, in bounded memory. Format/body.md.

internal import MunimentCrypto
package import MunimentFormat

package enum BodyFileReader {
    /// Calls `body` with the payload's pieces in order; returns P, the salted digest that the record's commitment is
    /// made of. Throws where the file is not the one that `reference` describes, down to the last byte.
    package static func read(
        _ fileSystem: any FileSystem, _ path: String, logID: Digest, reference: BodyReference,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ArchiveError) -> Digest {
        try translating(path) {
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            let header = try file.readExactly(BodyFileHeader.byteCount, at: 0).decode(BodyFileHeader.init(decoding:))
            guard header.logID == logID, header.id == reference.id else {
                throw FormatError(.inconsistent, "body file", at: 0, "the file belongs to another record")
            }
            let key = SecretKey(copying: reference.key).sealingKey(.body, context: [])
            let codec = PartCodec()
            var digest = SHA256.Hasher()
            digest.update([CommitmentTag.payload])
            digest.update(reference.salt)
            var offset = UInt64(BodyFileHeader.byteCount)
            var payloadByteCount: UInt64 = 0
            var chunk: UInt64 = 0
            let chunkByteCount = UInt64(BodyFileHeader.chunkContentByteCount)
            repeat {
                let count = try file.readExactly(4, at: offset).decode { raw throws(FormatError) in
                    UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self))
                }
                guard count <= UInt32(PartRow.ciphertextByteCountMax) else {
                    throw FormatError(
                        .outOfBounds, "body file", at: Int(clamping: offset), "a chunk's length is impossible")
                }
                let isLast = reference.payloadByteCount - payloadByteCount <= chunkByteCount
                let sealed = try file.readExactly(Int(count), at: offset + 4)
                try sealed.withUnsafeBytes { raw in
                    let opened = try codec.open(
                        raw, key: key, nonce: chunk, associatedData: header.associatedData(chunk: chunk, isLast: isLast)
                    )
                    let expected = isLast ? reference.payloadByteCount - payloadByteCount : chunkByteCount
                    guard UInt64(opened.count) == expected else {
                        throw FormatError(
                            .inconsistent, "body file", at: Int(clamping: offset), "a chunk has the wrong length")
                    }
                    digest.update(opened)
                    try body(opened)
                }
                offset += 4 + UInt64(count)
                chunk += 1
                payloadByteCount += isLast ? reference.payloadByteCount - payloadByteCount : chunkByteCount
            } while payloadByteCount < reference.payloadByteCount
            guard try file.byteCount() == offset else {
                throw FormatError(.inconsistent, "body file", at: Int(clamping: offset), "bytes follow the last chunk")
            }
            return digest.finalize()
        }
    }
}
