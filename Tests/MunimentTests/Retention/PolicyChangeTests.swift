// Changes of the policy through the library, on a real disk: what is kept, what is refused, what is said of it afterwards.

import Foundation
import Muniment
import Testing

@Suite struct PolicyChangeTests {
    private func archive(_ folder: TemporaryFolder) async throws -> Archive {
        try await Archive.create(
            at: folder.path + "/archive", origin: "example.org/policy", options: ArchiveOptions().quiet())
    }

    private func code(_ body: () async throws -> Void) async -> ArchiveError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ArchiveError)?.code
        }
    }

    @Test func aClassKeepsWhatIsNotNamed() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        let made = try await archive.setClass(
            "mail", RetentionClassChange(period: "P7Y", since: .occurred, grace: "P2D", indexed: .only(["from"])))
        #expect(made.mode == .governance && made.compression == .shared)
        let size = archive.durableSize
        let changed = try await archive.setClass("mail", RetentionClassChange(mode: .compliance))
        #expect(changed.period == "P7Y" && changed.since == .occurred && changed.grace == "P2D")
        #expect(changed.indexed == .only(["from"]) && archive.durableSize == size + 1)
        // The same again says nothing.
        try await archive.setClass("mail", RetentionClassChange(period: "P7Y"))
        #expect(archive.durableSize == size + 1)
        try await archive.close()
        let reader = try ArchiveReader(at: folder.path + "/archive")
        #expect(reader.snapshot.retentionClasses.contains(changed))
    }

    @Test(arguments: [
        RetentionClassChange(period: "P6Y"), RetentionClassChange(period: "P2556D"),
        RetentionClassChange(period: "P83M"),
        RetentionClassChange(since: .recorded), RetentionClassChange(mode: .governance),
        RetentionClassChange(period: "P6Y365D"),
    ])
    func complianceIsNeverWeakened(change: RetentionClassChange) async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        try await archive.setClass(
            "mail", RetentionClassChange(period: "P7Y", since: .occurred, mode: .compliance))
        let size = archive.durableSize
        let refusal = await code { try await archive.setClass("mail", change) }
        #expect(refusal == .refused && archive.durableSize == size)
        for longer in ["P84M", "P7Y1D", "P2558D", "P8Y", "forever"] {
            #expect(try await archive.setClass("mail", RetentionClassChange(period: longer)).period == longer)
        }
        try await archive.close()
    }

    @Test func whatIsNoClassIsRefused() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        for (name, change) in [
            ("", RetentionClassChange()), ("control", RetentionClassChange()),
            (String(repeating: "x", count: 65), RetentionClassChange()),
            ("mail", RetentionClassChange(period: "7 years")),
            ("mail", RetentionClassChange(period: "P1.5Y")), ("mail", RetentionClassChange(grace: "forever")),
            ("mail", RetentionClassChange(indexed: .only(["@stream"]))),
        ] {
            #expect(await code { try await archive.setClass(name, change) } == .badInput, "\(name) \(change)")
        }
        #expect(archive.retentionClasses == ["default"])
        try await archive.close()
    }

    @Test func holdsAreListedAndReleased() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        try await archive.setClass("mail", RetentionClassChange(period: "PT0S", since: .occurred))
        let people = ["Alice@Example.org", "bob@example.org", "carol@example.org"]
        for person in people {
            _ = try await archive.append(
                Record(
                    "to \(person)", attributes: [Attribute("to", .text(person))], retentionClass: "mail", occurredAt: 0)
            )
        }
        var alice = Selection()
        alice.conditions = [.attribute(.equals("to", "alice@example.ORG"))]
        var early = Selection()
        (early.classes, early.to) = (["mail"], 1)
        let note = PolicyNote(actor: "counsel", reason: "suit", custodian: "Alice", selection: "--where to=alice")
        try await archive.placeHold(on: "Doe v. Roe", covering: alice, note)
        try await archive.placeHold(on: "Audit", covering: early)
        try await archive.placeHold(on: "Doe v. Roe", covering: early)
        let holds = try await archive.holds()
        #expect(holds.map(\.matter) == ["Doe v. Roe", "Audit"] && holds.map(\.recordCount) == [3, 3])
        let first = try #require(holds.first?.scopes.first)
        #expect(first.note == note && first.isRestricted && first.classes == nil)
        #expect(holds[1].scopes.first?.classes == ["mail"] && holds[1].scopes.first?.to == 1)
        #expect(holds[1].scopes.first?.note.actor?.isEmpty == false)
        try await archive.releaseHold(on: "Audit", PolicyNote(reason: "over"))
        #expect(await code { try await archive.releaseHold(on: "Audit") } == .absent)
        let simulation = try await archive.simulateRelease(of: "Doe v. Roe")
        #expect(simulation.freedCount == 3 && simulation.heldByOthersCount == 0)
        try await archive.placeHold(on: "Audit", covering: alice)
        #expect(try await archive.simulateRelease(of: "Doe v. Roe").freedCount == 2)
        #expect(try await archive.simulateRelease(of: "Doe v. Roe").heldByOthersCount == 1)
        #expect(try await archive.compact().purged == 0)
        try await archive.releaseHold(on: "Doe v. Roe")
        #expect(try await archive.compact().purged == 2)
        #expect(try await archive.holds().map(\.recordCount) == [1])
        try await archive.close()
    }

    @Test func anErasureWaitsForItsBlockers() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        try await archive.setClass("kept", RetentionClassChange(period: "P10Y", mode: .compliance))
        let free = try await archive.append(Record("free")).firstIndex
        let kept = try await archive.append(Record("kept", retentionClass: "kept")).firstIndex
        var selection = Selection()
        selection.indexes = [free...free]
        try await archive.placeHold(on: "matter", covering: selection)
        let held = try await archive.requestErasure(of: free, PolicyNote(actor: "her", reason: "article 17"))
        guard case .blocked(let blockers) = held.state else { throw Disagreement(description: "\(held)") }
        #expect(blockers.matters.map(\.name) == ["matter"] && blockers.retentionClass == nil)
        #expect(held.note == PolicyNote(actor: "her", reason: "article 17"))
        let early = try await archive.requestErasure(of: kept)
        guard case .blocked(let rule) = early.state else { throw Disagreement(description: "\(early)") }
        #expect(rule.retentionClass == "kept" && rule.until != nil && rule.matters.isEmpty)
        let size = archive.durableSize
        #expect(try await archive.requestErasure(of: kept) == early && archive.durableSize == size)
        #expect(await code { try await archive.requestErasure(of: 0) } == .refused)
        #expect(await code { try await archive.requestErasure(of: 1_000) } == .absent)
        try await archive.releaseHold(on: "matter")
        #expect(try await archive.erasures().map(\.state) == [.due, early.state])
        let report = try await archive.compact()
        let disposition = try #require(report.disposition)
        #expect(try await archive.erasures().map(\.state) == [.done(disposition: disposition), early.state])
        #expect(await code { try await archive.requestErasure(of: free) } == .purged)
        try await archive.close()
    }

    @Test func anEventStartsThePeriod() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        try await archive.setClass("staff", RetentionClassChange(period: "PT0S", since: .event))
        let first = try await archive.append(
            (0..<5).map { Record("\($0)", retentionClass: "staff", occurredAt: 0) }
        ).firstIndex
        #expect(try await archive.compact().purged == 0)
        var selection = Selection()
        selection.indexes = [first + 1...first + 2]
        let receipt = try await archive.recordEvent(on: selection, at: 0)
        #expect(receipt.count == 2 && receipt.records.count == 1)
        selection.indexes = [900...901]
        #expect(await code { try await archive.recordEvent(on: selection) } == .absent)
        selection.classes = ["nothing"]
        #expect(await code { try await archive.recordEvent(on: selection) } == .unknownClass)
        // A period of nothing is over a second after the event's own record, however early it is said to have been.
        try await Task.sleep(for: .milliseconds(1_100))
        #expect(try await archive.compact().purged == 2)
        try await archive.close()
    }

    @Test func aListTooLongForOneRecordTakesSeveral() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        _ = try await archive.append((0..<10).map { Record("\($0)") })
        var selection = Selection()
        // Gaps too wide for a bitmap, and too many for runs in one record.
        selection.indexes = (0..<40_000).map { UInt64($0) * 1_000...UInt64($0) * 1_000 + 4 }
        let receipt = try await archive.placeHold(on: "wide", covering: selection)
        #expect(receipt.records.count > 1)
        let hold = try #require(try await archive.holds().first)
        #expect(hold.scopes.count == receipt.records.count && hold.id == receipt.records[0])
        #expect(hold.recordCount == 3, "records 2 to 4 are users'")
        try await archive.close()
    }

    @Test func nothingChangesWhileADispositionBarsIt() async throws {
        let folder = try TemporaryFolder()
        let archive = try await archive(folder)
        _ = try archive.policyGate.bar(for: 7)
        #expect(await code { try await archive.setClass("a", RetentionClassChange()) } == .refused)
        #expect(await code { try await archive.placeHold(on: "m", covering: Selection()) } == .refused)
        #expect(archive.durableSize == 2)
        archive.policyGate.unbar()
        try await archive.placeHold(on: "m", covering: Selection())
        #expect(archive.durableSize == 3)
        try await archive.close()
    }
}
