// Whole files of a store that are old, gone, left over or foreign: both verifiers must report them under the same code, with the severity
// that Format/findings.md states.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite(.enabled(if: SecondVerifier.isInstalled)) struct SecondVerifierFileTests {
    /// Changes a store's files, and expects `code` of both.
    private func expect(
        _ code: Finding.Code, _ severity: Finding.Severity, _ file: String, _ change: (StoreFixture) throws -> Void
    ) throws {
        let fixture = try PurgeFixture().fixture
        #expect(try fixture.verify(keys: true).verdict == .intact)
        #expect(try SecondVerifier.verify(fixture, keys: true).last?.verdict == "intact")
        try change(fixture)
        let verdict = severity == .error ? Verdict.tampered : .notEstablished
        let ours = try fixture.verify(keys: true)
        #expect(
            ours.verdict == verdict
                && ours.findings.contains { $0.code == code && $0.severity == severity && $0.file == file },
            "\(code.rawValue): \(ours.summary)")
        let theirs = try SecondVerifier.verify(fixture, keys: true)
        #expect(
            theirs.last?.verdict == verdict.rawValue
                && theirs.contains {
                    $0.finding == code.rawValue && $0.severity == severity.rawValue && $0.file == file
                },
            "\(code.rawValue): \(theirs)")
    }

    /// The records of the journal: each a note with its length and checksum before it.
    private func journal(_ fixture: StoreFixture) throws -> [[UInt8]] {
        var rest = try fixture.read("checkpoints")[...]
        var records: [[UInt8]] = []
        while rest.count >= 8 {
            let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            records.append(Array(rest.prefix(8 + count)))
            rest = rest.dropFirst(8 + count)
        }
        return records
    }

    @Test func checkpoints() throws {
        try expect(.checkpointReplayed, .error, "checkpoint") { fixture in
            let records = try journal(fixture)
            #expect(records.count > 1)
            try fixture.write("checkpoint", Array(try #require(records.first).dropFirst(8)))
        }
        try expect(.journalOrder, .error, "checkpoints") { fixture in
            try fixture.write("checkpoints", Array(try journal(fixture).reversed().joined()))
        }
        try expect(.fileMissing, .error, "checkpoints") { try $0.remove("checkpoints") }
        try expect(.journalDamaged, .error, "checkpoints") { try $0.write("checkpoints", []) }
        try expect(.journalDamaged, .unattested, "checkpoints") { fixture in
            try fixture.write("checkpoints", fixture.read("checkpoints") + [1])
        }
    }

    @Test func filesThatDoNotCount() throws {
        let leftover = SegmentHeader.path(segment: 0, generation: 7)
        try expect(.segmentLeftover, .unattested, leftover) { fixture in
            let sealed = try fixture.read(try #require(fixture.files().first { $0.hasSuffix(".seg") }))
            fixture.create(leftover, Array(sealed.prefix(8_192)))
        }
        try expect(.fileForeign, .unattested, "notes") { $0.create("notes", [7]) }
        try expect(.fileForeign, .unattested, "segments/prepared") { $0.create("segments/prepared", [7]) }
        try expect(.lockNotEmpty, .unattested, "lock") { $0.create("lock", [7]) }
    }
}
