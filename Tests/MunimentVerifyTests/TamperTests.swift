// What someone does who can write every file, and mend every checksum.

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

    func segments(_ fixture: StoreFixture) throws -> [String] {
        try fixture.files().filter { $0.hasSuffix(".seg") }
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
        let last = try openSegment(fixture)
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

    @Test func linksAndPipesAreNotFollowed() throws {
        let fixture = try StoreFixture.small()
        let name = try #require(try segments(fixture).first)
        let elsewhere = fixture.directory.path + "/elsewhere"
        try FileManager.default.moveItem(atPath: fixture.absolute(name), toPath: elsewhere)
        try FileManager.default.createSymbolicLink(atPath: fixture.absolute(name), withDestinationPath: elsewhere)
        try expect(fixture, .fileUnreadable, name)
        try fixture.remove(name)
        #expect(mkfifo(fixture.absolute(name), 0o600) == 0)
        try expect(fixture, .fileUnreadable, name)
    }

    @Test func permissions() throws {
        let fixture = try StoreFixture.small()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: fixture.absolute("checkpoint"))
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .intact)
        #expect(report.findings.contains { $0.code == .fileMode && $0.file == "checkpoint" && $0.severity == .notice })
    }

    // MARK: Checkpoints

    @Test func anOldCheckpointIsPutBack() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<3 {
                _ = try store.append([batch([[UInt8(number)]])])
                _ = try store.checkpoint(.kept)
            }
        }
        let journal = try fixture.read("checkpoints")
        let notes = journal.withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }.notes
        #expect(notes.count >= 4)
        try fixture.write("checkpoint", notes[1])
        try expect(fixture, .checkpointReplayed, "checkpoint")
        // The journal cut back to the same one: the frames past it are there, and nothing covers them.
        try fixture.write("checkpoints", notes[..<2].flatMap { CheckpointJournal.encoded($0) })
        let report = try fixture.verify()
        #expect(
            report.verdict == .notEstablished && report.findings.contains { $0.code == .tailUnattested },
            "\(report.summary)")
        // The frames cut too: nothing is left to tell but the key's own memory.
        let rolledBack = try fixture.verify(keys: true)
        #expect(rolledBack.findings.contains { $0.code == .tailUnattested })
    }

    @Test func aWholeStoreIsRolledBackButNotItsKeys() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1]])]) }
        let old = try fixture.copy()
        try fixture.reopen { store in _ = try store.append([batch([[2]])]) }
        let newest = try fixture.read("checkpoint")
        try FileManager.default.removeItem(atPath: fixture.path)
        try FileManager.default.copyItem(atPath: old.path, toPath: fixture.path)
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .tampered)
        #expect(report.findings.contains { $0.code == .keySigner && $0.file == "keys/signer" }, "\(report.summary)")
        // Without the keys only a witness can tell.
        var options = try fixture.options()
        #expect(try Verifier(options).verify(fixture.path).verdict == .notEstablished)
        options.against = newest
        let witnessed = try Verifier(options).verify(fixture.path)
        #expect(
            witnessed.verdict == .tampered && witnessed.findings.contains { $0.code == .checkpointAhead },
            "\(witnessed.summary)")
    }

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

    /// A signer with a key of its own under the log's name.
    func forger() throws -> NoteSigner {
        try NoteSigner(name: StoreFixture.origin) { body in [UInt8](repeating: 7, count: 32).withUnsafeBytes(body) }
    }

    @Test func anotherKeySigns() throws {
        let fixture = try StoreFixture.small()
        let text = try SignedNote(try fixture.read("checkpoint")).text
        try fixture.write("checkpoint", try forger().note(text: text).bytes)
        try expect(fixture, .checkpointSignature, "checkpoint")
        // Whoever trusts nobody learns at least that the log's own key did not sign.
        let untrusted = try fixture.verify(trusts: false)
        #expect(untrusted.findings.contains { $0.code == .checkpointSignature }, "\(untrusted.summary)")
    }

    @Test func signaturesAreStripped() throws {
        let fixture = try StoreFixture.small()
        let text = try SignedNote(try fixture.read("checkpoint")).text
        try fixture.write("checkpoint", text + [0x0a])
        try expect(fixture, .checkpointMalformed, "checkpoint")
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

    @Test func aManifestIsExchanged() throws {
        let fixture = try StoreFixture.small()
        let manifest = try fixture.read("muniment.json").decode(Manifest.init(decoding:))
        let forged = Manifest(origin: manifest.origin, logID: manifest.logID, verifierKey: try forger().key.description)
        try fixture.write("muniment.json", forged.encoded())
        try expect(fixture, .manifestDigest, "muniment.json")
        let other = try StoreFixture { _ in }
        try fixture.write("muniment.json", try other.read("muniment.json"))
        try expect(fixture, .segmentHeader, try #require(try segments(fixture).first))
    }

    // MARK: Segments

    @Test func aSegmentIsDropped() throws {
        let original = try StoreFixture.small()
        let names = try segments(original)
        for (place, name) in names.enumerated() {
            let fixture = try original.copy()
            try fixture.remove(name)
            if place + 1 < names.count {
                try expect(fixture, .segmentGap, names[place + 1])
            } else {
                try expect(fixture, .checkpointAhead, "checkpoint")
            }
        }
    }

    @Test func aSegmentOfAnotherStore() throws {
        let fixture = try StoreFixture.small()
        let other = try StoreFixture.small()
        let name = try #require(try segments(fixture).first)
        try fixture.write(name, try other.read(name))
        try expect(fixture, .segmentHeader, name)
        try expect(fixture, .sealMismatch, name)
    }

    @Test func aSegmentLosesItsFooter() throws {
        let fixture = try StoreFixture.small()
        let name = try #require(try segments(fixture).first { $0.hasSuffix("-0000.seg") || $0.hasSuffix("-0001.seg") })
        let bytes = try fixture.read(name)
        let count = try #require(
            bytes.suffix(16).withUnsafeBytes { Footer.claimedByteCount(trailer: UnsafeRawBufferPointer($0)) })
        try fixture.write(name, Array(bytes.dropLast(count)))
        try expect(fixture, .sealMismatch, name)
    }

    @Test func anotherGenerationIsPutBeside() throws {
        let fixture = try StoreFixture.small()
        let name = try #require(try segments(fixture).last)
        let path = String(name.dropLast("0000.seg".count)) + "0007.seg"
        fixture.create(path, try fixture.read(name))
        try expect(fixture, .segmentLeftover, path, .notEstablished)
    }
}
