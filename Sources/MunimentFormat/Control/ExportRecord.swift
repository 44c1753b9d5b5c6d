// The body of an export record, type 12, and its private part. Format/control.md.
//
//   body      recordCount varint · statement 32
//   private   salt 16 · the custody of the evidence file (Format/evidence.md)

/// That records were taken out of the store as an evidence file.
package struct ExportRecord: Hashable, Sendable {
    /// The records in the file.
    package var recordCount: UInt64
    /// SHA-256(0x40 ‖ salt ‖ SHA-256(the file up to its log chunk)).
    package var statement: Digest

    /// The fields as given; their bounds are the decoder's.
    package init(recordCount: UInt64, statement: Digest) {
        (self.recordCount, self.statement) = (recordCount, statement)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: recordCount)
        bytes.append(statement)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "export record")
        recordCount = UInt64(try reader.count(atMost: EvidenceChunk.record.countMax))
        statement = try reader.digest()
        try reader.requireEnd()
    }
}
