// The former's side: what goes into the next frame, when, and what becomes of it on the way to the committer.
//
// Whoever set `isForming` or `isInline` uses the former, so all of this is one thread's at a time.

extension CommitPipeline {
    /// What the former does next.
    enum Work {
        case stop
        /// An append that would begin a segment while the one that ended can't be sealed.
        case refuse(PendingAppend, ArchiveError)
        case frame([PendingAppend], beginsSegment: Bool, isInline: Bool)
    }

    /// One turn of the former's thread; false when there will be no more.
    func formNext() -> Bool {
        waitForCompany()
        return perform(monitor.wait { nextWork(&$0) })
    }

    /// Forms one frame, and commits it too where one thread would do everything. False when nothing can be formed now.
    package func formStep() -> Bool {
        guard let work = monitor.read({ nextWork(&$0) }) else { return false }
        return perform(work)
    }

    // MARK: What comes next

    /// Waits a little for the company that the last frame had.
    func waitForCompany() {
        let isWorthwhile = monitor.wait { state -> Bool? in
            if state.isInline || state.queue.isEmpty && !(state.isEnding && state.inFlight == 0) { return nil }
            state.companyCount = state.lastAppendCount * 3 / 4
            return state.lastAppendCount > 4 && state.queue.count < state.companyCount && !state.isClosing
        }
        guard isWorthwhile else { return }
        _ = monitor.wait(microseconds: CommitPipeline.companyMicroseconds) { state -> Void? in
            state.queue.count >= state.companyCount || state.isClosing || state.queue.contains(where: \.isControl)
                ? () : nil
        }
        monitor.read { $0.companyCount = 0 }
    }

    /// What the former has to do next; nil for nothing yet. Called under the lock.
    func nextWork(_ state: inout PipelineState) -> Work? {
        if state.isInline || state.inFlight >= CommitPipeline.inFlightMax { return nil }
        guard let first = state.queue.first else { return state.isEnding && state.inFlight == 0 ? .stop : nil }
        // Decided once, here: the clock, a frame that is settled or a seal meanwhile would give another answer later, and a second segment would
        // begin while one waits for its seal.
        let beginsSegment = beginsSegment(first)
        guard beginsSegment, state.unsealedCount > 0 else {
            return work(take(&state, isAlone: beginsSegment), beginsSegment: beginsSegment, &state)
        }
        // The seal record itself must get through, and so does what fits. A clock record waits for nothing: whoever appends it may be who seals.
        if let control = state.queue.firstIndex(where: { append in
            append.isControl && !append.beginsSegment && (append.isClock || !self.beginsSegment(append))
        }) {
            return work([state.queue.remove(at: control)], beginsSegment: false, &state)
        }
        guard let refusal = state.sealRefusal else { return nil }
        state.isForming = true
        return .refuse(state.queue.removeFirst(), refusal.with(.failed))
    }

    private func work(_ taken: [PendingAppend], beginsSegment: Bool, _ state: inout PipelineState) -> Work {
        state.lastAppendCount = taken.count
        let byteCount = taken.reduce(0) { $0 + $1.byteCount }
        let isInline = state.inFlight == 0 && byteCount <= CommitPipeline.inlineByteCountMax
        if isInline { state.isInline = true } else { state.isForming = true }
        return .frame(taken, beginsSegment: beginsSegment, isInline: isInline)
    }

    /// Takes from the queue, which is not empty, what goes into the next frame: with `isAlone`, as of an append that begins a segment, one append.
    private func take(_ state: inout PipelineState, isAlone: Bool) -> [PendingAppend] {
        if isAlone || state.queue.count == 1 { return [state.queue.removeFirst()] }
        var count = 0
        var byteCount = 0
        var entryCount = 0
        var tokens: Set<[UInt8]> = []
        for append in state.queue {
            let isFirst = count == 0
            if !isFirst {
                if append.isAlone || byteCount + append.byteCount > limits.frameContentByteCount { break }
                if entryCount + append.count > limits.frameEntryCount { break }
                if !former.hasRoom(count: entryCount + append.count, byteCount: byteCount + append.byteCount) { break }
            }
            if let token = append.token, !tokens.insert(token).inserted { break }
            count += 1
            byteCount += append.byteCount
            entryCount += append.count
            if append.isAlone { break }
        }
        let taken = Array(state.queue[..<count])
        state.queue.removeFirst(count)
        return taken
    }

    // MARK: Doing it

    /// False when there was nothing to do and never will be.
    func perform(_ work: Work) -> Bool {
        switch work {
        case .stop: return false
        case .refuse(let append, let reason):
            complete(append, .failure(reason))
            monitor.change { $0.isForming = false }
        case .frame(let appends, let beginsSegment, isInline: true): runInline(appends, beginsSegment: beginsSegment)
        case .frame(let appends, let beginsSegment, isInline: false):
            let plan = form(appends, beginsSegment: beginsSegment)
            monitor.change { state in
                state.isForming = false
                guard let plan else { return }
                state.ordered.append(plan)
                state.inFlight += 1
            }
            guard let plan else { break }
            if isSynchronous { processBlocks(of: plan) } else { workers.submit(plan) }
        }
        return true
    }

    func runInline(_ appends: [PendingAppend], beginsSegment: Bool) {
        if let plan = form(appends, beginsSegment: beginsSegment) {
            processBlocks(of: plan)
            commit(plan)
        }
        monitor.update { state in
            state.isInline = false
            return ((), !state.queue.isEmpty || state.isClosing)
        }
    }

    func processBlocks(of plan: FramePlan) {
        while let block = plan.takeBlock() { inlineWorker.process(block, of: plan) }
    }

    /// Forms a frame; nil when none of the appends needs one. Appends that can't be formed are told so here.
    func form(_ appends: [PendingAppend], beginsSegment: Bool) -> FramePlan? {
        var rest: [PendingAppend] = []
        rest.reserveCapacity(appends.count)
        let mayBeFull = mayBeFull
        for append in appends {
            if mayBeFull, let refusal = spaceRefusal(append) {
                complete(append, .failure(refusal))
                continue
            }
            do throws(ArchiveError) {
                if let trace = try former.earlierAppend(append) {
                    answerRepeat(append, trace)
                } else if append.count == 0 {
                    complete(append, .success(receipt(append, firstIndex: former.nextIndex, committed)))
                } else {
                    rest.append(append)
                }
            } catch {
                complete(append, .failure(error.with(.failed)))
            }
        }
        guard !rest.isEmpty else { return nil }
        do throws(ArchiveError) {
            let plan = try former.form(rest, beginsSegment: beginsSegment)
            if beginsSegment { monitor.change { $0.unsealedCount += 1 } }
            return plan
        } catch {
            for append in rest { complete(append, .failure(error.with(.failed))) }
            return nil
        }
    }
}
