// What an index lists records under: a kind and the bytes that are compared. Format/index.md, "Terms".
//
//   0x00 ‖ time         8 bytes, big-endian, sign bit inverted: when a record occurred, or was recorded
//   0x01 ‖ attribute    as encoded in the content (Attribute.swift)
//
// Terms are compared as bytes, so a test of encoded attributes is one of terms.

/// The spelling of terms.
package enum IndexTerm {
    /// A longer term is cut to this many bytes: one that has as many may stand for several.
    @inlinable package static var byteCountMax: Int { 512 }
    /// First byte of a time's term.
    package static let timeKind: UInt8 = 0
    /// First byte of an attribute's term.
    @inlinable package static var attributeKind: UInt8 { 1 }
    /// Bytes of a time's term.
    package static let timeByteCount = 9

    /// The term of a time.
    package static func time(_ time: Microseconds) -> [UInt8] {
        var bytes = [timeKind]
        withUnsafeBytes(of: (UInt64(bitPattern: time) ^ 1 << 63).bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The term of an encoded attribute.
    package static func attribute(_ encoded: some Sequence<UInt8>) -> [UInt8] {
        [attributeKind] + encoded.prefix(byteCountMax - 1)
    }

    /// Whether a term of that length is certainly whole.
    package static func isWhole(byteCount: Int) -> Bool { byteCount < byteCountMax }
}
