// Index sets as the log's records hold them, kept in their bytes: a record of a few bytes can speak of a hundred thousand
// runs, and there may be many of them.

internal import MunimentFormat

/// An index set that is unpacked where it is looked at.
struct StoredSet: Sendable {
    let first: UInt64
    let last: UInt64
    private let bytes: [UInt8]

    /// Nil for the empty set. The set must be one that a record can hold.
    init?(_ set: IndexSet) {
        guard let first = set.first, let last = set.last, let bytes = set.encodedIfShort() else { return nil }
        (self.first, self.last, self.bytes) = (first, last, bytes)
    }

    /// Those of its indexes that lie in `range`.
    func within(_ range: Range<UInt64>) -> IndexSet {
        guard !range.isEmpty, first < range.upperBound, last >= range.lowerBound else { return IndexSet() }
        let all = try? bytes.decode { raw throws(FormatError) in
            var reader = ByteReader(raw, "index set")
            return try IndexSet(decoding: &reader)
        }
        return all?.intersection(IndexSet(range)) ?? IndexSet()
    }
}
