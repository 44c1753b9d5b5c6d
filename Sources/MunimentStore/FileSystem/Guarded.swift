// A value behind a lock, like the standard library's Mutex in use. That one the thread sanitizer can't see on Linux: its
// atomics are in a library that is not instrumented, so every value under it is reported as a race. A lock of the threads
// library it knows.

import Glibc

/// A value that one thread at a time may touch. Locking costs some 10 ns while no other thread wants to.
package struct Guarded<Value: Sendable>: ~Copyable, @unchecked Sendable {
    // Sendable holds because the pointers never change, and what they point to is only touched under the lock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ initial: Value) {
        mutex = .allocate(capacity: 1)
        let result = pthread_mutex_init(mutex, nil)
        precondition(result == 0, "the system gives no lock")
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` while no other thread can. Locking again inside it deadlocks; waiting inside it makes all wait.
    package borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
