// Where damage to frames is said to be, and what is no tampering at all.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

extension TamperTests {
    @Test func aTimeIsChangedAndEverythingMended() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<40 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try fixture.openSegment()
        var firstIndex: UInt64 = 0
        try fixture.changeSegment(name) { segment in
            let offset = segment.offsets[20]
            let header = try segment.header(at: offset)
            firstIndex = header.firstIndex
            // The recorded time is a signed varint after runCount, count, suite, kind, flags and class: another low bit of
            // it is another time.
            segment.bytes[offset + header.headerByteCount + 6] ^= 0x02
            try segment.mendRoots()
        }
        for keys in [false, true] {
            let report = try fixture.verify(keys: keys)
            #expect(report.verdict == .tampered)
            let codes = Set(report.findings.map(\.code))
            #expect(codes.contains(.checkpointRoot), "\(report.summary)")
            // The stored nodes tell where.
            let node = report.findings.first { $0.code == .treeNode && $0.file == "tree/03" }
            #expect(node?.index == firstIndex / 8 * 8, "\(report.summary)")
        }
    }

    @Test func aTornTailIsNoTampering() throws {
        // As a crash leaves it: copied while the store was open, with frames past the checkpoint.
        var crashed: StoreFixture?
        let fixture = try StoreFixture { _ in }
        try fixture.reopen { store in
            for number in 0..<10 { _ = try store.append([batch([[UInt8(number)]])]) }
            _ = try store.checkpoint(.kept)
            _ = try store.append([batch([[10]])])
            var generator = SeededGenerator(seed: 5)
            _ = try store.append([batch([(0..<9_000).map { _ in UInt8.random(in: 0...255, using: &generator) }])])
            crashed = try fixture.copy()
        }
        let torn = try #require(crashed)
        let name = try torn.openSegment()
        let original = try torn.read(name)
        let last = try #require(SegmentBytes(original).offsets.last)
        for keys in [false, true] {
            let report = try torn.verify(keys: keys)
            #expect(report.verdict == .notEstablished && report.treeSize == 14, "\(report.summary)")
            #expect(report.findings.filter { $0.severity == .error }.isEmpty, "\(report.summary)")
        }
        var pieces: [[UInt8]] = [4_096, 100, 8_192].map { cut in
            // Written up to a point, zeros from there on.
            Array(original[..<(last + cut)]) + [UInt8](repeating: 0, count: original.count - last - cut)
        }
        pieces += [4_097, 10, 8_000].map { Array(original[..<(last + $0)]) }
        // The first block never arrived, the others did.
        pieces.append(
            Array(original[..<last]) + [UInt8](repeating: 0, count: 4_096) + original[(last + 4_096)...])
        for (place, bytes) in pieces.enumerated() {
            try torn.write(name, bytes)
            for keys in [false, true] {
                let report = try torn.verify(keys: keys)
                #expect(report.verdict == .notEstablished && report.treeSize == 13, "\(place): \(report.summary)")
                #expect(
                    report.findings.contains { $0.code == .tailTorn && $0.file == name }, "\(place): \(report.summary)")
            }
        }
        // A torn frame with another after it is damage: only the last may be bad.
        let places = SegmentBytes(original).offsets
        var bytes = original
        bytes[places[places.count - 2] + 4_000] ^= 1
        try torn.write(name, bytes)
        try expect(torn, .framePadding, name)
        // And below the checkpoint there is no torn frame.
        bytes = original
        bytes[places[3] + 4_000] ^= 1
        try torn.write(name, Array(bytes[..<places[4]]))
        try expect(torn, .framePadding, name)
    }

    @Test func oneDamagedFrameHidesNoOther() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<64 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try fixture.openSegment()
        let original = try fixture.read(name)
        let offsets = SegmentBytes(original).offsets
        for places in [[10], [10, 11, 12], [10, 40], [1, 62]] {
            for within in [80, 4_095, 300] {
                var bytes = original
                for place in places { bytes[offsets[place] + within] ^= 0x10 }
                try fixture.write(name, bytes)
                let report = try fixture.verify()
                let found = report.findings.filter { $0.file == name && $0.severity == .error && $0.offset != nil }
                for place in places {
                    #expect(
                        found.contains {
                            ($0.offset ?? 0) >= UInt64(offsets[place])
                                && ($0.offset ?? 0) < UInt64(offsets[place] + 4_096)
                        },
                        "frame \(place), byte \(within): \(report.summary)")
                }
                // The stored nodes bridge the gap, so that the checkpoint at the end is checked, and holds.
                if places.max() ?? 0 < 50 {
                    #expect(
                        report.root != nil && !report.findings.contains { $0.code == .checkpointRoot },
                        "\(report.summary)")
                }
                #expect(!report.findings.contains { $0.code == .treeNode }, "\(report.summary)")
            }
        }
    }

    @Test func findingsAreCappedAndCounted() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<30 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try fixture.openSegment()
        var bytes = try fixture.read(name)
        for offset in SegmentBytes(bytes).offsets { bytes[offset + 4_095] = 1 }
        try fixture.write(name, bytes)
        var options = try fixture.options()
        options.findingCountMax = 5
        let report = try Verifier(options).verify(fixture.path)
        #expect(report.findings.filter { $0.code == .framePadding }.count == 5)
        #expect((report.omittedCounts[.framePadding] ?? 0) + 5 == SegmentBytes(bytes).offsets.count)
        #expect(report.findingCount == report.findings.count + report.omittedCounts.values.reduce(0, +))
    }
}
