// Telling the caller how far it is, but not for every step.

internal import Glibc

/// A point of the monotonic clock.
struct MonotonicTime {
    private let nanoseconds: Int64

    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Seconds since then.
    var seconds: Double { Double(MonotonicTime.now.nanoseconds - nanoseconds) / 1e9 }
}

/// Calls back at most once in an interval. Used by one thread at a time.
final class ProgressMeter {
    private let callback: (@Sendable (VerifyProgress) -> Void)?
    private let total: UInt64
    private let interval: Double
    private var last = MonotonicTime.now

    /// `interval` is in seconds.
    init(_ callback: (@Sendable (VerifyProgress) -> Void)?, total: UInt64, interval: Double = 0.1) {
        (self.callback, self.total, self.interval) = (callback, total, interval)
    }

    func tell(byteCount: UInt64, entryCount: UInt64, findingCount: @autoclosure () -> Int, isLast: Bool = false) {
        guard let callback, isLast || last.seconds >= interval else { return }
        last = .now
        callback(
            VerifyProgress(
                byteCount: min(byteCount, total), byteCountTotal: total, entryCount: entryCount,
                findingCount: findingCount()))
    }
}
