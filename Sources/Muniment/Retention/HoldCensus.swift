// Counting what the matters in force cover, due or not.

internal import MunimentFormat
internal import MunimentStore

struct HoldCensus {
    private let policy: RetentionPolicy
    private let log: ProvenLog

    init(_ policy: RetentionPolicy, _ log: ProvenLog) { (self.policy, self.log) = (policy, log) }

    /// For each matter that covers one, how many records that were not purged.
    func counts() throws(ArchiveError) -> [UInt64: UInt64] {
        var counts: [UInt64: UInt64] = [:]
        guard !policy.mattersInForce.isEmpty else { return counts }
        var next: UInt64 = 0
        while next < log.size {
            let frame = try log.reader.frame(containing: next)
            try log.prove(frame)
            let segment = try log.reader.segment(containing: next)
            let purged = policy.purges.purged(segmentAt: segment.firstIndex)
            try count(frame, FrameAttributes(frame, segment, log), purged, &counts)
            next = frame.header.treeSize
        }
        return counts
    }

    private func count(
        _ frame: FrameView, _ attributes: FrameAttributes, _ purged: IndexSet, _ counts: inout [UInt64: UInt64]
    ) throws(ArchiveError) {
        var first = frame.header.firstIndex
        for run in frame.columns.runs where first < log.size {
            let indexes = first..<min(first + UInt64(run.count), log.size)
            first += UInt64(run.count)
            guard run.kind == .record else { continue }
            for index in indexes where !purged.contains(index) {
                let time = run.occurred.isEmpty ? run.recorded : run.occurred[Int(index - indexes.lowerBound)]
                var facts = HoldFacts(index: index, classID: run.classID, time: time)
                for id in try policy.mattersInForce.covering(&facts, attributes) { counts[id, default: 0] += 1 }
            }
        }
    }
}

extension [Matter] {
    /// The IDs of those that cover a record of a proved frame. What can't be read of it is unknown, and covered by whatever depends on it.
    func covering(_ facts: inout HoldFacts, _ attributes: FrameAttributes) throws(ArchiveError) -> [UInt64] {
        var isRead = false
        var ids: [UInt64] = []
        let (index, classID) = (facts.index, facts.classID)
        for place in indices {
            let covers = try self[place].covers(&facts) { () throws(ArchiveError) -> RecordAttributes? in
                // Once for all matters: what could not be read for one can't for another.
                if isRead { return nil }
                isRead = true
                return try attributes.attributes(of: index, classID: classID)
            }
            if covers { ids.append(self[place].id) }
        }
        return ids
    }
}
