// `segments.dir`: one row for each segment, so that an open lists no directory. Derived: it can be made again from the segments, and
// nothing is believed that the segments do not bear out. Format/directory.md.
//
//   row, 128 bytes: segment u64 · generation u32 · flags u32 (bit 0 sealed) · firstIndex u64 · entryCount u64 · recordedFirst i64 ·
//   recordedLast i64 · footer digest 32 · fileByteCount u64 · zeros · CRC32C u32. Row n is segment n. An unsealed segment's counts are 0.

/// One segment's row in `segments.dir`.
package struct SegmentRow: Hashable, Sendable {
    /// Bytes of the encoded row.
    package static let byteCount = 128
    /// Flag: the segment has a footer.
    package static let sealed: UInt32 = 1 << 0

    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// The file's generation: 0 for the journal itself, 1 more for each rewrite.
    package var generation: UInt32
    /// Whether the segment has a footer.
    package var isSealed: Bool
    /// The segment's first index.
    package var firstIndex: UInt64
    /// 0 while unsealed.
    package var entryCount: UInt64
    /// The least recorded time; 0 while unsealed.
    package var recordedFirst: Microseconds
    /// The greatest recorded time; 0 while unsealed.
    package var recordedLast: Microseconds
    /// SHA-256(0x22 ‖ footer); zero while unsealed.
    package var footerDigest: Digest
    /// The sealed file's length.
    package var fileByteCount: UInt64

    /// The fields as given; those of the footer default to an unsealed segment's.
    package init(
        segment: UInt64, generation: UInt32, isSealed: Bool, firstIndex: UInt64, entryCount: UInt64 = 0,
        recordedFirst: Microseconds = 0, recordedLast: Microseconds = 0, footerDigest: Digest = .zero,
        fileByteCount: UInt64 = 0
    ) {
        (self.segment, self.generation, self.isSealed, self.firstIndex) = (segment, generation, isSealed, firstIndex)
        (self.entryCount, self.recordedFirst, self.recordedLast) = (entryCount, recordedFirst, recordedLast)
        (self.footerDigest, self.fileByteCount) = (footerDigest, fileByteCount)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: isSealed ? SegmentRow.sealed : 0)
        bytes.append(littleEndian: firstIndex)
        bytes.append(littleEndian: entryCount)
        bytes.append(littleEndian: recordedFirst)
        bytes.append(littleEndian: recordedLast)
        bytes.append(footerDigest)
        bytes.append(littleEndian: fileByteCount)
        return ChecksummedBlock.encoded(bytes, byteCount: SegmentRow.byteCount)
    }

    /// Decodes the bytes, all of them; refuses what Format/directory.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = try ChecksummedBlock.reader(bytes, byteCount: SegmentRow.byteCount, magic: "", "segment row")
        segment = try reader.integer()
        generation = try reader.integer()
        let flags = try reader.integer(UInt32.self)
        guard flags & ~SegmentRow.sealed == 0 else { throw reader.failure(.unknownValue, "unknown flags") }
        isSealed = flags & SegmentRow.sealed != 0
        firstIndex = try reader.integer()
        entryCount = try reader.integer()
        recordedFirst = try reader.integer()
        recordedLast = try reader.integer()
        footerDigest = try reader.digest()
        fileByteCount = try reader.integer()
        guard firstIndex < Limits.treeSize, entryCount <= UInt64(Limits.entriesPerSegment) else {
            throw reader.failure(.outOfBounds, "impossible counts")
        }
        guard isSealed || entryCount == 0 && recordedFirst == 0 && recordedLast == 0 && footerDigest == .zero else {
            throw reader.failure(.notCanonical, "an unsealed segment with counts")
        }
        try ChecksummedBlock.finish(&reader)
    }
}
