// `clock`: the clock by which records become due.

import ArgumentParser
import Muniment
import MunimentInput

struct ClockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock",
        abstract: "Vouch for the time.",
        subcommands: [Confirm.self])

    struct Confirm: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set the compliance clock forward to the system's clock, on your word.",
            discussion: """
                Records become due by a clock of the archive's own, which nobody can set: it counts the time that the \
                machine runs, and catches up with the system's clock at seven days a year. After a long time without a \
                machine it may lag; whoever knows that the system's clock is right can say so here.

                  muniment clock confirm mail --reason "checked against the time service on 3 May"

                The log keeps who said so, and every later disposition cites its clock as attested instead of proved.
                """)

        @OptionGroup var store: StoreArguments

        @Option(help: ArgumentHelp("How you know; kept sealed.", valueName: "text"))
        var reason: String

        func run() throws {
            let receipt = try store.withArchive { try $0.confirmClockBlocking(PolicyNote(reason: reason)) }
            try Output.standard.line(
                "The compliance clock shows the system's time now; the log says so in record \(receipt.records[0]).")
        }
    }
}
