// Randomness that can be repeated. Every test that uses it prints its seed when it fails.

import Foundation
import MunimentFormat

/// SplitMix64: every seed gives its own sequence.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    /// An integer whose length in bits is as likely to be small as large: edges of varints come up often.
    mutating func integer(below bound: UInt64 = .max) -> UInt64 {
        let value = next() >> UInt64.random(in: 0...63, using: &self)
        return bound == .max ? value : value % bound
    }

    mutating func digest() -> Digest { Digest(bytes(32))! }
    mutating func int64() -> Int64 { Int64(bitPattern: next()) >> Int64.random(in: 0...63, using: &self) }
    mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: integer()) }
    mutating func bool() -> Bool { next() & 1 == 1 }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func text(_ range: ClosedRange<Int>) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789.-\u{e9}\u{4e16}\u{1f600}")
        return String((0..<int(range)).map { _ in letters[int(0...letters.count - 1)] })
    }
}

/// A seed for a test run: new each time, or MUNIMENT_SEED to repeat one.
func freshSeed() -> UInt64 {
    if let text = ProcessInfo.processInfo.environment["MUNIMENT_SEED"], let seed = UInt64(text) { return seed }
    return UInt64.random(in: 0...UInt64.max)
}

extension SeededGenerator {
    /// A random attribute that may be stored; names recur.
    mutating func attribute() -> Attribute {
        let name = bool() ? ["from", "to", "a", "@stream"][int(0...3)] : text(1...20)
        switch int(0...2) {
        case 0: return Attribute(name, .text(text(0...30)))
        case 1: return Attribute(name, .integer(int64()))
        default: return Attribute(name, .bytes(bytes(int(0...40))))
        }
    }
}
