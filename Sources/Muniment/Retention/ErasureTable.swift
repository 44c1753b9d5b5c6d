// Requests to erase single records: which erasure records ask for which record.

/// By the record that was asked for.
struct ErasureTable: Sendable {
    /// The records that were asked for, ascending, each once.
    private var targets: [UInt64] = []
    /// For each, the indexes of the erasure records, ascending.
    private var records: [[UInt64]] = []

    /// Takes an erasure record. O(requests).
    mutating func add(_ target: UInt64, record: UInt64) {
        let place = targets.partition(after: target)
        if place > 0, targets[place - 1] == target {
            records[place - 1].append(record)
        } else {
            targets.insert(target, at: place)
            records.insert([record], at: place)
        }
    }

    /// The erasure records that ask for a record.
    func records(for target: UInt64) -> [UInt64] {
        let place = targets.partition(after: target)
        return place > 0 && targets[place - 1] == target ? records[place - 1] : []
    }

    /// The records of a range that were asked for.
    func targets(in range: Range<UInt64>) -> ArraySlice<UInt64> {
        guard !range.isEmpty else { return [] }
        let low = range.lowerBound == 0 ? 0 : targets.partition(after: range.lowerBound - 1)
        return targets[low..<targets.partition(after: range.upperBound - 1)]
    }

    var all: [(index: UInt64, records: [UInt64])] { Array(zip(targets, records)) }
}
