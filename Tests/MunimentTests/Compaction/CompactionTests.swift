// Purging: what is due goes, what is held or not due stays, proofs and roots do not change, and no byte of what went is left.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import Muniment

@Suite struct CompactionTests {
    private static func texts(_ name: String, _ count: Int) -> [String] {
        (0..<count).map { "\(name) \($0): the quick brown fox of \(name) jumps over lazy dog number \($0)" }
    }

    @Test func dueRecordsGoAndOthersStay() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let due = try fixture.append(Self.texts("due", 40), classID: 2, occurred: CompactionFixture.past)
        let notes = try fixture.append(Self.texts("note", 30), classID: 3, occurred: nil)
        let young = try fixture.append(Self.texts("young", 20), classID: 2, occurred: CompactionFixture.future)
        let before = try fixture.store.checkpoint(.kept)
        let root = fixture.store.committed.root
        let size = fixture.store.committed.treeSize

        let dry = try fixture.compact(isDryRun: true)
        #expect(dry.due == 40 && dry.held == 0 && dry.purged == 0 && dry.disposition == nil)
        #expect(fixture.store.committed.treeSize == size)

        let report = try fixture.compact()
        #expect(report.due == 40 && report.purged == 40 && report.disposition == size)
        for index in due { #expect(try fixture.payload(index) == nil) }
        for (place, index) in notes.enumerated() {
            #expect(try fixture.payload(index) == Self.texts("note", 30)[place])
        }
        for (place, index) in young.enumerated() {
            #expect(try fixture.payload(index) == Self.texts("young", 20)[place])
        }
        // The tree of before is still the tree of before.
        let snapshot = try Snapshot(
            fixture.store.checkpoint(.kept), reader: fixture.store.reader, classes: fixture.store.classes)
        let proof = try snapshot.consistencyProof(from: size)
        try proof.verify(oldRoot: root, newRoot: snapshot.checkpoint.root)
        #expect(before.bytes.count > 0)
        #expect(try fixture.compact().purged == 0)
        try fixture.store.close()
    }

    @Test func aWholeClassGoesWithItsKey() throws {
        let folder = try TemporaryFolder()
        var fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let due = try fixture.append(Self.texts("gone", 50), classID: 2, occurred: CompactionFixture.past)
        let report = try fixture.compact()
        #expect(report.purged == 50)
        try fixture.store.close()
        try fixture.reopen()
        for index in due { #expect(try fixture.payload(index) == nil) }
        // A second run finds nothing, and what comes later can still be purged.
        #expect(try fixture.compact().due == 0)
        let more = try fixture.append(Self.texts("more", 5), classID: 2, occurred: CompactionFixture.past)
        #expect(try fixture.compact().purged == 5)
        for index in more { #expect(try fixture.payload(index) == nil) }
        try fixture.store.close()
    }

    @Test func heldRecordsStayUntilTheLastHoldIsReleased() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let due = try fixture.append(Self.texts("mail", 20), classID: 2, occurred: CompactionFixture.past)
        let first = try fixture.store.appendControl(.hold) { _ in
            HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(due.lowerBound..<due.lowerBound + 5))).encoded()
        }
        let second = try fixture.store.appendControl(.hold) { _ in
            HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(due.lowerBound + 3..<due.lowerBound + 8)))
                .encoded()
        }
        let report = try fixture.compact()
        #expect(report.due == 20 && report.held == 8 && report.purged == 12)
        #expect(report.matters.map(\.held) == [5, 5])
        for index in due { #expect((try fixture.payload(index) != nil) == (index < due.lowerBound + 8)) }
        _ = try fixture.store.appendControl(.release) { _ in ReleaseRecord(matter: first.firstIndex).encoded() }
        #expect(try fixture.compact().purged == 3)
        for index in due {
            let isHeld = (due.lowerBound + 3..<due.lowerBound + 8).contains(index)
            #expect((try fixture.payload(index) != nil) == isHeld)
        }
        _ = try fixture.store.appendControl(.release) { _ in ReleaseRecord(matter: second.firstIndex).encoded() }
        #expect(try fixture.compact().purged == 5)
        for index in due { #expect(try fixture.payload(index) == nil) }
        try fixture.store.close()
    }
}
