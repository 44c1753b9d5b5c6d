// What the engine and the machine did while clients waited, told from outside: names that files got, purges that were asked for, and /proc.

import Foundation
import Muniment

/// What happened during a load.
struct EngineActivity: Sendable {
    /// Something that lasted.
    struct Span: Codable, Sendable {
        let name: String
        let from: Nanoseconds
        let to: Nanoseconds
    }

    /// The machine during a tenth of a second.
    struct MachineSample: Sendable {
        let time: Nanoseconds
        /// Shares of all cores, 0 to 1: busy with anything, taken by the host, used by this process.
        let busy: Double
        let stolen: Double
        let own: Double
    }

    let spans: [Span]
    /// Moments by name.
    let moments: [(name: String, times: [Nanoseconds])]
    let samples: [MachineSample]

    /// One sentence for what went on from `from` to `to`.
    func account(from: Nanoseconds, to: Nanoseconds) -> String {
        var parts = spans.filter { $0.from <= to && $0.to >= from }.map(\.name)
        let margin: Nanoseconds = 5_000_000
        for moment in moments {
            let count = moment.times.count { $0 + margin >= from && $0 <= to + margin }
            if count > 0 { parts.append(count == 1 ? moment.name : "\(count) × \(moment.name)") }
        }
        var text = parts.isEmpty ? "nothing of the engine's that shows in its files" : parts.joined(separator: ", ")
        let near = samples.filter { $0.time + 100_000_000 >= from && $0.time <= to + 100_000_000 }
        if !near.isEmpty {
            func percent(_ value: (MachineSample) -> Double) -> String {
                decimal(near.map(value).median * 100, 0) + " %"
            }
            text +=
                "; the machine \(percent(\.busy)) busy, \(percent(\.own)) with this process, \(percent(\.stolen)) stolen"
        }
        return text
    }
}

/// Gathers activity while a load runs.
final class ActivityWatch: @unchecked Sendable {
    private let watch: DirectoryWatch
    private let purges = Guarded<[EngineActivity.Span]>([])
    private let samples = Guarded<[EngineActivity.MachineSample]>([])
    private let stop = StopFlag()
    // Set in init, once.
    private var threads: [BackgroundThread] = []

    /// Watches `archive` at `path`, and purges it again and again, `interval` seconds apart.
    init(_ archive: Archive, _ path: String, purgeInterval interval: Double) throws {
        watch = try DirectoryWatch([path, path + "/segments", path + "/segments/0000", path + ".keys"])
        threads = [BackgroundThread { try self.purge(archive, interval) }, BackgroundThread { self.sample() }]
    }

    /// Ends the watch; throws what a purge failed with.
    func end() throws -> EngineActivity {
        stop.set()
        for thread in threads { try thread.join() }
        let events = watch.end()
        func times(_ isMeant: (DirectoryWatch.Event) -> Bool) -> [Nanoseconds] { events.filter(isMeant).map(\.time) }
        return EngineActivity(
            spans: purges.withLock { $0 } + ActivityWatch.preparations(events),
            moments: [
                ("checkpoint", times { $0.kind == .renamedTo && $0.name == "checkpoint" }),
                ("new segment", times { $0.kind == .renamedFrom && $0.name == "prepared" }),
                ("sealed file", times { $0.kind == .written && $0.name.hasSuffix(".seg") }),
                ("keys destroyed", times { $0.kind == .renamedTo && $0.name == "groups" }),
            ], samples: samples.withLock { $0 })
    }

    private func purge(_ archive: Archive, _ interval: Double) throws {
        while true {
            let next = monotonicNow() + Nanoseconds(interval * 1e9)
            while monotonicNow() < next {
                if stop.isSet { return }
                pause(seconds: 0.02)
            }
            let start = monotonicNow()
            let report = try archive.compactBlocking()
            let span = EngineActivity.Span(
                name: "purge of \(grouped(Double(report.purged)))", from: start, to: monotonicNow())
            purges.withLock { $0.append(span) }
        }
    }

    /// From the making of the next segment's file to its being closed, full of zeros.
    private static func preparations(_ events: [DirectoryWatch.Event]) -> [EngineActivity.Span] {
        var spans: [EngineActivity.Span] = []
        var begun: Nanoseconds?
        for event in events where event.name == "prepared" {
            if event.kind == .created { begun = event.time }
            if event.kind == .written, let from = begun {
                spans.append(EngineActivity.Span(name: "file preparation", from: from, to: event.time))
                begun = nil
            }
        }
        return spans
    }

    private func sample() {
        var last = ProcessorTimes()
        while !stop.isSet {
            pause(seconds: 0.1)
            let now = ProcessorTimes()
            let sample = now.since(last)
            samples.withLock { $0.append(sample) }
            last = now
        }
    }
}

/// Processor times of the machine and of this process since their starts.
private struct ProcessorTimes {
    private let time = monotonicNow()
    /// Ticks: user, nice, system, idle, iowait, irq, softirq, steal.
    private let ticks: [Double]
    private let own = ProcessUsage.processorSeconds

    init() {
        let line = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8))?.prefix { $0 != "\n" } ?? ""
        let numbers = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        ticks = numbers.count == 8 ? numbers : [Double](repeating: 0, count: 8)
    }

    func since(_ last: ProcessorTimes) -> EngineActivity.MachineSample {
        let spent = zip(ticks, last.ticks).map { $0 - $1 }
        let total = max(spent.reduce(0, +), 1)
        let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
        let elapsed = Double(time - last.time) / 1e9
        return EngineActivity.MachineSample(
            time: time, busy: (total - spent[3] - spent[4]) / total, stolen: spent[7] / total,
            own: (own - last.own) / elapsed / cores)
    }
}
