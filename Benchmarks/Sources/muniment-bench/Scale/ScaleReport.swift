// The growth curves as they are written.

import Foundation

/// All contenders at all sizes.
struct ScaleReport: Codable, Sendable {
    /// One contender's.
    struct Curve: Codable, Sendable {
        let contender: ScaleContender
        var steps: [ScaleStep]
    }

    let started: String
    let machine: MachineDescription
    var curves: [Curve] = []

    func write(to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try JSONFile.write(self, directory + "/scale.json")
        try page.write(toFile: directory + "/scale.md", atomically: true, encoding: .utf8)
        try plot(
            "Latencies as the archive grows", "milliseconds and microseconds alike, in ms", "ms",
            [
                (.muniment, .open, 1), (.muniment, .proofMake, 1e-3), (.muniment, .readCold, 1e-3),
                (.indexed, .queryHundred, 1),
            ]
        )?.write(toFile: directory + "/scale-latency.svg", atomically: true, encoding: .utf8)
        try plot(
            "Durable append as the store grows",
            "256 B, 1,000 a commit; each step is the last nine tenths of its records",
            "records/s", [(.muniment, .appendRate, 1), (.rocksdb, .appendRate, 1), (.sqlite, .appendRate, 1)]
        )?.write(toFile: directory + "/scale-append.svg", atomically: true, encoding: .utf8)
    }

    var page: String {
        var text = "# Growth, \(started)\n\n\(machine.summary).\n"
        text +=
            "Generated records of 256 B, 1,000 a commit, each with an identifier of its own; one store grows through all sizes.\n"
        for curve in curves {
            let measures = ScaleMeasure.allCases.filter { measure in curve.steps.contains { $0[measure] != nil } }
            text += "\n## \(curve.contender.title)\n\n| records |"
            text += curve.steps.map { " \(grouped(Double($0.count))) |" }.joined() + "\n|---|"
            text += curve.steps.map { _ in "---|" }.joined() + "\n"
            for measure in measures {
                text += "| \(measure.title) |"
                text +=
                    curve.steps.map { " \($0[measure].map { quantity($0, measure.unit) } ?? "–") |" }.joined() + "\n"
            }
        }
        return text
    }

    /// Nil where there are too few sizes for a line.
    private func plot(
        _ title: String, _ subtitle: String, _ unit: String, _ lines: [(ScaleContender, ScaleMeasure, factor: Double)]
    ) -> String? {
        let drawn = lines.compactMap { contender, measure, factor -> LinePlot.Line? in
            guard let curve = curves.first(where: { $0.contender == contender }) else { return nil }
            let points = curve.steps.compactMap { step in step[measure].map { (x: Double(step.count), y: $0 * factor) }
            }
            let name = measure == .appendRate ? contender.title : measure.title
            return points.count > 1 ? LinePlot.Line(name: name, points: points) : nil
        }
        guard !drawn.isEmpty else { return nil }
        return LinePlot(
            title: title, subtitle: subtitle, xTitle: "records", unit: unit, lines: drawn, note: machine.summary
        ).document()
    }
}
