// `latency`: how long a client waits, and for how long at worst.

import ArgumentParser
import Foundation

struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract:
            "Latency of acknowledgements under many clients at a part of the greatest rate, everything going on meanwhile."
    )

    @OptionGroup var place: PlaceOptions

    @Option(help: "Length of each load, in seconds. A minute at 300,000 records a second takes some 3 GB.")
    var seconds = 60.0

    @Option(help: "Clients that wait for one record at a time.")
    var clients = 256

    @Option(help: "The folder for what is written.")
    var out = "results/latency"

    func validate() throws {
        guard seconds >= 1, seconds <= 3_600, (8...100_000).contains(clients) else {
            throw ValidationError("A second to an hour, and 8 to 100,000 clients.")
        }
    }

    func run() throws {
        try place.withDirectory { directory in
            let run = LatencyRun(directory: directory, seconds: seconds, clientCount: clients) {
                FileHandle.standardError.write(Data(($0 + "\n").utf8))
            }
            let report = try run.run()
            try LatencyWriter.write(report, to: out)
            print(LatencyWriter.page(report))
            print("Written to \(out).")
        }
    }
}
