// The former's side: what goes into the next frame, when, and what becomes of it on the way to the committer.
//
// Whoever set `isForming` or `isInline` uses the former, so all of this is one thread's at a time.

extension CommitPipeline {
    /// What the former does next.
    enum Work {
        case stop
        case frame([PendingAppend], isInline: Bool)
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
        if state.queue.isEmpty { return state.isEnding && state.inFlight == 0 ? .stop : nil }
        let taken = take(&state)
        if taken.isEmpty { return nil }
        state.lastAppendCount = taken.count
        let byteCount = taken.reduce(0) { $0 + $1.byteCount }
        if state.inFlight == 0 && byteCount <= CommitPipeline.inlineByteCountMax {
            state.isInline = true
            return .frame(taken, isInline: true)
        }
        state.isForming = true
        return .frame(taken, isInline: false)
    }

    /// Takes from the queue what goes into the next frame.
    func take(_ state: inout PipelineState) -> [PendingAppend] {
        guard let first = state.queue.first else { return [] }
        if mustWaitForSeal(first, state) {
            // The seal record itself must get through.
            if let control = state.queue.firstIndex(where: { $0.isControl && !$0.beginsSegment }) {
                return [state.queue.remove(at: control)]
            }
            return state.sealRefusal == nil ? [] : [state.queue.removeFirst()]
        }
        var count = 0
        var byteCount = 0
        var entryCount = 0
        var tokens: Set<[UInt8]> = []
        for append in state.queue {
            let isFirst = count == 0
            if !isFirst {
                if append.isAlone || byteCount + append.byteCount > limits.frameContentByteCount { break }
                if entryCount + append.count > limits.frameEntryCount { break }
                if former.wantsNewSegment(count: entryCount + append.count, byteCount: byteCount + append.byteCount) {
                    break
                }
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
        case .frame(let appends, isInline: true): runInline(appends)
        case .frame(let appends, isInline: false):
            let plan = form(appends)
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

    func runInline(_ appends: [PendingAppend]) {
        if let plan = form(appends) {
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
    func form(_ appends: [PendingAppend]) -> FramePlan? {
        var rest: [PendingAppend] = []
        for append in appends {
            if let refusal = sealRefusal(append) ?? spaceRefusal(append) {
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
        let count = rest.reduce(0) { $0 + $1.count }
        let byteCount = rest.reduce(0) { $0 + $1.byteCount }
        // The clock, and a frame that is settled meanwhile, may give another answer here than when these were taken from the queue.
        let isFull = !rest.allSatisfy(\.isControl) && former.wantsNewSegment(count: count, byteCount: byteCount)
        let isAsked = rest.contains(where: \.beginsSegment) && former.segment.entryCount > 0
        let beginsSegment = (isFull || isAsked) && monitor.read { $0.unsealedCount == 0 }
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
