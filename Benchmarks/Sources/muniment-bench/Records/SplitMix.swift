// SplitMix64 (Steele, Lea, Flood 2014): small, quick, and the same everywhere.

/// A deterministic generator of numbers.
struct SplitMix: Sendable {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// A number below `bound`; the bias of the remainder is far below anything that is measured here.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// At least 0 and below 1.
    mutating func nextFraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
