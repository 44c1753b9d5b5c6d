// The body of a class record, type 3. Format/control.md.
//
//   class varint · name varint + bytes · mode u8 · basis u8 · compression u8 · period varint + bytes · grace varint + bytes
//   · indexed: all u8, count varint, each varint + bytes

/// A retention class as one control record states it; the newest record of a class is in force.
package struct ClassRecord: Hashable, Sendable {
    /// Whether a class may be weakened: governance may, compliance never.
    package enum Mode: UInt8, Sendable { case governance = 0, compliance = 1 }
    /// From when the period counts.
    package enum Basis: UInt8, Sendable { case recorded = 0, occurred = 1, event = 2 }
    /// What is compressed together: all of a part, each record alone, nothing.
    package enum Compression: UInt8, Sendable { case shared = 0, record = 1, none = 2 }

    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// 1 to 64 bytes of UTF-8. Public.
    package var name: String
    /// Whether the class may be weakened.
    package var mode: Mode
    /// From when the period counts.
    package var basis: Basis
    /// What is compressed together.
    package var compression: Compression
    /// An ISO 8601 duration, or "forever".
    package var period: String
    /// How long after it is due a record may still be there: an ISO 8601 duration.
    package var grace: String
    /// The attribute names that are indexed; nil for all.
    package var indexed: [String]?

    /// The fields as given; their bounds are the decoder's.
    package init(
        classID: UInt32, name: String, mode: Mode = .governance, basis: Basis = .recorded,
        compression: Compression = .shared,
        period: String = "forever", grace: String = "P1D", indexed: [String]? = nil
    ) {
        (self.classID, self.name, self.mode, self.basis) = (classID, name, mode, basis)
        (self.compression, self.period, self.grace, self.indexed) = (compression, period, grace, indexed)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(classID))
        bytes.append(counted: name.utf8)
        bytes.append(contentsOf: [mode.rawValue, basis.rawValue, compression.rawValue])
        bytes.append(counted: period.utf8)
        bytes.append(counted: grace.utf8)
        bytes.append(indexed == nil ? 1 : 0)
        bytes.append(varint: UInt64(indexed?.count ?? 0))
        for name in indexed ?? [] { bytes.append(counted: name.utf8) }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "class record")
        classID = UInt32(try reader.count(atMost: Int(Limits.classCount)))
        name = try reader.text(atMost: Limits.classNameByteCount)
        guard !name.isEmpty else { throw reader.failure(.outOfBounds, "a class without a name") }
        guard let mode = Mode(rawValue: try reader.integer()), let basis = Basis(rawValue: try reader.integer()),
            let compression = Compression(rawValue: try reader.integer())
        else { throw reader.failure(.unknownValue, "an unknown option of a class") }
        (self.mode, self.basis, self.compression) = (mode, basis, compression)
        period = try reader.text(atMost: 64)
        grace = try reader.text(atMost: 64)
        let isAll = try reader.integer(UInt8.self)
        let count = try reader.count(atMost: 256)
        guard isAll <= 1, isAll == 0 || count == 0 else { throw reader.failure(.notCanonical, "all and a list") }
        var names: [String] = []
        for _ in 0..<count { names.append(try reader.text(atMost: Limits.attributeNameByteCount)) }
        indexed = isAll == 1 ? nil : names
        try reader.requireEnd()
    }
}
