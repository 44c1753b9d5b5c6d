// The dispositions of an archive, for whoever looks for one.

internal import MunimentFormat
public import MunimentStore

/// One run of purging, in short.
public struct DispositionSummary: Sendable, Hashable {
    /// How it stands.
    public enum State: String, Sendable, Hashable {
        /// Intent without completion: the next open for writing carries it on, or gives it up.
        case open
        /// Given up before it destroyed anything.
        case aborted
        /// Carried out.
        case completed
    }

    /// The index of its intent record.
    public let id: UInt64
    /// How it stands.
    public let state: State
    /// The compliance clock by which records were due.
    public let compliance: Int64
    /// Records that lost their content.
    public let purged: UInt64
    /// Due records that were kept because they are held.
    public let held: UInt64
    /// Segments that lost something.
    public let segments: Int
}

extension Snapshot {
    /// All dispositions under this checkpoint, in the order of the log. O(control records that are no seals).
    public func dispositions() throws(ArchiveError) -> [DispositionSummary] {
        try RetentionPolicy.load(log).dispositions.map { disposition in
            let done = disposition.carriedOut
            let outcome = disposition.completed?.record.outcome
            return DispositionSummary(
                id: disposition.id,
                state: outcome.map { $0 == .completed ? .completed : .aborted } ?? .open,
                compliance: disposition.intent.compliance,
                purged: done.reduce(0) { $0 + $1.purged.count },
                held: done.reduce(0) { $0 + $1.heldCount }, segments: done.count)
        }
    }
}
