// The one clock of all measurements.

import Foundation

/// Nanoseconds of the monotonic clock.
typealias Nanoseconds = UInt64

func monotonicNow() -> Nanoseconds {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// How long `body` takes, in seconds.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = monotonicNow()
    try body()
    return Double(monotonicNow() - start) / 1e9
}

/// Sleeps the calling thread.
func pause(seconds: Double) {
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    nanosleep(&time, nil)
}
