// Everything that a run leaves: JSON, a Markdown table, a plot of every comparison.

import Foundation

/// Writes the files of a run into its folder.
enum ReportWriter {
    /// Writes `report.json`, `table.md` and one SVG file for each section; returns their names.
    @discardableResult
    static func write(_ report: Report, to directory: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try report.write(to: directory + "/report.json")
        try MarkdownTable.page(report).write(toFile: directory + "/table.md", atomically: true, encoding: .utf8)
        var names = ["report.json", "table.md"]
        for section in report.sections where section.series.count > 1 {
            let name = section.id + ".svg"
            try BarPlot.document(section, limits: limits(section, report), subtitle: subtitle(section, report))
                .write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
            names.append(name)
        }
        return names
    }

    private static func limits(_ section: ReportSection, _ report: Report) -> [(name: String, value: Double)] {
        guard let byteCount = section.limitByteCount else { return [] }
        return report.limits.map { ($0.name, $0.recordsPerSecond(byteCount)) }
    }

    private static let words = ["s": "seconds", "ms": "milliseconds", "µs": "microseconds"]

    private static func subtitle(_ section: ReportSection, _ report: Report) -> String {
        "\(words[section.unit] ?? section.unit); \(report.machine.coreCount) cores (\(report.machine.processor)), \(report.machine.fileSystem)"
    }
}
