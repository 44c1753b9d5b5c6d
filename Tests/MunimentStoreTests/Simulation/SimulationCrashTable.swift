// The crash table: one short life of a store, and every single thing that can go wrong in it, one at a time.
//
//   MUNIMENT_CRASH_STRIDE   every how manieth row is tried: 1 for the whole table. Unless given: 4 where MUNIMENT_SIM_RUNS is given, as in
//                           `make sim`, otherwise 40

import Glibc
import MunimentStore
import Testing

@Suite("The crash table")
struct SimulationCrashTable {
    /// A row: what goes wrong, on which kind of disk, and what the power leaves.
    private struct Row: Sendable {
        var plan: FaultPlan
        var order: SimulatedDisk.NameOrder
        var outcome: UInt64
    }

    private static let stride =
        getenv("MUNIMENT_CRASH_STRIDE").flatMap { Int(String(cString: $0)) }
        ?? (getenv("MUNIMENT_SIM_RUNS") == nil ? 40 : 4)

    /// The life without faults: how many changes it makes, and how many calls of each kind.
    private static let counts: (changes: Int, calls: [FileOperation: Int])? = {
        let simulation = Simulation(faults: .none, nameOrder: .independent, outcome: 1)
        do { try simulation.runScript() } catch { return nil }
        return (simulation.firstDisk.changeCount, simulation.firstDisk.callCounts)
    }()

    @Test("without faults has enough of everything")
    func withoutFaults() throws {
        let counts = try #require(SimulationCrashTable.counts)
        #expect(counts.changes > 150)
        for operation in [FileOperation.rename, .remove, .synchronize, .synchronizeDirectory, .truncate, .allocate] {
            #expect(counts.calls[operation, default: 0] > 2, "\(operation)")
        }
    }

    @Test("power loss at every change, with four outcomes", arguments: SimulatedDisk.NameOrder.allCases)
    func powerLoss(order: SimulatedDisk.NameOrder) throws {
        let counts = try #require(SimulationCrashTable.counts)
        try run(
            (1...counts.changes).flatMap { change in
                (1...4).map { Row(plan: .powerLoss(atChange: change), order: order, outcome: $0) }
            })
    }

    @Test("a process's death at every change")
    func processDeath() throws {
        let counts = try #require(SimulationCrashTable.counts)
        try run(
            (1...counts.changes).flatMap { change in
                (1...2).map { Row(plan: .processDeath(atChange: change), order: .journal, outcome: $0) }
            })
    }

    @Test("every kind of error at every call", arguments: FileOperation.allCases)
    func errors(operation: FileOperation) throws {
        let counts = try #require(SimulationCrashTable.counts)
        let excluded: Set<Fault> = [.falseSuccess, .bitRot, .powerLoss, .processDeath, .interrupted]
        let faults = Fault.allCases.filter { $0.applies(to: operation) && !excluded.contains($0) }
        try run(
            (1...max(1, counts.calls[operation, default: 0])).flatMap { call in
                faults.map {
                    Row(plan: .single($0, at: call, of: operation), order: .independent, outcome: UInt64(call))
                }
            })
    }

    /// Also where nothing is reserved ahead, so that a file ends with its last frame: otherwise the cut of what follows it, which is synced, makes up
    /// for a rewritten tail that is not.
    @Test("a sync that fails, and then the power goes", arguments: [false, true])
    func failedSyncThenPowerLoss(isTight: Bool) throws {
        let counts = try #require(SimulationCrashTable.counts)
        let syncs = counts.calls[.synchronize, default: 0]
        let tight = FaultPlan.Entry(.noSpace, at: 1, of: .operation(.allocate), repeats: true)
        try run(
            (1...syncs).flatMap { sync in
                [Fault.lostPages, .partlyLostPages].flatMap { fault in
                    [0, 1, 3, 8, 20].map { later in
                        let loss = FaultPlan.Entry(.powerLoss, at: sync + 1 + later, of: .operation(.synchronize))
                        let failure = FaultPlan.Entry(fault, at: sync, of: .operation(.synchronize))
                        return Row(
                            plan: FaultPlan([failure, loss] + (isTight ? [tight] : [])), order: .independent,
                            outcome: UInt64(sync * 7 + later))
                    }
                }
            })
    }

    /// Runs every `stride`th row on two threads; reports the first few that break a promise.
    private func run(_ rows: [Row]) throws {
        let failures = Guarded<[String]>([])
        let chosen = Swift.stride(
            from: rows.count / 2 % SimulationCrashTable.stride, to: rows.count, by: SimulationCrashTable.stride
        )
        .map { rows[$0] }
        onThreads(2) { thread in
            for place in Swift.stride(from: thread, to: chosen.count, by: 2) where failures.withLock({ $0.count }) < 3 {
                let row = chosen[place]
                let simulation = Simulation(faults: row.plan, nameOrder: row.order, outcome: row.outcome)
                do {
                    try simulation.runScript()
                } catch {
                    let log = simulation.log.suffix(60).joined(separator: "\n")
                    failures.withLock { $0.append("\(row)\n\(log)\n\(error)") }
                }
            }
        }
        for failure in failures.withLock({ $0 }) { Issue.record("\(failure)") }
    }
}
