// Runs many simulations, and says how to repeat the one that fails.
//
//   MUNIMENT_SIM_RUNS   how many, 500 unless given
//   MUNIMENT_SIM_SEED   the first seed, 1 unless given; the others follow it
//   MUNIMENT_SIM_LOG    if set, the last run's log is printed whether or not it failed

import Glibc
import MunimentStore
import Synchronization
import Testing

@Suite("A store on a simulated disk")
struct SimulationTests {
    @Test("keeps every promise, whatever goes wrong")
    func manyRuns() {
        let runCount = environment("MUNIMENT_SIM_RUNS") ?? 500
        let firstSeed = environment("MUNIMENT_SIM_SEED") ?? 1
        let next = Atomic<UInt64>(0)
        let failures = Guarded<[(seed: UInt64, text: String)]>([])
        TrapReport.install()
        onThreads(2) { thread in
            while true {
                let run = next.add(1, ordering: .relaxed).oldValue
                guard run < runCount, failures.withLock({ $0.count }) < 5 else { return }
                TrapReport.seeds[thread] = firstSeed &+ run
                let simulation = Simulation(seed: firstSeed &+ run)
                do {
                    try simulation.run()
                    if getenv("MUNIMENT_SIM_LOG") != nil { print(simulation.log.joined(separator: "\n")) }
                } catch {
                    let text = (simulation.log.suffix(80) + ["\(error)"]).joined(separator: "\n")
                    failures.withLock { $0.append((simulation.seed, text)) }
                }
            }
        }
        for failure in failures.withLock({ $0 }).sorted(by: { $0.seed < $1.seed }) {
            Issue.record(
                """
                seed \(failure.seed) breaks a promise; repeat with MUNIMENT_SIM_SEED=\(failure.seed) MUNIMENT_SIM_RUNS=1
                \(failure.text)
                """)
        }
    }

    @Test("does the same for the same seed, call for call")
    func sameSeedSameCalls() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let logs = try (0..<2).map { _ in
                let simulation = Simulation(seed: seed)
                try simulation.run()
                return simulation.log + simulation.allCalls.map(\.description)
            }
            let place = zip(logs[0], logs[1]).prefix { $0 == $1 }.count
            #expect(
                logs[0].count == logs[1].count && place == logs[0].count,
                "seed \(seed), line \(place): \(logs.map { $0.dropFirst(place).first ?? "the end" })")
        }
    }

    private func environment(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}

/// A trap kills the process before any test can report: this writes the seeds under way to standard error first.
enum TrapReport {
    nonisolated(unsafe) static let seeds: UnsafeMutablePointer<UInt64> = {
        let seeds = UnsafeMutablePointer<UInt64>.allocate(capacity: 8)
        seeds.initialize(repeating: 0, count: 8)
        return seeds
    }()

    static func install() {
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS] {
            signal(number) { number in
                TrapReport.write("simulation: trapped with seeds")
                for thread in 0..<8 where TrapReport.seeds[thread] > 0 { TrapReport.write(TrapReport.seeds[thread]) }
                TrapReport.write("\n")
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    private static func write(_ text: StaticString) { _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount) }

    private static func write(_ number: UInt64) {
        var rest = number
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { buffer in
            var start = buffer.count
            repeat {
                start -= 1
                buffer[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            start -= 1
            buffer[start] = UInt8(ascii: " ")
            _ = Glibc.write(2, buffer.baseAddress! + start, buffer.count - start)
        }
    }
}
