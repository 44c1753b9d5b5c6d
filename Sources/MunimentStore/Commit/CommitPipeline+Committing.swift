// The committer's side: formed frames, oldest first, become durable or fail.
//
// When a frame fails, nothing of it counts. The rest depends on whether its write could be withdrawn:
//   - withdrawn after a full disk      the frames behind it are undone too, the log goes on as it was
//   - anything else                    the handle is over: what was written says *unknown*, what waits says *failed*

internal import MunimentFormat

extension CommitPipeline {
    /// One turn of the committer's thread; false when there will be no more.
    func commitNext() -> Bool {
        let plan = monitor.wait { state -> FramePlan?? in
            if let plan = state.ordered.first { return plan }
            return state.isEnding && state.queue.isEmpty && state.isIdle ? .some(nil) : nil
        }
        guard let plan else { return false }
        commitOldest(plan)
        return true
    }

    /// Commits the oldest frame that is formed; false when there is none.
    package func commitStep() -> Bool {
        guard let plan = monitor.read({ $0.ordered.first }) else { return false }
        commitOldest(plan)
        return true
    }

    func commitOldest(_ plan: FramePlan) {
        plan.waitForBlocks()
        commit(plan)
        monitor.change { state in
            if state.ordered.first === plan {
                state.ordered.removeFirst()
                state.inFlight -= 1
            }
        }
    }

    /// Makes a frame durable and answers its appends.
    func commit(_ plan: FramePlan) {
        if let failure {
            complete(plan.appends.map { ($0, .failure(failure.with(.failed))) })
            answerRepeats(failure: failure.with(.failed))
            return
        }
        do {
            let byteCount = try stage.commit(plan)
            let committed = stage.committed
            monitor.read { state in
                state.committed = committed
                if state.byteCountSinceSpaceCheck < .max / 2 { state.byteCountSinceSpaceCheck += byteCount }
                plan.settle(byteCount: byteCount)
            }
            var index = plan.firstIndex
            complete(
                plan.appends.map { append in
                    defer { index += UInt64(append.count) }
                    return (append, .success(receipt(append, firstIndex: index, committed)))
                })
            answerRepeats()
            committedNews(committed)
        } catch {
            fail(plan, error)
        }
    }

    // MARK: Failing

    /// A frame could not be committed. With a full disk and the write withdrawn, the log goes on as it was; otherwise it is over for this handle.
    func fail(_ plan: FramePlan, _ error: any Error) {
        let reason: ArchiveError
        switch error {
        case let error as FileSystemError: reason = ArchiveError(error)
        case let error as ArchiveError: reason = error
        default: reason = ArchiveError(.inputOutput, "\(stage.journal.path): \(error).")
        }
        if reason.code == .full && stage.journal.withdraw() {
            withdraw(plan, reason)
            return
        }
        let waiting = monitor.change { state in
            state.failure = reason
            return state.takeWaiting()
        }
        complete(plan.appends.map { ($0, .failure(reason.with(.unknown))) })
        fail(waiting, reason)
        answerRepeats(failure: reason.with(.unknown))
    }

    /// Undoes all frames in flight: none of them was written.
    func withdraw(_ plan: FramePlan, _ reason: ArchiveError) {
        let others = monitor.wait { state -> [FramePlan]? in
            if state.isForming { return nil }
            let others = state.ordered.filter { $0 !== plan }
            state.ordered.removeAll { $0 !== plan }
            state.inFlight = state.ordered.count
            state.isFull = true
            let previous = former.previousSegment
            let isBegun = former.segment.segment == stage.journal.header.segment
            if !isBegun, let previous {
                former.reset(
                    nextIndex: stage.committed.treeSize, chain: stage.committed.chain, segment: previous,
                    previous: former.olderSegment)
                state.unsealedCount -= 1
            } else {
                former.reset(
                    nextIndex: stage.committed.treeSize, chain: stage.committed.chain, segment: former.segment,
                    previous: previous)
            }
            return others
        }
        for other in others {
            other.waitForBlocks()
            other.releaseOutputs()
            complete(other.appends.map { ($0, .failure(reason.with(.failed))) })
        }
        plan.releaseOutputs()
        complete(plan.appends.map { ($0, .failure(reason.with(.failed))) })
        answerRepeats(failure: reason.with(.failed))
    }
}
