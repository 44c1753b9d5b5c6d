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

    /// A run that was given up had made a key for what a class would have kept. The next run wrote the same generation for another class: it sealed the
    /// first one's contents under that key, and then destroyed it as unused.
    @Test func aKeyOfARunThatWasGivenUpServesNobody() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let mail = try fixture.append(Self.texts("mail", 10), classID: 2, occurred: CompactionFixture.past)
        let chat = try fixture.append(Self.texts("chat", 10), classID: 4, occurred: CompactionFixture.past)
        func hold(_ indexes: Range<UInt64>) throws -> UInt64 {
            try fixture.store.appendControl(.hold) { _ in
                HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(indexes))).encoded()
            }.firstIndex
        }
        func release(_ matter: UInt64) throws {
            _ = try fixture.store.appendControl(.release) { _ in ReleaseRecord(matter: matter).encoded() }
        }
        let rest = mail.lowerBound + 4..<mail.upperBound
        let first = try hold(rest)
        let others = try hold(chat)
        #expect(try fixture.compact().purged == 4)

        // Part of the rest becomes due, and is held again while the new generation is written: the run is given up.
        try release(first)
        _ = try hold(rest.lowerBound + 2..<rest.upperBound)
        var compactor = fixture.compactor
        let store = fixture.store
        let isPlaced = Guarded(false)
        compactor.checkCancellation = { () throws(ArchiveError) in
            let wasPlaced = isPlaced.withLock { placed in
                defer { placed = true }
                return placed
            }
            if wasPlaced { return }
            _ = try store.appendControl(.hold) { _ in
                HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(rest))).encoded()
            }
        }
        let givenUp = try compactor.run(at: fixture.clock.microsecondsSinceEpoch(), isDryRun: false)
        #expect(givenUp.purged == 0)

        try release(others)
        #expect(try fixture.compact().purged == 10)
        for index in rest {
            #expect(try fixture.payload(index) == Self.texts("mail", 10)[Int(index - mail.lowerBound)])
        }
        try fixture.store.close()
    }

    /// What a run that died prepared is destroyed when it is carried on: whoever gets past that may not place a hold on it meanwhile.
    @Test func aPreparedDispositionBarsChanges() throws {
        var barredCount = 0
        for change in 20..<60 {
            let disk = SimulatedDisk(seed: 3)
            let fixture = try CompactionFixture(disk, "archive")
            try fixture.append(Self.texts("mail", 10), classID: 2, occurred: CompactionFixture.past)
            disk.arm(.processDeath(atChange: change))
            if (try? fixture.compact()) != nil { break }
            var options = StoreOptions()
            (options.clock, options.isSynchronous) = (fixture.clock, true)
            let store = try LogStore.open(disk.restart(outcome: 1), "archive", options: options)
            let gate = PolicyGate(store)
            let open = try gate.policy().openDisposition
            var isRefused = false
            do throws(ArchiveError) {
                try gate.change { _ throws(ArchiveError) in }
            } catch {
                #expect(error.code == .refused)
                isRefused = true
            }
            #expect(isRefused == (open.map { !$0.prepared.isEmpty } ?? false), "death at change \(change)")
            if isRefused { barredCount += 1 }
            if let open { try Compactor(store: store, gate: gate).resume(open) }
            try gate.change { _ throws(ArchiveError) in }
            try store.close()
        }
        #expect(barredCount > 3)
    }

    /// Appends that begin groups and a purge that begins an epoch write the same file, on different threads.
    @Test func groupsBegunDuringAPurgeKeepTheirKeys() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        var options = ArchiveOptions()
        options.segmentByteCount = 1 << 20
        let archive = try await Archive.create(at: path, origin: CompactionFixture.origin, options: options)
        try await archive.setClass("mail", RetentionClassChange(period: "P7Y", since: .occurred))
        for place in 0..<24 { try await archive.setClass("class\(place)", RetentionClassChange(period: "P7Y")) }
        let appender = Task {
            for round in 0..<40 {
                let name = round % 3 == 0 ? "mail" : "class\(round % 24)"
                _ = try await archive.append(
                    (0..<20).map {
                        Record(
                            "\(round) \($0) \(String(repeating: "x", count: 3_000))", retentionClass: name,
                            occurredAt: CompactionFixture.past)
                    })
            }
        }
        for _ in 0..<6 { _ = try await archive.compact() }
        try await appender.value
        _ = try await archive.compact()
        try await archive.close()
        let again = try await Archive.open(at: path, options: options)
        let snapshot = try await again.snapshot()
        var counts = (kept: 0, purged: 0)
        try snapshot.forEachRecord(matching: Selection()) { record in
            if case .purged = record.content {
                #expect(record.retentionClass == "mail" && record.disposition != nil)
                counts.purged += 1
            } else {
                #expect(record.retentionClass != "mail")
                counts.kept += 1
            }
            return true
        }
        #expect(counts == (26 * 20, 14 * 20))
        try await again.close()
    }
}
