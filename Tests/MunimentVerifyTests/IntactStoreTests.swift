// Stores that nobody touched: every shape that the engine writes must come out intact with keys, and not worse than
// *not established* without.

import Foundation
import Muniment
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct IntactStoreTests {
    /// Checks a store with keys, with one and with two jobs, and without keys.
    private func expectIntact(_ fixture: StoreFixture, records: UInt64, isSealed: Bool = false) throws {
        for jobs in [1, 2, 5] {
            let report = try fixture.verify(keys: true, jobs: jobs)
            #expect(report.verdict == .intact, "\(report.summary)")
            #expect(report.findings.isEmpty, "\(report.summary)")
            #expect(report.records == records)
            #expect(report.opened == report.treeSize)
            #expect(report.records + report.controlRecords == report.treeSize)
            #expect(report.root != nil && report.checkpointSize == report.treeSize)
            let without = try fixture.verify(jobs: jobs)
            // Without keys the unsealed segment is not covered; that is all there is to say.
            #expect(without.verdict == .notEstablished, "\(without.summary)")
            #expect(without.findings.map(\.code) == [.tailUnattested], "\(without.summary)")
            #expect(without.root == report.root)
        }
        let untrusted = try fixture.verify(keys: true, trusts: false)
        #expect(untrusted.verdict == .notEstablished)
        #expect(untrusted.findings.map(\.code) == [.verifierNotTrusted], "\(untrusted.summary)")
        #expect(untrusted.checkpointSize == nil)
    }

    @Test func emptyStore() throws {
        try expectIntact(StoreFixture { _ in }, records: 0)
    }

    @Test func bulk() throws {
        let fixture = try StoreFixture { store in
            for round in 0..<4 {
                let payloads = (0..<1_500).map {
                    Array("round \(round), record \($0), \(String(repeating: "x", count: $0 % 300))".utf8)
                }
                _ = try store.append([batch(payloads)])
            }
        }
        try expectIntact(fixture, records: 6_000)
    }

    @Test func oneRecordACommitRepackedInSeveralSegments() throws {
        let fixture = try StoreFixture(segmentEntryCount: 64 + 100) { store in
            for number in 0..<350 { _ = try store.append([batch([Array("record \(number)".utf8)])]) }
        }
        #expect(try fixture.files().filter { $0.hasSuffix("-0001.seg") }.count >= 3)
        try expectIntact(fixture, records: 350)
    }

    @Test func severalSegmentsWrittenInBulk() throws {
        let fixture = try StoreFixture(segmentEntryCount: 64 + 1_000) { store in
            for _ in 0..<8 {
                _ = try store.append([
                    batch((0..<500).map { number in (0..<200).map { UInt8(truncatingIfNeeded: $0 * number) } })
                ])
            }
        }
        #expect(try fixture.files().filter { $0.hasSuffix(".seg") }.count >= 4)
        try expectIntact(fixture, records: 4_000)
    }

    @Test func attributesTimesAndTokens() throws {
        let fixture = try StoreFixture { store in
            let many = (0..<40).map { Attribute("name \($0)", .integer(Int64($0) - 20)) }
            let few = [
                Attribute("from", .text("zoë@example.org")), Attribute("raw", .bytes([0, 255])),
                Attribute("n", .integer(.min)),
            ]
            for round in 0..<5 {
                let payloads = (0..<20).map { Array("payload \($0)".utf8) }
                _ = try store.append([
                    batch(payloads, attributes: many, occurred: 1_000_000 * Int64(round)),
                    batch([[], [1]], attributes: few),
                ])
            }
        }
        try expectIntact(fixture, records: 110)
    }

    @Test func tokensOfAnUnsealedSegmentAreANotice() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1], [2]])], token: [7]) }
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .intact)
        #expect(report.findings.map(\.code) == [.tokenUnattested], "\(report.summary)")
    }

    @Test func largeRecords() throws {
        let fixture = try StoreFixture { store in
            for count in [65_530, 65_531, 65_532, 65_533, 65_536, 200_000, 3 << 20, 8 << 20] {
                let large = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
                _ = try store.append([batch([[9], large, [8, 8]], attributes: [Attribute("a", .text("b"))])])
            }
        }
        try expectIntact(fixture, records: 24)
    }

    @Test func bodyFiles() async throws {
        let fixture = try StoreFixture { _ in }
        var options = ArchiveOptions()
        options.checkpointCadence = .seconds(3_600)
        let archive = try await Archive.open(at: fixture.path, options: options)
        for count in [9, 17] {
            var sent = 0
            _ = try await archive.append(
                streaming: {
                    guard sent < count else { return nil }
                    sent += 1
                    return [UInt8](repeating: UInt8(sent), count: (1 << 20) + sent)
                }, attributes: [Attribute("n", .integer(Int64(count)))])
            _ = try await archive.append(Record([1, 2, 3]))
        }
        try await archive.close()
        #expect(try fixture.files().filter { $0.hasSuffix(".body") }.count == 2)
        try expectIntact(fixture, records: 4)
        // A byte in the last chunk, one in the header's zeros: both are found with and without keys.
        let name = try #require(try fixture.files().first { $0.hasSuffix(".body") })
        let bytes = try fixture.read(name)
        for place in [100, 5_000, bytes.count - 1] {
            var changed = bytes
            changed[place] ^= 4
            try fixture.write(name, changed)
            for keys in [false, true] {
                let report = try fixture.verify(keys: keys)
                #expect(report.verdict == .tampered)
                #expect(report.findings.contains { $0.file == name && $0.code == .bodyDigest }, "\(report.summary)")
            }
        }
        try fixture.remove(name)
        for keys in [false, true] {
            let report = try fixture.verify(keys: keys)
            #expect(report.findings.contains { $0.file == name && $0.code == .bodyMissing }, "\(report.summary)")
            #expect(report.verdict == .tampered)
        }
    }

    @Test func passphrase() throws {
        let fixture = try StoreFixture(passphrase: Array("open sesame".utf8)) { store in
            _ = try store.append([batch([[1], [2]])])
        }
        var options = try fixture.options(keys: true)
        let locked = try Verifier(options).verify(fixture.path)
        #expect(locked.verdict == .notEstablished && locked.findings.contains { $0.code == .keyLocked })
        options.passphrase = Array("open barley".utf8)
        let wrong = try Verifier(options).verify(fixture.path)
        #expect(wrong.verdict == .notEstablished && wrong.findings.contains { $0.code == .keyLocked })
        options.passphrase = Array("open sesame".utf8)
        let report = try Verifier(options).verify(fixture.path)
        #expect(report.verdict == .intact, "\(report.summary)")
    }

    @Test func severalSessions() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1]])]) }
        for round in 0..<5 { try fixture.reopen { store in _ = try store.append([batch([[UInt8(round)], [2]])]) } }
        try expectIntact(fixture, records: 11)
    }

    @Test func aStoreThatIsBeingWrittenIsNeverAccused() throws {
        let fixture = try StoreFixture { _ in }
        let options = StoreFixture.options(64 + 60)
        let path = fixture.path
        let isDone = MunimentVerify.Monitor(false)
        let rounds = TestRun.isNightly ? 400 : 40
        try runOnThreads(2) { thread in
            if thread == 0 {
                defer { isDone.withLock { $0 = true } }
                for round in 0..<rounds {
                    let report = try fixture.verify(keys: round % 2 == 0, jobs: 1 + round % 2)
                    #expect(report.verdict != .tampered, "round \(round): \(report.summary)")
                }
                return
            }
            let store = try LogStore.open(POSIXFileSystem(), path, options: options)
            var round = 0
            while !isDone.withLock({ $0 }) {
                _ = try store.append([batch([Array("round \(round)".utf8)])])
                if round % 20 == 0 { _ = try store.checkpoint(round % 40 == 0 ? .kept : .cadence) }
                round += 1
                // Sealing goes on all the time, but the log stays small enough to be verified many times.
                usleep(round < 3_000 ? 300 : 5_000)
            }
            try store.close()
        }
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .intact, "\(report.summary)")
        #expect(try fixture.files().filter { $0.hasSuffix(".seg") }.count >= 3)
    }
}
