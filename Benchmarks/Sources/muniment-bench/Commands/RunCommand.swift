// `run`: the whole table.

import ArgumentParser
import Foundation

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures every row of the table and writes JSON, Markdown and plots.")

    @OptionGroup var place: PlaceOptions

    @Option(help: "smoke (a minute), quick (minutes) or full (most of an hour).")
    var effort = Effort.Name.quick

    @Option(help: "The folder for what the run writes.")
    var out = "results/run"

    @Option(help: "Rounds of each comparison, in place of the effort's.")
    var rounds: Int?

    @Option(help: "Records of the bulk appends, in place of the effort's.")
    var count: Int?

    @Option(
        help: ArgumentHelp(
            "Only this part; may be repeated. Parts: \(Part.all.map(\.id).joined(separator: ", ")).", valueName: "part")
    )
    var only: [String] = []

    func validate() throws {
        for id in only where !Part.all.contains(where: { $0.id == id }) {
            throw ValidationError("There is no part \(id).")
        }
        guard rounds ?? 1 >= 1, count ?? 1_000 >= 1_000 else {
            throw ValidationError("At least one round, and 1,000 records.")
        }
    }

    func run() throws {
        try place.withDirectory { directory in
            var effort = Effort(self.effort)
            if let rounds { effort.rounds = rounds }
            if let count { effort.bulkCount = count }
            let session = Session(effort: effort, directory: directory)
            session.say("measuring what the machine allows")
            session.report.limits = try PhysicalLimits.measure(in: directory)
            for part in Part.all where only.isEmpty || only.contains(part.id) {
                try part.run(session)
                session.finish()
                // After each part: what is measured is not lost when a later one fails.
                try ReportWriter.write(session.report, to: out)
            }
            print(MarkdownTable.page(session.report))
            print("Written to \(out): report.json, table.md and plots.")
        }
    }
}
