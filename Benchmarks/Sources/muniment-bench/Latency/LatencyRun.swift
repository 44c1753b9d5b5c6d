// The latency view: first how much the clients get answered at most, then a part of that for a while, with everything going on.

import Foundation
import Muniment

struct LatencyRun {
    let directory: String
    var seconds: Double
    var clientCount = 256
    var fractions = [0.5, 0.9]
    var say: (String) -> Void = { _ in }

    func run() throws -> LatencyReport {
        let archive = try BenchArchive.create(in: directory)
        try DueClass.make(in: archive)
        var load = ClientLoad(
            archive: archive, corpus: .shared(.messages(256)), clientCount: clientCount,
            seconds: max(1, min(seconds / 3, 10)))
        let (maximum, _) = try measure(load)
        say("  at most \(quantity(maximum.rate, "records/s"))")
        var report = LatencyReport(
            started: ISO8601DateFormatter().string(from: Date()), machine: MachineDescription(directory: directory),
            clientCount: clientCount, maximumRate: maximum.rate)
        load.seconds = seconds
        for fraction in fractions {
            load.rate = maximum.rate * fraction
            let (outcome, activity) = try measure(load)
            let found = LatencyReport.Load(
                fraction: fraction, dueRate: maximum.rate * fraction, load, outcome, activity)
            say(
                "  \(decimal(fraction * 100, 0)) %: p50 \(compact(found.p50)) ms, p99 \(compact(found.p99)) ms, maximum \(compact(found.maximum)) ms"
            )
            report.loads.append(found)
        }
        try archive.closeBlocking()
        return report
    }

    private func measure(_ load: ClientLoad) throws -> (ClientLoad.Outcome, EngineActivity) {
        let watch = try ActivityWatch(
            load.archive, BenchArchive.path(in: directory), purgeInterval: max(0.5, load.seconds / 5))
        // Both must end, whichever fails first.
        let outcome = Result { try load.run() }
        let activity = try watch.end()
        return (try outcome.get(), activity)
    }
}
