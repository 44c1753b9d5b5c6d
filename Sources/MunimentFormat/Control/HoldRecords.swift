// The bodies of hold and release records, types 5 and 6, and the scope of a hold. Format/control.md.
//
//   hold:     matter varint (0: this is the matter's first; else the index of that one + 1) · scope
//   release:  matter varint (the index of the matter's first hold)
//   scope:    flags u8 (bit 0 indexes, 1 classes, 2 from, 3 to, 4 restricted) · [index set] · [count varint, class varint each]
//             · [from i64] · [to i64]
//
// Restricted: only those records of the scope for which the predicate of the record's private part is true, or can't be told.

/// Which records a hold covers, as far as anyone can check it: all conditions together; none of them covers everything, future records too.
package struct HoldScope: Hashable, Sendable {
    /// The most classes that a scope lists.
    package static let classCountMax = Int(Limits.classCount)

    /// Only these indexes; nil for all.
    package var indexes: IndexSet?
    /// Only these classes, ascending; nil for all.
    package var classes: [UInt32]?
    /// Only what occurred, or was recorded where that is not known, at this time or later.
    package var from: Int64?
    /// Only what did before this time.
    package var to: Int64?
    /// Whether a private predicate restricts it further.
    package var isRestricted: Bool

    /// The conditions as given. `indexes` and `classes` are not empty; classes ascend.
    package init(
        indexes: IndexSet? = nil, classes: [UInt32]? = nil, from: Int64? = nil, to: Int64? = nil,
        isRestricted: Bool = false
    ) {
        (self.indexes, self.classes, self.from, self.to) = (indexes, classes, from, to)
        self.isRestricted = isRestricted
    }

    /// Whether a record is within what is public of the scope. `time` is its occurred time, or the recorded one.
    package func covers(index: UInt64, classID: UInt32, time: Int64) -> Bool {
        if let indexes, !indexes.contains(index) { return false }
        if let classes, !classes.contains(classID) { return false }
        if let from, time < from { return false }
        if let to, time >= to { return false }
        return true
    }

    package func append(to bytes: inout [UInt8]) {
        let flags: [Bool] = [indexes != nil, classes != nil, from != nil, to != nil, isRestricted]
        bytes.append(flags.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) })
        if let indexes { bytes += indexes.encoded() }
        if let classes {
            bytes.append(varint: UInt64(classes.count))
            for classID in classes { bytes.append(varint: UInt64(classID)) }
        }
        if let from { bytes.append(littleEndian: from) }
        if let to { bytes.append(littleEndian: to) }
    }

    package init(decoding reader: inout ByteReader) throws(FormatError) {
        let flags = try reader.integer(UInt8.self)
        guard flags < 32 else { throw reader.failure(.unknownValue, "unknown flags of a scope") }
        self.init(isRestricted: flags & 16 != 0)
        if flags & 1 != 0 { indexes = try IndexSet(decoding: &reader) }
        if flags & 2 != 0 { classes = try HoldScope.classes(&reader) }
        if flags & 4 != 0 { from = try reader.integer() }
        if flags & 8 != 0 { to = try reader.integer() }
    }

    private static func classes(_ reader: inout ByteReader) throws(FormatError) -> [UInt32] {
        let count = try reader.count(atMost: classCountMax)
        guard count > 0 else { throw reader.failure(.notCanonical, "an empty list of classes") }
        var classes: [UInt32] = []
        for _ in 0..<count {
            let classID = UInt32(try reader.count(atMost: Int(Limits.classCount)))
            if let last = classes.last, last >= classID {
                throw reader.failure(.notCanonical, "classes do not ascend")
            }
            classes.append(classID)
        }
        return classes
    }
}

/// A scope of a matter is placed.
package struct HoldRecord: Hashable, Sendable {
    /// The index of the matter's first hold record; nil where this is it.
    package var matter: UInt64?
    /// What is held from now on.
    package var scope: HoldScope

    /// The fields as given.
    package init(matter: UInt64?, scope: HoldScope) { (self.matter, self.scope) = (matter, scope) }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: matter.map { $0 + 1 } ?? 0)
        scope.append(to: &bytes)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "hold record")
        matter = try reader.optionalIndex()
        scope = try HoldScope(decoding: &reader)
        try reader.requireEnd()
    }
}

/// All scopes of a matter that were placed before are released.
package struct ReleaseRecord: Hashable, Sendable {
    /// The index of the matter's first hold record.
    package var matter: UInt64

    /// The field as given.
    package init(matter: UInt64) { self.matter = matter }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: matter)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "release record")
        matter = try reader.index()
        try reader.requireEnd()
    }
}

extension ByteReader {
    /// The index of a record.
    package mutating func index() throws(FormatError) -> UInt64 {
        let index = try varint()
        guard index < Limits.treeSize else { throw failure(.outOfBounds, "an impossible index") }
        return index
    }

    /// An index + 1, or 0 for none.
    package mutating func optionalIndex() throws(FormatError) -> UInt64? {
        let value = try varint()
        guard value <= Limits.treeSize else { throw failure(.outOfBounds, "an impossible index") }
        return value == 0 ? nil : value - 1
    }
}
