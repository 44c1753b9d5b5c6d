// Telling callers what became of their appends. Completions run outside the lock, after the room that their content took is given back.

extension CommitPipeline {
    func complete(_ append: PendingAppend, _ result: Result<AppendReceipt, ArchiveError>) {
        complete([(append, result)])
    }

    /// Tells callers what became of their appends, and makes room for others.
    func complete(_ results: [(PendingAppend, Result<AppendReceipt, ArchiveError>)]) {
        let byteCount = results.reduce(0) { $0 + $1.0.byteCount }
        monitor.update { state in
            state.pendingByteCount -= byteCount
            let isAdmitting = state.admit(upTo: limits.pendingByteCount)
            let hasRoom = state.pendingByteCount < limits.pendingByteCount
            return ((), isAdmitting || hasRoom && state.roomBlockerCount > 0)
        }
        for (append, result) in results { append.completion(result) }
    }

    /// Tells appends that were never formed that nothing of them is in the log.
    func fail(_ waiting: (queue: [PendingAppend], line: [PendingAppend]), _ reason: ArchiveError) {
        let failure = Result<AppendReceipt, ArchiveError>.failure(reason.with(.failed))
        complete(waiting.queue.map { ($0, failure) })
        // These took no room.
        for append in waiting.line { append.completion(failure) }
    }

    func receipt(_ append: PendingAppend, firstIndex: UInt64, _ committed: Committed, isRepeat: Bool = false)
        -> AppendReceipt
    {
        AppendReceipt(
            firstIndex: firstIndex, count: append.count, treeSize: committed.treeSize, root: committed.root,
            isRepeat: isRepeat)
    }

    // MARK: Retries

    /// Answers a retry, at once if what it repeats is durable, otherwise when it is.
    func answerRepeat(_ append: PendingAppend, _ trace: TokenTrace) {
        let committed = monitor.read { state -> Committed? in
            if state.committed.treeSize >= trace.end { return state.committed }
            state.repeats.append((append, trace))
            return nil
        }
        guard let committed else { return }
        complete(append, .success(receipt(append, firstIndex: trace.firstIndex, committed, isRepeat: true)))
    }

    /// Answers the retries that waited, as far as what they repeat is durable, or all of them with `failure`.
    func answerRepeats(failure: ArchiveError? = nil) {
        let (ready, committed) = monitor.read { state in
            let ready = state.repeats.filter { failure != nil || $0.trace.end <= state.committed.treeSize }
            state.repeats.removeAll { failure != nil || $0.trace.end <= state.committed.treeSize }
            return (ready, state.committed)
        }
        for (append, trace) in ready {
            if let failure {
                complete(append, .failure(failure))
            } else {
                complete(append, .success(receipt(append, firstIndex: trace.firstIndex, committed, isRepeat: true)))
            }
        }
    }
}
