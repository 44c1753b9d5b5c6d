// Every single-bit flip of every byte of a small store is found, or reported as unattested, in the file that it is in:
// never fine, never a crash. With MUNIMENT_NIGHTLY=1 all of them; otherwise a sample, whose seed is printed.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

/// A small generator of numbers, repeatable by its seed (splitmix64).
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
}

enum TestRun {
    /// Whether the long tests run.
    static let isNightly = ProcessInfo.processInfo.environment["MUNIMENT_NIGHTLY"] == "1"

    /// The seed of this run's random tests: of the environment, or new.
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["MUNIMENT_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("MUNIMENT_SEED=\(seed)")
        return seed
    }()
}

extension StoreFixture {
    /// Sealed segments, repacked and not, and an unsealed one; attributes, occurred times, tokens; at most 128 KiB in
    /// all.
    static func small() throws -> StoreFixture {
        let fixture = try StoreFixture(segmentEntryCount: 64 + 16) { store in
            for number in 0..<13 {
                _ = try store.append([
                    batch([Array("single \(number)".utf8)], attributes: [Attribute("n", .integer(Int64(number)))])
                ])
            }
            _ = try store.append([batch((0..<20).map { Array("bulk \($0)".utf8) }, occurred: 77)], token: [1, 2, 3])
            let long = (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 97 ^ $0 >> 5) }
            _ = try store.append([batch([long, [1]])])
        }
        try fixture.reopen(segmentEntryCount: 64 + 16) { store in
            _ = try store.append(
                [batch([Array("after reopening".utf8)], attributes: [Attribute("text", .text("é"))])], token: [9])
            _ = try store.append([batch([[], [5]])])
        }
        return fixture
    }

    /// A copy with a directory of its own.
    func copy() throws -> StoreFixture { try StoreFixture(copying: self) }
}

@Suite struct BitFlipTests {
    private struct Flip {
        let file: String
        let offset: Int
        let bit: Int
    }

    /// Flips one bit, verifies, restores the byte; nil if all is as it must be.
    private static func fault(_ flip: Flip, _ fixture: StoreFixture, _ options: VerifyOptions, _ baseline: Set<Finding>)
        throws -> String?
    {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.absolute(flip.file)))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(flip.offset))
        guard let byte = try handle.read(upToCount: 1)?.first else { return "\(flip) is past the end" }
        func put(_ value: UInt8) throws {
            try handle.seek(toOffset: UInt64(flip.offset))
            try handle.write(contentsOf: Data([value]))
        }
        try put(byte ^ 1 << UInt8(flip.bit))
        let report = try Verifier(options).verify(fixture.path)
        try put(byte)
        let new = report.findings.filter { !baseline.contains($0) }
        if report.verdict != .intact, new.contains(where: { $0.file == flip.file && $0.severity != .notice }) {
            return nil
        }
        return "\(flip.file)@\(flip.offset) bit \(flip.bit): \(report.summary)"
    }

    private func run(keys: Bool) throws {
        let original = try StoreFixture.small()
        let names = try original.files(keys: keys).filter { $0 != "lock" }
        let counts = try names.map { try original.read($0).count }
        let total = counts.reduce(0, +)
        let storeCount = try original.files().map { try original.read($0).count }.reduce(0, +)
        #expect(storeCount <= 128 << 10, "the store has \(storeCount) bytes")
        #expect(try original.files().filter { $0.hasSuffix(".seg") }.count >= 3)
        @Sendable func flip(_ number: Int) -> Flip {
            var place = number / 8
            for (name, count) in zip(names, counts) {
                if place < count { return Flip(file: name, offset: place, bit: number % 8) }
                place -= count
            }
            preconditionFailure("flip \(number) of \(total * 8)")
        }
        var flips: [Int] = []
        if TestRun.isNightly {
            flips = Array(0..<total * 8)
        } else {
            var generator = SeededGenerator(seed: TestRun.seed)
            // Half of them anywhere, half in files chosen evenly, so that small files have their share.
            for _ in 0..<500 { flips.append(Int.random(in: 0..<total * 8, using: &generator)) }
            var start = 0
            for count in counts {
                for _ in 0..<max(8, 500 / counts.count) {
                    flips.append(start * 8 + Int.random(in: 0..<max(1, count * 8), using: &generator))
                }
                start += count
            }
        }
        let threads = 2
        let chosen = flips
        let faults = MunimentVerify.Monitor<[String]>([])
        try runOnThreads(threads) { thread in
            let fixture = try original.copy()
            let options = try fixture.options(keys: keys)
            let baseline = Set(try Verifier(options).verify(fixture.path).findings)
            for place in stride(from: thread, to: chosen.count, by: threads) {
                if let fault = try BitFlipTests.fault(flip(chosen[place]), fixture, options, baseline) {
                    faults.withLock { $0.append(fault) }
                    if faults.withLock({ $0.count }) > 20 { return }
                }
            }
        }
        let found = faults.withLock { $0 }
        #expect(
            found.isEmpty, "seed \(TestRun.seed), \(found.count) faults:\n\(found.prefix(20).joined(separator: "\n\n"))"
        )
    }

    @Test func withoutKeys() throws { try run(keys: false) }

    @Test func withKeys() throws { try run(keys: true) }
}

/// Runs `body` on `count` threads; throws what one of them threw.
func runOnThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let errors = MunimentVerify.Monitor<[any Error]>([])
    Workers.run(count) { number in
        do { try body(number) } catch { errors.withLock { $0.append(error) } }
    }
    if let first = errors.withLock({ $0.first }) { throw first }
}
