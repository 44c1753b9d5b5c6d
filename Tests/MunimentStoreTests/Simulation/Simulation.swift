// One simulated life of a store: a seed decides the disk, the limits, up to 200 operations, the faults that strike them
// and when the power goes. After every misfortune the store is opened again, and all of it is compared with the model.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore

final class Simulation {
    let seed: UInt64
    var random: SeededGenerator
    var disk: SimulatedDisk
    /// The disk up to its first death.
    let firstDisk: SimulatedDisk
    var observed: ObservedDisk
    let clock = ManualClock()
    var options = StoreOptions()
    var model = LogModel()
    private(set) var log: [String] = []
    /// The open store; nil after damage that no store has to survive.
    var store: LogStore!
    var path = "archive"
    var faultsLeft: Int
    let mayRot: Bool
    var classIDs: [UInt32] = [1]
    var capacity: UInt64 = 1 << 30
    private var callCountAtOpen = 0
    private let nonces = NonceLedger()
    /// The greatest size that a checkpoint stated to anybody.
    private(set) var publishedMax: UInt64 = 0
    /// The calls to the disks that died.
    private var pastCalls: [[SimulatedCall]] = []

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        var configuration = SimulatedDisk.Configuration(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        configuration.sectorByteCount = random.odds(50) ? 512 : 4096
        configuration.allowsDirect = random.odds(80)
        configuration.nameOrder = SimulatedDisk.NameOrder.allCases.randomElement(using: &random)!
        firstDisk = SimulatedDisk(configuration)
        disk = firstDisk
        observed = ObservedDisk(disk, nonces)
        faultsLeft = Int.random(in: 1...3, using: &random)
        mayRot = random.odds(15)
        options.isSynchronous = true
        options.clock = clock
        options.limits.segmentEntryCount = 64 + Int.random(in: 10...300, using: &random)
        options.limits.segmentByteCount = [48 << 10, 128 << 10, 1 << 20, 64 << 20].randomElement(using: &random)!
        options.limits.frameEntryCount = [16, 200, 16_384].randomElement(using: &random)!
        options.limits.preparesSegments = random.odds(50)
        options.limits.reserveByteCount = 256 << 10
    }

    /// A short life that is the same each time but for `faults`, which are armed from the first call on, and the disk's
    /// order of names.
    init(faults: FaultPlan, nameOrder: SimulatedDisk.NameOrder, outcome: UInt64) {
        seed = 5
        random = SeededGenerator(seed: seed)
        var configuration = SimulatedDisk.Configuration(seed: outcome)
        configuration.nameOrder = nameOrder
        firstDisk = SimulatedDisk(configuration, faults: faults)
        disk = firstDisk
        observed = ObservedDisk(disk, nonces)
        (faultsLeft, mayRot) = (0, false)
        options.isSynchronous = true
        options.clock = clock
        options.limits.segmentEntryCount = 64 + 12
        options.limits.reserveByteCount = 256 << 10
    }

    /// Every call to a disk, in all lives.
    var allCalls: [SimulatedCall] { pastCalls.flatMap { $0 } + disk.calls }

    func note(_ line: @autoclosure () -> String) { log.append(line()) }

    // MARK: The run

    /// Runs; throws the first `Violation`.
    func run() throws {
        do {
            try SeededSodium.with(seed: seed) {
                try create()
                // Short lives are more frequent: what goes wrong, goes wrong early.
                let count = min(Int.random(in: 1...200, using: &random), Int.random(in: 1...200, using: &random))
                for _ in 0..<count where store != nil { try step() }
                if store != nil { try finish() }
            }
        } catch is Ruined {
            note("ruined, as such faults may")
        }
    }

    /// Runs the short life: two segment boundaries with sealing and repacking, checkpoints, a class, a body file,
    /// tokens, a close in the middle.
    func runScript() throws {
        try SeededSodium.with(seed: seed) {
            try create()
            let again = { [self] in
                try close()
                try reopen()
            }
            let script = [
                append, append, checkpoint, append, appendGroup, seal, append, cadence, retry, defineClass, append,
                again, appendBody,
                append, seal, checkpoint, append, readBeside,
            ]
            for operation in script {
                try operation()
                try recoverIfNeeded()
            }
            try finish()
        }
    }

    /// Damage that excuses a refusal.
    struct Ruined: Error {}

    private func create() throws {
        armFaults(during: .creation)
        for attempt in 0... {
            path = "archive\(attempt)"
            _ = observed.takeNotes()
            (model, publishedMax) = (LogModel(), 0)
            note("create \(path)")
            do throws(ArchiveError) {
                store = try LogStore.create(observed, path, origin: "example.org/simulation", options: options)
            } catch {
                note("  \(error.code): \(error.message)")
                try excuse(error)
                if disk.isDead { restart() }
                if try adoptUnfinished() { return }
                continue
            }
            try hearNotes()
            return try model.publish(Head(size: store.committed.treeSize, root: store.committed.root))
        }
    }

    /// After a creation that failed: either there is no store, or a whole one.
    private func adoptUnfinished() throws -> Bool {
        do throws(ArchiveError) {
            store = try LogStore.open(observed, path, options: options)
        } catch  where error.code == .absent {
            return false
        } catch {
            try excuse(error)
            if disk.isDead { restart() }
            // A later fault: try once more, without any.
            disk.arm(.none)
            do throws(ArchiveError) {
                store = try LogStore.open(observed, path, options: options)
            } catch  where error.code == .absent {
                return false
            }
        }
        try hearNotes()
        try settle()
        return true
    }

    private func finish() throws {
        disk.arm(.none)
        faultsLeft = 0
        setCapacity(1 << 30)
        try close()
        if random.odds(30) {
            disk.powerLoss()
            restart()
        }
        try reopen()
        do {
            try checkEverything(sample: .max)
            try checkSeals()
        } catch let error as ArchiveError {
            note("  \(error.code): \(error.message)")
            try excuse(error)
        }
        try close()
    }

    // MARK: Faults

    private enum Phase { case creation, operations }

    /// Arms one fault, or two at once, so that they strike within the next few operations.
    private func armFaults(during phase: Phase) {
        guard faultsLeft > 0, phase == .operations || random.odds(10) else { return }
        let count = min(faultsLeft, random.odds(25) ? 2 : 1)
        faultsLeft -= count
        var counts = disk.callCounts
        if phase == .creation {
            counts = [
                .open: 12, .createDirectory: 6, .rename: 3, .synchronizeDirectory: 12, .status: 20, .read: 10,
                .write: 12,
                .synchronize: 12, .truncate: 2, .byteCount: 6, .lock: 1, .names: 3, .isNetworkFileSystem: 2,
                .allocate: 1,
                .availableByteCount: 1,
            ]
        } else {
            for (operation, total) in counts { counts[operation] = max(1, total / 20) }
        }
        let excluded: Set<Fault> = mayRot ? [.falseSuccess] : [.falseSuccess, .bitRot]
        let plan = FaultPlan.random(faultCount: count, counts: counts, excluding: excluded, using: &random)
        note(
            "  armed: " + plan.entries.map { "\($0.fault) at \($0.occurrence) of \($0.calls)" }.joined(separator: ", "))
        disk.arm(plan)
    }

    /// Whether anything went wrong on the disk since the store was opened, or was tried to be.
    var wasStruck: Bool { disk.isDead || disk.calls.dropFirst(callCountAtOpen).contains { $0.fault != nil } }
    var isRotten: Bool { mayRot && disk.calls.contains { $0.fault == .bitRot } || rotten }
    private var rotten = false
    private var isCramped: Bool { capacity < 1 << 30 }

    /// A refusal must come from a fault, or from a full disk; that bytes are damaged, from rot alone.
    func excuse(_ error: ArchiveError) throws {
        if isRotten { return }
        if error.code == .damaged { throw Violation("called damaged, and is not: \(error.message)") }
        guard wasStruck || (isCramped && error.code == .full) else {
            throw Violation("refused without a reason: \(error.code): \(error.message)")
        }
    }

    /// The next life of a dead disk.
    func restart() {
        rotten = isRotten
        pastCalls.append(disk.calls)
        disk = disk.restart(outcome: random.next())
        observed = ObservedDisk(disk, nonces)
        callCountAtOpen = 0
        clock.advance(microseconds: 1_000_000)
        if random.odds(50) { clock.reboot() }
    }

    /// After an operation that may have killed the disk or the store: opens it again, if so.
    func recoverIfNeeded() throws {
        try hearNotes()
        if disk.isDead || store.failure != nil {
            note("  \(disk.isDead ? "dead" : "failed"): open again")
            try? store.close()
            try hearNotes()
            store = nil
            if disk.isDead { restart() }
            try reopen()
        }
    }

    /// Opens the store, more than once if faults make it fail, and compares all of it with the model.
    func reopen() throws {
        for _ in 0... {
            callCountAtOpen = disk.calls.count
            do throws(ArchiveError) {
                store = try LogStore.open(observed, path, options: options)
                callCountAtOpen = disk.calls.count
                break
            } catch {
                note("  open: \(error.code): \(error.message)")
                try excuse(error)
                try hearNotes()
                if error.code == .full { setCapacity(1 << 30) }
                if disk.isDead {
                    restart()
                } else if isRotten {
                    throw Ruined()
                }
            }
        }
        try hearNotes()
        note("  open at \(store.committed.treeSize)")
        try settle()
    }

    func close() throws {
        note("close")
        do throws(ArchiveError) {
            try store.close()
        } catch {
            note("  \(error.code): \(error.message)")
            try excuse(error)
        }
        try hearNotes()
        store = nil
        if disk.isDead { restart() }
    }

    func setCapacity(_ byteCount: UInt64) {
        capacity = byteCount
        disk.setCapacity(byteCount: byteCount)
    }

    func hearNotes() throws {
        for head in observed.takeNotes() {
            try model.publish(head)
            publishedMax = max(publishedMax, head.size)
        }
        if let violation = nonces.violation { throw Violation(violation) }
    }

    // MARK: One operation

    private func step() throws {
        if random.odds(8) { armFaults(during: .operations) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<36: try append()
        case 36..<48: try appendGroup()
        case 48..<54: try retry()
        case 54..<60: try checkpoint()
        case 60..<66: cadence()
        case 66..<71: seal()
        case 71..<79: try readBack()
        case 79..<84:
            try close()
            try reopen()
        case 84..<87: try crash()
        case 87..<91: turnClock()
        case 91..<93: try defineClass()
        case 93..<95: try appendBody()
        case 95..<97: try fillDisk()
        case 97..<99: try readBeside()
        default: try openTwice()
        }
        try recoverIfNeeded()
    }

    private func cadence() {
        note("cadence")
        clock.advance(microseconds: 1_000_000)
        store.cadenceStep()
    }

    private func seal() { note("seal: \(store.sealStep())") }

    private func crash() throws {
        note("crash")
        switch Int.random(in: 0..<3, using: &random) {
        case 0: disk.powerLoss()
        case 1: disk.processDeath()
        default:
            // The store is dropped, and the process lives on: as after an error that nobody caught.
            store = nil
            try reopen()
        }
    }

    private func turnClock() {
        note("clock")
        switch Int.random(in: 0..<4, using: &random) {
        case 0: clock.set(microsecondsSinceEpoch: clock.microsecondsSinceEpoch() - 3_600_000_000)
        case 1: clock.advance(microseconds: 90_000_000_000)
        default: clock.advance(microseconds: Int64.random(in: 1...10_000_000, using: &random))
        }
    }

    private func fillDisk() throws {
        if isCramped {
            setCapacity(1 << 30)
        } else {
            let free = (try? disk.availableByteCount("/")) ?? 0
            let used = (1 << 30) - min(free, 1 << 30)
            setCapacity(used + UInt64.random(in: 0...600 << 10, using: &random))
        }
        note("capacity \(capacity)")
    }
}

extension SeededGenerator {
    /// True `percent` times in a hundred.
    mutating func odds(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
