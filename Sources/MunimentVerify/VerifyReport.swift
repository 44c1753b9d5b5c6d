// The outcome of a verification.

public import MunimentFormat

/// What was verified, what was found, and what follows.
public struct VerifyReport: Sendable {
    /// What the path turned out to be.
    public enum Subject: String, Sendable, Hashable {
        case store
        case tiles
        case proof
        case certificate
        case evidence
        /// One segment file, without its store.
        case segment
        /// A checkpoint alone, or with the proof that it extends another.
        case checkpoint
    }

    public let subject: Subject
    /// What was found, in the order of the log; at most `VerifyOptions.findingCountMax` of each code.
    public let findings: [Finding]
    /// How many findings of a code were made beyond those that are kept.
    public let omittedCounts: [Finding.Code: Int]
    public let verdict: Verdict
    /// The log's name as the files state it; nil where none could be read.
    public let origin: String?
    /// The number of entries: for a store of all whole frames, for tiles and proofs of the checkpoint.
    public let treeSize: UInt64
    /// The root of that size as computed from the entries; nil where entries are lost.
    public let root: Digest?
    /// The size of the newest checkpoint that a trusted key signed and the entries bear out; nil for none.
    public let checkpointSize: UInt64?
    /// Users' records.
    public let records: UInt64
    /// Records of the engine's own.
    public let controlRecords: UInt64
    /// Records whose content was destroyed by a disposition.
    public let purged: UInt64
    /// Records whose content is gone without one.
    public let unexplained: UInt64
    /// Records whose content was opened and hashed to its commitment.
    public let opened: UInt64
    /// How long it took.
    public let seconds: Double
    /// What an evidence file says of itself; nil for anything else.
    public internal(set) var evidence: EvidenceStatus?
    /// What was checked, in numbers, and what a report draws.
    public internal(set) var facts = ReportFacts()

    /// All findings, those that are not kept included.
    public var findingCount: Int { findings.count + omittedCounts.values.reduce(0, +) }
}
