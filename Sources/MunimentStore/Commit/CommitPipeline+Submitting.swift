// What callers of the pipeline see: handing over an append, and waiting for room. Nothing here touches the former or the committer, except that a
// lone append may run on the caller's own thread.

extension CommitPipeline {
    /// Hands over an append; its completion is called from one of the pipeline's threads.
    package func submit(_ append: PendingAppend) {
        resumeSeal()
        let refusal = monitor.update { state -> (ArchiveError?, Bool) in
            if let failure = state.refusal(append) { return (failure, false) }
            return (nil, enqueue(append, &state))
        }
        if let refusal { append.completion(.failure(refusal)) }
    }

    /// Whether the former is to be woken: it waits only for a first append, for a control record, or for company. Called under the lock.
    private func enqueue(_ append: PendingAppend, _ state: inout PipelineState) -> Bool {
        state.queue.append(append)
        state.pendingByteCount += append.byteCount
        let count = state.queue.count
        return count == 1 || append.isControl || count == state.companyCount
    }

    /// Commits an append on the calling thread if nothing else is under way; otherwise hands it over. Either way the completion is called; for
    /// callers that will wait for it anyway.
    package func submitAndRunIfIdle(_ append: PendingAppend) {
        // Whether it begins a segment; nil where something is under way, or must be waited for.
        let isFirst = monitor.read { state -> Bool? in
            guard state.refusal(append) == nil, state.queue.isEmpty, state.isIdle,
                append.byteCount <= CommitPipeline.inlineByteCountMax
            else { return nil }
            let beginsSegment = beginsSegment(append)
            if beginsSegment && state.unsealedCount > 0 { return nil }
            state.isInline = true
            state.pendingByteCount += append.byteCount
            return beginsSegment
        }
        if let isFirst { runInline([append], beginsSegment: isFirst) } else { submit(append) }
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

    /// Hands over an append if there is room for it and nobody stands in line; otherwise returns false, and the completion is never called.
    package func submitIfRoom(_ append: PendingAppend) -> Bool {
        resumeSeal()
        let (isTaken, refusal) = monitor.update { state -> ((Bool, ArchiveError?), Bool) in
            if let failure = state.refusal(append) { return ((true, failure), false) }
            guard state.line.isEmpty, state.pendingByteCount < limits.pendingByteCount else {
                return ((false, nil), false)
            }
            return ((true, nil), enqueue(append, &state))
        }
        if let refusal { append.completion(.failure(refusal)) }
        return isTaken
    }

    /// Puts an append in line: it is handed over when there is room for it, after those that came before. Until then `takeBack` undoes this.
    package func standInLine(_ append: PendingAppend) {
        let refusal = monitor.update { state -> (ArchiveError?, Bool) in
            if let failure = state.refusal(append) { return (failure, false) }
            state.line.append(append)
            return (nil, state.admit(upTo: limits.pendingByteCount))
        }
        if let refusal { append.completion(.failure(refusal)) }
    }

    /// Takes an append out of the line. True if it stood there: then nothing of it is or will be in the log, and its completion is never called.
    /// False when it was handed over, or answered.
    package func takeBack(_ append: PendingAppend) -> Bool {
        monitor.read { state in
            guard let place = state.line.firstIndex(where: { $0 === append }) else { return false }
            state.line.remove(at: place)
            return true
        }
    }

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
}
