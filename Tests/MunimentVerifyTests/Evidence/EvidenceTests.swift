// Evidence files as they should be: what goes in comes out, and nothing else is in them.

import Foundation
import Muniment
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct EvidenceTests {
    @Test(arguments: [1, 7, 1_000]) func exportedRecordsVerifyWithTheStoreGone(count: UInt64) throws {
        let fixture = try EvidenceFixture(Int(count))
        let bytes = try fixture.export(2...count + 1)
        try FileManager.default.removeItem(atPath: fixture.archivePath)
        try FileManager.default.removeItem(atPath: fixture.archivePath + ".keys")
        let report = try fixture.verify(bytes)
        #expect(report.verdict == .intact && report.findings.isEmpty, "\(report.findings)")
        #expect(report.subject == .evidence && report.records == count && report.opened == count)
        #expect(report.evidence?.logIndex == count + 2 && report.treeSize == count + 3)
        #expect(report.evidence?.custody.exporter == "examiner")
        #expect(report.origin == "example.com/evidence" && report.checkpointSize == report.treeSize)
    }

    @Test func theLogTellsOfTheExport() throws {
        let fixture = try EvidenceFixture(5)
        _ = try fixture.export(2...4)
        let store = try LogStore.open(POSIXFileSystem(), fixture.archivePath)
        let control = try ClassTable.control(store.reader, 7)
        #expect(control.kind == .export)
        #expect(try control.body.decode(ExportRecord.init(decoding:)).recordCount == 3)
        // Who and how is content of the control class: salt, then the custody as it is in the file.
        let content = try store.reader.content(7)
        let custody = try Array(content.payload.dropFirst(16)).decode(EvidenceCustody.init(decoding:))
        #expect(custody.exporter == "examiner" && custody.selection == "what the test selects")
        try store.close()
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(fixture.verifierKey)]
        options.keysDirectory = fixture.archivePath + ".keys"
        #expect(try Verifier(options).verify(fixture.archivePath).verdict == .intact)
    }

    @Test func scatteredRecordsVerify() throws {
        let fixture = try EvidenceFixture(300)
        let report = try fixture.verify(try fixture.export(2...2, 17...19, 63...64, 255...258, 301...301))
        #expect(report.verdict == .intact && report.records == 11, "\(report.findings)")
    }

    @Test func withoutTheKeyNothingIsEstablished() throws {
        let fixture = try EvidenceFixture(7)
        let bytes = try fixture.export(2...8)
        let none = try fixture.verify(bytes, keys: [])
        #expect(none.verdict == .notEstablished && none.findings.map(\.code) == [.verifierNotTrusted])
        // Another log's key under another name proves nothing; one under the log's own name contradicts.
        let other = try EvidenceFixture(1)
        let wrong = try fixture.verify(bytes, keys: [other.verifierKey])
        #expect(wrong.verdict == .tampered && wrong.findings.map(\.code) == [.checkpointSignature])
        // Whoever made the file can have made the log too: that it is the log who tells is nobody's word but the file's.
        #expect(none.evidence != nil && none.evidence?.logIndex == nil && wrong.evidence?.logIndex == nil)
        var taken = try TakenApart(try fixture.export(3...3, name: "one"))
        taken.chunks[try taken.place(.proof)].body[0] ^= 1
        let unproved = try fixture.verify(taken.bytes)
        #expect(unproved.findings.map(\.code) == [.evidenceProof] && unproved.evidence?.logIndex == nil)
    }

    @Test func anUnloggedExportSaysSo() throws {
        let fixture = try EvidenceFixture(7)
        let bytes = try fixture.export(2...8, isLogged: false)
        let report = try fixture.verify(bytes)
        #expect(report.verdict == .intact && report.findings.map(\.code) == [.evidenceUnlogged])
        #expect(report.evidence?.logIndex == nil && report.evidence != nil)
        // Nothing was appended.
        #expect(try ArchiveReader(at: fixture.archivePath).snapshot.size == 9)
    }

    @Test func chosenAttributesAreAllThatIsDisclosed() throws {
        let fixture = try EvidenceFixture(30)
        let bytes = try fixture.export(2...31, disclosure: .pieces(["from", "level"]))
        let report = try fixture.verify(bytes)
        #expect(report.verdict == .intact && report.opened == 30, "\(report.findings)")
        let data = Data(bytes)
        #expect(data.range(of: Data("person4@example.com".utf8)) != nil)
        for hidden in ["hush", "payload 1", "list@example.org", "ward", "secret"] {
            #expect(data.range(of: Data(hidden.utf8)) == nil, "\(hidden) is disclosed")
        }
        let payloads = Data(try fixture.export(2...31, disclosure: .pieces(["@payload"])))
        #expect(payloads.range(of: Data("payload 17".utf8)) != nil && payloads.range(of: Data("person".utf8)) == nil)
        #expect(try fixture.verify(Array(payloads)).verdict == .intact)
        let entries = try fixture.export(2...31, disclosure: .entries)
        #expect(try fixture.verify(entries).verdict == .intact)
        for hidden in ["payload", "person", "hush"] {
            #expect(Data(entries).range(of: Data(hidden.utf8)) == nil, "\(hidden) is disclosed")
        }
    }

    @Test func noKeyOfTheStoreIsInTheFile() throws {
        let fixture = try EvidenceFixture(20)
        let bytes = Data(try fixture.export(2...21))
        let store = try LogStore.open(POSIXFileSystem(), fixture.archivePath)
        defer { try? store.close() }
        let keys = try #require(store.reader.keys)
        for classID in [UInt32(0), 1] {
            let salts = try keys.group(segment: 0, classID: classID).key.saltStream
            for (index, slot) in [(UInt64(22), UInt64(0)), (7, 60)] {
                // Of a record that is not in the file, and of a slot that the record has not.
                #expect(bytes.range(of: Data(salts.salt(index: index, slot: slot))) == nil)
            }
        }
        let file = [UInt8](try Data(contentsOf: URL(filePath: fixture.archivePath + ".keys/root.key")))
        let secret = try file.decode(RootKeyFile.init(decoding:)).secret.prefix(32)
        #expect(bytes.range(of: Data(secret)) == nil)
    }

    /// Of 1,000 records out of 4,000, side by side and evenly spread: a fifth of the separate proofs, or less.
    @Test func oneProofIsMuchSmallerThanMany() throws {
        let fixture = try EvidenceFixture(4_000)
        var (together, spread) = (Selection(), Selection())
        together.indexes = [1_002...2_001]
        // Every fourth record is of this stream.
        spread.streams = ["ward"]
        for (name, selection) in [("side by side", together), ("every fourth", spread)] {
            let bytes = try fixture.export(selection, name: name)
            let taken = try TakenApart(bytes)
            let report = try fixture.verify(bytes)
            #expect(report.verdict == .intact && report.records == 1_000, "\(name): \(report.findings)")
            let shared = taken.chunks[try taken.place(.proof)].body.count
            let separate = taken.indexes.reduce(0) {
                $0 + 32 * (InclusionProof.length(index: $1, treeSize: report.treeSize) ?? 0)
            }
            #expect(shared * 5 <= separate, "\(name): \(shared) bytes against \(separate)")
            print("multi-proof of 1,000 records \(name): \(shared) bytes, separate proofs \(separate)")
        }
    }

    @Test func largePayloadsAreStreamed() throws {
        let directory = try TemporaryDirectory()
        let archive = try Archive.createBlocking(at: directory.path + "/archive", origin: "example.com/large")
        let payload = archive.makePayloadStream()
        let piece = [UInt8]((0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        for _ in 0..<160 { try piece.withUnsafeBytes { try payload.append($0) } }
        let buffer = archive.makeBuffer()
        try payload.finish(into: buffer, attributes: [Attribute("name", .text("film"))])
        _ = try archive.appendBlocking(buffer)
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(archive.verifierKey)]
        for (name, disclosure, least) in [
            ("whole", EvidenceCustody.Disclosure.whole, 10_485_760), ("name", .pieces(["name"]), 0),
        ] {
            var export = EvidenceOptions(exporter: "e", tool: "t", selectionText: "")
            export.disclosure = disclosure
            let path = directory.path + "/" + name
            let receipt = try archive.exportEvidenceBlocking(matching: Selection(), to: path, options: export)
            #expect(receipt.byteCount > least && receipt.byteCount < least + 10_000)
            let report = try Verifier(options).verify(path)
            #expect(report.verdict == .intact && report.opened == 1, "\(report.findings)")
        }
        try archive.closeBlocking()
    }

    @Test func whatIsThereIsNotWrittenOver() throws {
        let fixture = try EvidenceFixture(3)
        _ = try fixture.export(2...4)
        let snapshot = try ArchiveReader(at: fixture.archivePath).snapshot
        #expect(throws: ArchiveError(.usage, "")) {
            try snapshot.exportUnloggedEvidence(
                matching: Selection(), to: fixture.path("evidence"), options: fixture.options())
        }
        var nothing = Selection()
        nothing.indexes = [50...60]
        #expect(throws: ArchiveError(.absent, "")) {
            try snapshot.exportUnloggedEvidence(matching: nothing, to: fixture.path("none"), options: fixture.options())
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(!names.contains { $0.hasPrefix("none") }, "\(names)")
    }
}
