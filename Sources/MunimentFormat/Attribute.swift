// An attribute: one name with one typed value. A record has a sorted set of them (a multimap: a name may recur with other values).
// Format/content.md, "Attributes".
//
//   nameCount  varint 1…255 · name UTF-8 · type u8 · value
//   type 1     text: UTF-8 to the end of the attribute
//   type 2     integer: 8 bytes, big-endian, sign bit inverted, so that byte order is numeric order
//   type 3     bytes: anything, to the end of the attribute
//
// Order and equality are those of the encoded bytes. Swift's String equality is canonical equivalence and never decides.

/// One name with one typed value.
public struct Attribute: Sendable {
    /// The three types of value. Each has one encoding.
    public enum Value: Sendable {
        /// Text; must be valid UTF-8, as Swift strings are.
        case text(String)
        case integer(Int64)
        case bytes([UInt8])
    }

    /// 1 to 255 bytes of UTF-8.
    public let name: String
    /// What the name says of the record; text and bytes have at most 65,535 bytes.
    public let value: Value

    /// The reserved name under which a record's stream is kept.
    public static let streamName = "@stream"

    /// Any name and value: whether they can be stored is checked when a record is appended.
    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// The canonical bytes, by which attributes are compared and committed to.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(name.utf8.count))
        bytes.append(contentsOf: name.utf8)
        switch value {
        case .text(let text):
            bytes.append(1)
            bytes.append(contentsOf: text.utf8)
        case .integer(let integer):
            bytes.append(2)
            withUnsafeBytes(of: Attribute.ordered(integer)) { bytes.append(contentsOf: $0) }
        case .bytes(let raw):
            bytes.append(3)
            bytes.append(contentsOf: raw)
        }
        return bytes
    }

    /// The bytes of an integer in memory: their order is numeric order.
    static func ordered(_ integer: Int64) -> UInt64 { (UInt64(bitPattern: integer) ^ 1 << 63).bigEndian }

    /// Decodes the bytes, all of them; refuses what Format/content.md lists, in its order.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "attribute")
        let nameCount = try reader.count(atMost: Limits.attributeNameByteCount)
        guard nameCount > 0 else { throw reader.failure(.outOfBounds, "an empty name") }
        guard let name = String(validating: try reader.take(nameCount), as: UTF8.self) else {
            throw reader.failure(.notCanonical, "the name is not UTF-8")
        }
        self.name = name
        let type = try reader.integer(UInt8.self)
        let raw = reader.takeRest()
        switch type {
        case 1, 3:
            guard raw.count <= Limits.attributeValueByteCount else {
                throw reader.failure(.outOfBounds, "the value is too long")
            }
            if type == 3 {
                value = .bytes(Array(raw))
            } else if let text = String(validating: raw, as: UTF8.self) {
                value = .text(text)
            } else {
                throw reader.failure(.notCanonical, "the text is not UTF-8")
            }
        case 2:
            guard raw.count == 8 else { throw reader.failure(.outOfBounds, "an integer has 8 bytes") }
            let flipped = UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self))
            value = .integer(Int64(bitPattern: flipped ^ 1 << 63))
        default:
            throw reader.failure(.unknownValue, "unknown attribute type \(type)")
        }
    }

    /// Why this attribute can't be stored, or nil. Names that begin with @ are the engine's own.
    package func refusal(reservedAllowed: Bool = false) -> String? {
        let valueByteCount =
            switch value {
            case .text(let text): text.utf8.count
            case .bytes(let raw): raw.count
            case .integer: 8
            }
        return Attribute.refusal(
            nameByteCount: name.utf8.count, isReserved: name.utf8.first == UInt8(ascii: "@") && !reservedAllowed,
            valueByteCount: valueByteCount)
    }

    static func refusal(nameByteCount: Int, isReserved: Bool, valueByteCount: Int) -> String? {
        if nameByteCount == 0 || nameByteCount > Limits.attributeNameByteCount {
            return "an attribute name has 1 to 255 bytes"
        }
        if isReserved { return "attribute names that begin with @ are reserved" }
        return valueByteCount > Limits.attributeValueByteCount ? "an attribute value has at most 65,535 bytes" : nil
    }
}

extension Attribute: Hashable {
    /// Equal bytes; canonically equivalent texts differ.
    public static func == (a: Attribute, b: Attribute) -> Bool { a.encoded == b.encoded }
    /// Hashes the canonical bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(encoded) }
}
