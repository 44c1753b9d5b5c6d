// The rules that control records obey among themselves, and what a disposition states of the log.

import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct ControlRuleTests {
    /// What the verifier says of a store to which `body` appended.
    private func faults(_ brief: ClassRecord? = nil, _ body: (LogStore, SteppedClock) throws -> Void) throws -> Set<
        String
    > {
        let purges = try brief.map { try PurgeFixture(brief: $0) } ?? PurgeFixture()
        try purges.reopen(after: 2) { try body($0, purges.clock) }
        let report = try purges.fixture.verify(keys: true)
        return report.faults
    }

    // MARK: Classes

    @Test func complianceIsNeverWeakened() throws {
        func change(_ record: ClassRecord) throws -> Set<String> {
            try faults(ClassRecord(classID: 2, name: "brief", mode: .compliance, period: "P1Y")) { store, _ in
                _ = try store.appendClass(record)
            }
        }
        func record(_ period: String, _ mode: ClassRecord.Mode = .compliance, _ basis: ClassRecord.Basis = .recorded)
            -> ClassRecord
        { ClassRecord(classID: 2, name: "brief", mode: mode, basis: basis, period: period) }
        for period in ["P1Y", "P12M", "P2Y", "P366D", "forever", "P11M31D"] {
            #expect(try change(record(period)) == [], "\(period)")
        }
        // A year may be a leap year, and a month may have 31 days.
        for period in ["P365D", "P11M30D", "P11M", "P1M"] {
            #expect(try change(record(period)) == ["class.weakened"], "\(period)")
        }
        #expect(try change(record("P1Y", .governance)) == ["class.weakened"])
        #expect(try change(record("P1Y", .compliance, .occurred)) == ["class.weakened"])
        #expect(try change(record("a year")) == ["control.malformed"])
    }

    @Test func governanceMayBeShortened() throws {
        let found = try faults { store, _ in
            _ = try store.appendClass(ClassRecord(classID: 3, name: "lasting", period: "P1D"))
        }
        #expect(found.isEmpty)
    }

    // MARK: References

    @Test func recordsThatAreNotThere() throws {
        let first = HoldRecord(matter: nil, scope: HoldScope())
        let bad: [(ControlRecord.Kind, [UInt8])] = [
            (.release, ReleaseRecord(matter: 5).encoded()),
            (.hold, HoldRecord(matter: 5, scope: HoldScope()).encoded()),
            (.erasure, ErasureRecord(index: 1_000).encoded()),
            (.event, EventRecord(at: 0, indexes: IndexSet(4..<1_000)).encoded()),
        ]
        for (kind, body) in bad {
            #expect(try faults { store, _ in _ = try store.appendControl(kind, body: body) } == ["control.reference"])
        }
        let good = try faults { store, _ in
            let matter = try store.appendControl(.hold, body: first.encoded()).firstIndex
            _ = try store.appendControl(.hold, body: HoldRecord(matter: matter, scope: HoldScope()).encoded())
            _ = try store.appendControl(.release, body: ReleaseRecord(matter: matter).encoded())
        }
        #expect(good.isEmpty)
        #expect(try faults { store, _ in _ = try store.appendControl(.event, body: [1, 2]) } == ["control.malformed"])
    }

    // MARK: The clock

    private func clockFaults(
        _ kind: ClockRecord.Kind, boot other: Bool = false, lead: Int64 = 0, wall: Int64 = 0, bootAt: Int64? = nil
    ) throws -> Set<String> {
        try faults { store, clock in
            let (now, boot) = (clock.microsecondsSinceEpoch(), clock.bootMicroseconds())
            let record = ClockRecord(
                kind: kind, compliance: now + lead, wall: now + wall,
                bootID: [UInt8](repeating: other ? 1 : 9, count: 16), boot: bootAt ?? boot)
            _ = try store.appendControl(.clock, body: record.encoded())
        }
    }

    @Test func clockGoesOn() throws {
        let day = SteppedClock.day
        // 7 days a year of the two that have passed are 3,313 seconds.
        #expect(try clockFaults(.catchUp, lead: 3_300_000_000, wall: day) == [])
        #expect(try clockFaults(.confirmed, lead: day, wall: day) == [])
        #expect(try clockFaults(.evidence, lead: day, wall: day) == [])
        #expect(try clockFaults(.boot, boot: true, lead: -2 * day, bootAt: 0) == [])
    }

    @Test func clockIsSetForwardTooFar() throws {
        let day = SteppedClock.day
        #expect(try clockFaults(.catchUp, lead: 3_500_000_000, wall: day) == ["clock.ahead"])
        #expect(try clockFaults(.catchUp, lead: 3_300_000_000, wall: 0) == ["clock.ahead"])
        #expect(try clockFaults(.confirmed, lead: day + 2_000_000, wall: day) == ["clock.ahead"])
        #expect(try clockFaults(.evidence, lead: day, wall: 0) == ["clock.ahead"])
        #expect(try clockFaults(.boot, boot: true, lead: 0, bootAt: 0) == ["clock.ahead"])
    }

    @Test func clockIsSetBack() throws {
        let day = SteppedClock.day
        #expect(try clockFaults(.confirmed, lead: -3 * day) == ["clock.backwards"])
        #expect(try clockFaults(.confirmed, lead: -day) == ["clock.backwards"])
        #expect(try clockFaults(.catchUp, bootAt: 0) == ["clock.backwards"])
    }

    // MARK: Dispositions

    private func purgeFaults(
        _ change: (inout HandPurge) -> Void, before: (LogStore) throws -> Void = { _ in }
    ) throws -> Set<String> {
        try faults { store, clock in
            try before(store)
            var purge = HandPurge(PurgeFixture.brief)
            change(&purge)
            try purge.run(store, clock)
        }
    }

    @Test func statedFacts() throws {
        let facts: Set<String> = ["disposition.facts"]
        #expect(try purgeFaults { $0.changeIntent = { $0.clockRecord = 7 } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.clockEvidence = .attested } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.rules = [] } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.rules[0].record = 3 } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.erasures = [33] } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.holds = [.init(matter: 5, decided: .proved)] } } == facts)
        #expect(try purgeFaults { $0.changeCompleted = { $0.epoch = 0 } } == facts)
        #expect(try purgeFaults { $0.changeIntent = { $0.compliance = 0 } } == ["clock.backwards", "purge.early"])
    }

    /// A hold that stands must be stated, even where it covers nothing.
    @Test func unstatedHold() throws {
        let elsewhere = HoldScope(classes: [1])
        let found = try purgeFaults({ _ in }) { store in
            _ = try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: elsewhere).encoded())
        }
        #expect(found == ["disposition.facts"])
    }

    @Test func order() throws {
        let order: Set<String> = ["disposition.order"]
        let between: [(ControlRecord.Kind, [UInt8])] = [
            (.hold, HoldRecord(matter: nil, scope: HoldScope(classes: [1])).encoded()),
            (.erasure, ErasureRecord(index: 15).encoded()),
            (.event, EventRecord(at: 0, indexes: IndexSet(15..<16)).encoded()),
        ]
        for (kind, body) in between {
            #expect(try purgeFaults { $0.meanwhile = { _ = try $0.appendControl(kind, body: body) } } == order)
        }
        #expect(try purgeFaults { $0.changeCompleted = { $0.disposition = 5 } } == order)
        #expect(try purgeFaults { $0.changeCompleted = { $0.prepared.append(5_000) } } == order)
        let twice = try faults { store, clock in
            var purge = HandPurge(PurgeFixture.brief)
            purge.isCompleted = false
            let id = try purge.run(store, clock)
            let completed = CompletedRecord(
                disposition: id, outcome: .completed, strength: [], epoch: 1, prepared: [id + 1])
            _ = try store.appendControl(.completed, body: completed.encoded())
            _ = try store.appendControl(.completed, body: completed.encoded())
        }
        #expect(twice == order)
    }
}
