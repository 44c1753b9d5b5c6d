// The first 4,096 bytes of a segment file. Format/segment.md.
//
//   0    8   magic "MUNSEGMT"
//   8    4   version             1
//   12   4   generation          0 for the journal itself, +1 for each rewrite
//   16   32  logID
//   48   8   segment             0, 1, 2, …
//   56   8   firstIndex
//   64   32  root                of the tree of size firstIndex
//   96   8   created             microseconds
//   104  4   CRC32C of bytes 0…103
//   108      zeros to 4,096

/// What a segment file's first block says.
package struct SegmentHeader: Hashable, Sendable {
    /// The first eight bytes.
    package static let magic: [UInt8] = Array("MUNSEGMT".utf8)
    /// Bytes before the checksum.
    package static let byteCount = 104

    /// The file's generation: 0 for the journal itself, 1 more for each rewrite.
    package var generation: UInt32
    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// Of the segment's first entry.
    package var firstIndex: UInt64
    /// Of the tree of size `firstIndex`.
    package var root: Digest
    /// When the file was made.
    package var created: Microseconds

    /// The fields as given.
    package init(
        generation: UInt32, logID: Digest, segment: UInt64, firstIndex: UInt64, root: Digest, created: Microseconds
    ) {
        (self.generation, self.logID, self.segment) = (generation, logID, segment)
        (self.firstIndex, self.root, self.created) = (firstIndex, root, created)
    }

    /// A whole block.
    package func encoded() -> [UInt8] {
        var bytes = SegmentHeader.magic
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(littleEndian: generation)
        bytes.append(logID)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: firstIndex)
        bytes.append(root)
        bytes.append(littleEndian: created)
        bytes.append(littleEndian: Checksum.crc32c(bytes))
        bytes.append(zeros: Limits.blockByteCount - bytes.count)
        return bytes
    }

    /// Decodes the first block of a file; what follows it is not read. Refuses what Format/segment.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "segment header")
        guard try reader.take(8).elementsEqual(SegmentHeader.magic) else {
            throw reader.failure(.wrongMagic, "not a segment file")
        }
        try reader.requireVersion()
        generation = try reader.integer()
        logID = try reader.digest()
        segment = try reader.integer()
        firstIndex = try reader.integer()
        root = try reader.digest()
        created = try reader.integer()
        let crc = try reader.integer(UInt32.self)
        guard Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<SegmentHeader.byteCount])) == crc else {
            throw reader.failure(.checksum, "the header's checksum does not match")
        }
        guard firstIndex < Limits.treeSize, segment < Limits.segmentCount else {
            throw reader.failure(.outOfBounds, "an impossible position")
        }
        try reader.requireZeros(Limits.blockByteCount - SegmentHeader.byteCount - 4)
    }

    /// `segments/0000/000000000012-0001.seg`, relative to the store.
    package static func path(segment: UInt64, generation: UInt32) -> String {
        "segments/\(directoryName(segment: segment))/\(fileName(segment: segment, generation: generation))"
    }

    /// Each directory holds the files of 4,096 segments.
    package static func directoryName(segment: UInt64) -> String { padded(segment / 4_096, 4) }

    /// SEGMENT-GENERATION.seg, padded to 12 and 4 digits.
    package static func fileName(segment: UInt64, generation: UInt32) -> String {
        "\(padded(segment, 12))-\(padded(UInt64(generation), 4)).seg"
    }

    /// The inverse of `fileName`; nil for a foreign name.
    package static func parse(fileName name: String) -> (segment: UInt64, generation: UInt32)? {
        guard name.hasSuffix(".seg") else { return nil }
        let parts = name.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let segment = UInt64(parts[0]), let generation = UInt32(parts[1]),
            Array(fileName(segment: segment, generation: generation).utf8) == Array(name.utf8)
        else { return nil }
        return (segment, generation)
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
