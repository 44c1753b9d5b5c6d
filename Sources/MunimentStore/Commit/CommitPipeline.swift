// The commit pipeline: appends in, durable frames out, in order.
//
//   callers ─> queue ─> former: indexes, keys, blocks ─> workers: hash, compress, seal ─> committer: tree, write, fdatasync ─> receipts
//
// The former gathers what waits into one frame; while that frame is written, the next is hashed and sealed. When nothing else is under way, a
// frame is formed, processed and committed on one thread, the caller's own if it can wait: a hop between threads costs more than the work.
//
// Invariants
//   - At most one frame is unsynced at any time, so after a crash only the last can be bad.
//   - A receipt is given only after fdatasync. An append that was never written says *failed*; the one that was being written says *unknown*.
//   - After an I/O error nothing more is written through this pipeline. Only a full disk, when the write could be withdrawn, is survivable.
//   - Without threads (`isSynchronous`) nothing happens but in a step: the same work in an order that the caller, a simulator, decides.
//   - `former` is used by whoever set `isForming` or `isInline`, `stage` by the committer, or by whoever set `isInline` while no frame is in
//     flight.

internal import MunimentCrypto
internal import MunimentFormat

package final class CommitPipeline: @unchecked Sendable {
    private struct State {
        var queue: [PendingAppend] = []
        var ordered: [FramePlan] = []
        var pendingByteCount = 0
        var roomWaiters: [CheckedContinuation<Void, Never>] = []
        /// Threads that block until there is room.
        var roomBlockerCount = 0
        /// Retries whose first attempt is not durable yet.
        var repeats: [(append: PendingAppend, trace: TokenTrace)] = []
        var inFlight = 0
        /// Appends in the last frame, and how many the former now waits for.
        var lastAppendCount = 0
        var companyCount = 0
        var isForming = false
        var isInline = false
        /// No more appends of users; the engine's own still pass.
        var isClosing = false
        /// Nothing more at all: the threads end when everything is done.
        var isEnding = false
        var failure: ArchiveError?
        /// Why the segment that ended can't be sealed for the time being.
        var sealRefusal: ArchiveError?
        /// The free space when that was found.
        var byteCountAtSealRefusal: UInt64 = 0
        var committed: Committed
        /// Segments that ended and are not sealed yet.
        var unsealedCount: Int
        var isFull = false
        var byteCountSinceSpaceCheck: UInt64 = .max
    }

    private enum Work {
        case stop
        case frame([PendingAppend], isInline: Bool)
    }

    /// Content up to which one thread does everything for a frame.
    private static let inlineByteCountMax = 64 << 10
    /// How long the former waits for as many appends as came together last time: clients that were answered together come back together, and a
    /// frame for the first of them alone would cost the others a sync.
    private static let companyMicroseconds: Int64 = 200
    /// Frames between forming and durability.
    private static let inFlightMax = 3

    private let monitor: Monitor<State>
    private let former: FrameFormer
    private let stage: CommitStage
    private let limits: StoreLimits
    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let workers: WorkerPool
    private let isSynchronous: Bool
    private let inlineWorker = BlockWorker()
    private var threads: [OwnThread] = []
    private let committedNews: @Sendable (Committed) -> Void
    private let sealResumed: @Sendable () -> Void

    init(
        former: FrameFormer, stage: CommitStage, limits: StoreLimits, reader: LogReader, unsealedCount: Int,
        workerCount: Int,
        isSynchronous: Bool, committedNews: @escaping @Sendable (Committed) -> Void,
        sealResumed: @escaping @Sendable () -> Void
    ) {
        (self.former, self.stage, self.limits) = (former, stage, limits)
        (fileSystem, paths) = (reader.fileSystem, reader.paths)
        (self.committedNews, self.sealResumed) = (committedNews, sealResumed)
        monitor = Monitor(State(committed: stage.committed, unsealedCount: unsealedCount))
        self.isSynchronous = isSynchronous
        workers = WorkerPool(count: isSynchronous ? 0 : workerCount)
        if isSynchronous { return }
        threads = [
            OwnThread { [unowned self] in while self.formNext() {} },
            OwnThread { [unowned self] in while self.commitNext() {} },
        ]
    }

    // MARK: For callers

    package var committed: Committed { monitor.read { $0.committed } }
    package var failure: ArchiveError? { monitor.read { $0.failure } }
    /// Whether appends wait to be formed.
    package var isWaiting: Bool { monitor.read { !$0.queue.isEmpty } }

    /// Hands over an append; its completion is called from one of the pipeline's threads.
    package func submit(_ append: PendingAppend) {
        resumeSeal()
        let refusal = monitor.update { state -> (ArchiveError?, Bool) in
            if let failure = CommitPipeline.refusal(state, append) { return (failure, false) }
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
            guard CommitPipeline.refusal(state, append) == nil, state.queue.isEmpty, CommitPipeline.isIdle(state),
                append.byteCount <= CommitPipeline.inlineByteCountMax, !mustWaitForSeal(append, state)
            else { return false }
            state.isInline = true
            state.pendingByteCount += append.byteCount
            return true
        }
        if isIdle { runInline([append]) } else { submit(append) }
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

    /// Says that an ended segment is sealed, so that another may end.
    package func segmentSealed() {
        monitor.change { state in
            state.unsealedCount -= 1
            state.sealRefusal = nil
        }
    }

    /// Says that the segment that ended could not be sealed for lack of space: appends that must wait for that are refused until it is.
    package func sealPostponed(_ reason: ArchiveError) {
        let available = (try? fileSystem.availableByteCount(paths.root)) ?? 0
        monitor.change { ($0.sealRefusal, $0.byteCountAtSealRefusal) = (reason, available) }
    }

    /// Lets the seal be tried again if space was freed since it was postponed.
    private func resumeSeal() {
        guard let known = monitor.read({ $0.sealRefusal == nil ? nil : $0.byteCountAtSealRefusal }) else { return }
        guard let available = try? fileSystem.availableByteCount(paths.root), available > known else { return }
        monitor.change { $0.sealRefusal = nil }
        sealResumed()
    }

    /// Refuses everything from now on: behind the appends something went wrong that only reopening sets right.
    package func refuse(because reason: ArchiveError) {
        let (queued, waiters) = monitor.change { state -> ([PendingAppend], [CheckedContinuation<Void, Never>]) in
            state.failure = state.failure ?? reason
            defer { (state.queue, state.roomWaiters) = ([], []) }
            return (state.queue, state.roomWaiters)
        }
        complete(queued.map { ($0, .failure(reason.with(.failed))) })
        for waiter in waiters { waiter.resume() }
    }

    /// Takes no more appends from users.
    package func beginClosing() {
        let waiters = monitor.change { state in
            state.isClosing = true
            defer { state.roomWaiters = [] }
            return state.roomWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until everything that was handed over is answered.
    package func waitUntilIdle() {
        monitor.wait { state -> Void? in state.queue.isEmpty && CommitPipeline.isIdle(state) ? () : nil }
    }

    /// Commits what waits, then stops.
    package func close() {
        monitor.change { state in
            state.isClosing = true
            state.isEnding = true
        }
        while isSynchronous, commitStep() || formStep() {}
        for thread in threads { thread.join() }
        threads = []
        workers.stop()
    }

    /// After `close`: cuts and closes the segment file.
    package func finishJournal() throws(ArchiveError) {
        if failure == nil {
            try translating(stage.journal.path) { try stage.journal.finish() }
        } else {
            stage.journal.close()
        }
    }

    private static func refusal(_ state: State, _ append: PendingAppend) -> ArchiveError? {
        if state.isEnding || (state.isClosing && !append.isControl) {
            return ArchiveError(.closed, "The archive is closed: open it again to append.", appendOutcome: .failed)
        }
        guard let failure = state.failure else { return nil }
        return ArchiveError(
            .previousFailure, "An earlier write failed (\(failure.message)) Reopen the archive to append.",
            appendOutcome: .failed)
    }

    private static func isIdle(_ state: State) -> Bool { state.inFlight == 0 && !state.isForming && !state.isInline }

    // MARK: The former's thread

    /// Whether `append` would begin a segment while the one before the present is not sealed. Called under the lock by whoever may use the
    /// former.
    private func mustWaitForSeal(_ append: PendingAppend, _ state: State) -> Bool {
        !append.isControl && state.unsealedCount > 0
            && former.wantsNewSegment(count: append.count, byteCount: append.byteCount)
    }

    /// Waits a little for the company that the last frame had.
    private func waitForCompany() {
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

    private func formNext() -> Bool {
        waitForCompany()
        return perform(monitor.wait { nextWork(&$0) })
    }

    /// What the former has to do next; nil for nothing yet. Called under the lock.
    private func nextWork(_ state: inout State) -> Work? {
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

    /// False when there was nothing to do and never will be.
    private func perform(_ work: Work) -> Bool {
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

    private func processBlocks(of plan: FramePlan) {
        while let block = plan.takeBlock() { inlineWorker.process(block, of: plan) }
    }

    // MARK: Without threads

    /// Forms one frame, and commits it too where one thread would do everything. False when nothing can be formed now.
    package func formStep() -> Bool {
        guard let work = monitor.read({ nextWork(&$0) }) else { return false }
        return perform(work)
    }

    /// Commits the oldest frame that is formed; false when there is none.
    package func commitStep() -> Bool {
        guard let plan = monitor.read({ $0.ordered.first }) else { return false }
        commitOldest(plan)
        return true
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

    /// Takes from the queue what goes into the next frame.
    private func take(_ state: inout State) -> [PendingAppend] {
        guard let first = state.queue.first else { return [] }
        if mustWaitForSeal(first, state) {
            // The seal record itself must get through.
            if let control = state.queue.firstIndex(where: { $0.isControl }) {
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

    /// Forms a frame; nil when none of the appends needs one. Appends that can't be formed are told so here.
    private func form(_ appends: [PendingAppend]) -> FramePlan? {
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
        if !rest.allSatisfy(\.isControl) && former.wantsNewSegment(count: count, byteCount: byteCount) {
            former.beginSegment()
            monitor.change { $0.unsealedCount += 1 }
        }
        do throws(ArchiveError) {
            return try former.form(rest)
        } catch {
            for append in rest { complete(append, .failure(error.with(.failed))) }
            return nil
        }
    }

    private func receipt(_ append: PendingAppend, firstIndex: UInt64, _ committed: Committed, isRepeat: Bool = false)
        -> AppendReceipt
    {
        AppendReceipt(
            firstIndex: firstIndex, count: append.count, treeSize: committed.treeSize, root: committed.root,
            isRepeat: isRepeat)
    }

    /// Answers a retry, at once if what it repeats is durable, otherwise when it is.
    private func answerRepeat(_ append: PendingAppend, _ trace: TokenTrace) {
        let committed = monitor.read { state -> Committed? in
            if state.committed.treeSize >= trace.end { return state.committed }
            state.repeats.append((append, trace))
            return nil
        }
        guard let committed else { return }
        complete(append, .success(receipt(append, firstIndex: trace.firstIndex, committed, isRepeat: true)))
    }

    /// Answers the retries that waited, as far as what they repeat is durable, or all of them with `failure`.
    private func answerRepeats(failure: ArchiveError? = nil) {
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

    /// Refuses a user's append that would begin a segment while the one that ended can't be sealed.
    private func sealRefusal(_ append: PendingAppend) -> ArchiveError? {
        monitor.read { state in mustWaitForSeal(append, state) ? state.sealRefusal?.with(.failed) : nil }
    }

    /// Refuses a user's append when it would eat into the reserve.
    private func spaceRefusal(_ append: PendingAppend) -> ArchiveError? {
        guard !append.isControl else { return nil }
        let isDue = monitor.read { state in
            state.isFull || state.byteCountSinceSpaceCheck > max(limits.reserveByteCount / 4, 1)
        }
        guard isDue else { return nil }
        let available = (try? fileSystem.availableByteCount(paths.root)) ?? .max
        let isFull = available < limits.reserveByteCount + UInt64(append.byteCount)
        monitor.change { state in
            state.isFull = isFull
            state.byteCountSinceSpaceCheck = 0
        }
        return isFull
            ? ArchiveError(
                .full,
                "\(paths.root): only \(available) bytes are free and \(limits.reserveByteCount) are kept for purging: free some space.",
                appendOutcome: .failed) : nil
    }

    // MARK: One thread for everything

    private func runInline(_ appends: [PendingAppend]) {
        if let plan = form(appends) {
            processBlocks(of: plan)
            commit(plan)
        }
        monitor.update { state in
            state.isInline = false
            return ((), !state.queue.isEmpty || state.isClosing)
        }
    }

    // MARK: The committer's thread

    private func commitNext() -> Bool {
        let plan = monitor.wait { state -> FramePlan?? in
            if let plan = state.ordered.first { return plan }
            return state.isEnding && state.queue.isEmpty && CommitPipeline.isIdle(state) ? .some(nil) : nil
        }
        guard let plan else { return false }
        commitOldest(plan)
        return true
    }

    private func commitOldest(_ plan: FramePlan) {
        plan.waitForBlocks()
        commit(plan)
        monitor.change { state in
            if state.ordered.first === plan {
                state.ordered.removeFirst()
                state.inFlight -= 1
            }
        }
    }

    private func commit(_ plan: FramePlan) {
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

    /// A frame could not be committed. With a full disk and the write withdrawn, the log goes on as it was; otherwise it is over for this handle.
    private func fail(_ plan: FramePlan, _ error: any Error) {
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
        let (queued, waiters) = monitor.change { state -> ([PendingAppend], [CheckedContinuation<Void, Never>]) in
            state.failure = reason
            defer {
                state.queue = []
                state.roomWaiters = []
            }
            return (state.queue, state.roomWaiters)
        }
        complete(plan.appends.map { ($0, .failure(reason.with(.unknown))) })
        complete(queued.map { ($0, .failure(reason.with(.failed))) })
        answerRepeats(failure: reason.with(.unknown))
        for waiter in waiters { waiter.resume() }
    }

    /// Undoes all frames in flight: none of them was written.
    private func withdraw(_ plan: FramePlan, _ reason: ArchiveError) {
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

    private func complete(_ append: PendingAppend, _ result: Result<AppendReceipt, ArchiveError>) {
        complete([(append, result)])
    }

    /// Tells callers what became of their appends, and makes room for others.
    private func complete(_ results: [(PendingAppend, Result<AppendReceipt, ArchiveError>)]) {
        let byteCount = results.reduce(0) { $0 + $1.0.byteCount }
        let waiters = monitor.update { state -> ([CheckedContinuation<Void, Never>], Bool) in
            state.pendingByteCount -= byteCount
            let hasRoom = state.pendingByteCount < limits.pendingByteCount
            guard hasRoom, !state.roomWaiters.isEmpty else { return ([], hasRoom && state.roomBlockerCount > 0) }
            defer { state.roomWaiters = [] }
            return (state.roomWaiters, state.roomBlockerCount > 0)
        }
        for waiter in waiters { waiter.resume() }
        for (append, result) in results { append.completion(result) }
    }
}
