// `hold`: what may not be destroyed, whatever its class says.

import ArgumentParser
import Muniment
import MunimentInput

struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Place, list and release legal holds.",
        discussion: """
            What a hold covers is not destroyed while it stands, due or not. Holds belong to a matter; they may overlap, \
            and a record goes only when the last of them is released.
            """,
        subcommands: [Place.self, List.self, Release.self])

    struct Place: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold records for a matter, those to come included.",
            discussion: """
                The hold covers what is selected now and what will be selected of records that are still to come. The same \
                matter placed again covers more.

                  muniment hold place mail "Doe v. Roe" --where from=alice@example.com
                  muniment hold place mail "Doe v. Roe" --class contracts --from 2023-01-01 --to 2024-01-01

                Indexes, classes and times stand in the log, where anyone can check them; the matter's name, --stream and \
                --where stay sealed. Addresses (from, to, cc) match whatever the case of their letters, and a record whose \
                attributes can't be read counts as held.

                \(SelectionArguments.discussion)
                """)

        @OptionGroup var store: StoreArguments

        @Argument(help: "The matter's name.")
        var matter: String

        @OptionGroup var selected: SelectionArguments

        @Option(help: ArgumentHelp("Whose records these are; kept sealed.", valueName: "name"))
        var custodian: String?

        @Option(help: ArgumentHelp("Why; kept sealed.", valueName: "text"))
        var reason: String?

        @Flag(help: "Print a line of JSON.")
        var json = false

        func run() throws {
            let selection = try selected.selection()
            let receipt = try store.withArchive {
                try $0.placeHoldBlocking(
                    on: matter, covering: selection,
                    PolicyNote(reason: reason, custodian: custodian, selection: selected.typed))
            }
            try Hold.tell(receipt, matter, "is held for", json: json)
        }
    }

    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End all holds of a matter.",
            discussion: """
                What other matters hold stays held. Nothing is destroyed by a release itself; the next compact does that \
                with what is due. A dry run says what that would be, and changes nothing.

                  muniment hold release mail "Doe v. Roe" --dry-run
                  muniment hold release mail "Doe v. Roe" --reason "settled on 3 May"
                """)

        @OptionGroup var store: StoreArguments

        @Argument(help: "The matter's name.")
        var matter: String

        @Option(help: ArgumentHelp("Why; kept sealed.", valueName: "text"))
        var reason: String?

        @Flag(help: "Say what would become deletable, and change nothing.")
        var dryRun = false

        @Flag(help: "Print a line of JSON.")
        var json = false

        func validate() throws {
            guard dryRun || !(reason ?? "").isEmpty else {
                throw ValidationError("A release needs a --reason; with --dry-run it does not.")
            }
        }

        func run() throws {
            if dryRun { return try simulate() }
            let receipt = try store.withArchive {
                try $0.releaseHoldBlocking(on: matter, PolicyNote(reason: reason))
            }
            try Hold.tell(receipt, matter, "is released from", json: json)
        }

        private func simulate() throws {
            let simulation = try store.reader(needsKeys: true).snapshot.releaseSimulation(of: matter)
            guard json else {
                return try Output.standard.line(
                    "\(simulation.freedCount) records would become deletable; \(simulation.heldByOthersCount) that are due "
                        + "would stay held for other matters. Nothing was changed.")
            }
            var line = JSONWriter()
            line.beginObject()
            line.key("matter")
            line.string(matter)
            line.key("deletable")
            line.integer(simulation.freedCount)
            line.key("heldByOthers")
            line.integer(simulation.heldByOthersCount)
            line.key("indexes")
            line.ranges(simulation.freed)
            line.endObject()
            line.endLine()
            try Output.standard.write(line.bytes)
        }
    }

    private static func tell(_ receipt: PolicyReceipt, _ matter: String, _ what: String, json: Bool) throws {
        let records = receipt.records.map(String.init).joined(separator: ", ")
        guard json else {
            return try Output.standard.line(
                "What was selected \(what) \"\(TerminalText.escaped(matter))\"; the log says so in record \(records).")
        }
        var line = JSONWriter()
        line.beginObject()
        line.key("matter")
        line.string(matter)
        line.key("records")
        line.beginArray()
        for index in receipt.records { line.integer(index) }
        line.endArray()
        line.endObject()
        line.endLine()
        try Output.standard.write(line.bytes)
    }
}

extension JSONWriter {
    /// Ranges of indexes, each as an array of its first and last.
    mutating func ranges(_ ranges: [ClosedRange<UInt64>]) {
        beginArray()
        for range in ranges {
            beginArray()
            integer(range.lowerBound)
            integer(range.upperBound)
            endArray()
        }
        endArray()
    }
}
