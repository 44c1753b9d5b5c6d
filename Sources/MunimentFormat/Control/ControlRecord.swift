// Control records: what the engine itself writes. The public part stands in the entry, as critical extension 1, so that anyone can
// re-check it; a private part, if any, is the record's payload. Format/control.md. Each type's body has a file of its own beside this one.
//
//   type u8 · version u8 = 1 · previous varint (index of the previous control record + 1; 0 for none) · body by type

/// What every control record begins with.
package struct ControlRecord: Hashable, Sendable {
    /// What a control record says. The raw value is its type byte.
    package enum Kind: UInt8, Sendable {
        case identity = 1
        case key = 2
        case retentionClass = 3
        case event = 4
        case hold = 5
        case release = 6
        case erasure = 7
        case intent = 8
        case prepared = 9
        case completed = 10
        case seal = 11
        case export = 12
        case clock = 13
    }

    /// The version of all control records.
    package static let version: UInt8 = 1
    /// The class of control records themselves.
    package static let classID: UInt32 = 0

    /// The record's type.
    package var kind: Kind
    /// The index of the previous control record.
    package var previous: UInt64?
    /// The bytes by type, not decoded.
    package var body: [UInt8]

    /// A control record around an encoded body.
    package init(kind: Kind, previous: UInt64?, body: [UInt8]) {
        (self.kind, self.previous, self.body) = (kind, previous, body)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [kind.rawValue, ControlRecord.version]
        bytes.append(varint: previous.map { $0 + 1 } ?? 0)
        return bytes + body
    }

    /// The extension list of the control record's entry.
    package func extensions() -> [UInt8] {
        EntryExtension.encoded([EntryExtension(type: EntryExtension.controlType, isCritical: true, bytes: encoded())])
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "control record")
        guard let kind = Kind(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "unknown type")
        }
        let version = try reader.integer(UInt8.self)
        guard version == ControlRecord.version else {
            throw reader.failure(
                version > ControlRecord.version ? .newerVersion : .unknownValue, "control record version \(version)")
        }
        self.kind = kind
        let previous = try reader.varint()
        guard previous <= Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        self.previous = previous == 0 ? nil : previous - 1
        body = Array(reader.takeRest())
    }

    /// The control record in an entry; nil for a user's record.
    package init?(entry: Entry) throws(FormatError) {
        guard entry.kind == .control else { return nil }
        let list = try entry.extensions.decode(EntryExtension.list(decoding:))
        guard let item = list.first(where: { $0.type == EntryExtension.controlType }), item.isCritical else {
            throw FormatError(.inconsistent, "control record", at: 0, "a control entry without its public part")
        }
        self = try item.bytes.decode(ControlRecord.init(decoding:))
    }
}
