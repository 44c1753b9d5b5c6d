// The code of Muniment.docc's articles, compiled and run. Lines between `// snippet: NAME` and `// end` stand in an article as they stand
// here; ArticleTests compares them.

import Foundation
import Logging
import Muniment
import MunimentVerify
import Testing

@Suite struct Tutorial {
    /// "Getting started", from an empty directory to a verdict.
    @Test func gettingStarted() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        // snippet: create
        let archive = try await Archive.create(at: path, origin: "example.org/mail")
        let verifierKey = archive.verifierKey
        // end
        #expect(verifierKey.hasPrefix("example.org/mail+"))

        // snippet: append
        let record = Record(
            "From: ann@example.org\nTo: bob@example.org\n\nLunch at noon?",
            attributes: [Attribute("from", .text("ann@example.org")), Attribute("size", .integer(14))],
            stream: "lunch")
        let receipt = try await archive.append(record)
        // end
        #expect(receipt.count == 1)

        // snippet: buffer
        let buffer = archive.makeBuffer()
        for number in 1...1_000 {
            try buffer.append(Record("message \(number)", attributes: [Attribute("number", .integer(Int64(number)))]))
        }
        let many = try await archive.append(buffer)
        // end
        #expect(many.count == 1_000)

        // snippet: stream
        var pieces = (0..<10).map { [UInt8](repeating: UInt8($0), count: 1 << 20) }.makeIterator()
        let large = try await archive.append(
            streaming: { pieces.next() }, attributes: [Attribute("name", .text("scan.tiff"))])
        // end

        // snippet: read
        let snapshot = try await archive.snapshot()
        let stored = try snapshot.record(at: receipt.firstIndex)
        if case .payload(let bytes) = stored.content { print(String(decoding: bytes, as: UTF8.self)) }

        var byteCount = 0
        try snapshot.readPayload(of: large.firstIndex) { byteCount += $0.count }
        // end
        #expect(stored.stream == "lunch" && byteCount == 10 << 20)

        // snippet: query
        var selection = Selection()
        selection.conditions = [.attribute(.integer("number", 998...2_000)), !.attribute(.equals("number", "999"))]
        var found: [UInt64] = []
        try snapshot.forEachRecord(matching: selection) { record in
            found.append(record.index)
            return found.count < 100
        }
        // end
        #expect(found == [many.firstIndex + 997, many.firstIndex + 999])

        // snippet: prove
        let proof = try snapshot.proofFile(of: receipt.firstIndex)
        try Data(proof).write(to: URL(filePath: path + ".proof"))
        // end

        // snippet: close
        try await archive.close()
        // end

        // snippet: verify
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(verifierKey)]
        options.keysDirectory = path + ".keys"
        let report = try Verifier(options).verify(path)
        print(report.verdict, report.records, report.findings)
        // end
        #expect(report.verdict == .intact, "\(report.findings)")
        #expect(report.records == 1_002)
    }

    /// "Durability and isolation": a retry that appends once.
    @Test func retry() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        var archive = try await Archive.create(at: path, origin: "example.org/mail")
        let records = [Record("invoice 17")]
        // snippet: retry
        let token = Array("invoice-17".utf8)
        let receipt: AppendReceipt
        do {
            receipt = try await archive.append(records, token: token)
        } catch let error as ArchiveError where error.appendOutcome == .unknown {
            // It may be in the log or not. After a failed write this handle takes no more: reopen, and append under the same token.
            // If the records are there, nothing is appended, and the receipt is that of the first attempt.
            try? await archive.close()
            archive = try await Archive.open(at: path)
            receipt = try await archive.append(records, token: token)
        }
        // end
        let again = try await archive.append(records, token: token)
        #expect(again.isRepeat && again.firstIndex == receipt.firstIndex)
        await #expect(throws: ArchiveError(.tokenConflict, "")) {
            _ = try await archive.append([Record("invoice 18")], token: token)
        }
        try await archive.close()
    }

    /// "Durability and isolation": snapshots stand still, and a reader sees what is published.
    @Test func isolation() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        let archive = try await Archive.create(at: path, origin: "example.org/mail")
        // snippet: snapshots
        _ = try await archive.append(Record("first"))
        let before = try await archive.snapshot()
        _ = try await archive.append(Record("second"))
        let after = try await archive.snapshot()

        let proof = try after.consistencyProof(from: before.size)
        try proof.verify(oldRoot: before.checkpoint.root, newRoot: after.checkpoint.root)
        // end
        #expect(before.size < after.size)

        // snippet: reader
        let reader = try ArchiveReader(at: path)
        var seen = 0
        try reader.snapshot.forEachRecord(matching: Selection()) { _ in
            seen += 1
            return true
        }
        // end
        #expect(seen == 2)
        _ = try await archive.append(Record("third"))
        _ = try await archive.checkpoint()
        #expect(reader.snapshot.size == after.size)
        // snippet: refresh
        try reader.refresh()
        // end
        #expect(reader.snapshot.size > after.size)
        try await archive.close()
    }

    /// "Keys": a passphrase, and keys elsewhere.
    @Test func keys() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        let keysPath = folder.path + "/elsewhere"
        let passphrase = "correct horse battery staple"
        // snippet: keys
        var options = ArchiveOptions()
        options.keysDirectory = keysPath
        options.passphrase = Array(passphrase.utf8)
        let archive = try await Archive.create(at: path, origin: "example.org/mail", options: options)
        // end
        _ = try await archive.append(Record("sealed"))
        try await archive.close()
        options.passphrase = Array("wrong".utf8)
        await #expect(throws: ArchiveError(.wrongKey, "")) { _ = try await Archive.open(at: path, options: options) }

        // snippet: no-keys
        let reader = try ArchiveReader(at: path, needsKeys: false)
        let entry = try reader.snapshot.provenEntry(0)
        // end
        #expect(!entry.isEmpty)
    }

    /// "Getting started": what an embedder's log and metrics see.
    @Test func operating() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        // snippet: options
        var options = ArchiveOptions()
        options.checkpointCadence = .seconds(5)
        options.pendingByteCount = 8 << 20
        options.logger = Logger(label: "mail-archive")
        let archive = try await Archive.create(at: path, origin: "example.org/mail", options: options)
        // end
        #expect(archive.failure == nil)
        try await archive.close()
    }

    /// "Evidence".
    @Test func evidence() async throws {
        let folder = try TemporaryFolder()
        let archive = try await Archive.create(at: folder.path + "/mail", origin: "example.org/mail")
        for name in ["ann", "bob", "ann"] {
            let sender = Attribute("from", .text("\(name)@example.org"))
            _ = try await archive.append(Record("Lunch at noon?", attributes: [sender]))
        }
        // snippet: evidence
        var selection = Selection()
        selection.conditions = [.attribute(.equals("from", "ann@example.org"))]
        var options = EvidenceOptions(
            exporter: "Records office", tool: "our service 1.0", selectionText: "all from ann@example.org")
        options.disclosure = .pieces(["from", EvidenceCustody.payloadName])
        let evidence = try await archive.exportEvidence(
            matching: selection, to: folder.path + "/case.evidence", options: options)
        // end
        #expect(evidence.recordCount == 2 && evidence.logIndex == 5)
        var trust = VerifyOptions()
        trust.trustedKeys = [try VerifierKey(archive.verifierKey)]
        let report = try Verifier(trust).verify(folder.path + "/case.evidence")
        #expect(report.verdict == .intact && report.records == 2)
        var found: [String] = []
        let contents = try EvidenceContents(folder.path + "/case.evidence")
        try contents.forEachRecord { record in
            try contents.readPayload(of: record) { found.append(String(decoding: $0, as: UTF8.self)) }
        }
        #expect(found == ["Lunch at noon?", "Lunch at noon?"])
        try await archive.close()
    }

    /// "Retention": a class, a hold, two purges, and what is left to show.
    @Test func retention() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mail"
        let archive = try await Archive.create(at: path, origin: "example.org/mail")
        // 3 March 2011.
        let occurred: Microseconds = 1_299_110_400_000_000
        // snippet: class
        let rule = RetentionClassChange(period: "P7Y", since: .occurred, mode: .compliance)
        try await archive.setClass("letters", rule)

        let letters = ["ann", "bob"].map { name in
            Record(
                "Dear editor", attributes: [Attribute("from", .text("\(name)@example.org"))],
                retentionClass: "letters", occurredAt: occurred)
        }
        let receipt = try await archive.append(letters)
        // end

        // snippet: hold
        var selection = Selection()
        selection.conditions = [.attribute(.equals("from", "ann@example.org"))]
        try await archive.placeHold(on: "Doe v. Roe", covering: selection, PolicyNote(reason: "letter of the court"))
        // end

        // snippet: compact
        let expected = try await archive.compact(isDryRun: true)
        print("\(expected.due) are due, of which \(expected.held) are held")
        let report = try await archive.compact()
        print("\(report.purged) purged")
        // end
        #expect(expected.due == 2 && expected.held == 1 && expected.purged == 0)
        #expect(report.purged == 1 && report.matters.map(\.name) == ["Doe v. Roe"])

        // snippet: purged
        let snapshot = try await archive.snapshot()
        let purged = try snapshot.record(at: receipt.firstIndex + 1)
        if case .purged = purged.content, let disposition = purged.disposition {
            print("gone by disposition \(disposition), with proof that it was there")
        }
        let proof = try snapshot.inclusionProof(of: purged.index)
        try proof.verify(leafHash: purged.leafHash, root: snapshot.checkpoint.root)
        // end
        let held = try snapshot.record(at: receipt.firstIndex)
        #expect(held.payload == Array("Dear editor".utf8))
        #expect(purged.payload == nil && purged.attributes.isEmpty)
        #expect(report.disposition != nil && purged.disposition == report.disposition)

        // snippet: release
        let simulation = try await archive.simulateRelease(of: "Doe v. Roe")
        print("\(simulation.freedCount) would become deletable")
        try await archive.releaseHold(on: "Doe v. Roe", PolicyNote(reason: "settled"))
        let last = try await archive.compact()
        if let disposition = last.disposition {
            let certificate = try await archive.snapshot().certificate(of: disposition)
            try Data(certificate.bytes(.html)).write(to: URL(filePath: path + ".destroyed.html"))
        }
        // end
        #expect(simulation.freedCount == 1 && last.purged == 1 && last.held == 0)
        var trust = VerifyOptions()
        trust.trustedKeys = [try VerifierKey(archive.verifierKey)]
        let certified = try Verifier(trust).verify(path + ".destroyed.html")
        #expect(certified.verdict == .intact && certified.purged == 1)
        try await archive.close()
        trust.keysDirectory = path + ".keys"
        let verified = try Verifier(trust).verify(path)
        #expect(verified.verdict == .intact, "\(verified.findings)")
        #expect(verified.purged == 2 && verified.unexplained == 0)
    }
}
