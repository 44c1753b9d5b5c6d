// Latencies in buckets that are at most 1.6 % wide: constant time to record, constant memory, quantiles that are never too low.

/// Counts of latencies. One thread or task records; merge what several recorded.
struct LatencyHistogram: Sendable {
    /// Buckets per doubling, as a power of two.
    private static let precisionBits = 6
    private static let linearCount = 1 << (precisionBits + 1)

    private var counts = [UInt32](repeating: 0, count: LatencyHistogram.bucket(of: 1 << 40) + 1)
    private(set) var count: UInt64 = 0
    private(set) var max: Nanoseconds = 0

    /// Below 128 ns each value has a bucket; above, each doubling has 64. What exceeds 2^40 ns (18 minutes) counts as that.
    private static func bucket(of value: Nanoseconds) -> Int {
        guard value >= linearCount else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount - precisionBits
        return exponent << precisionBits + Int(value >> UInt64(exponent))
    }

    /// The greatest value of a bucket.
    private static func top(ofBucket bucket: Int) -> Nanoseconds {
        guard bucket >= linearCount else { return UInt64(bucket) }
        let exponent = bucket >> precisionBits - 1
        let mantissa = UInt64(bucket - exponent << precisionBits)
        return (mantissa + 1) << UInt64(exponent) - 1
    }

    mutating func record(_ value: Nanoseconds) {
        counts[LatencyHistogram.bucket(of: Swift.min(value, 1 << 40))] += 1
        count += 1
        max = Swift.max(max, value)
    }

    mutating func merge(_ other: LatencyHistogram) {
        for place in counts.indices { counts[place] += other.counts[place] }
        count += other.count
        max = Swift.max(max, other.max)
    }

    /// The latency that `fraction` of all do not exceed, rounded up to its bucket's top, never above the maximum.
    func quantile(_ fraction: Double) -> Nanoseconds {
        let rank = UInt64((fraction * Double(count)).rounded(.up))
        var seen: UInt64 = 0
        for (bucket, bucketCount) in counts.enumerated() {
            seen += UInt64(bucketCount)
            if seen >= rank, seen > 0 { return Swift.min(LatencyHistogram.top(ofBucket: bucket), max) }
        }
        return max
    }

    /// Points of the curve of quantiles, denser towards 1: 0, 0.5, 0.9, … as far as there are values to tell.
    var curve: [(fraction: Double, value: Nanoseconds)] {
        var points: [(Double, Nanoseconds)] = []
        var rest = 1.0
        while rest * Double(count) >= 1, rest > 1e-7 {
            points.append((1 - rest, quantile(1 - rest)))
            rest /= 1.333_521_432_163_324  // The eighth root of 10.
        }
        points.append((1 - 1 / Double(Swift.max(count, 1)), max))
        return points
    }
}
