// The bounds of the format, in one place. A decoder refuses what exceeds them before it allocates anything.

/// Every bound, by name.
package enum Limits {
    /// The version of the format that this code writes, and the newest that it reads.
    package static let formatVersion: UInt32 = 1

    /// Frames, headers and footers start at multiples of this; what is left of a block is zero.
    package static let blockByteCount = 4096
    /// The most content that one part holds before compression.
    package static let partContentByteCount = 65_536
    /// A part's ciphertext, its tag included, is a multiple of this.
    package static let partPaddingByteCount = 256
    /// C2SP entry bundles carry 16-bit lengths.
    package static let entryByteCount = 65_535
    /// At least 1, at most this many.
    package static let entriesPerFrame = 65_536
    /// A segment is sealed at the latest when it holds this many.
    package static let entriesPerSegment = 262_144
    /// A frame with its padding.
    package static let frameByteCount = 64 << 20
    /// A frame's header with its rows.
    package static let frameHeaderByteCount = 4 << 20
    /// A segment file without its footer.
    package static let segmentByteCount: UInt64 = 4 << 30
    /// A footer with its index.
    package static let footerByteCount = 64 << 20
    /// Pages of a segment's index, 4,096 bytes each.
    package static let indexPageCount = 16_384
    /// Segment numbers stay below 2^48.
    package static let segmentCount: UInt64 = 1 << 48
    /// Attributes of one record.
    package static let attributesPerRecord = 4_096
    /// Bytes of a name; at least 1.
    package static let attributeNameByteCount = 255
    /// Bytes of a text or bytes value.
    package static let attributeValueByteCount = 65_535
    /// All attributes of one record together, as encoded.
    package static let attributesByteCount = 1 << 20
    /// A payload above this is stored as a body file of its own.
    package static let inlinePayloadByteCount = 8 << 20
    /// An encoded content after its length field: payload, attributes, salts.
    package static let contentByteCount = inlinePayloadByteCount + attributesByteCount + (128 << 10)
    /// The greatest class number, and so how many classes users can have.
    package static let classCount: UInt32 = 1_000
    /// Bytes of a class's name; at least 1.
    package static let classNameByteCount = 64
    /// Tree sizes stay below 2^62, so that sums of two never overflow.
    package static let treeSize: UInt64 = 1 << 62
    /// Bytes of a commitment's salt.
    package static let saltByteCount = 16
}
