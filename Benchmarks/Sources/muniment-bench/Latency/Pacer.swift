// Wakes clients when their next request is due. Requests are due at fixed moments whether or not earlier ones have been answered, so a stall makes
// every request late that falls into it, and none is left out (no "coordinated omission").

import Foundation

/// A clock for many waiting tasks: one thread looks at all of them every 100 µs. That coarseness is part of what is measured, and is told.
final class Pacer: @unchecked Sendable {
    private struct Waiter {
        let due: Nanoseconds
        let continuation: UnsafeContinuation<Void, Never>
    }

    private let waiters: Guarded<[Waiter?]>
    private let stop = StopFlag()
    // Set in init, once.
    private var thread: BackgroundThread?
    private static let interval = 0.000_1

    init(clientCount: Int) {
        waiters = Guarded([Waiter?](repeating: nil, count: clientCount))
        thread = BackgroundThread {
            while !self.stop.isSet {
                self.wake(until: monotonicNow())
                pause(seconds: Pacer.interval)
            }
            self.wake(until: .max)
        }
    }

    /// Suspends client `client`, a number below the count, until `due`.
    func wait(_ client: Int, until due: Nanoseconds) async {
        guard due > monotonicNow() else { return }
        await withUnsafeContinuation { continuation in
            waiters.withLock { $0[client] = Waiter(due: due, continuation: continuation) }
        }
    }

    private func wake(until now: Nanoseconds) {
        let due = waiters.withLock { waiters -> [Waiter] in
            var due: [Waiter] = []
            for place in waiters.indices {
                guard let waiter = waiters[place], waiter.due <= now else { continue }
                due.append(waiter)
                waiters[place] = nil
            }
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// Ends the thread; no client may wait any more.
    func end() throws {
        stop.set()
        try thread?.join()
    }
}
