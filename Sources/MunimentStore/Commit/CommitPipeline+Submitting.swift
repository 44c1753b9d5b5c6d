// What callers of the pipeline see: handing over an append, and waiting for room. Nothing here touches the former or the committer, except that a
// lone append may run on the caller's own thread.

extension CommitPipeline {
    /// Hands over an append; its completion is called from one of the pipeline's threads.
    package func submit(_ append: PendingAppend) {
        resumeSeal()
        let refusal = monitor.update { state -> (ArchiveError?, Bool) in
            if let failure = state.refusal(append) { return (failure, false) }
            state.queue.append(append)
            state.pendingByteCount += append.byteCount
            // The former waits only for a first append, for a control record, or for company.
            let count = state.queue.count
            return (nil, count == 1 || append.isControl || count == state.companyCount)
        }
        if let refusal { append.completion(.failure(refusal)) }
    }

    /// Commits an append on the calling thread if nothing else is under way; otherwise hands it over. Either way the completion is called; for
    /// callers that will wait for it anyway.
    package func submitAndRunIfIdle(_ append: PendingAppend) {
        let isIdle = monitor.read { state -> Bool in
            guard state.refusal(append) == nil, state.queue.isEmpty, state.isIdle,
                append.byteCount <= CommitPipeline.inlineByteCountMax, !mustWaitForSeal(append, state)
            else { return false }
            state.isInline = true
            state.pendingByteCount += append.byteCount
            return true
        }
        if isIdle { runInline([append]) } else { submit(append) }
    }

    /// Hands over an append and waits for it; without threads, does what it takes.
    func run(_ append: PendingAppend, _ outcome: Monitor<Result<AppendReceipt, ArchiveError>?>) throws(ArchiveError)
        -> AppendReceipt
    {
        submit(append)
        while isSynchronous, outcome.read({ $0 }) == nil {
            let isMoving = commitStep() || formStep()
            precondition(isMoving, "an append that nothing will ever commit")
        }
        return try outcome.wait { $0 }.get()
    }

    // MARK: Room

    /// Blocks until less content waits than may. Not for cooperative threads.
    package func waitForRoom() {
        let byteCountMax = limits.pendingByteCount
        monitor.read { $0.roomBlockerCount += 1 }
        monitor.wait { state -> Void? in
            guard state.pendingByteCount < byteCountMax || state.failure != nil || state.isClosing else { return nil }
            state.roomBlockerCount -= 1
            return ()
        }
    }

    /// Suspends until less content waits than may.
    package func room() async {
        let byteCountMax = limits.pendingByteCount
        if monitor.read({ $0.pendingByteCount < byteCountMax }) { return }
        await withCheckedContinuation { continuation in
            let hasRoom = monitor.read { state -> Bool in
                if state.pendingByteCount < byteCountMax || state.failure != nil || state.isClosing { return true }
                state.roomWaiters.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }
}
