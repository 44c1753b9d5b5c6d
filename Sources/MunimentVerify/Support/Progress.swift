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

/// Calls back at most some ten times a second. Used by one thread at a time.
final class ProgressMeter {
    private let callback: (@Sendable (VerifyProgress) -> Void)?
    private let total: UInt64
    private var last = MonotonicTime.now

    init(_ callback: (@Sendable (VerifyProgress) -> Void)?, total: UInt64) {
        (self.callback, self.total) = (callback, total)
    }

    func tell(byteCount: UInt64, entryCount: UInt64, findingCount: @autoclosure () -> Int, isLast: Bool = false) {
        guard let callback, isLast || last.seconds >= 0.1 else { return }
        last = .now
        callback(
            VerifyProgress(
                byteCount: min(byteCount, total), byteCountTotal: total, entryCount: entryCount,
                findingCount: findingCount()))
    }
}
