// The workers that hash, compress and seal blocks. Each takes the next block of the oldest frame that has one; the order in which blocks end
// does not matter, since each writes only to its own place.

final class WorkerPool: Sendable {
    private struct State {
        var frames: [FramePlan] = []
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let threads: [OwnThread]

    init(count: Int) {
        let monitor = monitor
        threads = (0..<count).map { _ in
            OwnThread {
                let worker = BlockWorker()
                while let (frame, block) = WorkerPool.next(monitor) { worker.process(block, of: frame) }
            }
        }
    }

    /// Hands over a frame whose blocks are to be processed.
    func submit(_ frame: FramePlan) {
        monitor.change { $0.frames.append(frame) }
    }

    func stop() {
        monitor.change { $0.isStopping = true }
        for thread in threads { thread.join() }
    }

    private static func next(_ monitor: Monitor<State>) -> (FramePlan, Int)? {
        monitor.wait { state -> (FramePlan, Int)?? in
            while let frame = state.frames.first {
                if let block = frame.takeBlock() { return (frame, block) }
                state.frames.removeFirst()
            }
            return state.isStopping ? .some(nil) : nil
        }
    }
}
