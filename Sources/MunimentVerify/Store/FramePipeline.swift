// Feed, workers, ledger. One thread at a time walks (the feed), all inspect, one at a time takes the ledger's next
// steps; each thread does whatever there is to do, so none waits while there is work. Steps come out of the feed in
// order and go into the ledger in order. What is under way is bounded in number and in bytes, so memory is too.

internal import Glibc
internal import MunimentFormat

final class FramePipeline: @unchecked Sendable {
    // Sendable: `feed` is only touched by the thread that set `isFeeding`, `ledger` only by the one that set
    // `isTaking`, both under the lock of `state`; the rest never changes.
    private struct State {
        var isFeeding = false
        var isTaking = false
        var isFinished = false
        var nextNumber = 0
        var nextTaken = 0
        var underWayCount = 0
        var underWayByteCount = 0
        /// Steps that wait for earlier ones.
        var waiting: [Int: Delivery] = [:]
        var spareBuffers: [RunBuffer] = []
        /// At most two, and none above 16 times the usual size.
        var largeBuffers: [RunBuffer] = []
    }

    private struct Delivery {
        let step: LedgerStep
        let buffer: RunBuffer?
    }

    /// Buffers under way may take this much, or one buffer more than that allows.
    private static let byteCountMax = 40 << 20

    private let files: StoreFiles
    private let feed: SegmentFeed
    private let ledger: LogLedger
    private let jobs: Int
    private let progress: (LogLedger) -> Void
    private let state = Monitor(State())

    /// `progress` is called after each step of the ledger, by whichever thread took it.
    init(_ files: StoreFiles, feed: SegmentFeed, ledger: LogLedger, jobs: Int, progress: @escaping (LogLedger) -> Void)
    {
        (self.files, self.feed, self.ledger, self.jobs, self.progress) = (files, feed, ledger, max(1, jobs), progress)
    }

    /// Runs to the end of the log.
    func run() {
        let memory = ContentMemory(byteCount: Limits.contentByteCount + 10)
        Workers.run(jobs) { _ in
            let inspector = FrameInspector(self.files, memory)
            while let (number, step, buffer) = self.nextStep() {
                let taken: LedgerStep =
                    switch step {
                    case .begin(let pass, let findings): .begin(pass, findings)
                    case .frames(let run): .frames(run, inspector.inspect(run))
                    case .findings(let findings, let isGap): .findings(findings, isGap: isGap)
                    case .end(let pass, let end): .end(pass, end)
                    }
                self.deliver(number, Delivery(step: taken, buffer: buffer))
            }
        }
    }

    // MARK: The feed

    /// Takes the next step from the feed; nil when there is none.
    private func nextStep() -> (Int, FeedStep, RunBuffer?)? {
        guard var buffer = beginFeeding(byteCount: RunBuffer.usualByteCount) else { return nil }
        while true {
            switch feed.next(buffer) {
            case .step(let step):
                guard case .frames = step else { return endFeeding(step, keeping: nil, spare: buffer) }
                return endFeeding(step, keeping: buffer, spare: nil)
            case .needs(let byteCount):
                buffer = waitForBuffer(byteCount, instead: buffer)
            case .finished:
                state.change {
                    $0.isFinished = true
                    $0.isFeeding = false
                }
                return nil
            }
        }
    }

    /// Waits until no other thread feeds and there is room; then this one does. Nil when the log has been walked.
    private func beginFeeding(byteCount: Int) -> RunBuffer? {
        enum Answer {
            case feed(RunBuffer)
            case finished
        }
        let answer = state.wait { state -> Answer? in
            if state.isFinished { return .finished }
            guard !state.isFeeding, self.hasRoom(state, byteCount) else { return nil }
            state.isFeeding = true
            return .feed(state.spareBuffers.popLast() ?? RunBuffer(byteCount: RunBuffer.usualByteCount))
        }
        guard case .feed(let buffer) = answer else { return nil }
        return buffer
    }

    private func hasRoom(_ state: State, _ byteCount: Int) -> Bool {
        state.underWayCount == 0
            || state.underWayCount < 2 * jobs + 2 && state.underWayByteCount + byteCount <= FramePipeline.byteCountMax
    }

    /// The feeding thread waits until it may have a large buffer. What is under way ends without it.
    private func waitForBuffer(_ byteCount: Int, instead buffer: RunBuffer) -> RunBuffer {
        // Of a few sizes, so that a buffer serves again: a fresh page costs as much as hashing it.
        let rounded = byteCount.rounded(upToMultipleOf: 2 * RunBuffer.usualByteCount)
        return state.wait { state in
            guard self.hasRoom(state, rounded) else { return nil }
            FramePipeline.put(buffer, &state)
            let fitting = state.largeBuffers.firstIndex { $0.bytes.count >= rounded }
            return fitting.map { state.largeBuffers.remove(at: $0) } ?? RunBuffer(byteCount: rounded)
        }
    }

    private func endFeeding(_ step: FeedStep, keeping buffer: RunBuffer?, spare: RunBuffer?) -> (
        Int, FeedStep, RunBuffer?
    ) {
        let number = state.change { state in
            state.isFeeding = false
            if let spare { FramePipeline.put(spare, &state) }
            state.underWayCount += 1
            state.underWayByteCount += buffer?.bytes.count ?? 0
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        return (number, step, buffer)
    }

    private static func put(_ buffer: RunBuffer, _ state: inout State) {
        if buffer.bytes.count == RunBuffer.usualByteCount {
            state.spareBuffers.append(buffer)
        } else if buffer.bytes.count <= 16 * RunBuffer.usualByteCount, state.largeBuffers.count < 2 {
            state.largeBuffers.append(buffer)
        }
    }

    // MARK: The ledger

    /// Hands a step over, and takes the ledger's next steps if no other thread does.
    private func deliver(_ number: Int, _ delivery: Delivery) {
        var next = state.withLock { state -> Delivery? in
            state.waiting[number] = delivery
            guard !state.isTaking, let first = state.waiting.removeValue(forKey: state.nextTaken) else { return nil }
            state.isTaking = true
            return first
        }
        while let taken = next {
            ledger.take(taken.step)
            progress(ledger)
            next = state.change { state in
                state.nextTaken += 1
                state.underWayCount -= 1
                if let buffer = taken.buffer {
                    state.underWayByteCount -= buffer.bytes.count
                    FramePipeline.put(buffer, &state)
                }
                let following = state.waiting.removeValue(forKey: state.nextTaken)
                state.isTaking = following != nil
                return following
            }
        }
    }
}
