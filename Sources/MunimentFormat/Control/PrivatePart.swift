// The private part of a control record: the payload of its content, so it is sealed under a group key and can be erased. Format/control.md,
// "Private part".
//
//   fields:     type u8 · varint + bytes, each type at most once, ascending
//   types:      1 matter, 2 custodian, 3 actor, 4 reason, 5 predicate, 6 selection as it was typed

/// What a control record says of people. Text is UTF-8 of at most 16,384 bytes each.
package struct PrivatePart: Hashable, Sendable {
    /// The bound of each text, and of the predicate.
    package static let textByteCountMax = 16_384

    /// The matter's name.
    package var matter: String?
    /// Whose records are concerned.
    package var custodian: String?
    /// Who did this.
    package var actor: String?
    package var reason: String?
    /// Which records a restricted scope covers.
    package var predicate: PredicateForm?
    /// The selection as somebody typed it, for readers.
    package var selection: String?

    /// Nothing.
    package init(
        matter: String? = nil, custodian: String? = nil, actor: String? = nil, reason: String? = nil,
        predicate: PredicateForm? = nil, selection: String? = nil
    ) {
        (self.matter, self.custodian, self.actor) = (matter, custodian, actor)
        (self.reason, self.predicate, self.selection) = (reason, predicate, selection)
    }

    /// The bytes, in their one spelling; none where nothing is said.
    package func encoded() -> [UInt8] {
        let fields: [[UInt8]?] = [
            matter.map { Array($0.utf8) }, custodian.map { Array($0.utf8) }, actor.map { Array($0.utf8) },
            reason.map { Array($0.utf8) }, predicate?.encoded(), selection.map { Array($0.utf8) },
        ]
        var bytes: [UInt8] = []
        for (place, field) in fields.enumerated() {
            guard let field else { continue }
            bytes.append(UInt8(place + 1))
            bytes.append(counted: field)
        }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        self.init()
        var reader = ByteReader(bytes, "private part")
        var last: UInt8 = 0
        while !reader.isAtEnd {
            let type = try reader.integer(UInt8.self)
            guard (1...6).contains(type) else { throw reader.failure(.unknownValue, "an unknown field") }
            guard type > last else { throw reader.failure(.notCanonical, "fields do not ascend") }
            last = type
            switch type {
            case 1: matter = try reader.text(atMost: PrivatePart.textByteCountMax)
            case 2: custodian = try reader.text(atMost: PrivatePart.textByteCountMax)
            case 3: actor = try reader.text(atMost: PrivatePart.textByteCountMax)
            case 4: reason = try reader.text(atMost: PrivatePart.textByteCountMax)
            case 5: predicate = try PredicateForm(decoding: try reader.counted(atMost: PredicateForm.byteCountMax))
            default: selection = try reader.text(atMost: PrivatePart.textByteCountMax)
            }
        }
    }
}
