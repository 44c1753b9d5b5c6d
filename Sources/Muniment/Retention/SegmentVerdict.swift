// What may go of one segment, as the policy's answer.

package import MunimentFormat
package import MunimentStore

/// What of a segment is due, held, and may be purged.
package struct SegmentVerdict: Sendable {
    /// Due, held ones included, without those that were purged already.
    package var due = IndexSet()
    /// Due and held.
    package var held = IndexSet()
    /// For each matter in force that holds some of them, how many due records it holds.
    package var heldByMatter: [UInt64: UInt64] = [:]
    /// Due and not held.
    package var purgeable = IndexSet()
    /// Classes of purgeable records.
    package var rules: Set<UInt32> = []
    /// Erasure records whose record is purgeable, ascending.
    package var erasures: [UInt64] = []

    package init() {}

    /// Leaves out so many purgeable records, from the greatest index down, that no more than `erasureCount` erasure records are carried out.
    mutating func limit(erasureCount: Int, _ policy: RetentionPolicy) {
        guard erasures.count > erasureCount, let first = purgeable.first, let last = purgeable.last else { return }
        erasures = []
        for target in policy.requests.targets(in: first..<last + 1) where purgeable.contains(target) {
            let records = policy.requests.records(for: target)
            guard erasures.count + records.count <= erasureCount else {
                purgeable = purgeable.intersection(IndexSet(0..<target))
                break
            }
            erasures += records
        }
        erasures.sort()
    }
}

extension RetentionPolicy {
    /// What of a segment is due, held, and may be purged when the compliance clock shows `compliance`. Whatever is due is proved to be as it was
    /// recorded. Nothing but the first frame is read where nothing can be due; contents are only opened where a restricted scope covers a due record
    /// and its attributes decide. O(entries × scopes that can cover one), otherwise.
    package func judge(
        _ segment: SegmentHandle, _ log: ProvenLog, at compliance: Microseconds
    ) throws(ArchiveError) -> SegmentVerdict {
        guard var judge = try SegmentJudge(self, segment, log, compliance) else { return SegmentVerdict() }
        return try judge.run()
    }

    /// Whether a record with these facts, of which `entry` is the proved entry, is due. For single records; a segment is judged as a whole.
    func isDue(_ index: UInt64, _ entry: Entry, at compliance: Microseconds) -> Bool {
        guard entry.kind == .record, let rule = rules[entry.classID]?.stated else { return false }
        if rule.mode == .governance, !requests.records(for: index).isEmpty { return true }
        guard let end = end(of: index, entry) else { return false }
        return RetentionPolicy.isReached(end, at: compliance)
    }

    /// When a record's period is over, by the compliance clock; nil for never, as far as is known now.
    func end(of index: UInt64, _ entry: Entry) -> Microseconds? {
        guard entry.kind == .record, let rule = rules[entry.classID]?.stated else { return nil }
        let recorded = entry.compliance ?? entry.recorded
        switch rule.basis {
        case .recorded: return rule.end(from: recorded)
        case .occurred: return rule.end(from: entry.occurred ?? recorded)
        case .event:
            let starts = events.lazy.filter { $0.indexes.contains(index) }.map(\.start)
            let start = rule.mode == .compliance ? starts.max() : starts.reversed().first
            return start.flatMap { rule.end(from: $0) }
        }
    }

    /// A record is due a second after its period is over: the clock and the recorded times may differ by that much.
    static func isReached(_ end: Microseconds, at compliance: Microseconds) -> Bool {
        let (latest, overflow) = compliance.subtractingReportingOverflow(1_000_000)
        return !overflow && end <= latest
    }
}
