// A sample of what the fuzzers do for a minute each: every target, a few hundred changed inputs, in the test's own process. A property
// that breaks is reported with the input; a trap names its target in the last line of output.

import Foundation
import FuzzTargets
import Testing

@Suite struct HostileInputTests {
    /// Changed inputs of each target.
    private static let roundCount = 150

    /// New each time, or MUNIMENT_SEED to repeat a run. Printed before anything is run: a trap leaves no time for it.
    private static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["MUNIMENT_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("hostile inputs: MUNIMENT_SEED=\(seed)")
        fflush(nil)
        return seed
    }()

    @Test(arguments: FuzzTarget.all.map(\.name))
    func decodersSurvive(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        var mutator = Mutator(seed: Self.seed)
        let samples = try target.samples(.ofPackage)
        #expect(!samples.isEmpty)
        for sample in samples { check(target, sample) }
        for _ in 0..<Self.roundCount { check(target, mutator.changed(samples)) }
    }

    @Test func namesAreUnique() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
        #expect(FuzzTarget.all.count >= 40)
    }

    private func check(_ target: FuzzTarget, _ input: [UInt8]) {
        do {
            try input.withUnsafeBytes { try target.run($0) }
        } catch {
            let hexadecimal = input.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            Issue.record("\(target.name), seed \(Self.seed): \(error); input \(hexadecimal)")
        }
    }
}

/// Changes samples as fuzzers do, by a seed.
private struct Mutator {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(state: seed) }

    /// One of the samples with one to four changes.
    mutating func changed(_ samples: [[UInt8]]) -> [UInt8] {
        guard var bytes = samples.randomElement(using: &generator) else { return [] }
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&bytes, samples) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
        guard !bytes.isEmpty else { return bytes.append(UInt8.random(in: 0...255, using: &generator)) }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...6, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
        case 2: bytes[place] &+= UInt8.random(in: 0...3, using: &generator) &- 1
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...9, using: &generator)))
        case 4: bytes.insert(contentsOf: bytes[place...].prefix(16), at: place)
        case 5: bytes = Array(bytes.prefix(place))
        default:
            let other = samples.randomElement(using: &generator) ?? []
            bytes = Array(bytes.prefix(place)) + other.dropFirst(place)
        }
    }
}

/// SplitMix64: every seed gives its own sequence.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
