// What the index of a group must list, as entries and contents go by.

internal import MunimentFormat

/// The attributes of one part's contents.
struct IndexedTerms {
    private let indexed: IndexedNames?
    /// The contents' entries, as places in the frame.
    private let ordinals: [Range<Int>]
    /// The last cut term of the content at hand: two attributes may be cut to one term, which is listed once.
    private var lastCut: (place: Int, term: [UInt8])?
    /// Which of `ordinals` the last content was in, and how many contents precede that.
    private var cursor = (range: 0, passed: 0)

    /// `indexed` is nil where there is no index to compare with.
    init(_ indexed: IndexedNames?, _ ordinals: [Range<Int>]) { (self.indexed, self.ordinals) = (indexed, ordinals) }

    /// Adds an attribute of the content at `place` among the part's; the frame begins at ordinal `start` of the segment.
    mutating func add(_ attribute: UnsafeRawBufferPointer, _ place: Int, _ start: UInt32, to sum: inout IndexSum) {
        guard let indexed, indexed.contains(attribute), let ordinal = ordinal(of: place) else { return }
        let record = start &+ UInt32(truncatingIfNeeded: ordinal)
        guard record < UInt32(Limits.entriesPerSegment) else { return }
        let term = IndexTerm.attribute(attribute)
        if !IndexTerm.isWhole(byteCount: term.count) {
            if let lastCut, lastCut.place == place, lastCut.term == term { return }
            lastCut = (place, term)
        }
        term.withUnsafeBytes { sum.add($0, record..<record + 1) }
    }

    /// Places ascend from call to call.
    private mutating func ordinal(of place: Int) -> Int? {
        while cursor.range < ordinals.count {
            let range = ordinals[cursor.range]
            if place - cursor.passed < range.count { return range.lowerBound + place - cursor.passed }
            cursor = (cursor.range + 1, cursor.passed + range.count)
        }
        return nil
    }

    /// Adds the times of a frame's records, for the classes that have an index.
    static func addTimes(
        _ columns: EntryColumns, _ header: FrameHeader, firstIndex: UInt64, _ keys: SegmentKeys,
        _ outcome: inout FrameOutcome
    ) {
        guard header.firstIndex >= firstIndex,
            header.treeSize - firstIndex <= UInt64(Limits.entriesPerSegment)
        else { return }
        var next = UInt32(header.firstIndex - firstIndex)
        for run in columns.runs {
            let ordinals = next..<next + UInt32(run.count)
            next = ordinals.upperBound
            guard run.kind == .record, keys.group(run.classID)?.indexed != nil else { continue }
            var sum = IndexSum()
            if run.occurred.isEmpty {
                IndexTerm.time(run.recorded).withUnsafeBytes { sum.add($0, ordinals) }
            }
            for (ordinal, time) in zip(ordinals, run.occurred) {
                IndexTerm.time(time).withUnsafeBytes { sum.add($0, ordinal..<ordinal + 1) }
            }
            outcome.classes[run.classID]?.indexSum += sum
        }
    }
}
