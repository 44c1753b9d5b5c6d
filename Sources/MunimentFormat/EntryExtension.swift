// The extension list at the end of an entry. Format/entry.md, "Extensions".
//
//   count      varint, 1 to 64
//   each:      key varint = type × 2 + critical; length varint; that many bytes. Types ascend strictly.
//
// A reader that does not know a critical type must report the entry as not established; any other unknown type it skips.

/// One extension of an entry.
package struct EntryExtension: Hashable, Sendable {
    /// The public part of a control record. Critical.
    package static let controlType: UInt64 = 1
    /// An entry has at most this many.
    package static let countMax = 64

    /// Below 2^63; the types of a list ascend strictly.
    package var type: UInt64
    /// Whether a reader that does not know the type must not take the entry for established.
    package var isCritical: Bool
    /// At most 65,535, like the entry around them.
    package var bytes: [UInt8]

    /// The fields as given.
    package init(type: UInt64, isCritical: Bool, bytes: [UInt8]) {
        self.type = type
        self.isCritical = isCritical
        self.bytes = bytes
    }

    /// Encodes extensions whose types ascend strictly (a programmer's duty). The empty list has no encoding.
    package static func encoded(_ list: [EntryExtension]) -> [UInt8] {
        precondition(!list.isEmpty && list.count <= countMax)
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(list.count))
        for item in list {
            bytes.append(varint: item.type << 1 | (item.isCritical ? 1 : 0))
            bytes.append(varint: UInt64(item.bytes.count))
            bytes.append(contentsOf: item.bytes)
        }
        return bytes
    }

    /// Decodes a whole extension list of 1 to 64 extensions.
    package static func list(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) -> [EntryExtension] {
        var reader = ByteReader(bytes, "entry extensions")
        let count = try reader.count(atMost: countMax)
        guard count > 0 else { throw reader.failure(.notCanonical, "an empty list") }
        var list: [EntryExtension] = []
        for _ in 0..<count {
            let key = try reader.varint()
            if let last = list.last, last.type >= key >> 1 {
                throw reader.failure(.notCanonical, "types do not ascend")
            }
            let length = try reader.count(atMost: Limits.entryByteCount)
            list.append(EntryExtension(type: key >> 1, isCritical: key & 1 == 1, bytes: Array(try reader.take(length))))
        }
        try reader.requireEnd()
        return list
    }
}
