// The bounds of the format, in one place. A decoder refuses what exceeds them before it allocates anything.

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
    package static let entriesPerFrame = 65_536
    package static let entriesPerSegment = 262_144
    package static let frameByteCount = 64 << 20
    package static let frameHeaderByteCount = 4 << 20
    package static let segmentByteCount: UInt64 = 4 << 30
    package static let footerByteCount = 64 << 20
    /// Segment numbers stay below 2^48.
    package static let segmentCount: UInt64 = 1 << 48
    package static let attributesPerRecord = 4_096
    package static let attributeNameByteCount = 255
    package static let attributeValueByteCount = 65_535
    /// All attributes of one record together, as encoded.
    package static let attributesByteCount = 1 << 20
    /// A payload above this is stored as a body file of its own.
    package static let inlinePayloadByteCount = 8 << 20
    package static let contentByteCount = inlinePayloadByteCount + attributesByteCount + (128 << 10)
    package static let classCount: UInt32 = 1_000
    package static let classNameByteCount = 64
    /// Tree sizes stay below 2^62, so that sums of two never overflow.
    package static let treeSize: UInt64 = 1 << 62
    package static let saltByteCount = 16
}
