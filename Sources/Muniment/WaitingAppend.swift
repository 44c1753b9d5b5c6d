// An append of a task: handed over at once where there is room, otherwise after a wait that ends when the task is cancelled.

internal import MunimentStore

extension LogStore {
    /// Appends and suspends until the outcome is known. Where the task is cancelled before there is room, nothing is appended and
    /// `CancellationError` is thrown; from the hand-over on the outcome alone counts.
    func appended(_ batches: [RecordBatch], _ token: [UInt8]?) async throws -> AppendReceipt {
        // The pipeline answers each append once; checking that costs as much as handing it over.
        let receipt: AppendReceipt? = try await withUnsafeThrowingContinuation { continuation in
            let append = PendingAppend(batches, token: token) { result in
                continuation.resume(with: result.map { $0 })
            }
            if !submitIfRoom(append) { continuation.resume(returning: nil) }
        }
        if let receipt { return receipt }
        let waiting = WaitingAppend()
        let append = PendingAppend(batches, token: token) { waiting.resume(with: $0) }
        let takeBack: @Sendable () -> Void = { [self] in
            if self.takeBack(append) { waiting.cancel() }
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting.begin(continuation)
                standInLine(append)
                // The handler may have run before the append stood in line.
                if Task.isCancelled { takeBack() }
            }
        } onCancel: {
            takeBack()
        }
    }
}

/// The continuation of a task that waits for room: resumed once, by the archive or by whoever took the append back.
private final class WaitingAppend: Sendable {
    private let continuation = Guarded<CheckedContinuation<AppendReceipt, any Error>?>(nil)

    func begin(_ continuation: CheckedContinuation<AppendReceipt, any Error>) {
        self.continuation.withLock { $0 = continuation }
    }

    func resume(with result: Result<AppendReceipt, ArchiveError>) { take()?.resume(with: result) }

    func cancel() { take()?.resume(throwing: CancellationError()) }

    private func take() -> CheckedContinuation<AppendReceipt, any Error>? {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
    }
}
