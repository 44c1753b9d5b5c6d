// The head of a record chunk of an evidence file. Format/evidence.md, "Record".
//
//   headByteCount u32, then the head, then the payload if it is disclosed
//
//   index u64 · state u8 · entryByteCount u16 · entry · only of an opened one:
//   attributeCount varint, each: 1, salt 16, varint + bytes; or 0, commitment 32 · payload: 1, salt 16; or 0, commitment 32

/// One record as an evidence file discloses it, without the payload's bytes, which follow the head in the chunk.
package struct EvidenceRecord: Hashable, Sendable {
    /// The bytes of `headByteCount` before each head.
    package static let prefixByteCount = 4
    /// A head is never longer: all attributes with salts, the longest entry, and what counts them fit.
    package static let headByteCountMax = 2 << 20

    /// Attribute i of the record.
    package enum Piece: Hashable, Sendable {
        /// The encoded attribute and its salt.
        case disclosed(salt: [UInt8], attribute: [UInt8])
        /// Its commitment alone.
        case withheld(Digest)
    }

    /// The payload of the record.
    package enum Payload: Hashable, Sendable {
        /// The bytes follow the head; the salt.
        case disclosed(salt: [UInt8])
        /// P alone.
        case withheld(Digest)
    }

    /// What the file holds of the content.
    package enum Content: Hashable, Sendable {
        /// All pieces, disclosed or committed to, in canonical order.
        case opened([Piece], Payload)
        /// Nothing: the exporter did not disclose it.
        case withheld
        /// Nothing: it was destroyed.
        case purged
    }

    /// The record's index.
    package var index: UInt64
    /// The bytes of the leaf's input.
    package var entry: [UInt8]
    /// What is disclosed.
    package var content: Content

    /// The fields as given; their bounds are the decoder's.
    package init(index: UInt64, entry: [UInt8], content: Content) {
        (self.index, self.entry, self.content) = (index, entry, content)
    }

    /// Whether the payload follows the head.
    package var disclosesPayload: Bool {
        if case .opened(_, .disclosed) = content { return true }
        return false
    }

    /// The head, in its one spelling, with its length before it.
    package func encoded() -> [UInt8] {
        var head: [UInt8] = []
        head.append(littleEndian: index)
        let state: UInt8 =
            switch content {
            case .opened: 0
            case .withheld: 1
            case .purged: 2
            }
        head.append(state)
        head.append(littleEndian: UInt16(entry.count))
        head += entry
        if case .opened(let pieces, let payload) = content {
            head.append(varint: UInt64(pieces.count))
            for piece in pieces { EvidenceRecord.append(piece, to: &head) }
            switch payload {
            case .disclosed(let salt): head += [1] + salt
            case .withheld(let commitment):
                head.append(0)
                head.append(commitment)
            }
        }
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt32(head.count))
        return bytes + head
    }

    private static func append(_ piece: Piece, to head: inout [UInt8]) {
        switch piece {
        case .disclosed(let salt, let attribute):
            head += [1] + salt
            head.append(counted: attribute)
        case .withheld(let commitment):
            head.append(0)
            head.append(commitment)
        }
    }

    /// The length of the head, from the four bytes before it, in a chunk of `bodyByteCount` bytes.
    package static func headByteCount(
        decoding bytes: UnsafeRawBufferPointer, bodyByteCount: UInt64
    ) throws(FormatError) -> Int {
        var reader = ByteReader(bytes, "evidence record")
        let count = try reader.integer(UInt32.self)
        guard count <= UInt32(headByteCountMax) else {
            throw FormatError(.outOfBounds, "evidence record", at: 0, "a head of \(count) bytes")
        }
        guard UInt64(count) + UInt64(prefixByteCount) <= bodyByteCount else {
            throw FormatError(.truncated, "evidence record", at: 0, "the chunk ends before the head does")
        }
        return Int(count)
    }

    /// Decodes a head, all of it, without its length. `payloadByteCount` bytes follow it in the chunk.
    package init(decoding bytes: UnsafeRawBufferPointer, payloadByteCount: UInt64) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence record")
        index = try reader.integer()
        guard index < Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        let state = try reader.integer(UInt8.self)
        guard state <= 2 else { throw reader.failure(.unknownValue, "an unknown state") }
        entry = Array(try reader.take(Int(try reader.integer(UInt16.self))))
        if state == 0 {
            let pieces = try EvidenceRecord.pieces(&reader)
            let isDisclosed = try EvidenceRecord.flag(&reader)
            content = .opened(
                pieces,
                isDisclosed
                    ? .disclosed(salt: Array(try reader.take(Limits.saltByteCount)))
                    : .withheld(try reader.digest()))
        } else {
            content = state == 1 ? .withheld : .purged
        }
        try reader.requireEnd()
        guard payloadByteCount == 0 || disclosesPayload else {
            throw reader.failure(.notCanonical, "\(payloadByteCount) bytes follow a head that discloses no payload")
        }
    }

    private static func pieces(_ reader: inout ByteReader) throws(FormatError) -> [Piece] {
        var pieces: [Piece] = []
        var byteCount = 0
        var last: [UInt8]?
        for _ in 0..<(try reader.count(atMost: Limits.attributesPerRecord)) {
            guard try flag(&reader) else {
                pieces.append(.withheld(try reader.digest()))
                continue
            }
            let salt = Array(try reader.take(Limits.saltByteCount))
            let attribute = Array(try reader.counted(atMost: Limits.attributesByteCount))
            byteCount += attribute.count + varintByteCount(UInt64(attribute.count))
            guard byteCount <= Limits.attributesByteCount else {
                throw reader.failure(.outOfBounds, "the attributes exceed their bound")
            }
            guard last.map({ $0.lexicographicallyPrecedes(attribute) }) ?? true else {
                throw reader.failure(.notCanonical, "attributes do not ascend")
            }
            last = attribute
            pieces.append(.disclosed(salt: salt, attribute: attribute))
        }
        return pieces
    }

    private static func flag(_ reader: inout ByteReader) throws(FormatError) -> Bool {
        let flag = try reader.integer(UInt8.self)
        guard flag <= 1 else { throw reader.failure(.unknownValue, "a piece that is neither disclosed nor withheld") }
        return flag == 1
    }
}
