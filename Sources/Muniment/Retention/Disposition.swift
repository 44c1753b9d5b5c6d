// Dispositions as the log tells them, and which of them purged a record. Format/retention.md, "Dispositions".

package import MunimentFormat

/// One run of purging.
package struct Disposition: Sendable {
    /// What a prepared record says, its purged records in little memory.
    package struct Prepared: Sendable {
        package var index: UInt64
        package var seal: SealRecord
        /// How many due records of the segment are kept because they are held.
        package var heldCount: UInt64
        package var purged: PackedIndexSet

        init(_ record: PreparedRecord, at index: UInt64) {
            (self.index, seal, heldCount) = (index, record.seal, record.heldCount)
            purged = PackedIndexSet(record.purged)
        }
    }

    /// The index of its intent record.
    package var id: UInt64
    package var intent: IntentRecord
    /// The prepared records, ascending by their index.
    package var prepared: [Prepared] = []
    /// How it ended; nil while it is open.
    package var completed: (index: UInt64, record: CompletedRecord)?

    package init(id: UInt64, intent: IntentRecord) { (self.id, self.intent) = (id, intent) }

    /// The prepared records that were carried out.
    package var carriedOut: [Prepared] {
        guard let completed else { return [] }
        let indexes = Set(completed.record.prepared)
        return prepared.filter { indexes.contains($0.index) }
    }
}

/// What was purged, by the segments that lost it.
struct PurgeTable: Sendable {
    private struct Loss: Sendable {
        var disposition: UInt64
        var purged: PackedIndexSet
    }

    /// The first indexes of segments that lost something, ascending.
    private var firstIndexes: [UInt64] = []
    /// For each of them, its losses in the order of the log.
    private var losses: [[Loss]] = []

    /// Takes what a carried-out prepared record says.
    mutating func add(_ prepared: Disposition.Prepared, of disposition: UInt64) {
        let place = firstIndexes.partition(after: prepared.seal.firstIndex)
        let loss = Loss(disposition: disposition, purged: prepared.purged)
        if place > 0, firstIndexes[place - 1] == prepared.seal.firstIndex {
            losses[place - 1].append(loss)
        } else {
            firstIndexes.insert(prepared.seal.firstIndex, at: place)
            losses.insert([loss], at: place)
        }
    }

    /// The disposition that purged a record; nil where none did. O(log segments + dispositions of the segment).
    func disposition(of index: UInt64) -> UInt64? {
        let place = firstIndexes.partition(after: index)
        return place == 0 ? nil : losses[place - 1].first { $0.purged.contains(index) }?.disposition
    }

    /// All that was purged of the segment that begins at `firstIndex`.
    func purged(segmentAt firstIndex: UInt64) -> IndexSet {
        let place = firstIndexes.partition(after: firstIndex)
        guard place > 0, firstIndexes[place - 1] == firstIndex else { return IndexSet() }
        return losses[place - 1].reduce(IndexSet()) { $0.union($1.purged.unpacked) }
    }

    /// How many records were purged.
    var count: UInt64 { losses.joined().reduce(0) { $0 + $1.purged.count } }
}

extension RandomAccessCollection where Index == Int {
    /// The first place whose element satisfies `isReached`, as all after it do; the end where none does. O(log n).
    func place(where isReached: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isReached(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension [UInt64] {
    /// How many elements of an ascending array are not greater than `value`. O(log n).
    func partition(after value: UInt64) -> Int { place { $0 > value } }
}
