// Time enters the store here and nowhere else, so that a simulation can set it.

import Glibc

internal import MunimentCrypto
internal import MunimentFormat

/// What time it is, by two clocks.
package protocol WallClock: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z without leap seconds; may jump either way when someone sets the clock.
    func microsecondsSinceEpoch() -> Int64

    /// Microseconds since the machine booted, suspended time included. Never runs backwards until the next boot.
    func bootMicroseconds() -> Int64

    /// Which boot of which machine: 16 bytes that differ after the next.
    func bootID() -> [UInt8]
}

/// The machine's clocks.
package struct SystemClock: WallClock {
    package init() {}

    package func microsecondsSinceEpoch() -> Int64 { Self.read(CLOCK_REALTIME) }

    package func bootMicroseconds() -> Int64 { Self.read(CLOCK_BOOTTIME) }

    package func bootID() -> [UInt8] { Self.identifier }

    /// The kernel's own; where there is none, one of this process, so that time is not counted across processes.
    private static let identifier: [UInt8] = {
        let path = "/proc/sys/kernel/random/boot_id"
        var text = [UInt8](repeating: 0, count: 36)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        let count = descriptor < 0 ? 0 : Glibc.read(descriptor, &text, text.count)
        let digits = String(decoding: text.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
        guard count == 36, let bytes = Hexadecimal.bytes(digits), bytes.count == 16 else {
            return RandomBytes.array(16)
        }
        return bytes
    }()

    private static func read(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        // Linux has both clocks since 2.6.39; the call can't fail for a clock that exists.
        let result = clock_gettime(clock, &now)
        precondition(result == 0, "the system lacks a clock that every Linux has")
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}

/// A clock that stands still until moved, for tests and simulations.
package final class ManualClock: WallClock {
    private let times: Guarded<(wall: Int64, boot: Int64, bootCount: UInt8)>

    /// Starts at the given times, in microseconds.
    package init(microsecondsSinceEpoch wall: Int64 = 1_700_000_000_000_000, bootMicroseconds boot: Int64 = 0) {
        times = Guarded((wall, boot, 0))
    }

    package func microsecondsSinceEpoch() -> Int64 { times.withLock { $0.wall } }

    package func bootMicroseconds() -> Int64 { times.withLock { $0.boot } }

    /// Lets time pass on both clocks.
    package func advance(microseconds: Int64) {
        times.withLock {
            $0.wall += microseconds
            $0.boot += microseconds
        }
    }

    /// Sets the wall clock alone, forwards or backwards, as an operator could.
    package func set(microsecondsSinceEpoch wall: Int64) { times.withLock { $0.wall = wall } }

    package func bootID() -> [UInt8] { times.withLock { [UInt8](repeating: $0.bootCount, count: 16) } }

    /// Starts the boot clock again from zero, in another boot.
    package func reboot() {
        times.withLock {
            $0.boot = 0
            $0.bootCount &+= 1
        }
    }
}
