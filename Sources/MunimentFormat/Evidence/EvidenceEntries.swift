// The chunks of an evidence file that hold an entry of the engine's own: what concerns the records, and the export itself. Format/evidence.md,
// "Control" and "Log".
//
//   control   index u64 · entry
//   log       0; or 1 · index u64 · salt 16 · entry

/// A control record that concerns what an evidence file discloses.
package struct EvidenceControl: Hashable, Sendable {
    /// Its index.
    package var index: UInt64
    /// The bytes of its entry.
    package var entry: [UInt8]

    /// The fields as given; their bounds are the decoder's.
    package init(index: UInt64, entry: [UInt8]) { (self.index, self.entry) = (index, entry) }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: index)
        return bytes + entry
    }

    /// Decodes the bytes, all of them; refuses what Format/evidence.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence control record")
        index = try reader.integer()
        guard index < Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        entry = Array(reader.takeRest())
        guard (1...Limits.entryByteCount).contains(entry.count) else {
            throw reader.failure(.outOfBounds, "an entry of \(entry.count) bytes")
        }
    }
}

/// Whether, and where, the log tells of the export.
package enum EvidenceLogging: Hashable, Sendable {
    /// It does not.
    case unlogged
    /// It does, in `record`, whose statement has this salt.
    case logged(EvidenceControl, salt: [UInt8])

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        switch self {
        case .unlogged: return [0]
        case .logged(let record, let salt):
            var bytes: [UInt8] = [1]
            bytes.append(littleEndian: record.index)
            return bytes + salt + record.entry
        }
    }

    /// Decodes the bytes, all of them; refuses what Format/evidence.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence log")
        let flag = try reader.integer(UInt8.self)
        guard flag <= 1 else { throw reader.failure(.unknownValue, "neither logged nor unlogged") }
        if flag == 0 {
            try reader.requireEnd()
            self = .unlogged
            return
        }
        let index = try reader.integer(UInt64.self)
        guard index < Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        let salt = Array(try reader.take(Limits.saltByteCount))
        let entry = Array(reader.takeRest())
        guard (1...Limits.entryByteCount).contains(entry.count) else {
            throw reader.failure(.outOfBounds, "an entry of \(entry.count) bytes")
        }
        self = .logged(EvidenceControl(index: index, entry: entry), salt: salt)
    }
}
