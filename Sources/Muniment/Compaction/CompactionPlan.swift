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
            let verdict = try policy.judge(handle, log, at: compliance)
            report.due += verdict.due.count
            report.held += verdict.held.count
            heldByMatter.merge(verdict.heldByMatter, uniquingKeysWith: +)
            guard !verdict.purgeable.isEmpty else { continue }
            segments.append(Segment(segment: handle.segment, verdict: verdict))
            rules.formUnion(verdict.rules)
            erasures += verdict.erasures
        }
        erasures.sort()
        report.matters = policy.mattersInForce.compactMap { matter in
            heldByMatter[matter.id].map { CompactionReport.HeldMatter(id: matter.id, name: matter.name, held: $0) }
        }
    }

    /// Whether a segment after `sealed`, the number of the last sealed one, is among them.
    func reachesBeyond(_ sealed: UInt64?) -> Bool {
        segments.contains { segment in sealed.map { segment.segment > $0 } ?? true }
    }
}
