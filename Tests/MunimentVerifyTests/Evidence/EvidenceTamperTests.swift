// Evidence files as somebody would change them who knows the format, makes every digest right, and can read the store's whole tree; only the log's
// signing key is not theirs.

import Foundation
import MunimentFormat
import Testing

@testable import MunimentVerify

@Suite struct EvidenceTamperTests {
    /// Random changes of one byte; without the digest at the end made right, and with it.
    @Test func tenThousandChangesAreAllRejected() throws {
        let fixture = try EvidenceFixture(24)
        let bytes = try fixture.export(2...25)
        #expect(fixture.passes(bytes))
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededBytes(seed)
        for round in 0..<10_000 {
            let place = Int(numbers.next() % UInt64(bytes.count))
            var changed = bytes
            changed[place] ^= UInt8(truncatingIfNeeded: numbers.next() % 255 + 1)
            if round % 2 == 1, let taken = try? TakenApart(changed) { changed = taken.bytes }
            guard changed != bytes else { continue }
            if fixture.passes(changed) { Issue.record("seed \(seed), round \(round): byte \(place) of \(bytes.count)") }
        }
    }

    /// As above on a longer file: 200 changes, and 10,000 of a night.
    @Test func aChangeInAThousandRecordsIsRejected() throws {
        let fixture = try EvidenceFixture(1_000)
        let bytes = try fixture.export(2...1_001)
        let isNight = ProcessInfo.processInfo.environment["MUNIMENT_NIGHTLY"] == "1"
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededBytes(seed)
        for _ in 0..<(isNight ? 10_000 : 200) {
            var changed = bytes
            let place = Int(numbers.next() % UInt64(bytes.count))
            changed[place] ^= 1 << UInt8(numbers.next() % 8)
            #expect(!fixture.passes(changed), "seed \(seed), byte \(place)")
        }
    }

    @Test func everyCutIsRejected() throws {
        let fixture = try EvidenceFixture(3)
        let bytes = try fixture.export(2...4)
        for count in 0..<bytes.count { #expect(!fixture.passes(Array(bytes[..<count])), "\(count) bytes") }
        #expect(!fixture.passes(bytes + [0]))
    }

    /// Runs `change` on a file of a logged export; what comes of it must have the finding.
    private func attack(
        _ code: Finding.Code, _ name: String, isLogged: Bool = true, remakesProof: Bool = true,
        disclosure: EvidenceCustody.Disclosure = .whole,
        _ change: (inout TakenApart, EvidenceFixture) throws -> Void
    ) throws {
        let fixture = try EvidenceFixture(12)
        let bytes = try fixture.export(3...9, disclosure: disclosure, isLogged: isLogged)
        let size = try fixture.verify(bytes).treeSize
        var taken = try TakenApart(bytes)
        try change(&taken, fixture)
        if remakesProof {
            taken.chunks[try taken.place(.proof)].body = try fixture.proof(
                Array(Set(taken.indexes.filter { $0 < size })), treeSize: size)
        }
        let report = try fixture.verify(taken.bytes)
        #expect(report.verdict == .tampered, "\(name): \(report.verdict)")
        #expect(report.findings.contains { $0.code == code }, "\(name): \(report.findings.map(\.code.rawValue))")
    }

    @Test func removingARecord() throws {
        try attack(.evidenceStatement, "with another proof") { taken, _ in
            taken.chunks.remove(at: taken.places(.record)[3])
        }
        try attack(.evidenceProof, "without", isLogged: false, remakesProof: false) { taken, _ in
            taken.chunks.remove(at: taken.places(.record)[3])
        }
    }

    @Test func addingARecord() throws {
        try attack(.evidenceStatement, "from another export") { taken, fixture in
            let other = try TakenApart(try fixture.export(11...11, isLogged: false, name: "other"))
            taken.chunks.insert(other.chunks[try other.place(.record)], at: (taken.places(.record).last ?? 0) + 1)
        }
        try attack(.evidenceIndexes, "twice", isLogged: false) { taken, _ in
            let place = taken.places(.record)[2]
            taken.chunks.insert(taken.chunks[place], at: place)
        }
    }

    @Test func reorderingRecords() throws {
        try attack(.evidenceIndexes, "logged") { taken, _ in
            let places = taken.places(.record)
            taken.chunks.swapAt(places[1], places[4])
        }
        try attack(.evidenceIndexes, "unlogged", isLogged: false) { taken, _ in
            let places = taken.places(.record)
            taken.chunks.swapAt(places[1], places[4])
        }
        try attack(.evidenceProof, "with the indexes left where they were", isLogged: false) { taken, _ in
            let places = taken.places(.record)
            let (first, second) = (taken.index(places[1]), taken.index(places[4]))
            taken.chunks.swapAt(places[1], places[4])
            taken.setIndex(places[1], first)
            taken.setIndex(places[4], second)
        }
    }

    @Test func renumberingARecord() throws {
        for isLogged in [true, false] {
            try attack(.evidenceProof, "one", isLogged: isLogged) { taken, _ in
                taken.setIndex(taken.places(.record)[6], 11)
            }
            try attack(.evidenceProof, "all", isLogged: isLogged) { taken, _ in
                for place in taken.places(.record) { taken.setIndex(place, taken.index(place) + 1) }
            }
        }
        try attack(.evidenceProof, "past the checkpoint", isLogged: false, remakesProof: false) { taken, _ in
            taken.setIndex(taken.places(.record)[6], 1 << 40)
        }
    }

    @Test func changingWhatIsDisclosed() throws {
        try attack(.contentCommitment, "a payload") { taken, _ in
            let place = taken.places(.record)[0]
            taken.chunks[place].body[taken.chunks[place].body.count - 1] ^= 1
        }
        try attack(.contentCommitment, "a payload, shorter", isLogged: false) { taken, _ in
            taken.chunks[taken.places(.record)[0]].body.removeLast()
        }
        try attack(.evidenceStatement, "a record made to be withheld") { taken, _ in
            try redact(&taken, taken.places(.record)[0], to: .withheld)
        }
        try attack(.evidenceStatement, "a record made to be purged") { taken, _ in
            try redact(&taken, taken.places(.record)[0], to: .purged)
        }
        try attack(.evidenceDisclosure, "an attribute more than custody says", disclosure: .pieces(["from"])) {
            taken, fixture in
            let whole = try TakenApart(try fixture.export(3...9, isLogged: false, name: "other"))
            taken.chunks[taken.places(.record)[0]] = whole.chunks[whole.places(.record)[0]]
        }
    }

    private func redact(_ taken: inout TakenApart, _ place: Int, to content: EvidenceRecord.Content) throws {
        let body = taken.chunks[place].body
        let headCount = body[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        var record = try Array(body[4..<4 + headCount]).decode { raw throws(FormatError) in
            try EvidenceRecord(decoding: raw, payloadByteCount: UInt64(body.count - 4 - headCount))
        }
        record.content = content
        taken.chunks[place].body = record.encoded()
    }

    @Test func changingTheCustody() throws {
        try attack(.evidenceStatement, "the exporter") { taken, _ in
            let place = try taken.place(.custody)
            var custody = try taken.chunks[place].body.decode(EvidenceCustody.init(decoding:))
            custody.exporter = "someone else"
            taken.chunks[place].body = custody.encoded()
        }
    }

    @Test func changingControlRecords() throws {
        try attack(.evidenceIdentity, "no identity") { taken, _ in
            taken.chunks.remove(at: taken.places(.control)[0])
        }
        try attack(.evidenceClass, "no class", isLogged: false) { taken, _ in
            taken.chunks.remove(at: taken.places(.control)[1])
        }
        try attack(.evidenceProof, "another name of the class", isLogged: false) { taken, _ in
            let place = taken.places(.control)[1]
            let at = try #require(taken.chunks[place].body.firstRange(of: Array("default".utf8)))
            taken.chunks[place].body[at.lowerBound] ^= 0x20
        }
    }

    @Test func exchangingCheckpointsAndProofs() throws {
        let other = try EvidenceFixture(12)
        let foreign = try TakenApart(try other.export(3...9))
        try attack(.checkpointSignature, "another log's checkpoint", remakesProof: false) { taken, _ in
            taken.chunks[try taken.place(.checkpoint)] = foreign.chunks[try foreign.place(.checkpoint)]
        }
        try attack(.evidenceProof, "another log's proof", remakesProof: false) { taken, _ in
            taken.chunks[try taken.place(.proof)] = foreign.chunks[try foreign.place(.proof)]
        }
        try attack(.evidenceProof, "a node less", remakesProof: false) { taken, _ in
            taken.chunks[try taken.place(.proof)].body.removeLast(32)
        }
        try attack(.evidenceStatement, "the log chunk of another export") { taken, fixture in
            let second = try TakenApart(try fixture.export(3...9, name: "second"))
            taken.chunks[try taken.place(.log)] = second.chunks[try second.place(.log)]
            taken.chunks[try taken.place(.checkpoint)] = second.chunks[try second.place(.checkpoint)]
        }
        try attack(.evidenceStatement, "a user's record as the export's", remakesProof: false) { taken, _ in
            let record = try #require(taken.places(.record).last)
            let entry = Array(taken.chunks[record].body[15..<15 + Int(taken.chunks[record].body[13])])
            taken.chunks[try taken.place(.log)].body =
                EvidenceLogging.logged(
                    EvidenceControl(index: 10, entry: entry), salt: [UInt8](repeating: 0, count: 16)
                ).encoded()
        }
    }

    @Test func purgedWithoutADispositionIsNotEstablished() throws {
        let fixture = try EvidenceFixture(12)
        var taken = try TakenApart(try fixture.export(3...9, isLogged: false))
        try redact(&taken, taken.places(.record)[2], to: .purged)
        let report = try fixture.verify(taken.bytes)
        #expect(report.verdict == .notEstablished && report.purged == 1)
        #expect(report.findings.contains { $0.code == .evidencePurgeUnproved && $0.index == 5 })
    }
}

/// The same bytes for the same seed.
private struct SeededBytes {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
