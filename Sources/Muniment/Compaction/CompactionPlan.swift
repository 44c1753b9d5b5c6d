// What a run would destroy, segment by segment, before anything is written.

internal import MunimentFormat
internal import MunimentStore

struct CompactionPlan {
    /// A segment of which something may go.
    struct Segment {
        var segment: UInt64
        var verdict: SegmentVerdict
    }

    private(set) var segments: [Segment] = []
    private(set) var report = CompactionReport()
    /// Classes by whose rules something may go.
    private(set) var rules: Set<UInt32> = []
    /// Erasure records that would be carried out.
    private(set) var erasures: [UInt64] = []

    /// Judges every segment, the open one included. O(entries), where anything can be due.
    init(_ policy: RetentionPolicy, _ log: ProvenLog, at compliance: Microseconds) throws(ArchiveError) {
        report.complianceTime = compliance
        var heldByMatter: [UInt64: UInt64] = [:]
        for handle in log.reader.segments {
            var verdict = try CompactionPlan.judge(handle, policy, log, compliance)
            report.due += verdict.due.count
            report.held += verdict.held.count
            heldByMatter.merge(verdict.heldByMatter, uniquingKeysWith: +)
            verdict.limit(erasureCount: IntentRecord.countMax - erasures.count, policy)
            guard !verdict.purgeable.isEmpty, segments.count < CompactionPlan.segmentCountMax else { continue }
            segments.append(Segment(segment: handle.segment, verdict: verdict))
            rules.formUnion(verdict.rules)
            erasures += verdict.erasures
        }
        erasures.sort()
        report.matters = policy.mattersInForce.compactMap { matter in
            heldByMatter[matter.id].map { CompactionReport.HeldMatter(id: matter.id, name: matter.name, held: $0) }
        }
    }

    /// As many as one disposition's records can list, and a run can write without end; the rest goes in another run.
    private static let segmentCountMax = CompletedRecord.preparedCountMax / 2

    /// A segment that is sealed meanwhile may have been packed anew: then the newer generation is judged.
    private static func judge(
        _ handle: SegmentHandle, _ policy: RetentionPolicy, _ log: ProvenLog, _ compliance: Microseconds
    ) throws(ArchiveError) -> SegmentVerdict {
        do throws(ArchiveError) {
            return try policy.judge(handle, log, at: compliance)
        } catch  where error.code == .absent {
            let present = log.reader.segments.first { $0.segment == handle.segment && $0 !== handle }
            guard let present else { throw error }
            return try policy.judge(present, log, at: compliance)
        }
    }

    /// Whether a segment after `sealed`, the number of the last sealed one, is among them.
    func reachesBeyond(_ sealed: UInt64?) -> Bool {
        segments.contains { segment in sealed.map { segment.segment > $0 } ?? true }
    }
}
