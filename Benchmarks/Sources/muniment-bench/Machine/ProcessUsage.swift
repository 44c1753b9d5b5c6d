// What this process takes of the machine, as /proc tells it.

import Foundation

/// Resource use at a moment.
enum ProcessUsage {
    /// Resident memory now, in MB of 10^6 bytes.
    static var residentMegabytes: Double { status("VmRSS:") }
    /// The most that it ever was.
    static var peakMegabytes: Double { status("VmHWM:") }

    /// Open file descriptors, the one that lists them left out.
    static var descriptorCount: Int {
        max(0, ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 1) - 1)
    }

    /// User and system time of the process so far, in seconds.
    static var processorSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Gives memory that was freed back to the system, so that what stays resident is in use. Does nothing where the C library can't.
    static func releaseFreeMemory() {
        // Glibc's module hides it.
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
    }

    private static func status(_ field: String) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix(field) {
            let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap {
                Double($0)
            }
            return (kibibytes ?? 0) * 1_024 / 1e6
        }
        return 0
    }
}
