// One segment without its log, and what binds it: the proof of its seal record.

import Foundation
import Muniment
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct ReportSegmentTests {
    /// A segment of a store, copied to a place of its own, and the proof of its seal.
    private struct Copy {
        let path: String
        let proof: [UInt8]
        let sealIndex: UInt64
        var bytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } }

        func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
    }

    private func proof(_ fixture: StoreFixture, of index: UInt64) throws -> [UInt8] {
        try ArchiveReader(at: fixture.path, needsKeys: false).snapshot.proofFile(of: index)
    }

    /// The file of a segment: of a small store the engine writes them anew when it seals them.
    private static func name(_ fixture: StoreFixture, _ segment: UInt64) throws -> String {
        try #require(
            try fixture.files().first { name in
                name.split(separator: "/").last.flatMap { SegmentHeader.parse(fileName: String($0)) }?.segment
                    == segment
            })
    }

    /// The sealed segments of a store.
    private func sealed(_ fixture: StoreFixture) throws -> [Copy] {
        let strip = try #require(try fixture.verify().facts.strip)
        return try strip.cells.compactMap { cell in
            guard let index = cell.bindingIndex else { return nil }
            let number = cell.segments.lowerBound
            let path = fixture.directory.path + "/copy-\(number).seg"
            let name = try Self.name(fixture, number)
            try Data(fixture.read(name)).write(to: URL(fileURLWithPath: path))
            let snapshot = try ArchiveReader(at: fixture.path, needsKeys: false).snapshot
            #expect(try snapshot.statement(ofSegment: number) == index)
            return Copy(path: path, proof: try proof(fixture, of: index), sealIndex: index)
        }
    }

    private func verify(
        _ copy: Copy, _ fixture: StoreFixture, proof: [UInt8]?, keys: Bool = false, trusts: Bool = true
    ) throws -> VerifyReport {
        var options = try fixture.options(keys: keys, trusts: trusts)
        options.against = proof
        return try Verifier(options).verify(copy.path)
    }

    @Test func aSealBindsASegmentAlone() throws {
        let fixture = try StoreFixture.small()
        let copies = try sealed(fixture)
        #expect(copies.count >= 2)
        for copy in copies {
            for keys in [false, true] {
                let bound = try verify(copy, fixture, proof: copy.proof, keys: keys)
                #expect(bound.verdict == .intact && bound.subject == .segment, "\(bound.summary)")
                #expect(bound.facts.counts.seals == 1 && bound.facts.counts.frames > 0 && bound.records > 0)
                #expect(keys == (bound.opened == bound.records + bound.controlRecords), "\(bound.opened)")
                let alone = try verify(copy, fixture, proof: nil, keys: keys)
                #expect(alone.verdict == .notEstablished, "\(alone.summary)")
                #expect(alone.findings.map(\.code) == [.segmentAlone], "\(alone.summary)")
            }
            let untrusted = try verify(copy, fixture, proof: copy.proof, trusts: false)
            #expect(untrusted.verdict == .notEstablished, "\(untrusted.summary)")
            #expect(untrusted.findings.contains { $0.code == .verifierNotTrusted })
        }
        // The proof of another's seal binds nothing; nor does that of a record which is no seal.
        for wrong in [copies[1].proof, try proof(fixture, of: 0), try proof(fixture, of: 3)] {
            let report = try verify(copies[0], fixture, proof: wrong)
            #expect(report.verdict == .notEstablished, "\(report.summary)")
            #expect(report.findings.contains { $0.code == .segmentAlone })
        }
    }

    @Test func inItsPlaceASegmentKeepsItsName() throws {
        let fixture = try StoreFixture.small()
        let name = try Self.name(fixture, 1)
        let report = try Verifier(fixture.options(keys: true)).verify(fixture.path + "/" + name)
        #expect(report.findings.map(\.file) == [name], "\(report.summary)")
        // Under another segment's name it is out of place.
        let moved = fixture.directory.path + "/" + SegmentHeader.fileName(segment: 7, generation: 0)
        try Data(fixture.read(name)).write(to: URL(fileURLWithPath: moved))
        let other = try Verifier(fixture.options()).verify(moved)
        #expect(other.verdict == .tampered && other.findings.contains { $0.code == .segmentHeader })
    }

    @Test func theFirstSegmentFollowsFromACheckpoint() throws {
        let fixture = try StoreFixture.small()
        let copy = try #require(try sealed(fixture).first)
        // The log's first checkpoint, which it keeps for ever: length, checksum, note.
        let journal = try fixture.read("checkpoints")
        let note = Array(journal[8..<8 + Int(journal[0]) + Int(journal[1]) << 8])
        let size = try Checkpoint(text: SignedNote(note).text).size
        let right = try verify(copy, fixture, proof: note)
        #expect(right.verdict == .notEstablished, "\(right.summary)")
        #expect(right.findings.contains { $0.message.contains("Its first \(size) entries follow") }, "\(right.summary)")
        // Entries that a checkpoint does not lead to.
        let stranger = try StoreFixture.small()
        let other = try #require(try sealed(stranger).first)
        let wrong = try verify(other, fixture, proof: note)
        #expect(wrong.verdict == .tampered && wrong.findings.contains { $0.code == .checkpointInconsistent })
    }

    /// Every byte of a sealed segment is bound: whatever is changed, the seal does not fit any more.
    @Test func noFlipGoesUnnoticed() throws {
        let fixture = try StoreFixture.small()
        var generator = SeededGenerator(seed: TestRun.seed)
        for copy in try sealed(fixture) {
            let bytes = try copy.bytes
            for _ in 0..<(TestRun.isNightly ? 20_000 : 250) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                var changed = bytes
                changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                try copy.write(changed)
                let bound = try verify(copy, fixture, proof: copy.proof)
                #expect(bound.verdict == .tampered, "seed \(TestRun.seed), byte \(place): \(bound.summary)")
                let alone = try verify(copy, fixture, proof: nil)
                #expect(alone.verdict != .intact, "seed \(TestRun.seed), byte \(place): \(alone.summary)")
            }
            for count in [bytes.count - 1, bytes.count - 4_096, 4_096, 100, 9] {
                try copy.write(Array(bytes[..<count]))
                let cut = try verify(copy, fixture, proof: copy.proof)
                #expect(cut.verdict == .tampered, "cut to \(count): \(cut.summary)")
            }
            try copy.write(bytes + [0])
            #expect(try verify(copy, fixture, proof: copy.proof).verdict == .tampered)
        }
    }

    /// Nor does a change of what binds it.
    @Test func noFlipOfTheProofGoesUnnoticed() throws {
        let fixture = try StoreFixture.small()
        let copy = try #require(try sealed(fixture).first)
        for place in copy.proof.indices {
            var changed = copy.proof
            changed[place] ^= 1
            let report = try? verify(copy, fixture, proof: changed)
            #expect(report?.verdict != .intact, "byte \(place): \(report?.summary ?? "")")
        }
    }

    @Test func aSegmentOfAnotherLogIsNotBound() throws {
        let (fixture, other) = (try StoreFixture.small(), try StoreFixture.small())
        let (ours, theirs) = (try sealed(fixture)[0], try sealed(other)[0])
        let report = try verify(theirs, fixture, proof: ours.proof)
        #expect(report.verdict == .tampered && report.findings.contains { $0.code == .sealMismatch })
        // Keys of another log open nothing.
        var options = try fixture.options()
        options.keysDirectory = other.path + ".keys"
        let foreign = try Verifier(options).verify(ours.path)
        #expect(foreign.verdict == .tampered && foreign.opened == 0, "\(foreign.summary)")
    }

    @Test func theOpenSegmentAndLostBodiesAreNotEstablished() async throws {
        let fixture = try StoreFixture { _ in }
        var options = ArchiveOptions()
        options.checkpointCadence = .seconds(3_600)
        let archive = try await Archive.open(at: fixture.path, options: options)
        var rest = 9
        _ = try await archive.append(streaming: {
            rest -= 1
            return rest < 0 ? nil : [UInt8](repeating: UInt8(rest), count: 1 << 20)
        })
        try await archive.close()
        // Its clock is not the fixture's: the archive began another segment.
        let name = try #require(try fixture.files().last { $0.hasSuffix(".seg") })
        let path = fixture.directory.path + "/alone.seg"
        try Data(fixture.read(name)).write(to: URL(fileURLWithPath: path))
        let alone = try Verifier(fixture.options(keys: true)).verify(path)
        #expect(alone.verdict == .notEstablished, "\(alone.summary)")
        #expect(Set(alone.findings.map(\.code)) == [.segmentAlone, .bodyMissing], "\(alone.summary)")
        // In its place the body file is beside it.
        let inside = try Verifier(fixture.options(keys: true)).verify(fixture.path + "/" + name)
        #expect(inside.findings.map(\.code) == [.segmentAlone], "\(inside.summary)")
    }
}
