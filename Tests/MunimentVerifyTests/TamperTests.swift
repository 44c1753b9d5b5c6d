// What is not one attack but many: every file cut, extended or gone; and what is trusted, and what is not. Single attacks are rows of the catalogue
// (TamperCatalogue.swift).

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct TamperTests {
    /// Verifies with and without keys, and expects a finding of `code` in `file` that was not there before.
    func expect(
        _ fixture: StoreFixture, _ code: Finding.Code, _ file: String, _ verdict: Verdict = .tampered,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for keys in [false, true] {
            let report = try fixture.verify(keys: keys, jobs: keys ? 2 : 1)
            #expect(report.verdict == verdict, "\(report.summary)", sourceLocation: sourceLocation)
            #expect(
                report.findings.contains { $0.code == code && $0.file == file },
                "\(code.rawValue) in \(file): \(report.summary)",
                sourceLocation: sourceLocation)
        }
    }

    // MARK: Whole files

    @Test func everyFileTruncated() throws {
        let fixture = try StoreFixture.small()
        let baseline = Set(try fixture.verify(keys: true).findings)
        #expect(baseline.filter { $0.severity != .notice }.isEmpty)
        for name in try fixture.files(keys: true) where name != "lock" {
            let bytes = try fixture.read(name)
            for kept in Set([0, 1, bytes.count / 3, bytes.count / 2, bytes.count - 33, bytes.count - 1])
            where (0..<bytes.count).contains(kept) {
                try fixture.write(name, Array(bytes[..<kept]))
                let report = try fixture.verify(keys: true)
                let new = report.findings.filter { !baseline.contains($0) }
                #expect(new.contains { $0.file == name }, "\(name) cut to \(kept): \(report.summary)")
                // Derived files may be short: they can be made again. Everything else must be there.
                // A journal that was cut between two notes is shorter, and no more can be said.
                let isBetween =
                    name == "checkpoints" && kept > 0 && !report.findings.contains { $0.code == .journalDamaged }
                if !name.hasPrefix("tree/") && name != "segments.dir" && !isBetween {
                    #expect(report.verdict != .intact, "\(name) cut to \(kept): \(report.summary)")
                }
                try fixture.write(name, bytes)
            }
        }
        #expect(Set(try fixture.verify(keys: true).findings) == baseline)
    }

    @Test func everyFileExtended() throws {
        let fixture = try StoreFixture.small()
        let baseline = Set(try fixture.verify(keys: true).findings)
        let last = try fixture.openSegment()
        for name in try fixture.files(keys: true) {
            let bytes = try fixture.read(name)
            for count in [1, 31, 32, 128, 4_096] {
                for byte: UInt8 in [0, 0xa5] {
                    try fixture.write(name, bytes + [UInt8](repeating: byte, count: count))
                    let report = try fixture.verify(keys: true)
                    let new = report.findings.filter { !baseline.contains($0) }
                    // An unsealed segment may end in zeros: space written ahead.
                    let isSpace = byte == 0 && name == last
                    #expect(isSpace == new.isEmpty, "\(name) and \(count) × \(byte): \(report.summary)")
                    #expect(
                        isSpace || new.contains { $0.file == name }, "\(name) and \(count) × \(byte): \(report.summary)"
                    )
                    if byte != 0 {
                        #expect(report.verdict != .intact, "\(name) and \(count) × \(byte): \(report.summary)")
                    }
                }
            }
            try fixture.write(name, bytes)
        }
    }

    @Test func everyFileDeleted() throws {
        let original = try StoreFixture.small()
        for name in try original.files(keys: true) {
            let fixture = try original.copy()
            try fixture.remove(name)
            let report = try fixture.verify(keys: true)
            switch name {
            case "lock": #expect(report.verdict == .intact, "\(report.summary)")
            case "segments.dir":
                #expect(report.findings.contains { $0.code == .directoryMissing }, "\(report.summary)")
                #expect(report.verdict == .intact)
            case let tree where tree.hasPrefix("tree/"):
                #expect(report.findings.contains { $0.code == .treeMissing && $0.file == name }, "\(report.summary)")
                #expect(report.verdict == .intact)
            case let key where key.hasPrefix("keys/"):
                #expect(report.verdict == .notEstablished, "\(name): \(report.summary)")
            default: #expect(report.verdict == .tampered, "\(name): \(report.summary)")
            }
            // The manifest and the checkpoint are named; of a segment, the gap that it leaves.
            if name.hasSuffix(".seg") {
                #expect(report.findings.contains { $0.code == .segmentGap || $0.code == .checkpointAhead })
            }
        }
    }

    @Test func foreignFiles() throws {
        let fixture = try StoreFixture.small()
        for name in [
            "README", "segments/0000/x.seg", "segments/0000/00000000000-0000.seg", "segments/1", "tree/02", "tree/3",
            "checkpoint.new",
        ] {
            fixture.create(name, [1])
            try expect(fixture, .fileForeign, name, .notEstablished)
            try fixture.remove(name)
        }
        fixture.create("segments/prepared", [UInt8](repeating: 0, count: 8_192))
        #expect(try fixture.verify(keys: true).verdict == .intact)
        fixture.create("segments/prepared", [UInt8](repeating: 1, count: 8_192))
        try expect(fixture, .fileForeign, "segments/prepared", .notEstablished)
        try fixture.remove("segments/prepared")
        try FileManager.default.createDirectory(atPath: fixture.path + "/bodies/0a", withIntermediateDirectories: true)
        let orphan = "bodies/0a/0a" + String(repeating: "00", count: 15) + ".body"
        fixture.create(orphan, [1])
        try expect(fixture, .bodyOrphan, orphan, .notEstablished)
        fixture.create("bodies/0a/x", [1])
        try expect(fixture, .fileForeign, "bodies/0a/x", .notEstablished)
    }

    @Test func permissions() throws {
        let fixture = try StoreFixture.small()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: fixture.absolute("checkpoint"))
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .intact)
        #expect(report.findings.contains { $0.code == .fileMode && $0.file == "checkpoint" && $0.severity == .notice })
    }

    // MARK: Checkpoints

    @Test func againstACheckpointFromOutside() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1]])]) }
        let before = try fixture.read("checkpoint")
        try fixture.reopen { store in _ = try store.append([batch([[2]])]) }
        var options = try fixture.options(keys: true)
        options.against = before
        #expect(try Verifier(options).verify(fixture.path).verdict == .intact)
        let other = try StoreFixture { store in _ = try store.append([batch([[1]])]) }
        options.against = try other.read("checkpoint")
        let report = try Verifier(options).verify(fixture.path)
        #expect(
            report.verdict == .tampered && report.findings.contains { $0.code == .checkpointInconsistent },
            "\(report.summary)")
        options.against = [1, 2, 3]
        #expect(throws: VerifyError.self) { try Verifier(options).verify(fixture.path) }
    }

    @Test func anotherKeySigns() throws {
        let fixture = try StoreFixture.small()
        let text = try SignedNote(try fixture.read("checkpoint")).text
        try fixture.write("checkpoint", try StoreFixture.forger().note(text: text).bytes)
        try expect(fixture, .checkpointSignature, "checkpoint")
        // Whoever trusts nobody learns at least that the log's own key did not sign.
        let untrusted = try fixture.verify(trusts: false)
        #expect(untrusted.findings.contains { $0.code == .checkpointSignature }, "\(untrusted.summary)")
    }

    @Test func aKeyOfAnotherLogEstablishesNothing() throws {
        let fixture = try StoreFixture.small()
        var options = try fixture.options(keys: true)
        options.trustedKeys = [
            try NoteSigner(name: "example.org/other") { body in [UInt8](repeating: 7, count: 32).withUnsafeBytes(body) }
                .key
        ]
        let report = try Verifier(options).verify(fixture.path)
        #expect(
            report.verdict == .notEstablished && report.findings.contains { $0.code == .verifierNotTrusted },
            "\(report.summary)")
    }

}
