// Runs many lives of purged archives, and says how to repeat the one that fails.
//
//   MUNIMENT_SIM_RUNS   half as many lives as that, 60 unless given
//   MUNIMENT_SIM_SEED   the first seed, 1 unless given
//   MUNIMENT_CRASH_STRIDE   visits every nth crash point, 7 unless given

import Foundation
import MunimentStore
import Testing

@Suite("A purge on a simulated disk") struct CompactionSimulationTests {
    private func environment(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("Simulation: held records survive, nothing is lost unexplained, whatever goes wrong")
    func manyLives() throws {
        let runCount = environment("MUNIMENT_SIM_RUNS").map { max(1, $0 / 2) } ?? 60
        let firstSeed = environment("MUNIMENT_SIM_SEED") ?? 1
        var struckCount = 0
        var purgedCount: UInt64 = 0
        for seed in firstSeed..<firstSeed + runCount {
            var life = try CompactionSimulation(seed: seed)
            do {
                try life.run()
            } catch {
                let text = (life.log.suffix(60) + ["\(error)"]).joined(separator: "\n")
                Issue.record("seed \(seed); repeat with MUNIMENT_SIM_SEED=\(seed) MUNIMENT_SIM_RUNS=1\n\(text)")
            }
            struckCount += life.struckCount
            purgedCount += life.purgedCount
        }
        // A simulation in which nothing happens shows nothing.
        if runCount >= 50 { #expect(struckCount > Int(runCount) / 4 && purgedCount > runCount * 20) }
    }

    @Test("Simulation: death at every change of a run", arguments: [false, true])
    func everyCrashPoint(isPowerLoss: Bool) throws {
        let stride = Int(environment("MUNIMENT_CRASH_STRIDE") ?? 7)
        let changeCount = try CompactionSimulation.runScript(faults: .none, outcome: 0)
        #expect(changeCount > 30)
        var outcome: UInt64 = 1
        for change in Swift.stride(from: 1, through: changeCount, by: stride) {
            let plan: FaultPlan = isPowerLoss ? .powerLoss(atChange: change) : .processDeath(atChange: change)
            do {
                _ = try CompactionSimulation.runScript(faults: plan, outcome: outcome)
            } catch {
                Issue.record("death at change \(change), outcome \(outcome), power loss \(isPowerLoss): \(error)")
            }
            outcome &+= 1
        }
    }
}
