// muniment-bench: everything that is measured, by one command. `make bench` runs it.

import ArgumentParser
import Foundation

@main
struct MunimentBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muniment-bench",
        abstract: "Measures Muniment beside its peers, on the same records with the same durability.",
        subcommands: [
            RunCommand.self, LatencyCommand.self, SoakCommand.self, ScaleCommand.self, RecordsCommand.self,
            CalibrateCommand.self, ContenderCommand.self, PlotCommand.self, AgreeCommand.self, AbandonCommand.self,
        ])
}

/// Where a command works.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A directory on the disk that is to be measured; everything written there is removed again.",
            valueName: "dir"))
    var dir = NSTemporaryDirectory()

    /// Runs `body` with a directory that is removed afterwards, also when the user interrupts.
    func withDirectory<R>(_ body: (String) throws -> R) throws -> R {
        try Scratch.with(in: dir.hasSuffix("/") ? String(dir.dropLast()) : dir, "muniment-bench") { scratch in
            let cleaning = Interruption.removing(scratch.path)
            defer { cleaning.forEach { $0.cancel() } }
            return try body(scratch.path)
        }
    }
}

/// Cleans up when the user ends the command.
enum Interruption {
    /// Removes `path` and exits at SIGINT and SIGTERM.
    static func removing(_ path: String) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                try? FileManager.default.removeItem(atPath: path)
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
