// The same algebra through an archive: every change by the library's own calls, clocks that are turned, reboots, real segments that are judged and
// sometimes compacted. What the judge calls due, held and purgeable must be what the naive model says, and nothing may be gone that may not be.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import Muniment

@Suite struct ArchiveHistoryTests {
    static let count = max(40, PolicyHistoryTests.count / 50)

    @Test(arguments: 0..<2) func theJudgeAgreesWithTheModel(shard: UInt64) throws {
        for seed in stride(from: shard, to: Self.count, by: 2) {
            do {
                let history = try ArchiveHistory(seed: seed)
                try history.run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }
}

private final class ArchiveHistory {
    private var generator: HistoryGenerator
    private var model = RetentionModel()
    private let clock = ManualClock(microsecondsSinceEpoch: 1_704_000_000_000_000)
    private let disk: SimulatedDisk
    private var options = StoreOptions()
    private var archive: Archive
    private var classes: [UInt32: String] = [1: "default"]

    init(seed: UInt64) throws {
        generator = HistoryGenerator(seed: seed)
        disk = SimulatedDisk(seed: seed)
        options.clock = clock
        options.isSynchronous = true
        options.limits.preparesSegments = false
        options.limits.reserveByteCount = 256 << 10
        options.limits.segmentEntryCount = 64 + 12
        let store = try LogStore.create(disk, "archive", origin: "example.org/history", options: options)
        archive = Archive(store, logger: ArchiveOptions().quiet().logger)
        model.rules.append((1, .init(period: nil, basis: 0, isCompliance: false)))
    }

    func run() throws {
        try setClass(2)
        for _ in 0..<Int.random(in: 10...30, using: &generator.random) {
            try step()
            try compare()
        }
        try archive.store.close()
    }

    private var store: LogStore { archive.store }
    private var now: Microseconds { store.clock.reading()?.compliance ?? .min }

    private func step() throws {
        switch Int.random(in: 0..<17, using: &generator.random) {
        case 0..<5: try append()
        case 5: try setClass(.random(in: 1...3, using: &generator.random))
        case 6, 7: try event()
        case 8, 9: try hold()
        case 10: try release()
        case 11: try erase()
        case 12: try compact()
        case 13: try turnClock()
        case 14: try reopen()
        default: clock.advance(microseconds: .random(in: 0...40 * HistoryGenerator.day, using: &generator.random))
        }
    }

    private func entry(_ index: UInt64) throws -> Entry {
        try store.reader.entry(index).decode(Entry.init(decoding:))
    }

    private func append() throws {
        let buffer = archive.makeBuffer()
        var added: [(RetainedRecord, String)] = []
        let (classID, name) = classes.sorted { $0.key < $1.key }.randomElement(using: &generator.random)!
        for _ in 0..<Int.random(in: 1...4, using: &generator.random) {
            let occurred = generator.random.odds(60) ? generator.time(near: now) : nil
            let stream = generator.random.odds(50) ? generator.random.pick(["inbox", "sent"]) : nil
            let attributes = generator.attributes()
            try buffer.append(
                Record("text", attributes: attributes, stream: stream, retentionClass: name, occurredAt: occurred))
            added.append(
                (
                    RetainedRecord(
                        index: 0, classID: classID, recorded: 0, occurred: occurred, attributes: attributes,
                        stream: stream), name
                ))
        }
        let receipt = try archive.appendBlocking(buffer)
        for (place, (record, _)) in added.enumerated() {
            var record = record
            record.index = receipt.firstIndex + UInt64(place)
            let entry = try entry(record.index)
            (record.recorded, record.compliance) = (entry.recorded, entry.compliance)
            model.records.append(record)
        }
        while store.sealStep() {}
    }

    private func setClass(_ id: UInt32) throws {
        let isNew = classes[id] == nil
        // IDs are given out in order.
        let id = isNew ? (classes.keys.max() ?? 0) + 1 : id
        let rule = generator.rule()
        let change = RetentionClassChange(
            period: rule.period?.text ?? "forever", since: [.recorded, .occurred, .event][rule.basis],
            mode: rule.isCompliance ? .compliance : .governance)
        let name = classes[id] ?? "class \(id)"
        do {
            try archive.setClassBlocking(name, change)
            guard model.mayBecome(rule, id) else { throw Disagreement(description: "\(name) was weakened") }
        } catch let error as ArchiveError {
            guard error.code == .refused, !model.mayBecome(rule, id) else { throw error }
            return
        }
        classes[id] = name
        model.rules.append((id, rule))
    }

    private func event() throws {
        guard let first = model.records.randomElement(using: &generator.random)?.index else { return }
        var selection = Selection()
        selection.indexes = [first...first + UInt64.random(in: 0...5, using: &generator.random)]
        let at = generator.random.odds(80) ? generator.time(near: now) : nil
        let receipt = try archive.recordEventBlocking(on: selection, at: at)
        let own = try entry(receipt.records[0])
        let matched = model.records.map(\.index).filter { selection.indexes[0].contains($0) }
        guard receipt.count == UInt64(matched.count) else { throw Disagreement(description: "an event's count") }
        model.events.append(
            .init(at: at ?? own.recorded, own: own.compliance ?? own.recorded, indexes: Set(matched)))
    }

    private func hold() throws {
        let matter = generator.random.pick(["A", "B", "C"])
        let selection = generator.selection(size: store.committed.treeSize, now: now, classes: classes)
        try archive.placeHoldBlocking(on: matter, covering: selection.engine)
        model.hold(matter, selection.model)
    }

    private func release() throws {
        let matter = generator.random.pick(["A", "B", "C"])
        do {
            let simulation = try snapshot().releaseSimulation(of: matter, by: store.clock)
            var without = model
            without.release(matter)
            let freed = model.records.filter {
                model.gone[$0.index] == nil && !model.mayBeGone($0, now) && without.mayBeGone($0, now)
            }
            guard simulation.freed.flatMap({ Array($0) }) == freed.map(\.index) else {
                throw Disagreement(description: "a release would free \(freed.map(\.index)), not \(simulation.freed)")
            }
            try archive.releaseHoldBlocking(on: matter)
            model.release(matter)
        } catch let error as ArchiveError {
            guard error.code == .absent, !model.isInForce(matter) else { throw error }
        }
    }

    private func erase() throws {
        guard let record = model.records.randomElement(using: &generator.random) else { return }
        do {
            let status = try archive.requestErasureBlocking(of: record.index)
            if !model.erasures.contains(where: { $0.target == record.index }) {
                model.erasures.append((status.request, record.index))
            }
            guard (status.state == .due) == model.mayBeGone(record, now) else {
                throw Disagreement(description: "record \(record.index): \(status.state)")
            }
        } catch let error as ArchiveError {
            guard error.code == .purged, model.gone[record.index] != nil else { throw error }
        }
    }

    private func compact() throws {
        let may = Set(model.records.filter { model.gone[$0.index] == nil && model.mayBeGone($0, now) }.map(\.index))
        let report = try archive.compactBlocking()
        guard report.purged == UInt64(may.count) else {
            throw Disagreement(description: "\(report.purged) were purged where \(may.count) may go")
        }
        guard let disposition = report.disposition else { return }
        for index in may { model.gone[index] = disposition }
    }

    private func turnClock() throws {
        switch Int.random(in: 0..<4, using: &generator.random) {
        case 0:
            let shift = Microseconds.random(in: -30...30, using: &generator.random) * HistoryGenerator.day
            clock.set(microsecondsSinceEpoch: clock.microsecondsSinceEpoch() + shift)
        case 1: clock.set(microsecondsSinceEpoch: now)
        case 2: store.cadenceStep()
        default:
            do { try archive.confirmClockBlocking(PolicyNote(reason: "the watch says so")) } catch let error
                as ArchiveError
            {
                guard error.code == .refused, clock.microsecondsSinceEpoch() <= now else { throw error }
            }
        }
    }

    private func reopen() throws {
        try store.close()
        if generator.random.odds(50) {
            clock.reboot()
            clock.advance(microseconds: .random(in: 0...HistoryGenerator.day, using: &generator.random))
        }
        let store = try LogStore.open(disk, "archive", options: options)
        archive = Archive(store, logger: ArchiveOptions().quiet().logger)
        try archive.resumeCompaction()
    }

    private func snapshot() throws -> Snapshot { try archive.snapshotBlocking() }

    // MARK: Comparing

    private func compare() throws {
        let policy = try archive.policyGate.policy()
        guard policy.clock.time(by: store.clock) == now else {
            throw Disagreement(description: "the log's clock shows \(policy.clock.time(by: store.clock)), not \(now)")
        }
        let log = ProvenLog(store)
        var (due, held, purgeable) = (Set<UInt64>(), Set<UInt64>(), Set<UInt64>())
        var byMatter: [String: UInt64] = [:]
        var erasures: [UInt64] = []
        for segment in store.reader.segments {
            let verdict = try policy.judge(segment, log, at: now)
            due.formUnion(verdict.due.runs.joined())
            held.formUnion(verdict.held.runs.joined())
            purgeable.formUnion(verdict.purgeable.runs.joined())
            for (id, count) in verdict.heldByMatter {
                byMatter[policy.mattersInForce.first { $0.id == id }?.name ?? "?", default: 0] += count
            }
            erasures += verdict.erasures
        }
        let standing = model.records.filter { model.gone[$0.index] == nil }
        let expected = Set(standing.filter { model.isDue($0, now) }.map(\.index))
        try require(due == expected, "due \(due.sorted()), not \(expected.sorted())")
        let expectedHeld = standing.filter { model.isDue($0, now) && !model.holders($0).isEmpty }
        try require(held == Set(expectedHeld.map(\.index)), "held \(held.sorted())")
        try require(purgeable == due.subtracting(held), "purgeable \(purgeable.sorted())")
        var counts: [String: UInt64] = [:]
        for record in expectedHeld { for matter in model.holders(record) { counts[matter, default: 0] += 1 } }
        try require(byMatter == counts, "matters hold \(byMatter), not \(counts)")
        let requests = model.erasures.filter { purgeable.contains($0.target) }.map(\.record)
        try require(erasures.sorted() == requests.sorted(), "erasures \(erasures), not \(requests)")
        for (index, disposition) in model.gone {
            try require(policy.disposition(ofPurged: index) == disposition, "record \(index) is not purged")
        }
        try compareHolds(standing)
    }

    private func compareHolds(_ standing: [RetainedRecord]) throws {
        guard generator.random.odds(20) else { return }
        for status in try snapshot().holds() {
            let matter = try #require(status.matter)
            let count = standing.filter { model.holders($0).contains(matter) }.count
            try require(status.recordCount == UInt64(count), "\(matter) covers \(status.recordCount), not \(count)")
        }
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Disagreement(description: what()) }
    }
}
