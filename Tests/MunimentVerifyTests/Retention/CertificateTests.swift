// Certificates of destruction: in three spellings, verified with nothing but the log's key, and found out when a byte is changed.

import Muniment
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct CertificateTests {
    /// A purge under a restricted and a public hold, and the certificate of it.
    private func make(_ body: (Certificate, StoreFixture, UInt64) throws -> Void) throws {
        let purges = try PurgeFixture()
        var id: UInt64 = 0
        try purges.reopen(after: 2) { store in
            let (one, two) = (HoldScope(classes: [3]), HoldScope(to: 5, isRestricted: true))
            let first = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: one).encoded()).firstIndex
            _ = try store.appendControl(.hold, body: HoldRecord(matter: first, scope: HoldScope(to: 0)).encoded())
            let second = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: two).encoded()).firstIndex
            var purge = HandPurge(PurgeFixture.brief)
            purge.changeIntent = {
                $0.holds = [.init(matter: first, decided: .proved), .init(matter: second, decided: .attested)]
                $0.erasures = [34]
            }
            id = try purge.run(store, purges.clock)
        }
        let reader = try ArchiveReader(at: purges.fixture.path, needsKeys: false)
        try body(try reader.snapshot.certificate(of: id), purges.fixture, id)
    }

    private func verify(_ bytes: [UInt8], _ fixture: StoreFixture, trusts: Bool = true) throws -> VerifyReport {
        fixture.create("certificate", bytes)
        defer { try? fixture.remove("certificate") }
        return try Verifier(fixture.options(trusts: trusts)).verify(fixture.path + "/certificate")
    }

    @Test func allSpellings() throws {
        try make { certificate, fixture, id in
            #expect(certificate.disposition == id)
            for form in [Certificate.Form.json, .text, .html] {
                let report = try verify(certificate.bytes(form), fixture)
                #expect(
                    report.verdict == .intact && report.purged == 10 && report.subject == .certificate,
                    "\(report.summary)")
                #expect(report.controlRecords == 9)
                let text = String(decoding: certificate.bytes(form), as: UTF8.self)
                for words in [
                    "P1D since recorded, compliance mode", "attested: a private predicate", "4–13", "record 14",
                ] {
                    #expect(text.contains(words), "\(words)")
                }
            }
            #expect(try verify(certificate.bytes(.json), fixture, trusts: false).verdict == .notEstablished)
        }
    }

    @Test func everyChangedByteIsFound() throws {
        try make { certificate, fixture, _ in
            for form in [Certificate.Form.json, .text, .html] {
                let bytes = certificate.bytes(form)
                for place in stride(from: 0, to: bytes.count, by: form == .json ? 29 : 97) {
                    var changed = bytes
                    changed[place] ^= 1
                    guard let report = try? verify(changed, fixture) else { continue }
                    #expect(report.verdict == .tampered, "\(form), byte \(place): \(report.summary)")
                }
                for kept in [200, bytes.count / 2, bytes.count - 1] {
                    guard let report = try? verify(Array(bytes[..<kept]), fixture) else { continue }
                    #expect(report.verdict == .tampered, "\(form), \(kept) bytes")
                }
                let longer = try verify(bytes + [0x0a], fixture)
                #expect(longer.verdict == .tampered)
            }
        }
    }

    /// A document that is spelt right, and says what its proofs do not.
    @Test func linesAndRecordsThatDoNotFit() throws {
        try make { certificate, fixture, _ in
            let document = try CertificateDocument.decode(certificate.bytes(.html)).0
            func codes(_ change: (inout CertificateDocument) -> Void) throws -> Set<String> {
                var changed = document
                change(&changed)
                return try verify(changed.encoded(.text), fixture).faults
            }
            #expect(try codes { _ in }.isEmpty)
            #expect(try codes { $0.lines[2].value = "nothing" } == ["certificate.lines"])
            #expect(try codes { $0.lines.removeLast() } == ["certificate.lines"])
            #expect(try codes { $0.disposition = 3 } == ["certificate.records"])
            for place in document.proofs.indices {
                #expect(
                    try codes { $0.proofs.remove(at: place) }.isSubset(of: ["certificate.records", "certificate.lines"])
                )
            }
            #expect(try codes { $0.proofs.reverse() }.contains("certificate.malformed"))
            #expect(try codes { $0.proofs = [] } == ["certificate.malformed"])
        }
    }

    @Test func absentAndUnderWay() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.isCompleted = false
        var id: UInt64 = 0
        try purges.reopen(after: 2) { id = try purge.run($0, purges.clock) }
        let snapshot = try ArchiveReader(at: purges.fixture.path, needsKeys: false).snapshot
        #expect(throws: ArchiveError.self) { try snapshot.certificate(of: 3) }
        #expect(throws: ArchiveError.self) { try snapshot.certificate(of: 5_000) }
        #expect(throws: ArchiveError.self) { try snapshot.certificate(of: id) }
        #expect(try snapshot.dispositions().map(\.state) == [.open])
    }
}
