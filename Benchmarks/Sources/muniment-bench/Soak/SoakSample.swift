// What a soak looks at again and again, and when it calls that unsound.

import Foundation

/// One slice of a soak.
struct SoakSample: Codable, Sendable {
    /// Seconds since the start, at the slice's end.
    let at: Double
    let residentMegabytes: Double
    let descriptorCount: Int
    /// Milliseconds.
    let p50, p99, maximum: Double
    let answeredRate: Double
    let queryCount: Int
    let purgedCount: UInt64
    let byteCountOnDisk: Int
}

/// What a soak allows.
struct SoakBounds: Sendable {
    /// Growth of resident memory from the first third to the last: a twentieth, and so many megabytes.
    var growthMegabytes = 8.0
    /// Open descriptors that may be added.
    var descriptorCount = 8
    /// How many times the medians of p50 and p99 may rise, beside half a millisecond.
    var drift = 2.0

    /// What is out of bounds, in sentences. The first quarter is warm-up: caches fill, the allocator finds its size.
    func complaints(_ samples: [SoakSample]) -> [String] {
        let steady = samples.dropFirst(samples.count / 4)
        guard steady.count >= 3 else { return ["The soak was too short to judge: \(samples.count) slices."] }
        let third = steady.count / 3
        let (early, late) = (steady.prefix(third), steady.suffix(third))
        var complaints: [String] = []
        let (memoryBefore, memoryAfter) = (early.map(\.residentMegabytes).median, late.map(\.residentMegabytes).median)
        if memoryAfter > memoryBefore * 1.05 + growthMegabytes {
            complaints.append("Memory grew from \(compact(memoryBefore)) to \(compact(memoryAfter)) MB.")
        }
        let (filesBefore, filesAfter) = (
            early.map(\.descriptorCount).max() ?? 0, late.map(\.descriptorCount).max() ?? 0
        )
        if filesAfter > filesBefore + descriptorCount {
            complaints.append("Open descriptors grew from \(filesBefore) to \(filesAfter).")
        }
        for (name, value) in [("p50", \SoakSample.p50), ("p99", \SoakSample.p99)] {
            let (before, after) = (early.map { $0[keyPath: value] }.median, late.map { $0[keyPath: value] }.median)
            if after > before * drift + 0.5 {
                complaints.append("The \(name) of appends rose from \(compact(before)) to \(compact(after)) ms.")
            }
        }
        return complaints
    }
}
