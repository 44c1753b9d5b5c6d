// What the latency view found, and how it is written.

import Foundation

/// The latency view of one machine.
struct LatencyReport: Codable, Sendable {
    let started: String
    let machine: MachineDescription
    let clientCount: Int
    /// What 256 clients get answered when none of them waits for anything else, records a second.
    let maximumRate: Double
    var loads: [Load] = []

    /// One load.
    struct Load: Codable, Sendable {
        /// Of the maximum rate.
        let fraction: Double
        let seconds: Double
        let dueRate: Double
        let answeredRate: Double
        let count: UInt64
        /// Milliseconds.
        let p50, p99, p999, maximum: Double
        /// Quantiles as (fraction, milliseconds).
        let curve: [[Double]]
        /// The greatest latency of each tenth of a second, milliseconds.
        let windows: [Double]
        /// The slowest requests, one of each stall.
        let stalls: [Stall]
        let spans: [NamedSpan]
        let moments: [NamedMoments]

        /// Whether requests were answered as fast as they fell due.
        var isCarried: Bool { answeredRate > dueRate * 0.98 }
    }

    /// A request that took long, and what went on meanwhile.
    struct Stall: Codable, Sendable {
        /// Seconds after the load's start.
        let at: Double
        let milliseconds: Double
        let account: String
    }

    struct NamedSpan: Codable, Sendable {
        let name: String
        let from, to: Double
    }

    struct NamedMoments: Codable, Sendable {
        let name: String
        let at: [Double]
    }
}

extension LatencyReport.Load {
    init(
        fraction: Double, dueRate: Double, _ load: ClientLoad, _ outcome: ClientLoad.Outcome, _ activity: EngineActivity
    ) {
        func milliseconds(_ value: Nanoseconds) -> Double { Double(value) / 1e6 }
        func place(_ time: Nanoseconds) -> Double { (Double(time) - Double(outcome.start)) / 1e9 }
        let histogram = outcome.histogram
        self.fraction = fraction
        self.dueRate = dueRate
        seconds = load.seconds
        answeredRate = outcome.rate
        count = histogram.count
        (p50, p99) = (milliseconds(histogram.quantile(0.5)), milliseconds(histogram.quantile(0.99)))
        (p999, maximum) = (milliseconds(histogram.quantile(0.999)), milliseconds(histogram.max))
        curve = histogram.curve.map { [$0.fraction, milliseconds($0.value)] }
        windows = outcome.windows.map { milliseconds($0.latency) }
        stalls = LatencyReport.Load.stalls(outcome.windows).map {
            LatencyReport.Stall(
                at: place($0.due), milliseconds: milliseconds($0.latency),
                account: activity.account(from: $0.due, to: $0.due + $0.latency))
        }
        spans = activity.spans.map { LatencyReport.NamedSpan(name: $0.name, from: place($0.from), to: place($0.to)) }
        moments = activity.moments.map { LatencyReport.NamedMoments(name: $0.name, at: $0.times.map(place)) }
    }

    /// The slowest of at most five stalls: a request that waited while a slower one did belongs to the same stall.
    private static func stalls(_ requests: [ClientLoad.Outcome.Request]) -> [ClientLoad.Outcome.Request] {
        var chosen: [ClientLoad.Outcome.Request] = []
        for request in requests.sorted(by: { $0.latency > $1.latency }) where chosen.count < 5 && request.latency > 0 {
            let isNew = chosen.allSatisfy {
                request.due > $0.due + $0.latency || request.due + request.latency < $0.due
            }
            if isNew { chosen.append(request) }
        }
        return chosen
    }
}

/// Writes the view.
enum LatencyWriter {
    static func write(_ report: LatencyReport, to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try JSONFile.write(report, directory + "/latency.json")
        try page(report).write(toFile: directory + "/latency.md", atomically: true, encoding: .utf8)
        try curves(report).write(toFile: directory + "/latency.svg", atomically: true, encoding: .utf8)
        for load in report.loads {
            let name = "/latency-\(decimal(load.fraction * 100, 0)).svg"
            try timeline(load, report).write(toFile: directory + name, atomically: true, encoding: .utf8)
        }
    }

    static func page(_ report: LatencyReport) -> String {
        var text = "# Latency of durable appends, \(report.started)\n\n\(report.machine.summary).\n\n"
        text += "\(report.clientCount) clients, one record of 256 B at a time; as fast as they can they get "
        text +=
            "\(quantity(report.maximumRate, "records/s")). Requests fall due evenly at the rates below, answered or not; "
        text +=
            "latency counts from when a request was due. Meanwhile the archive signs checkpoints every second, seals segments, prepares files, and "
        text += "purges an eighth of the records.\n\n"
        text += "| load | due | answered | p50 | p99 | p99.9 | maximum |\n|---|---|---|---|---|---|---|\n"
        for load in report.loads {
            text +=
                "| \(decimal(load.fraction * 100, 0)) % for \(compact(load.seconds)) s | \(quantity(load.dueRate, "records/s")) | "
            text += "\(quantity(load.answeredRate, "records/s"))\(load.isCarried ? "" : ", not carried") | "
            text +=
                [load.p50, load.p99, load.p999, load.maximum].map { "\(compact($0)) ms" }.joined(separator: " | ")
                + " |\n"
        }
        text += "\nThe slowest requests, and what went on:\n\n"
        for load in report.loads {
            for stall in load.stalls {
                text +=
                    "- \(decimal(load.fraction * 100, 0)) %, second \(decimal(stall.at, 1)): \(compact(stall.milliseconds)) ms. \(stall.account).\n"
            }
        }
        return text
    }

    private static func curves(_ report: LatencyReport) -> String {
        LinePlot(
            title: "Latency of a durable append, \(report.clientCount) clients",
            subtitle: "Open loop: from when a request was due to its durable acknowledgement",
            xTitle: "requests that took no longer", unit: "ms",
            lines: report.loads.map { load in
                LinePlot.Line(
                    name: "\(decimal(load.fraction * 100, 0)) %: \(quantity(load.dueRate, "records/s"))",
                    points: load.curve.compactMap { $0[0] < 1 ? (1 / (1 - $0[0]), $0[1]) : nil })
            },
            xTicks: [
                (2.0, "50 %"), (10, "90 %"), (100, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %"),
                (1e5, "99.999 %"),
            ]
            .filter { tick in tick.0 <= 10 * (report.loads.map { Double($0.count) }.min() ?? 1) }
            .map { LinePlot.Tick(x: $0.0, text: $0.1) },
            note: report.machine.summary
        ).document()
    }

    private static func timeline(_ load: LatencyReport.Load, _ report: LatencyReport) -> String {
        TimelinePlot(
            title: "The slowest of each tenth of a second at \(decimal(load.fraction * 100, 0)) % load",
            subtitle: "p50 \(compact(load.p50)) ms, p99 \(compact(load.p99)) ms, p99.9 \(compact(load.p999)) ms, "
                + "maximum \(compact(load.maximum)) ms",
            unit: "ms", values: load.windows, seconds: load.seconds,
            spans: load.spans.filter { $0.name.hasPrefix("purge") }.map {
                TimelinePlot.Span(name: "purge", from: max(0, $0.from), to: min(load.seconds, $0.to))
            },
            moments: load.moments.filter { !$0.at.isEmpty }.map { ($0.name, $0.at) }
        ).document()
    }
}
