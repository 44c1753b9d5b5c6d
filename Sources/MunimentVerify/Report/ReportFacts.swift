// What a verification saw on its way, for a report. Everything here is bounded, whatever the size of what was verified:
// long lists are cut, and the rest is counted; what a drawing shows is a summary that says how coarse it is.

public import MunimentFormat
public import MunimentNote

/// What a verification saw: how much was checked, and what a report draws.
public struct ReportFacts: Sendable {
    /// What was checked, in numbers. What does not apply to the subject is 0.
    public struct Counts: Sendable, Hashable {
        /// Bytes of segments that were read.
        public internal(set) var byteCount: UInt64 = 0
        /// Segment files.
        public internal(set) var segments: UInt64 = 0
        /// Frames: durable commits.
        public internal(set) var frames: UInt64 = 0
        /// Entries whose leaf hash was computed.
        public internal(set) var entries: UInt64 = 0
        /// Contents that were opened and hashed to the commitment of their entry.
        public internal(set) var contents: UInt64 = 0
        /// Proofs of inclusion or consistency.
        public internal(set) var proofs: UInt64 = 0
        /// Seal records that were compared with their segment.
        public internal(set) var seals: UInt64 = 0
        /// Signatures on checkpoints that were checked with a key.
        public internal(set) var signatures: UInt64 = 0
        /// Stored tree nodes, or hashes of tiles, that were compared with those that the entries give.
        public internal(set) var nodes: UInt64 = 0
        /// Pages of indexes.
        public internal(set) var indexPages: UInt64 = 0
    }

    public internal(set) var counts = Counts()
    /// Those of the keys to trust that bear the log's name.
    public internal(set) var trustedKeys: [VerifierKey] = []
    /// Whether one of them signed the newest checkpoint that was found.
    public internal(set) var isSigned = false
    /// The runs of purging, in the order of the log; at most ``dispositionCountMax`` of them, the newest.
    public internal(set) var dispositions: [DispositionFacts] = []
    /// How many there were before those.
    public internal(set) var omittedDispositionCount = 0
    /// The checkpoint from outside: its size and root; nil where none was given, or it is none.
    public internal(set) var outside: (size: UInt64, root: Digest)?
    var tree: TreeSketch?
    var proof: ProofSketch?
    var strip: SegmentStrip?
    var timeline: Timeline?

    /// The most dispositions that are kept for a report.
    public static let dispositionCountMax = 500
}

/// The way from one entry to the root, for a drawing.
struct ProofSketch: Sendable {
    let index: UInt64
    let size: UInt64
    let leaf: Digest
    /// At most 64.
    let path: [Digest]
}

extension ReportFacts {
    /// What the verification of a store saw. `keys` are the trusted ones that bear its name.
    init(
        _ ledger: LogLedger, _ checkpoints: CheckpointAudit, _ purges: PurgeAudit, _ stored: StoredTree,
        keys: [VerifierKey]
    ) {
        self.init(segments: ledger)
        counts.signatures = checkpoints.signatureCount
        counts.nodes = stored.comparedCount
        trustedKeys = keys
        isSigned = checkpoints.newest?.isTrusted ?? false
        outside = checkpoints.outside.map { ($0.size, $0.root) }
        let retention = ledger.retention.facts
        strip?.bind(retention.dispositions, ledger.summaries)
        timeline = Timeline(ledger.chronicle, retention.holds)
        let newest = retention.dispositions.suffix(ReportFacts.dispositionCountMax)
        omittedDispositionCount = retention.dispositions.count - newest.count
        let names = ledger.classNames
        dispositions = newest.map { disposition in
            DispositionFacts(
                disposition, retention, purges.tallies[disposition.id] ?? DispositionTally(), classNames: names,
                times: ledger.chronicle.times)
        }
    }

    /// What a file with one checkpoint came to.
    init(_ judged: TrustJudge.Judged?, _ options: VerifyOptions) {
        trustedKeys = options.trustedKeys(of: judged?.checkpoint.origin)
        isSigned = judged?.isTrusted ?? false
        counts.signatures = judged?.isChecked == true ? 1 : 0
    }

    /// What segments that went by a ledger come to.
    init(segments ledger: LogLedger) {
        let summaries = ledger.summaries
        counts.byteCount = ledger.totals.byteCount
        counts.segments = UInt64(summaries.count)
        counts.frames = UInt64(summaries.reduce(0) { $0 + $1.frameCount })
        counts.entries = summaries.reduce(0) { $0 + $1.entryCount }
        counts.contents = ledger.totals.opened
        counts.seals = ledger.totals.seals
        counts.indexPages = summaries.reduce(0) { $0 + $1.indexPageCount }
        tree = ledger.sketch
        strip = SegmentStrip(summaries, ledger.findings.marks ?? SegmentMarks())
    }
}
