// One run: where it writes, how much it does, and what it has found so far.

import Foundation

/// What the parts of a run share. The main thread's.
final class Session {
    let effort: Effort
    /// Where contenders write; on the disk that is to be measured.
    let directory: String
    var report: Report
    private let start = monotonicNow()
    /// Archives that several parts read; made when first asked for.
    private(set) lazy var shelf = Shelf(self)

    init(effort: Effort, directory: String) {
        (self.effort, self.directory) = (effort, directory)
        report = Report(effort: effort.name.rawValue, directory: directory)
    }

    /// A line on standard error, for whoever waits.
    func say(_ text: String) {
        let elapsed = Double(monotonicNow() - start) / 1e9
        FileHandle.standardError.write(Data("[\(decimal(elapsed, 1)) s] \(text)\n".utf8))
    }

    /// Puts a part of the report in its place; an earlier one of the same ID is replaced.
    func add(_ section: ReportSection) {
        report.sections.removeAll { $0.id == section.id }
        report.sections.append(section)
        for series in section.series {
            say("  \(section.title): \(series.name): \(quantity(series.median, section.unit))")
        }
    }

    func finish() { report.secondsTaken = Double(monotonicNow() - start) / 1e9 }

    /// Lets every contender have a turn in each round, so that a slow moment of the machine falls on all of them, and measures the disk before each
    /// round. Contenders begin with another one each round: none always runs behind the same.
    func rounds(_ contenders: [Contender], _ workload: Workload, _ take: (Contender, Outcome) -> Void) throws {
        try rounds(contenders.map { ($0, workload) }, take)
    }

    /// The same with a workload for each.
    func rounds(_ turns: [(Contender, Workload)], _ take: (Contender, Outcome) -> Void) throws {
        for round in 0..<effort.rounds {
            report.calibrations.append(try DiskCalibration.measure(in: directory))
            for place in turns.indices {
                let (contender, workload) = turns[(place + round) % turns.count]
                let outcome = try Scratch.with(in: directory, contender.id) { try contender.run(workload, $0.path) }
                take(contender, outcome)
            }
        }
    }
}

/// A named part of a run.
struct Part: Sendable {
    let id: String
    let run: @Sendable (Session) throws -> Void

    /// In the order in which they run.
    static let all: [Part] = [
        .append256, .append1024, .appendAttributes, .appendMail, .single, .clients, .diskParts, .diskSealed, .verify,
        .proofs, .reads, .queries, .opening, .memory, .compaction, .mixed,
    ]
}
