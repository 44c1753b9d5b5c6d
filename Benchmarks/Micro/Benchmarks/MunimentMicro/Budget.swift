// Measuring one thing, and judging it: allocations are counted, processor time, on all threads together, is compared with that of a reference that runs
// beside it. Neither bound depends on how fast the machine is, on what else it does, or on the disk.

import Benchmark
import CAllocationCount
import Foundation

/// What a measurement may cost.
struct Budget: Sendable {
    /// Allocations of one operation, on all threads together.
    let allocations: Double
    /// The processor time that it may take, as a part of what the reference takes.
    let ratio: Double
    let reference: Reference
}

/// Registers a benchmark of `operationCount` operations that `body` does at once. Where the median of its rounds is above the budget it says so in a line
/// with the words "the budget is", which `make bench-micro` looks for: the plugin itself ends well all the same.
func micro(
    _ name: String, operationCount: Int, _ budget: Budget, _ body: @escaping @Sendable () throws -> Void
) {
    let nanoseconds = BenchmarkMetric.custom("CPU ns an operation", useScalingFactor: false)
    let allocations = BenchmarkMetric.custom("allocations of 1,000 operations", useScalingFactor: false)
    let percent = BenchmarkMetric.custom("% of the reference", useScalingFactor: false)
    Benchmark(
        name,
        configuration: .init(
            metrics: [nanoseconds, allocations, percent], warmupIterations: 1, maxDuration: .seconds(3),
            maxIterations: 5)
    ) { benchmark in
        let rounds = try measured(budget.reference, body)
        let perOperation = rounds.allocations / Double(operationCount)
        benchmark.measurement(nanoseconds, Int(rounds.seconds * 1e9 / Double(operationCount)))
        benchmark.measurement(allocations, Int((perOperation * 1_000).rounded()))
        benchmark.measurement(percent, Int((rounds.ratio * 100).rounded()))
        if perOperation > budget.allocations {
            benchmark.error("\(name): \(perOperation) allocations an operation; the budget is \(budget.allocations).")
        }
        if rounds.ratio > budget.ratio {
            benchmark.error(
                "\(name): \(rounds.ratio) times as long as \(budget.reference.name); the budget is \(budget.ratio).")
        }
    }
}

/// Medians of eleven rounds, in each of which the body and its reference took turns.
private func measured(
    _ reference: Reference, _ body: () throws -> Void
) throws -> (seconds: Double, allocations: Double, ratio: Double) {
    var seconds: [Double] = []
    var allocations: [Double] = []
    var ratios: [Double] = []
    for _ in 0..<11 {
        let before = allocation_count()
        let mine = try timed(body)
        allocations.append(Double(allocation_count() - before))
        let other = timed(reference.run)
        seconds.append(mine)
        ratios.append(mine / other)
    }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return (median(seconds), median(allocations), median(ratios))
}

private func timed(_ body: () throws -> Void) rethrows -> Double {
    var (start, end) = (timespec(), timespec())
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
    try body()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
    return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
}
