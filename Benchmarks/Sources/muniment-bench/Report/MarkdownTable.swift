// A run as Markdown: the budget first, then every comparison.

/// Writes tables of a report.
struct MarkdownTable {
    private let report: Report
    private var text = ""

    /// The whole page.
    static func page(_ report: Report) -> String {
        var table = MarkdownTable(report: report)
        table.writePage()
        return table.text
    }

    private init(report: Report) { self.report = report }

    private mutating func writePage() {
        text += "# Benchmark, \(report.started)\n\n"
        text += "\(report.machine.summary). Effort: \(report.effort), \(duration(report.secondsTaken)). "
        text +=
            "Medians; ranges are the least and the greatest of all rounds. Ratios are to the peer of the same run.\n"
        writeBudget()
        writeDisk()
        for section in report.sections { write(section) }
    }

    private mutating func writeBudget() {
        let outcomes = Requirement.all.compactMap { $0.outcome(in: report) }
        guard !outcomes.isEmpty else { return }
        text += "\n## The budget\n\n"
        text += "| work | Muniment | peer | ratio | target | met |\n|---|---|---|---|---|---|\n"
        for outcome in outcomes {
            let peer = outcome.peer.map { "\($0.name): \(quantity($0.median, outcome.unit))" } ?? "–"
            let ratio = outcome.ratio.map(compactRatio) ?? "–"
            text +=
                "| \(outcome.requirement.work) | \(quantity(outcome.series.median, outcome.unit)) | \(peer) | \(ratio) "
            text += "| \(outcome.target) | \(outcome.isMet ? "yes" : "**no**") |\n"
        }
    }

    private mutating func writeDisk() {
        guard !report.calibrations.isEmpty else { return }
        text += "\n## The disk, before each round\n\n"
        text += "| write + fdatasync | growing, µs | pre-written, µs |\n|---|---|---|\n"
        for byteCount in [4_096, 65_536, 1 << 20] {
            func cell(_ isPreWritten: Bool) -> String {
                let all = report.calibrations.map { $0.microseconds(byteCount, isPreWritten: isPreWritten) }
                return "\(compact(all.median)) (\(compact(all.min() ?? .nan))–\(compact(all.max() ?? .nan)))"
            }
            text += "| \(byteCount / 1_024) KiB | \(cell(false)) | \(cell(true)) |\n"
        }
        text += "\n| physical limit, all cores | MB/s of records |\n|---|---|\n"
        for limit in report.limits { text += "| \(limit.name) | \(grouped(limit.megabytesPerSecond)) |\n" }
    }

    private mutating func write(_ section: ReportSection) {
        text += "\n## \(section.title)\n\n"
        if let note = section.note { text += "\(note)\n\n" }
        let hasRatio = section.referenceID != nil
        text += "| | median | range |\(hasRatio ? " ratio |" : "")\n|---|---|---|\(hasRatio ? "---|" : "")\n"
        for series in section.series {
            let range = "\(quantity(series.low, section.unit)) – \(quantity(series.high, section.unit))"
            text += "| \(series.name) | \(quantity(series.median, section.unit)) | "
            text += series.samples.count > 1 ? "\(range) |" : "one sample |"
            if hasRatio { text += " \(section.ratio(series).map(compactRatio) ?? "–") |" }
            text += "\n"
        }
    }
}
