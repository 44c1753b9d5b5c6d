// Entries of a newer program, and entries that break the rule of control records, met outside of a store: Format/entry.md, "Rules".

import Foundation
import MunimentFormat
import MunimentMerkle
import MunimentNote
import Testing

@testable import MunimentVerify

@Suite struct UnknownExtensionTests {
    /// What an entry carries, and how it must be reported.
    private static let cases: [(type: UInt64, kind: Entry.Kind, code: Finding.Code, severity: Finding.Severity)] = [
        (9, .record, .entryUnknown, .unattested), (9, .control, .entryUnknown, .unattested),
        (1, .record, .entryMalformed, .error),
    ]

    private static func entry(_ type: UInt64, _ kind: Entry.Kind, isCritical: Bool = true) -> [UInt8] {
        let item = EntryExtension(type: type, isCritical: isCritical, bytes: [7])
        return Entry(
            kind: kind, classID: kind == .record ? 1 : 0, recorded: 5, commitment: .zero,
            extensions: EntryExtension.encoded([item])
        ).encoded()
    }

    private func expect(
        _ code: Finding.Code, _ severity: Finding.Severity, index: UInt64, _ path: String, _ key: VerifierKey
    ) throws -> VerifyReport {
        var options = VerifyOptions()
        options.trustedKeys = [key]
        let report = try Verifier(options).verify(path)
        #expect(
            report.findings.contains { $0.code == code && $0.severity == severity && $0.index == index },
            "\(code.rawValue): \(report.summary)")
        if SecondVerifier.isInstalled {
            let said = try SecondVerifier.verify(path, key: key)
            #expect(said.contains { $0.finding == code.rawValue && $0.severity == severity.rawValue }, "\(path)")
        }
        return report
    }

    @Test func inTilesAndProofs() throws {
        for (type, kind, code, severity) in Self.cases {
            // Entry 0 is a control record, or the tiles would not be taken for those of such a log.
            let fixture = try TileFixture([Self.entry(1, .control), Self.entry(type, kind)])
            _ = try expect(code, severity, index: 1, fixture.path, fixture.signer.key)
            let note = try SignedNote(fixture.read("checkpoint"))
            let proof = try TlogProof(
                index: 1, path: [TreeHash.leaf(fixture.entries[0])], note: note, extra: fixture.entries[1])
            let path = fixture.path + "/1.proof"
            try Data(proof.bytes).write(to: URL(filePath: path))
            let report = try expect(code, severity, index: 1, path, fixture.signer.key)
            #expect(report.verdict == (severity == .error ? .tampered : .notEstablished), "\(report.summary)")
            #expect(report.findings.count == 1)
        }
        // What is not critical is skipped.
        let fixture = try TileFixture([Self.entry(9, .record, isCritical: false)])
        let note = try SignedNote(fixture.read("checkpoint"))
        let path = fixture.path + "/0.proof"
        try Data(TlogProof(index: 0, path: [], note: note, extra: fixture.entries[0]).bytes).write(
            to: URL(filePath: path))
        var options = VerifyOptions()
        options.trustedKeys = [fixture.signer.key]
        #expect(try Verifier(options).verify(path).verdict == .intact)
    }

    @Test func inCertificates() throws {
        let fixture = try TileFixture([Self.entry(9, .control)])
        let note = try SignedNote(fixture.read("checkpoint"))
        let proof = try TlogProof(index: 0, path: [], note: note, extra: fixture.entries[0])
        let certificate = CertificateDocument(
            origin: fixture.signer.key.name, disposition: 0, lines: [.init("Log", fixture.signer.key.name)],
            proofs: [String(decoding: proof.bytes, as: UTF8.self)])
        let path = fixture.path + "/certificate"
        try Data(certificate.encoded(.json)).write(to: URL(filePath: path))
        _ = try expect(.entryUnknown, .unattested, index: 0, path, fixture.signer.key)
    }

    @Test func inEvidence() throws {
        let fixture = try EvidenceFixture(6)
        for (type, kind, code, severity) in Self.cases where kind == .record {
            var taken = try TakenApart(try fixture.export(3...5, isLogged: false))
            let place = taken.places(.record)[1]
            taken.chunks[place].body = EvidenceRecord(
                index: taken.index(place), entry: Self.entry(type, kind), content: .withheld
            ).encoded()
            let path = fixture.path("changed")
            try Data(taken.bytes).write(to: URL(filePath: path))
            _ = try expect(code, severity, index: 4, path, try VerifierKey(fixture.verifierKey))
        }
    }
}
