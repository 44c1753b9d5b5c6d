// A block of fixed size: fields, zeros, and the CRC32C of all of it in the last four bytes. The shape of every small structure on disk.

enum ChecksummedBlock {
    /// Pads `body` with zeros and ends it with its checksum, so that it fills `byteCount` bytes.
    static func encoded(_ body: [UInt8], byteCount: Int) -> [UInt8] {
        var bytes = body
        bytes.append(zeros: byteCount - 4 - body.count)
        bytes.append(littleEndian: Checksum.crc32c(bytes))
        return bytes
    }

    /// A reader over the checked bytes of such a block.
    static func reader(
        _ bytes: UnsafeRawBufferPointer, byteCount: Int, magic: String, _ structure: String
    ) throws(FormatError) -> ByteReader {
        var reader = ByteReader(bytes, structure)
        guard bytes.count == byteCount else {
            throw reader.failure(.truncated, "\(bytes.count) bytes, not \(byteCount)")
        }
        if !magic.isEmpty {
            guard try reader.take(8).elementsEqual(magic.utf8) else {
                throw reader.failure(.wrongMagic, "not a \(structure)")
            }
        }
        let crc = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: byteCount - 4, as: UInt32.self))
        guard Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<(byteCount - 4)])) == crc else {
            throw reader.failure(.checksum, "the checksum does not match")
        }
        return reader
    }

    static func finish(_ reader: inout ByteReader) throws(FormatError) {
        try reader.requireZeros(reader.remainingByteCount - 4)
    }
}
