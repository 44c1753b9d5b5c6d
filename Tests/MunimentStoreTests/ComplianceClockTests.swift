// The compliance clock against the wall clock: what entries carry, what restarts, reboots and operators do to it, and that no sequence of them
// makes it run faster than the year allows. Format/retention.md, "Clock".

import MunimentFormat
import Testing

@testable import MunimentStore

/// A store without threads on a simulated disk, whose clocks the test moves.
private final class ClockedStore {
    let clock = ManualClock(bootMicroseconds: 5_000_000)
    let disk = SimulatedDisk(seed: 1)
    var store: LogStore
    var options = StoreOptions()

    init() throws {
        options.clock = clock
        options.isSynchronous = true
        options.limits.reserveByteCount = 256 << 10
        store = try LogStore.create(disk, "archive", origin: "example.org/clock", options: options)
    }

    func reopen() throws {
        try store.close()
        store = try LogStore.open(disk, "archive", options: options)
    }

    @discardableResult func append() throws -> Entry {
        let receipt = try store.append([batch([[1, 2, 3]])])
        return try entry(receipt.firstIndex)
    }

    func entry(_ index: UInt64) throws -> Entry { try store.reader.entry(index).decode(Entry.init(decoding:)) }

    var compliance: Microseconds { store.clock.reading()?.compliance ?? .min }
    var wall: Microseconds { clock.microsecondsSinceEpoch() }

    /// The clock records of the log, in order.
    func records() throws -> [ClockRecord] {
        try (0..<store.committed.treeSize).compactMap { index in
            guard let record = try ControlRecord(entry: entry(index)), record.kind == .clock else { return nil }
            return try record.body.decode(ClockRecord.init(decoding:))
        }
    }
}

private let second: Microseconds = 1_000_000
private let hour: Microseconds = 3_600 * second
private let day: Microseconds = 24 * hour

@Suite struct ComplianceClockTests {
    @Test func anEntryIsFlaggedWhereTheWallClockDisagrees() throws {
        let log = try ClockedStore()
        #expect(try log.append().compliance == nil)
        log.clock.advance(microseconds: hour)
        let truth = log.wall
        #expect(log.compliance == truth)
        for (shift, isFlagged) in [
            (0, false), (300 * second, false), (300 * second + 1, true), (1_000 * day, true),
        ] {
            log.clock.set(microsecondsSinceEpoch: truth + shift)
            let entry = try log.append()
            #expect(entry.recorded == truth + shift)
            #expect(entry.compliance == (isFlagged ? truth : nil), "ahead by \(shift)")
        }
        // Back again: behind the entry before, then not.
        log.clock.set(microsecondsSinceEpoch: truth)
        #expect(try log.append().compliance == truth)
        #expect(try log.append().compliance == nil)
        log.clock.set(microsecondsSinceEpoch: truth - second)
        #expect(try log.append().compliance == truth)
        #expect(try log.append().compliance == nil, "a second behind is within the bound")
        log.clock.set(microsecondsSinceEpoch: truth - second - 1)
        #expect(try log.append().compliance == truth)
        #expect(try log.append().compliance == truth)
    }

    @Test func aRestartInTheSameBootGoesOn() throws {
        let log = try ClockedStore()
        let start = log.compliance
        for shift in [0, 400 * day, -400 * day] {
            log.clock.set(microsecondsSinceEpoch: log.wall + shift)
            log.clock.advance(microseconds: hour)
            try log.reopen()
        }
        #expect(log.compliance == start + 3 * hour)
        #expect(try log.records().isEmpty)
    }

    @Test func anotherBootCountsNothingThatNobodySaw() throws {
        let log = try ClockedStore()
        log.clock.advance(microseconds: 10 * day)
        let last = try log.append()
        try log.store.close()
        log.clock.reboot()
        log.clock.advance(microseconds: 2 * day)
        log.clock.set(microsecondsSinceEpoch: last.recorded + 1_000 * day)
        log.store = try LogStore.open(log.disk, "archive", options: log.options)
        #expect(log.compliance == last.recorded - 300 * second + 2 * day)
        let record = try #require(try log.records().first)
        #expect(record.kind == .boot && record.compliance == log.compliance && record.boot == 2 * day)
        // What comes now is flagged by the new anchor, and the next open of this boot adds nothing.
        #expect(try log.append().compliance == log.compliance)
        try log.reopen()
        #expect(try log.records().count == 1)
    }

    @Test func anotherBootBelievesTheNewestFlag() throws {
        let log = try ClockedStore()
        log.clock.advance(microseconds: day)
        let truth = log.wall
        log.clock.set(microsecondsSinceEpoch: truth + day)
        let flagged = try log.append()
        #expect(flagged.compliance == truth)
        log.clock.set(microsecondsSinceEpoch: truth)
        _ = try log.append()
        #expect(try log.append().compliance == nil)
        try log.store.close()
        log.clock.reboot()
        log.store = try LogStore.open(log.disk, "archive", options: log.options)
        #expect(log.compliance == truth)
    }

    @Test func itCatchesUpSevenDaysAYear() throws {
        let log = try ClockedStore()
        let start = log.compliance
        log.clock.set(microsecondsSinceEpoch: log.wall + 1_000 * day)
        for _ in 0..<365 {
            log.clock.advance(microseconds: day)
            try log.append()
            log.store.cadenceStep()
        }
        let gained = log.compliance - start - 365 * day
        #expect(gained > 6 * day && gained <= 7 * day, "\(gained)")
        let records = try log.records()
        #expect(records.count <= 365 && records.allSatisfy { $0.kind == .catchUp })
        for (before, after) in zip(records, records.dropFirst()) {
            let advanced = after.boot - before.boot
            #expect(after.compliance - before.compliance - advanced <= advanced / 365 * 7)
        }
    }

    @Test func itNeverCatchesUpPastTheWallClock() throws {
        let log = try ClockedStore()
        log.clock.set(microsecondsSinceEpoch: log.wall + 10 * second)
        for _ in 0..<3 {
            log.clock.advance(microseconds: 10 * day)
            try log.append()
            log.store.cadenceStep()
        }
        #expect(log.compliance == log.wall)
        #expect(try log.records().count == 1)
    }

    @Test func anOperatorConfirmsTheWallClockAndNoOneSetsItBack() throws {
        let log = try ClockedStore()
        #expect(archiveError { _ = try log.store.confirmClock(privatePart: []) }?.code == .refused)
        log.clock.set(microsecondsSinceEpoch: log.wall + 30 * day)
        let receipt = try log.store.confirmClock(privatePart: [])
        #expect(try log.entry(receipt.firstIndex).compliance == log.wall - 30 * day)
        #expect(log.compliance == log.wall)
        #expect(try log.append().compliance == nil)
        log.clock.set(microsecondsSinceEpoch: log.wall - 60 * day)
        #expect(archiveError { _ = try log.store.confirmClock(privatePart: []) }?.code == .refused)
        try log.reopen()
        #expect(log.compliance == log.wall + 60 * day)
        #expect(try log.records().map(\.kind) == [.confirmed])
    }

    @Test func aFullDiskKeepsTheRecordAwayAndNotTheClock() throws {
        let log = try ClockedStore()
        log.clock.advance(microseconds: day)
        let last = try log.append().recorded
        try log.store.close()
        log.clock.reboot()
        log.clock.advance(microseconds: hour)
        log.disk.setCapacity(byteCount: 0)
        log.store = try LogStore.open(log.disk, "archive", options: log.options)
        #expect(log.compliance == last - 300 * second + hour)
        #expect(try log.records().isEmpty)
        log.disk.setCapacity(byteCount: 1 << 30)
        try log.reopen()
        #expect(log.compliance == last - 300 * second + hour)
        #expect(try log.records().map(\.kind) == [.boot])
    }

    /// Random lives: time passes, somebody turns the wall clock, the machine boots again, the store is opened again.
    @Test(arguments: 1...20) func noLifeMakesItRunFast(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let log = try ClockedStore()
        let start = log.compliance
        // How long everything took, and what the clock showed at the newest entry.
        var (passed, logged) = (Microseconds(0), start)
        for _ in 0..<60 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                log.clock.set(microsecondsSinceEpoch: log.wall + .random(in: -400 * day...400 * day, using: &random))
            case 1:
                try log.store.close()
                log.clock.reboot()
                let off = Microseconds.random(in: 0...day, using: &random)
                log.clock.advance(microseconds: off)
                passed += off
                log.store = try LogStore.open(log.disk, "archive", options: log.options)
            case 2: try log.reopen()
            case 3: log.store.cadenceStep()
            case 4, 5:
                let time = Microseconds.random(in: 0...3 * day, using: &random)
                log.clock.advance(microseconds: time)
                passed += time
            default:
                let before = log.compliance
                let entry = try log.append()
                logged = before
                #expect(entry.compliance.map { $0 == before } ?? true)
                let known = entry.compliance ?? entry.recorded
                #expect(known >= before - second && known <= before + 300 * second, "seed \(seed)")
            }
            let now = log.compliance
            // A boot may lose what no entry shows, and five minutes that one may only seem to show.
            #expect(now >= logged - 301 * second, "seed \(seed)")
            #expect(
                now - start <= passed + passed / 365 * 7 + 300 * second, "seed \(seed): \(now - start) in \(passed)")
        }
        var greatest = Microseconds.min
        for record in try log.records() {
            #expect(record.compliance >= greatest, "seed \(seed)")
            greatest = record.compliance
        }
        try log.store.close()
    }
}
