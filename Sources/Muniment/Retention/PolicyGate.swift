// Where changes of the policy queue up. Rules, holds, events and requests are changed by one caller at a time, each on the policy as the log has it
// at that moment; and while a disposition is about to destroy what it planned, by nobody. Format/retention.md, "The protocol", step 3.
//
// The policy is kept between changes, and follows the log by the chain of its commits: records that others appended meanwhile are taken first.

internal import MunimentFormat
package import MunimentStore

/// Serialises policy changes of one open archive.
package final class PolicyGate: Sendable {
    private struct State: Sendable {
        var policy: RetentionPolicy?
        /// The disposition during which nothing may change.
        var barrier: UInt64?
    }

    private let store: LogStore
    // Held while records are appended: whoever waits here waits for the disk, and is no cooperative thread.
    private let state = Guarded(State())

    package init(_ store: LogStore) { self.store = store }

    /// The policy at the log's durable end. Blocks on the disk.
    package func policy() throws(ArchiveError) -> RetentionPolicy {
        try state.withLock { state throws(ArchiveError) in try current(&state) }
    }

    /// Runs `body` on the policy as it is, with nobody changing it meanwhile; `body` appends the records of the change. Throws `refused` while a
    /// disposition bars changes.
    package func change<Result>(
        _ body: (RetentionPolicy) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        try state.withLock { state throws(ArchiveError) in
            let policy = try current(&state)
            // Over in the log is over, though whoever carried it out could not say so.
            let barring = policy.dispositions.last { $0.id == state.barrier }
            if barring?.completed != nil { state.barrier = nil }
            // One that a process before this prepared is to be carried on before anything changes.
            let open = policy.openDisposition.flatMap { $0.prepared.isEmpty ? nil : $0.id }
            if let barrier = state.barrier ?? open {
                throw ArchiveError(
                    .refused,
                    "Disposition \(barrier) is destroying what it planned, and rules and holds may not change until it is over: try again then."
                )
            }
            return try body(policy)
        }
    }

    /// Bars changes until `unbar`, and returns the policy that stands until then. Waits for a change that is under way.
    package func bar(for disposition: UInt64) throws(ArchiveError) -> RetentionPolicy {
        try state.withLock { state throws(ArchiveError) in
            let policy = try current(&state)
            state.barrier = disposition
            return policy
        }
    }

    /// Lets changes pass again.
    package func unbar() { state.withLock { $0.barrier = nil } }

    private func current(_ state: inout State) throws(ArchiveError) -> RetentionPolicy {
        let committed = store.committed
        let log = ProvenLog(store.reader, size: committed.treeSize, root: committed.root)
        if state.policy == nil {
            state.policy = try RetentionPolicy.load(log)
        } else {
            try state.policy?.update(log, head: committed.chain.policy)
        }
        return state.policy ?? RetentionPolicy()
    }
}
