// Damage of every size and shape, checksums mended or not: never a crash, never *intact*. The seed is printed.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct RandomDamageTests {
    /// Changes some bytes; the same count or another.
    private static func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        func range(_ countMax: Int) -> Range<Int> {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            return start..<min(bytes.count, start + Int.random(in: 1...countMax, using: &generator))
        }
        func block() -> Range<Int> {
            let start = Int.random(in: 0..<(bytes.count + 4_095) / 4_096, using: &generator) * 4_096
            return start..<min(bytes.count, start + 4_096)
        }
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: for place in range(64) { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
        case 1: for place in range(8_192) { bytes[place] = 0 }
        case 2: bytes.removeSubrange(range(5_000))
        case 3: bytes.insert(contentsOf: bytes[range(5_000)], at: Int.random(in: 0...bytes.count, using: &generator))
        case 4: bytes.removeSubrange(block())
        case 5:
            let (a, b) = (block(), block())
            let (first, second) = (Array(bytes[a]), Array(bytes[b]))
            if a.count == b.count { (bytes[a], bytes[b]) = (second[...], first[...]) }
        case 6: mend(&bytes, &generator)
        default:
            // A length or a count of absurd size.
            let place = Int.random(in: 0..<max(1, bytes.count - 8), using: &generator)
            for offset in place..<min(bytes.count, place + 4) { bytes[offset] = 0xff }
        }
    }

    /// Changes a frame header's fields at random and mends its checksum, so that what comes after the checksum is
    /// reached.
    private static func mend(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let frames = stride(from: 4_096, to: bytes.count - 4_096, by: 4_096).filter {
            bytes[$0...].starts(with: FrameHeader.magic)
        }
        guard let offset = frames.randomElement(using: &generator) else { return }
        let count = Int(bytes[(offset + 8)...].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
        guard (156...8_192).contains(count), offset + count <= bytes.count else { return }
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = offset + Int.random(in: 16..<count - 4, using: &generator)
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
        let crc = Checksum.crc32c(Array(bytes[offset..<offset + count - 4]))
        withUnsafeBytes(of: crc.littleEndian) { bytes.replaceSubrange(offset + count - 4..<offset + count, with: $0) }
    }

    @Test func neverIntactNeverACrash() throws {
        let fixture = try StoreFixture.small()
        let names = try fixture.files(keys: true).filter { $0 != "lock" }
        let originals = try Dictionary(uniqueKeysWithValues: names.map { ($0, try fixture.read($0)) })
        var generator = SeededGenerator(seed: TestRun.seed)
        for round in 0..<(TestRun.isNightly ? 20_000 : 300) {
            let isSegment = Bool.random(using: &generator)
            let chosen = names.filter { $0.hasSuffix(".seg") == isSegment }
            guard let name = chosen.randomElement(using: &generator), let original = originals[name] else { continue }
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                RandomDamageTests.damage(&bytes, &generator)
            }
            guard bytes != original else { continue }
            try fixture.write(name, bytes)
            // The keys directory is only looked at when it is named.
            let keys = round % 2 == 0 || name.hasPrefix("keys/")
            let report = try fixture.verify(keys: keys, jobs: 1 + round % 3)
            // What is derived may be shorter; an unsealed segment may have zeros after it, and a journal may end sooner.
            // A journal whose end is zeros ends there: after a crash its space may be there without its bytes.
            let zeroCount = name == "checkpoints" ? bytes.reversed().prefix { $0 == 0 }.count : 0
            let isShorter = original.starts(with: bytes.dropLast(zeroCount)) || bytes.starts(with: original)
            if !isShorter {
                #expect(report.verdict != .intact, "seed \(TestRun.seed), round \(round), \(name): \(report.summary)")
            }
            try fixture.write(name, original)
        }
        #expect(try fixture.verify(keys: true).verdict == .intact)
    }
}
