// `soak`: for an hour, or as long as it should be; fails when something grows that must not.

import ArgumentParser
import Foundation

struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract:
            "Appends, queries, checkpoints and purges at once for long, watches memory, descriptors and latency, and verifies.",
        discussion:
            "Exits 1 when memory or descriptors grow, latency drifts, a record is missing, or verify finds anything.")

    @OptionGroup var place: PlaceOptions

    @Option(help: "How long, in seconds.")
    var seconds = 3_600.0

    @Option(help: "Records a second. 5,000 for an hour leave some 2 GB.")
    var rate = 5_000.0

    @Option(help: "Megabytes by which memory may grow beside a twentieth.")
    var growth = SoakBounds().growthMegabytes

    @Option(help: "Descriptors that may be added.")
    var descriptors = SoakBounds().descriptorCount

    @Option(help: "How many times the medians of p50 and p99 may rise.")
    var drift = SoakBounds().drift

    @Flag(inversion: .prefixedNo, help: "Queries beside the appends.")
    var query = true

    @Flag(inversion: .prefixedNo, help: "Purges beside the appends.")
    var purge = true

    @Flag(help: "Gives freed memory back before each look at it, so that only memory in use counts.")
    var trim = false

    @Option(help: "The folder for what is written.")
    var out = "results/soak"

    func validate() throws {
        guard seconds >= 10, rate >= 64 else { throw ValidationError("At least 10 seconds, and 64 records a second.") }
    }

    func run() throws {
        let complaints = try place.withDirectory { directory in
            let run = SoakRun(
                directory, seconds: seconds, rate: rate, isQuerying: query, isPurging: purge, isTrimming: trim
            ) {
                FileHandle.standardError.write(Data(($0 + "\n").utf8))
            }
            let outcome = try run.run()
            let bounds = SoakBounds(growthMegabytes: growth, descriptorCount: descriptors, drift: drift)
            let complaints = bounds.complaints(outcome.samples)
            try write(outcome, complaints, MachineDescription(directory: directory))
            return complaints
        }
        if !complaints.isEmpty { throw ExitCode(1) }
    }

    private func write(_ outcome: SoakRun.Outcome, _ complaints: [String], _ machine: MachineDescription) throws {
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try JSONFile.write(outcome.samples, out + "/soak.json")
        var text = "# Soak of \(duration(seconds))\n\n\(machine.summary).\n\n"
        text +=
            "\(grouped(Double(outcome.recordCount))) records appended and found again, \(grouped(Double(outcome.report.purged))) of them purged; "
        text += "verify: \(outcome.report.verdict.rawValue).\n\n"
        text +=
            complaints.isEmpty
            ? "Memory, descriptors and latency stayed flat.\n" : complaints.map { "- \($0)\n" }.joined()
        try text.write(toFile: out + "/soak.md", atomically: true, encoding: .utf8)
        for (name, title, unit, value) in [
            ("memory", "Resident memory", "MB", \SoakSample.residentMegabytes),
            ("p99", "p99 of appends", "ms", \SoakSample.p99),
        ] {
            let plot = TimelinePlot(
                title: title,
                subtitle: "\(quantity(rate, "records/s")) appended, queried, purged; \(machine.fileSystem)", unit: unit,
                values: outcome.samples.map { $0[keyPath: value] }, seconds: outcome.samples.last?.at ?? 1, spans: [],
                moments: [])
            try plot.document().write(toFile: out + "/soak-\(name).svg", atomically: true, encoding: .utf8)
        }
        print(text)
    }
}
