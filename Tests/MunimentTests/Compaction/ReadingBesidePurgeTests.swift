// Reads and queries beside a purge: what it left is found, under whatever generation, and what is gone without a reason is an error.

import MunimentFormat
import Testing

@testable import Muniment
@testable import MunimentStore

@Suite struct ReadingBesidePurgeTests {
    private static let fromAlice = Muniment.Predicate.attribute(.equals("from", "alice@example.org"))

    private static func texts(_ count: Int) -> [String] { (0..<count).map { "mail \($0)" } }

    private static func snapshot(_ fixture: CompactionFixture) throws -> Snapshot {
        try Snapshot(fixture.store.checkpoint(.kept), reader: fixture.store.reader, classes: fixture.store.classes)
    }

    private static func hold(_ indexes: Range<UInt64>, _ fixture: CompactionFixture) throws -> UInt64 {
        try fixture.store.appendControl(.hold) { _ in
            HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(indexes))).encoded()
        }.firstIndex
    }

    private static func indexes(_ snapshot: Snapshot, isReversed: Bool = false) throws -> [UInt64] {
        var found: [UInt64] = []
        try snapshot.forEachRecord(matching: fromAlice, isReversed: isReversed) { record in
            found.append(record.index)
            return true
        }
        return found
    }

    /// The payload, proved and opened; nil where it is purged.
    private static func text(_ snapshot: Snapshot, _ index: UInt64) throws -> String? {
        guard case .payload(let bytes) = try snapshot.record(at: index).content else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends mail one by one until the first segment is sealed; returns the indexes.
    private static func fillSegment(_ fixture: CompactionFixture) throws -> [UInt64] {
        var indexes: [UInt64] = []
        for text in texts(60) {
            indexes.append(try fixture.append([text], classID: 2, occurred: CompactionFixture.future).lowerBound)
        }
        try fixture.store.waitForSeals()
        _ = try fixture.store.checkpoint(.kept)
        return indexes
    }

    // MARK: A reader that was there before

    /// Its files are open, and the keys that it read with are destroyed.
    @Test(arguments: [false, true]) func readersGoOnWithTheNewGeneration(isSealedBefore: Bool) throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let mail = try fixture.append(Self.texts(20), classID: 2, occurred: CompactionFixture.past)
        _ = try Self.hold(mail.lowerBound..<mail.lowerBound + 3, fixture)
        let short = try Self.hold(mail.lowerBound + 3..<mail.lowerBound + 8, fixture)
        if isSealedBefore { #expect(try fixture.compact().purged == 12) }
        _ = try fixture.store.checkpoint(.kept)

        let reader = try ArchiveReader(at: fixture.path)
        let snapshot = reader.snapshot
        // Twice: so that the part is kept.
        for _ in 0..<2 { _ = try snapshot.record(at: mail.lowerBound) }
        #expect(try Self.indexes(snapshot).count == (isSealedBefore ? 8 : 20))

        _ = try fixture.store.appendControl(.release) { _ in ReleaseRecord(matter: short).encoded() }
        #expect(try fixture.compact().purged == (isSealedBefore ? 5 : 17))
        // The key ring of a reader is read again whenever a key is not there; then no old key is left.
        _ = try? snapshot.reader.keys?.group(segment: 1_000, classID: 2)

        let survivors = mail.lowerBound..<mail.lowerBound + 3
        #expect(try Self.indexes(snapshot) == Array(survivors))
        #expect(try Self.indexes(snapshot, isReversed: true) == survivors.reversed())
        for index in survivors {
            #expect(try Self.text(snapshot, index) == "mail \(index - mail.lowerBound)")
        }
        for index in survivors.upperBound..<mail.upperBound {
            #expect(try Self.text(snapshot, index) == nil)
        }
        #expect(try snapshot.recordCount(matching: .retentionClass("mail")) == 20)
        try fixture.store.close()
    }

    /// As above, and nothing was searched in between: reading alone finds the new generation.
    @Test func readingAloneFindsTheNewGeneration() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let mail = try fixture.append(Self.texts(20), classID: 2, occurred: CompactionFixture.past)
        _ = try Self.hold(mail.lowerBound..<mail.lowerBound + 3, fixture)
        _ = try fixture.store.checkpoint(.kept)
        let snapshot = try ArchiveReader(at: fixture.path).snapshot
        for _ in 0..<2 { _ = try snapshot.record(at: mail.lowerBound) }
        #expect(try fixture.compact().purged == 17)
        _ = try? snapshot.reader.keys?.group(segment: 1_000, classID: 2)
        for place in 0..<UInt64(20) {
            #expect(try Self.text(snapshot, mail.lowerBound + place) == (place < 3 ? "mail \(place)" : nil))
        }
        try fixture.store.close()
    }

    // MARK: Without an index

    @Test func aSealedSegmentWithoutAnIndexIsSearchedAfterAPurge() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
        let mail = try fixture.append(Self.texts(20), classID: 2, occurred: CompactionFixture.past)
        _ = try Self.hold(mail.lowerBound + 4..<mail.lowerBound + 9, fixture)
        #expect(try fixture.compact().purged == 15)
        let reader = fixture.store.reader
        let sealed = try #require(reader.segments.first)
        #expect(try sealed.index() != nil)
        reader.install(
            SegmentHandle(
                reader.fileSystem, sealed.path, segment: sealed.segment, generation: sealed.generation,
                firstIndex: sealed.firstIndex, frames: try sealed.frames()))
        let snapshot = try Self.snapshot(fixture)
        #expect(try Self.indexes(snapshot) == Array(mail.lowerBound + 4..<mail.lowerBound + 9))
        #expect(try reader.withTail(try #require(reader.segments.first)) { $0.entryCount } ?? 0 > 20)
        #expect(try snapshot.recordCount(matching: .retentionClass("mail")) == 20)
        try fixture.store.close()
    }

    @Test func theTermsOfATailAreThoseOfItsGeneration() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive", segmentEntryCount: 64 + 40)
        for text in Self.texts(5) { try fixture.append([text], classID: 2, occurred: CompactionFixture.future) }
        let reader = fixture.store.reader
        let journal = try #require(reader.segments.first)
        var stale: TailIndex?
        _ = try reader.withTail(journal) { stale = $0 }
        let kept = try #require(stale)
        _ = try Self.fillSegment(fixture)
        let sealed = try #require(reader.segments.first)
        try #require(sealed.generation > journal.generation)
        // Dropped when its segment was sealed.
        #expect(reader.indexes.tails.withLock { $0.allSatisfy { $0.segment != sealed.segment } })
        // And not taken for that of another generation, should a query that still had the old one bring it back.
        reader.indexes.tails.withLock { $0 = [kept] }
        let count = try sealed.frames().reduce(0) { $0 + Int($1.entryCount) }
        #expect(try reader.withTail(sealed) { $0.entryCount } == count)
        #expect(count > kept.entryCount)
        try fixture.store.close()
    }

    // MARK: Gone without a reason

    @Test func aDestroyedKeyWithoutADispositionHidesNothing() throws {
        let folder = try TemporaryFolder()
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive", segmentEntryCount: 64 + 40)
        let mail = try Self.fillSegment(fixture)
        let (reader, snapshot) = (fixture.store.reader, try Self.snapshot(fixture))
        #expect(try Self.indexes(snapshot) == mail)
        for handle in [try #require(reader.segments.first), try #require(reader.segments.last)] {
            let keys = try #require(reader.keys)
            let slot = try keys.group(
                segment: handle.segment, classID: 2, generation: handle.generation
            ).slot
            _ = try keys.beginEpoch(destroying: [slot])
            reader.forgetContents()
            let first = try #require(mail.first { $0 >= handle.firstIndex })
            let within = Muniment.Predicate.all([.index(first...mail[mail.count - 1]), Self.fromAlice])
            let error = try #require(throws: ArchiveError.self) { _ = try snapshot.recordCount(matching: within) }
            #expect(error.code == .damaged && error.message.contains("record \(first) "), "\(error)")
            // What entries alone decide is still told.
            #expect(try snapshot.recordCount(matching: .retentionClass("mail")) == UInt64(mail.count))
        }
        try? fixture.store.close()
    }
}
