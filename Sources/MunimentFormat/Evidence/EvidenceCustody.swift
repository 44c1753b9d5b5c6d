// The custody chunk of an evidence file: what the exporter states. Format/evidence.md, "Custody".
//
//   exported i64 · exporter varint + bytes · tool varint + bytes · selection varint + bytes · disclosure u8
//   · nameCount varint, each: varint + bytes, ascending

/// Who took records out of a store, when, with what, and how they were chosen. Attested, not proved.
public struct EvidenceCustody: Hashable, Sendable {
    /// What of the contents an evidence file holds.
    public enum Disclosure: Hashable, Sendable {
        /// Payload and all attributes.
        case whole
        /// The attributes of these names, ascending by bytes, each once; `payloadName` stands for the payload.
        case pieces([String])
        /// Nothing but entries.
        case entries
    }

    /// The name by which the pieces of a disclosure mean the payload. Names that begin with @ are the engine's, so no attribute has it.
    public static let payloadName = "@payload"

    /// The exporter's clock.
    public var exported: Microseconds
    /// At most 1,024 bytes.
    public var exporter: String
    /// A program and its version; at most 256 bytes.
    public var tool: String
    /// As the exporter put it; at most 65,535 bytes.
    public var selection: String
    /// What is disclosed of the contents.
    public var disclosure: Disclosure

    /// The fields as given; their bounds are the decoder's.
    public init(exported: Microseconds, exporter: String, tool: String, selection: String, disclosure: Disclosure) {
        (self.exported, self.exporter, self.tool) = (exported, exporter, tool)
        (self.selection, self.disclosure) = (selection, disclosure)
    }

    /// Whether the piece of that name may be disclosed: an attribute, or the payload by `payloadName`.
    package func discloses(_ name: some Collection<UInt8>) -> Bool {
        switch disclosure {
        case .whole: true
        case .pieces(let names): names.contains { $0.utf8.elementsEqual(name) }
        case .entries: false
        }
    }

    /// The names of a disclosure, ascending by bytes, each once.
    package static func canonical(_ names: [String]) -> [String] {
        var unique: [String] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where !(unique.last?.utf8.elementsEqual(name.utf8) ?? false) { unique.append(name) }
        return unique
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: exported)
        bytes.append(counted: exporter.utf8)
        bytes.append(counted: tool.utf8)
        bytes.append(counted: selection.utf8)
        let names: [String]
        switch disclosure {
        case .whole: (names, bytes) = ([], bytes + [0])
        case .pieces(let pieces): (names, bytes) = (pieces, bytes + [1])
        case .entries: (names, bytes) = ([], bytes + [2])
        }
        bytes.append(varint: UInt64(names.count))
        for name in names { bytes.append(counted: name.utf8) }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/evidence.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence custody")
        exported = try reader.integer()
        exporter = try reader.text(atMost: 1_024)
        tool = try reader.text(atMost: 256)
        selection = try reader.text(atMost: 65_535)
        let kind = try reader.integer(UInt8.self)
        guard kind <= 2 else { throw reader.failure(.unknownValue, "an unknown disclosure") }
        let count = try reader.count(atMost: 256)
        guard (count > 0) == (kind == 1) else {
            throw reader.failure(.notCanonical, "\(count) names do not fit the disclosure")
        }
        var names: [String] = []
        for _ in 0..<count {
            let name = try reader.text(atMost: Limits.attributeNameByteCount)
            guard !name.isEmpty else { throw reader.failure(.outOfBounds, "an empty name") }
            guard names.last.map({ $0.utf8.lexicographicallyPrecedes(name.utf8) }) ?? true else {
                throw reader.failure(.notCanonical, "the names do not ascend")
            }
            names.append(name)
        }
        disclosure = kind == 0 ? .whole : kind == 1 ? .pieces(names) : .entries
        try reader.requireEnd()
    }

    // The bytes decide, not String's canonical equivalence.
    public static func == (a: EvidenceCustody, b: EvidenceCustody) -> Bool { a.encoded() == b.encoded() }
    public func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}
