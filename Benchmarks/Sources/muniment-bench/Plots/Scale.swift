// From values to places on an axis, and the round values that are marked there.

import Foundation

/// A linear axis from 0.
struct LinearScale {
    let maximum: Double
    let length: Double

    func place(_ value: Double) -> Double { value / maximum * length }

    /// Round values, four to eight of them.
    var ticks: [Double] {
        let raw = maximum / 6
        let magnitude = pow(10, floor(log10(raw)))
        let step = [1, 2, 2.5, 5, 10].map { $0 * magnitude }.first { $0 >= raw } ?? raw
        return Array(stride(from: 0, through: maximum * 1.000_1, by: step))
    }
}

/// A logarithmic axis between powers of ten.
struct LogScale {
    let low: Double
    let high: Double
    let length: Double

    /// The powers of ten around all positive `values`.
    init(around values: [Double], length: Double) {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        low = floor(log10(positive.min() ?? 1))
        high = max(ceil(log10(positive.max() ?? 10)), low + 1)
        self.length = length
    }

    func place(_ value: Double) -> Double { (log10(max(value, 1e-300)) - low) / (high - low) * length }

    var ticks: [Double] { stride(from: low, through: high, by: 1).map { pow(10, $0) } }
}
