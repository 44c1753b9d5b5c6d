// Purges that the log allows, and those that it does not: what the verifier makes of each, with keys and without.

import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct PurgeTests {
    /// Makes the purge two days after the records, and verifies with keys and without.
    private func reports(
        _ purges: PurgeFixture, after days: Int64 = 2, _ purge: HandPurge,
        before: (LogStore) throws -> Void = { _ in }
    ) throws -> [VerifyReport] {
        try purges.reopen(after: days) { store in
            try before(store)
            try purge.run(store, purges.clock)
        }
        return try [false, true].map { try purges.fixture.verify(keys: $0) }
    }

    /// What nothing but the keys covers: the contents of the segment that is not sealed.
    private let tail: Set<String> = ["tail.unattested"]

    private func expect(
        _ reports: [VerifyReport], _ faults: Set<String>, purged: UInt64, unexplained: UInt64 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for report in reports {
            let isKeyless = report.opened == 0
            #expect(report.faults.subtracting(tail) == faults, "\(report.summary)", sourceLocation: sourceLocation)
            #expect(report.purged == purged, "\(report.summary)", sourceLocation: sourceLocation)
            #expect(report.unexplained == unexplained, "\(report.summary)", sourceLocation: sourceLocation)
            let verdict: Verdict = faults.isEmpty ? isKeyless ? .notEstablished : .intact : .tampered
            #expect(report.verdict == verdict, "\(report.summary)", sourceLocation: sourceLocation)
        }
    }

    // MARK: Allowed

    @Test func nothingPurged() throws {
        let purges = try PurgeFixture()
        for keys in [false, true] {
            let report = try purges.fixture.verify(keys: keys)
            #expect(report.verdict == (keys ? .intact : .notEstablished), "\(report.summary)")
            #expect(report.faults.subtracting(tail).isEmpty && report.purged == 0 && report.records == 30)
        }
    }

    /// All of a class, some of a class, and more of it later.
    @Test func dueRecords() throws {
        let purges = try PurgeFixture()
        let all = PurgeFixture.brief.union(PurgeFixture.later)
        let (some, rest) = (IndexSet(5..<9).union(IndexSet(11..<12)), all)
        let found = try reports(purges, HandPurge(some))
        expect(found, [], purged: 5)
        for report in found {
            let notice = try #require(report.findings.first { $0.code == .contentPurged })
            #expect(notice.severity == .notice)
            for words in ["5 records", "P1D", "proved", "overwritten"] { #expect(notice.message.contains(words)) }
        }
        #expect(found[1].opened == found[1].treeSize - 5)
        var second = HandPurge(rest.subtracting(some))
        second.missing = rest
        expect(try reports(purges, second), [], purged: 20)
    }

    @Test func releasedHold() throws {
        let purges = try PurgeFixture()
        let scope = HoldScope(classes: [2])
        let found = try reports(purges, HandPurge(PurgeFixture.brief)) { store in
            let matter = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded())
            _ = try store.appendControl(.release, body: ReleaseRecord(matter: matter.firstIndex).encoded())
        }
        expect(found, [], purged: 10)
    }

    /// Of a restricted scope it is shown that somebody attested what it covers.
    @Test func restrictedHold() throws {
        let purges = try PurgeFixture()
        var matter: UInt64 = 0
        var purge = HandPurge(PurgeFixture.brief)
        try purges.reopen(after: 2) { store in
            let scope = HoldScope(classes: [2], isRestricted: true)
            matter = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded()).firstIndex
        }
        purge.changeIntent = { $0.holds = [IntentRecord.Hold(matter: matter, decided: .attested)] }
        let found = try reports(purges, after: 0, purge)
        expect(found, [], purged: 10)
        let notice = try #require(found[0].findings.first { $0.code == .contentPurged })
        #expect(notice.message.contains("matter \(matter) (attested, 10 records within its public scope)"))
    }

    /// A record of a class in governance mode goes when somebody asks.
    @Test func erasure() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(IndexSet(14..<15))
        purge.changeIntent = {
            $0.rules = []
            $0.erasures = [34]
        }
        expect(try reports(purges, purge), [], purged: 1)
        var second = HandPurge(IndexSet(15..<16))
        second.missing = IndexSet(14..<16)
        expect(try reports(purges, second), ["purge.early"], purged: 2)
    }

    @Test func eventsAndOccurredTimes() throws {
        let event = ClassRecord(classID: 2, name: "brief", mode: .compliance, basis: .event, period: "P1D")
        var purges = try PurgeFixture(brief: event)
        expect(try reports(purges, HandPurge(PurgeFixture.brief)), ["purge.early"], purged: 10)
        purges = try PurgeFixture(brief: event)
        try purges.reopen { store in
            let record = EventRecord(at: 0, indexes: PurgeFixture.brief)
            _ = try store.appendControl(.event, body: record.encoded())
        }
        expect(try reports(purges, HandPurge(PurgeFixture.brief)), [], purged: 10)
        let since = ClassRecord(classID: 2, name: "brief", mode: .compliance, basis: .occurred, period: "P7Y")
        purges = try PurgeFixture(brief: since, occurred: 1_300_000_000_000_000)
        expect(try reports(purges, after: 0, HandPurge(PurgeFixture.brief)), [], purged: 10)
        purges = try PurgeFixture(brief: since, occurred: 1_699_000_000_000_000)
        expect(try reports(purges, HandPurge(PurgeFixture.brief)), ["purge.early"], purged: 10)
    }

    /// Of several events the latest start counts in compliance mode, the newest record in governance mode; and each only for its own records.
    @Test(arguments: [ClassRecord.Mode.compliance, .governance]) func severalEvents(mode: ClassRecord.Mode) throws {
        let event = ClassRecord(classID: 2, name: "brief", mode: mode, basis: .event, period: "P1D")
        let later = 1_700_000_000_000_000 + 3 * SteppedClock.day
        for (starts, isEarly) in [([later, 0], mode == .compliance), ([0, later], true), ([0, 0], false)] {
            let purges = try PurgeFixture(brief: event)
            try purges.reopen { store in
                for (start, records) in zip(starts, [PurgeFixture.brief, IndexSet(9..<30)]) {
                    let record = EventRecord(at: start, indexes: records)
                    _ = try store.appendControl(.event, body: record.encoded())
                }
            }
            let found = try reports(purges, HandPurge(IndexSet(9..<14)))
            expect(found, isEarly ? ["purge.early"] : [], purged: 5)
        }
    }

    // MARK: Not allowed

    /// Whoever can append can write any record, but not sign it: past the checkpoint a disposition explains nothing. Beside a writer
    /// the checkpoint that counts is the one that is there when everything has been read.
    @Test func aDispositionPastTheCheckpoint() throws {
        let purges = try PurgeFixture()
        let fixture = purges.fixture
        let (published, kept) = (try fixture.read("checkpoint"), try fixture.read("checkpoints"))
        try purges.reopen(after: 2) { try HandPurge(PurgeFixture.brief).run($0, purges.clock) }
        let newer = try fixture.read("checkpoint")
        try fixture.write("checkpoint", published)
        try fixture.write("checkpoints", kept)
        let report = try fixture.verify()
        #expect(report.verdict == .tampered && report.has(.contentMissing), "\(report.summary)")
        #expect(report.purged == 0 && report.unexplained == 10, "\(report.summary)")
        if SecondVerifier.isInstalled {
            let last = try SecondVerifier.verify(fixture, keys: false).last
            #expect(last?.verdict == "tampered" && last?.purged == 0 && last?.unexplained == 10)
        }
        var options = try fixture.options()
        options.progress = { _ in try? fixture.write("checkpoint", newer) }
        let beside = try Verifier(options).verify(fixture.path)
        #expect(beside.verdict == .notEstablished && beside.purged == 10, "\(beside.summary)")
        #expect(beside.unexplained == 0 && !beside.has(.contentMissing), "\(beside.summary)")
    }

    @Test func early() throws {
        let purges = try PurgeFixture()
        let found = try reports(purges, after: 0, HandPurge(PurgeFixture.brief))
        expect(found, ["purge.early"], purged: 10)
        #expect(found[0].findings.contains { $0.code == .purgeEarly && $0.index == 4 })
    }

    /// Nor by a clock that is ahead of what the intent's own entry says.
    @Test func earlyByALie() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.changeIntent = { $0.compliance += 2 * SteppedClock.day }
        expect(try reports(purges, after: 0, purge), ["clock.ahead"], purged: 10)
    }

    @Test func neverDue() throws {
        let purges = try PurgeFixture()
        expect(try reports(purges, HandPurge(PurgeFixture.lasting)), ["purge.early"], purged: 10)
    }

    @Test func publicHolds() throws {
        let scopes = [
            HoldScope(), HoldScope(indexes: IndexSet(8..<9)), HoldScope(classes: [1, 2]), HoldScope(from: 0),
            HoldScope(to: .max), HoldScope(indexes: IndexSet(0..<200), classes: [2], from: 0, to: .max),
        ]
        for scope in scopes {
            let purges = try PurgeFixture()
            var matter: UInt64 = 0
            try purges.reopen(after: 2) { store in
                matter = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded())
                    .firstIndex
            }
            var purge = HandPurge(PurgeFixture.brief)
            purge.changeIntent = { $0.holds = [IntentRecord.Hold(matter: matter, decided: .proved)] }
            expect(try reports(purges, after: 0, purge), ["purge.held"], purged: 10)
        }
    }

    @Test func holdsThatDoNotCover() throws {
        let scopes = [
            HoldScope(indexes: IndexSet(15..<16)), HoldScope(classes: [3]), HoldScope(to: 0), HoldScope(from: .max),
        ]
        for scope in scopes {
            let purges = try PurgeFixture()
            var matter: UInt64 = 0
            try purges.reopen(after: 2) { store in
                matter = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: scope).encoded())
                    .firstIndex
            }
            var purge = HandPurge(PurgeFixture.brief)
            purge.changeIntent = { $0.holds = [IntentRecord.Hold(matter: matter, decided: .proved)] }
            expect(try reports(purges, after: 0, purge), [], purged: 10)
        }
    }

    @Test func withoutADisposition() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief.union(PurgeFixture.later))
        (purge.hasIntent, purge.isPrepared, purge.isCompleted) = (false, false, false)
        expect(try reports(purges, purge), ["content.missing", "seal.mismatch"], purged: 0, unexplained: 20)
    }

    /// The log says that less was purged than is gone.
    @Test func moreThanIsStated() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.changePrepared = { $0.purged = IndexSet(4..<10) }
        let found = try reports(purges, purge)
        // Places of purged contents among others are only seen with keys.
        expect([found[1]], ["content.missing"], purged: 6, unexplained: 4)
    }

    /// The log says that more was purged than is gone.
    @Test func lessThanIsStated() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(IndexSet(4..<10))
        purge.changePrepared = { $0.purged = PurgeFixture.brief }
        let found = try reports(purges, purge)
        expect([found[1]], ["purge.survives"], purged: 6)
    }

    @Test func keyThatWasNotDestroyed() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.destroysKeys = false
        let found = try reports(purges, purge)
        expect([found[0]], [], purged: 10)
        expect([found[1]], ["key.epoch", "key.survives"], purged: 10)
    }

    /// Somebody puts back what was there before the purge: the segment, and then the keys.
    @Test func restoredFiles() throws {
        let purges = try PurgeFixture()
        let fixture = purges.fixture
        let name = try #require(try fixture.files().first { $0.hasSuffix(".seg") })
        let (segment, groups) = (try fixture.read(name), try fixture.read("keys/groups"))
        expect(try reports(purges, HandPurge(PurgeFixture.brief.union(PurgeFixture.later))), [], purged: 20)
        let newest = try #require(try fixture.files().first { $0.hasSuffix(".seg") })
        let generation = try fixture.read(newest)
        fixture.create(name, segment)
        for report in try [false, true].map({ try fixture.verify(keys: $0) }) {
            #expect(report.faults.subtracting(tail) == ["segment.leftover"], "\(report.summary)")
        }
        try fixture.remove(newest)
        for report in try [false, true].map({ try fixture.verify(keys: $0) }) {
            #expect(report.has(.sealMismatch) && report.verdict == .tampered, "\(report.summary)")
        }
        try fixture.write("keys/groups", groups)
        let report = try fixture.verify(keys: true)
        #expect(report.has(.purgeSurvives) && report.has(.keyEpoch) && report.purged == 0, "\(report.summary)")
        fixture.create(newest, generation)
        try fixture.remove(name)
        #expect(try fixture.verify(keys: true).has(.keySurvives))
    }

    /// A copy from before the purge beside the keys that remain: nothing of it that was purged can be opened.
    @Test func olderCopy() throws {
        let purges = try PurgeFixture()
        let older = try StoreFixture(copying: purges.fixture)
        try purges.reopen(after: 2) {
            try HandPurge(PurgeFixture.brief.union(PurgeFixture.later)).run($0, purges.clock)
        }
        try older.write("keys/groups", try purges.fixture.read("keys/groups"))
        let report = try older.verify(keys: true)
        #expect(report.verdict != .intact && report.has(.keyMissing), "\(report.summary)")
        #expect(!report.has(.contentMissing) && report.opened <= report.treeSize - 20, "\(report.summary)")
    }

    // MARK: On its way

    @Test func incomplete() throws {
        let purges = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.isCompleted = false
        let found = try reports(purges, purge)
        expect(found, [], purged: 0)
        for report in found { #expect(report.has(.purgeIncomplete), "\(report.summary)") }
    }

    @Test func aborted() throws {
        let purges = try PurgeFixture()
        try purges.reopen(after: 2) { store in
            let intent = IntentRecord(
                compliance: purges.clock.microsecondsSinceEpoch(), clockRecord: 0, clockEvidence: .proved, epoch: 1,
                holds: [], rules: [], erasures: [])
            let id = try store.appendControl(.intent, body: intent.encoded()).firstIndex
            let completed = CompletedRecord(disposition: id, outcome: .aborted, strength: [], epoch: 0, prepared: [])
            _ = try store.appendControl(.completed, body: completed.encoded())
        }
        let report = try purges.fixture.verify(keys: true)
        #expect(report.verdict == .intact && report.has(.purgeAborted), "\(report.summary)")
    }
}
