// One simulated life of an archive that is purged: a seed decides what is appended, which holds are placed and released, also while a run is under
// way, which faults strike the runs, and when the power goes. After every misfortune the archive is opened again and compared with the model.
//
// What must always be true
//   - A record that is held, or not due, is there with its bytes.
//   - A record that is gone was due, was in no hold when it went, and a carried-out prepared record lists it.
//   - No tree of before is contradicted.
//   - At the end, without faults, one run purges everything that is due and not held.

import MunimentFormat
import MunimentMerkle
import MunimentStore

@testable import Muniment

struct CompactionSimulation {
    /// A promise that was broken.
    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    private struct Modelled {
        var text: String
        var isDue: Bool
        var isGone = false
    }

    private struct Held {
        var matter: UInt64
        var indexes: Range<UInt64>
    }

    private var random: SeededGenerator
    private var disk: SimulatedDisk
    private var fixture: CompactionFixture
    private var records: [UInt64: Modelled] = [:]
    private var holds: [Held] = []
    private var trees: [(size: UInt64, root: Digest)] = []
    private(set) var log: [String] = []
    /// How often a run was struck, and how often one was carried on after it.
    private(set) var struckCount = 0
    private(set) var purgedCount: UInt64 = 0

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        disk = SimulatedDisk(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        fixture = try CompactionFixture(
            disk, "archive", segmentEntryCount: 64 + Int.random(in: 8...60, using: &random))
    }

    /// A short life that is always the same, struck by `faults` during its run, for tables of crash points. Returns how many changes the run made.
    static func runScript(faults: FaultPlan, outcome: UInt64) throws -> Int {
        var life = try CompactionSimulation(seed: 11)
        for _ in 0..<6 { try life.append() }
        try life.place(0..<UInt64.random(in: 10...20, using: &life.random))
        for _ in 0..<4 { try life.append() }
        let before = life.disk.changeCount
        life.disk.arm(faults)
        try life.compact(outcome: outcome)
        let changeCount = life.disk.changeCount - before
        try life.finish()
        return changeCount
    }

    mutating func run() throws {
        for _ in 0..<Int.random(in: 8...40, using: &random) { try step() }
        try finish()
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: try append()
        case 45..<58: try place(randomRange())
        case 58..<66: try release()
        case 66..<72: try reopen(isClean: Bool.random(using: &random))
        default:
            if Int.random(in: 0..<100, using: &random) < 70 { arm() }
            try compact(outcome: random.next())
        }
    }

    // MARK: Operations

    private mutating func append() throws {
        let isDue = Int.random(in: 0..<3, using: &random) > 0
        let classID = (isDue ? [2, 2, 4] : [2, 3, 4] as [UInt32]).randomElement(using: &random) ?? 3
        let occurred = classID == 3 ? nil : isDue ? CompactionFixture.past : CompactionFixture.future
        let count = Int.random(in: 1...25, using: &random)
        let texts = (0..<count).map { "\(records.count + $0) of \(classID), due \(isDue)" }
        let indexes = try fixture.append(texts, classID: classID, occurred: occurred)
        for (index, text) in zip(indexes, texts) { records[index] = Modelled(text: text, isDue: isDue) }
        log.append("append \(indexes) of class \(classID), due \(isDue)")
    }

    private mutating func randomRange() -> Range<UInt64> {
        let end = fixture.store.committed.treeSize
        let low = UInt64.random(in: 0..<end, using: &random)
        return low..<UInt64.random(in: low..<end + 20, using: &random) + 1
    }

    private mutating func place(_ indexes: Range<UInt64>) throws {
        let scope = HoldScope(indexes: IndexSet(indexes))
        let store = fixture.store
        let receipt = try fixture.gate.change { _ throws(ArchiveError) in
            try store.appendControl(.hold) { _ in HoldRecord(matter: nil, scope: scope).encoded() }
        }
        holds.append(Held(matter: receipt.firstIndex, indexes: indexes))
        log.append("hold \(receipt.firstIndex) on \(indexes)")
    }

    private mutating func release() throws {
        guard let place = holds.indices.randomElement(using: &random) else { return }
        let matter = holds.remove(at: place).matter
        let store = fixture.store
        _ = try fixture.gate.change { _ throws(ArchiveError) in
            try store.appendControl(.release) { _ in ReleaseRecord(matter: matter).encoded() }
        }
        log.append("release \(matter)")
    }

    private mutating func arm() {
        let kinds: [FaultPlan] = [
            .powerLoss(atChange: Int.random(in: 1...70, using: &random)),
            .processDeath(atChange: Int.random(in: 1...70, using: &random)),
            .random(
                faultCount: Int.random(in: 1...2, using: &random), counts: Self.usualCounts,
                excluding: [.falseSuccess, .bitRot], using: &random),
        ]
        let plan = kinds[Int.random(in: 0..<3, using: &random)]
        disk.arm(plan)
        log.append("armed \(plan.entries.map { "\($0.fault) at \($0.occurrence) of \($0.calls)" })")
    }

    /// About how often a run makes each kind of call.
    private static let usualCounts: [FileOperation: Int] = [
        .open: 30, .read: 60, .write: 25, .synchronize: 20, .rename: 6, .remove: 6, .synchronizeDirectory: 8,
        .status: 30,
        .truncate: 2, .names: 4,
    ]

    private mutating func compact(outcome: UInt64) throws {
        trees.append((fixture.store.committed.treeSize, fixture.store.committed.root))
        var compactor = fixture.compactor
        // Holds that come while generations are written, on records that may be among them.
        var placed: [Held] = []
        let indexes = randomRange()
        if Bool.random(using: &random) {
            let (store, gate) = (fixture.store, fixture.gate)
            compactor.checkCancellation = { () throws(ArchiveError) in
                guard placed.isEmpty else { return }
                let receipt = try gate.change { _ throws(ArchiveError) in
                    try store.appendControl(.hold) { _ in
                        HoldRecord(matter: nil, scope: HoldScope(indexes: IndexSet(indexes))).encoded()
                    }
                }
                placed.append(Held(matter: receipt.firstIndex, indexes: indexes))
            }
        }
        do throws(ArchiveError) {
            let report = try compactor.run(at: fixture.clock.microsecondsSinceEpoch(), isDryRun: false)
            log.append("compact: \(report.due) due, \(report.held) held, \(report.purged) purged")
            purgedCount += report.purged
            disk.arm(.none)
        } catch {
            struckCount += 1
            log.append("compact failed, \(error.code): \(error.message)")
            holds += placed
            placed = []
            try recover(outcome: outcome, attempted: indexes)
        }
        holds += placed
        try check()
    }

    private mutating func recover(outcome: UInt64, attempted: Range<UInt64>) throws {
        if disk.isDead {
            disk = disk.restart(outcome: outcome)
        } else {
            disk.arm(.none)
            try? fixture.store.close()
            // What a failed process left in its cache may be lost with it.
            disk.powerLoss()
            disk = disk.restart(outcome: outcome)
        }
        fixture.fileSystem = disk
        try fixture.reopen()
        try settleHolds(attempted)
        log.append("open again at \(fixture.store.committed.treeSize)")
    }

    /// A hold whose append failed may or may not be in the log; the policy says.
    private mutating func settleHolds(_ attempted: Range<UInt64>) throws {
        let standing = try fixture.gate.policy().mattersInForce.map(\.id)
        holds.removeAll { !standing.contains($0.matter) }
        for matter in standing where !holds.contains(where: { $0.matter == matter }) {
            holds.append(Held(matter: matter, indexes: attempted))
        }
    }

    private mutating func reopen(isClean: Bool) throws {
        if isClean {
            try fixture.store.close()
        } else {
            disk.processDeath()
            disk = disk.restart(outcome: random.next())
            fixture.fileSystem = disk
        }
        try fixture.reopen()
        log.append("reopen, clean \(isClean)")
        try check()
    }

    private mutating func finish() throws {
        let report = try fixture.compact()
        log.append("last run: \(report)")
        try check()
        let policy = try fixture.gate.policy()
        for (index, record) in records where record.isDue && !isHeld(index) && !record.isGone {
            throw Violation(description: "\(index) is due and not held, and still there after the last run")
        }
        guard policy.openDisposition == nil else { throw Violation(description: "a disposition stays open") }
        try fixture.store.close()
        try fixture.reopen()
        try check()
        try fixture.store.close()
    }

    // MARK: Checks

    private func isHeld(_ index: UInt64) -> Bool { holds.contains { $0.indexes.contains(index) } }

    private mutating func check() throws {
        let policy = try fixture.gate.policy()
        let snapshot = try Snapshot(
            fixture.store.checkpoint(.kept), reader: fixture.store.reader, classes: fixture.store.classes)
        for index in records.keys.sorted() {
            guard let record = records[index] else { continue }
            switch try snapshot.record(at: index).content {
            case .payload(let bytes):
                guard bytes.elementsEqual(record.text.utf8) else {
                    throw Violation(description: "\(index) has other bytes")
                }
                if record.isGone { throw Violation(description: "\(index) came back") }
            case .purged:
                if record.isGone { continue }
                guard record.isDue else { throw Violation(description: "\(index) is gone and was not due") }
                guard let disposition = policy.disposition(ofPurged: index) else {
                    throw Violation(description: "\(index) is gone without a disposition")
                }
                // Holds that stood when it went: those placed before the disposition's prepared record.
                guard let prepared = policy.dispositions.first(where: { $0.id == disposition })?.prepared.first?.index,
                    !holds.contains(where: { $0.matter < prepared && $0.indexes.contains(index) })
                else { throw Violation(description: "\(index) was held and is gone") }
                records[index]?.isGone = true
            case .large: throw Violation(description: "\(index) became large")
            }
        }
        for tree in trees {
            try snapshot.consistencyProof(from: tree.size).verify(oldRoot: tree.root, newRoot: snapshot.checkpoint.root)
        }
    }
}
