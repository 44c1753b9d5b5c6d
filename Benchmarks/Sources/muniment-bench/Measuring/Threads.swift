// Plain threads: what blocks on the disk has no place on Swift's cooperative ones.

import Foundation

/// A thread that can be waited for.
final class BackgroundThread: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    // Written by the thread before the signal, read after it.
    private var failure: (any Error)?

    init(_ body: @escaping @Sendable () throws -> Void) {
        let thread = Thread {
            do { try body() } catch { self.failure = error }
            self.done.signal()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Waits for the end, once; throws what the body threw.
    func join() throws {
        done.wait()
        if let failure { throw failure }
    }
}

/// Runs `body` on that many threads and waits for all; throws what one of them threw.
func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let threads = (0..<count).map { number in BackgroundThread { try body(number) } }
    var failure: (any Error)?
    for thread in threads {
        do { try thread.join() } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
}

/// A flag that one thread sets and others look at.
final class StopFlag: Sendable {
    private let value = Guarded(false)

    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

/// A value behind a lock.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    // Under the lock.
    private var value: Value

    init(_ value: sending Value) { self.value = value }

    func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
