// A body file: one payload above 8 MiB, under its own key. Its name is `bodies/XX/ID.body`, ID in hexadecimal, XX its first two digits.
// Format/body.md.
//
//   header, 4,096 bytes: magic "MUNBODY1" · version u32 · zero u32 · log ID 32 · id 16 · zeros · CRC32C u32 at the end
//   chunks:              ciphertextByteCount u32, then the ciphertext of a part plaintext (Format/frame.md) of at most 65,536 bytes of
//                        payload; all but the last hold exactly 65,536
//
//   Chunk n is sealed with nonce n (12 bytes, little-endian) and associated data "MUNBODYC" ‖ log ID ‖ id ‖ n u64 ‖ isLast u8, under
//   HKDF(body key, "body"). Nothing follows the last chunk.

/// The first block of a body file.
package struct BodyFileHeader: Hashable, Sendable {
    /// The header fills one block.
    package static let byteCount = Limits.blockByteCount
    /// Payload bytes of every chunk but the last, which has 1 to as many.
    package static let chunkContentByteCount = Limits.partContentByteCount

    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// 16 random bytes, which name the file.
    package var id: [UInt8]

    /// Traps unless `id` has 16 bytes.
    package init(logID: Digest, id: [UInt8]) {
        precondition(id.count == BodyReference.idByteCount)
        (self.logID, self.id) = (logID, id)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Array("MUNBODY1".utf8)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(zeros: 4)
        bytes.append(logID)
        bytes.append(contentsOf: id)
        return ChecksummedBlock.encoded(bytes, byteCount: BodyFileHeader.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/body.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(
            bytes, byteCount: BodyFileHeader.byteCount, magic: "MUNBODY1", "body file header")
        try reader.requireVersion()
        try reader.requireZeros(4)
        logID = try reader.digest()
        id = Array(try reader.take(BodyReference.idByteCount))
        try ChecksummedBlock.finish(&reader)
    }

    /// What a chunk's AEAD authenticates beside its plaintext: which chunk of which file, and whether it is the last. 65 bytes.
    package func associatedData(chunk: UInt64, isLast: Bool) -> [UInt8] {
        var bytes = Array("MUNBODYC".utf8)
        bytes.append(logID)
        bytes.append(contentsOf: id)
        bytes.append(littleEndian: chunk)
        bytes.append(isLast ? 1 : 0)
        return bytes
    }

    /// `bodies/XX/ID.body`, relative to the store.
    package static func path(id: [UInt8]) -> String {
        let name = Hexadecimal.string(id)
        return "bodies/\(name.prefix(2))/\(name).body"
    }
}
