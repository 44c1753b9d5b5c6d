// `scale`: how everything grows with the number of records.

import ArgumentParser
import Foundation

struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Growth curves from 10^4 records on, one contender on the disk at a time.",
        discussion: "10^7 records take some 1.4 GB and minutes with Muniment, more with the peers; 10^8 ten times that."
    )

    @OptionGroup var place: PlaceOptions

    @Option(help: "The most records: a power of ten, 10000 to 100000000.")
    var max = 10_000_000

    @Option(help: "The most records of SQLite, which is slower than the rest.")
    var sqliteMax = 1_000_000

    @Option(
        help: ArgumentHelp(
            "Only this contender; may be repeated: muniment, indexed, rocksdb, sqlite.", valueName: "contender"))
    var only: [String] = []

    @Option(help: "The folder for what is written.")
    var out = "results/scale"

    @Option(help: .hidden)
    var child: String?

    func validate() throws {
        guard (10_000...100_000_000).contains(max) else { throw ValidationError("10,000 to 100,000,000 records.") }
        for name in only + (child.map { [$0] } ?? []) where ScaleContender(rawValue: name) == nil {
            throw ValidationError("There is no contender \(name).")
        }
    }

    private func counts(_ contender: ScaleContender) -> [Int] {
        let most = contender == .sqlite ? Swift.min(max, sqliteMax) : max
        var counts = [10_000]
        while let last = counts.last, last * 10 <= most { counts.append(last * 10) }
        return counts
    }

    func run() throws {
        if let child, let contender = ScaleContender(rawValue: child) {
            return try runChild(contender)
        }
        try place.withDirectory { directory in
            var report = ScaleReport(
                started: ISO8601DateFormatter().string(from: Date()), machine: MachineDescription(directory: directory))
            for contender in ScaleContender.allCases where only.isEmpty || only.contains(contender.rawValue) {
                FileHandle.standardError.write(Data("\(contender.title)\n".utf8))
                let output = try ChildProcess.run([
                    "scale", "--child", contender.rawValue, "--max", String(max), "--sqlite-max", String(sqliteMax),
                    "--dir", directory,
                ])
                report.curves.append(
                    ScaleReport.Curve(contender: contender, steps: try JSONFile.decoded([ScaleStep].self, output)))
                try report.write(to: out)
            }
            print(report.page)
            print("Written to \(out).")
        }
    }

    private func runChild(_ contender: ScaleContender) throws {
        try Scratch.with(in: place.dir, contender.rawValue) { scratch in
            var steps: [ScaleStep] = []
            try contender.grow(in: scratch.path, counts(contender)) { step in
                steps.append(step)
                let rate = quantity(step[.appendRate] ?? .nan, "records/s")
                FileHandle.standardError.write(Data("  \(grouped(Double(step.count))) records: \(rate)\n".utf8))
            }
            print(String(decoding: try JSONFile.encoded(steps), as: UTF8.self))
        }
    }
}
