// Purging, as an embedder asks for it.

internal import Logging
internal import Metrics
internal import MunimentFormat
public import MunimentStore

extension Archive {
    /// Purges what is due and not held, and says what was found and done; a dry run only says what it finds.
    ///
    /// One run at a time. Appends and reads go on meanwhile; changes of classes and holds are refused for the moment in which keys are destroyed. If
    /// the task is cancelled before that, the run is aborted and nothing is destroyed; afterwards it is carried out. `bytesPerSecond` bounds how
    /// fast new generations are written. Throws `full` where the disk has no space for any new generation, `damaged`, `keyMissing`, …
    public func compact(isDryRun: Bool = false, bytesPerSecond: UInt64? = nil) async throws -> CompactionReport {
        let isCancelled = Cancellation()
        return try await withTaskCancellationHandler {
            try await offCooperativeThreads {
                try self.compact(isDryRun: isDryRun, bytesPerSecond: bytesPerSecond, isCancelled)
            }
        } onCancel: {
            isCancelled.cancel()
        }
    }

    /// As `compact`. Blocks.
    @available(*, noasync)
    public func compactBlocking(
        isDryRun: Bool = false, bytesPerSecond: UInt64? = nil
    ) throws(ArchiveError) -> CompactionReport {
        try compact(isDryRun: isDryRun, bytesPerSecond: bytesPerSecond, Cancellation())
    }

    /// Purges at once and then at every interval, until the task is cancelled. `report` gets what each run did, or why it failed: the next one tries
    /// again.
    public func runCompactor(
        every interval: Duration, bytesPerSecond: UInt64? = nil,
        report: @Sendable (Result<CompactionReport, ArchiveError>) -> Void = { _ in }
    ) async throws {
        while true {
            do {
                report(.success(try await compact(bytesPerSecond: bytesPerSecond)))
            } catch let error as ArchiveError {
                try Task.checkCancellation()
                report(.failure(error))
            }
            try await Task.sleep(for: interval)
        }
    }

    private func compact(
        isDryRun: Bool, bytesPerSecond: UInt64?, _ cancellation: Cancellation
    ) throws(ArchiveError) -> CompactionReport {
        try compaction.withLock { _ throws(ArchiveError) in
            var compactor = makeCompactor()
            compactor.bytesPerSecond = bytesPerSecond
            compactor.checkCancellation = { () throws(ArchiveError) in
                if cancellation.isCancelled || self.isClosing.withLock({ $0 }) {
                    throw ArchiveError(.refused, "The purge was cancelled before anything was destroyed.")
                }
            }
            return try compactor.run(at: complianceTime(), isDryRun: isDryRun)
        }
    }

    /// Carries on what a run that died left open. Before the first append.
    func resumeCompaction() throws(ArchiveError) {
        guard store.classes.hadOpenDisposition, let open = try policyGate.policy().openDisposition else { return }
        try makeCompactor().resume(open)
    }

    /// One that tells the application's metrics and log how long the destruction of keys took.
    private func makeCompactor() -> Compactor {
        var compactor = Compactor(store: store, gate: policyGate)
        compactor.keysDestroyed = { [logger] duration in
            Metrics.Timer(label: "muniment.key_destruction").record(duration: duration)
            logger.debug("keys destroyed", metadata: ["duration": "\(duration)"])
        }
        return compactor
    }

    /// The compliance clock (Format/retention.md, "Clock").
    private func complianceTime() throws(ArchiveError) -> Microseconds {
        try policyGate.policy().clock.time(by: store.clock)
    }
}

/// Tells a run on another thread that its task was cancelled.
private final class Cancellation: Sendable {
    private let state = Guarded(false)
    var isCancelled: Bool { state.withLock { $0 } }
    func cancel() { state.withLock { $0 = true } }
}
