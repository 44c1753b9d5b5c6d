// A set of indexes, as events, holds and dispositions list what they concern. Format/control.md, "Index set".
//
//   first varint · span varint (last − first) · form u8
//   form 0, runs:    count varint ≥ 1; for each run its length − 1, and for all but the last the gap after it − 1, as varints
//   form 1, bitmap:  ⌈(span + 1) / 8⌉ bytes, index first + i at bit i mod 8 of byte i / 8, least significant first
//
// The bitmap is used exactly where it is shorter. So a set has one spelling, and one of a whole segment fits an entry.

/// A set of indexes, kept as runs that neither overlap nor touch.
package struct IndexSet: Hashable, Sendable {
    /// The most bytes that a set has as encoded: with what stands around it, it fits one entry.
    package static let byteCountMax = 60_000

    /// Ascending; never empty ranges; a gap of at least one between neighbours.
    package private(set) var runs: [Range<UInt64>] = []

    /// The empty set.
    package init() {}

    /// The indexes of one range.
    package init(_ range: Range<UInt64>) { if !range.isEmpty { runs = [range] } }

    /// Whether it has no index.
    package var isEmpty: Bool { runs.isEmpty }
    /// How many indexes it has. O(runs).
    package var count: UInt64 { runs.reduce(0) { $0 + UInt64($1.count) } }
    /// The least index.
    package var first: UInt64? { runs.first?.lowerBound }
    /// The greatest index.
    package var last: UInt64? { runs.last.map { $0.upperBound - 1 } }

    /// Whether `index` is in it. O(log runs).
    package func contains(_ index: UInt64) -> Bool {
        let place = firstRun(endingAfter: index)
        return place < runs.count && runs[place].contains(index)
    }

    /// The place of the first run that ends after `index`.
    private func firstRun(endingAfter index: UInt64) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upperBound <= index { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds a range at the end: it begins at or after the last index. O(1).
    package mutating func append(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        guard let last = runs.last else { return runs.append(range) }
        precondition(range.lowerBound >= last.upperBound, "ranges are appended in order")
        if last.upperBound == range.lowerBound {
            runs[runs.count - 1] = last.lowerBound..<range.upperBound
        } else {
            runs.append(range)
        }
    }

    /// Adds a set at the end: it begins after the last index. O(its runs).
    package mutating func append(_ other: IndexSet) {
        for run in other.runs { append(run) }
    }

    /// The indexes of both. O(runs).
    package func union(_ other: IndexSet) -> IndexSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var result = IndexSet()
        var (mine, theirs) = (runs[...], other.runs[...])
        while let next = IndexSet.takeFirst(&mine, &theirs) {
            if let last = result.runs.last, next.lowerBound <= last.upperBound {
                result.runs[result.runs.count - 1] = last.lowerBound..<max(last.upperBound, next.upperBound)
            } else {
                result.runs.append(next)
            }
        }
        return result
    }

    private static func takeFirst(_ one: inout ArraySlice<Range<UInt64>>, _ other: inout ArraySlice<Range<UInt64>>)
        -> Range<UInt64>?
    {
        guard let mine = one.first else { return other.popFirst() }
        guard let theirs = other.first else { return one.popFirst() }
        return mine.lowerBound <= theirs.lowerBound ? one.popFirst() : other.popFirst()
    }

    /// The indexes that both have. O(runs).
    package func intersection(_ other: IndexSet) -> IndexSet {
        var result = IndexSet()
        var (mine, theirs) = (0, 0)
        while mine < runs.count, theirs < other.runs.count {
            let common = runs[mine].clamped(to: other.runs[theirs])
            result.append(common)
            if runs[mine].upperBound < other.runs[theirs].upperBound { mine += 1 } else { theirs += 1 }
        }
        return result
    }

    /// The indexes that `other` lacks. O(runs).
    package func subtracting(_ other: IndexSet) -> IndexSet {
        var result = IndexSet()
        var theirs = 0
        for run in runs {
            var start = run.lowerBound
            while theirs < other.runs.count, other.runs[theirs].upperBound <= start { theirs += 1 }
            var place = theirs
            while place < other.runs.count, other.runs[place].lowerBound < run.upperBound {
                if other.runs[place].lowerBound > start { result.append(start..<other.runs[place].lowerBound) }
                start = max(start, other.runs[place].upperBound)
                place += 1
            }
            if start < run.upperBound { result.append(start..<run.upperBound) }
        }
        return result
    }

    /// The first half of its runs, and the rest: for a set that is too long for one record.
    package func halved() -> (IndexSet, IndexSet) {
        let middle = runs.count / 2
        guard middle > 0 else { return (self, IndexSet()) }
        var (low, high) = (IndexSet(), IndexSet())
        (low.runs, high.runs) = (Array(runs[..<middle]), Array(runs[middle...]))
        return (low, high)
    }

    // MARK: Bytes

    /// The bytes, in their one spelling. The empty set has none, and a set above `byteCountMax` is never encoded (a programmer's duty).
    package func encoded() -> [UInt8] {
        let bytes = encodedIfShort()
        precondition(bytes != nil, "an index set that no record can hold")
        return bytes ?? []
    }

    /// The bytes; nil for the empty set and for one that takes more than `byteCountMax`.
    package func encodedIfShort() -> [UInt8]? {
        guard let first, let last else { return nil }
        var head: [UInt8] = []
        head.append(varint: first)
        head.append(varint: last - first)
        let bitmapByteCount = (last - first) / 8 + 1
        let bound = UInt64(IndexSet.byteCountMax - head.count - 1)
        if let runs = encodedRuns(atMost: Int(min(bitmapByteCount, bound))) { return head + [0] + runs }
        return bitmapByteCount <= bound ? head + [1] + bitmap(first, Int(bitmapByteCount)) : nil
    }

    /// Form 0; nil once it is longer than `bound`.
    private func encodedRuns(atMost bound: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(runs.count))
        for (place, run) in runs.enumerated() {
            bytes.append(varint: UInt64(run.count) - 1)
            if place + 1 < runs.count { bytes.append(varint: runs[place + 1].lowerBound - run.upperBound - 1) }
            if bytes.count > bound { return nil }
        }
        return bytes
    }

    private func bitmap(_ first: UInt64, _ byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for run in runs {
            for index in run { bytes[Int((index - first) / 8)] |= 1 << UInt8((index - first) % 8) }
        }
        return bytes
    }

    /// Decodes the next set; refuses what Format/control.md lists.
    package init(decoding reader: inout ByteReader) throws(FormatError) {
        let start = reader
        let first = try reader.varint()
        let span = try reader.varint()
        guard first < Limits.treeSize, span < Limits.treeSize - first else {
            throw reader.failure(.outOfBounds, "an impossible index")
        }
        switch try reader.integer(UInt8.self) {
        case 0: try decodeRuns(&reader, first, span)
        case 1: try decodeBitmap(&reader, first, span)
        default: throw reader.failure(.unknownValue, "an unknown form of an index set")
        }
        guard self.first == first, last == first + span else {
            throw reader.failure(.inconsistent, "an index set that does not end where it says")
        }
        // Both forms can say the same; only the shorter is accepted.
        var taken = start
        guard let shortest = encodedIfShort() else { throw reader.failure(.outOfBounds, "an index set too long") }
        guard shortest.elementsEqual(try taken.take(reader.position - start.position)) else {
            throw reader.failure(.notCanonical, "an index set in its longer form")
        }
    }

    private mutating func decodeRuns(_ reader: inout ByteReader, _ first: UInt64, _ span: UInt64) throws(FormatError) {
        let count = try reader.count(atMost: IndexSet.byteCountMax)
        guard count > 0 else { throw reader.failure(.notCanonical, "an index set without a run") }
        // Each run takes a byte at least, of those that are there.
        runs.reserveCapacity(min(count, reader.remainingByteCount))
        let end = first + span + 1
        var next = first
        for place in 0..<count {
            let length = try reader.varint()
            guard length < end - next else { throw reader.failure(.outOfBounds, "a run past the set's end") }
            append(next..<next + length + 1)
            next += length + 1
            if place + 1 < count {
                let gap = try reader.varint()
                guard end - next > 1, gap < end - next - 1 else {
                    throw reader.failure(.outOfBounds, "a run past the set's end")
                }
                next += gap + 1
            }
        }
    }

    private mutating func decodeBitmap(
        _ reader: inout ByteReader, _ first: UInt64, _ span: UInt64
    ) throws(FormatError) {
        guard span / 8 < UInt64(IndexSet.byteCountMax) else { throw reader.failure(.outOfBounds, "a bitmap too long") }
        let bytes = try reader.take(Int(span / 8) + 1)
        for (place, byte) in bytes.enumerated() where byte != 0 {
            for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 {
                let index = first + UInt64(place * 8 + bit)
                append(index..<index + 1)
            }
        }
    }
}
