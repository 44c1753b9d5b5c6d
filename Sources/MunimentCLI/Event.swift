// `event`: starts the periods of records whose class counts since an event.

import ArgumentParser
import Muniment
import MunimentInput

struct Event: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the period of records whose class counts since an event.",
        discussion: """
            An account was closed, an employee left: from now on the clock of what belongs to it runs. The event covers \
            the records that are selected at this moment, and lists them in the log.

              muniment event mail --class staff --where from=bob@example.com --at 2025-03-31

            --at says when it happened; for the period it counts from the event's own record at the earliest, so that an \
            event told late makes nothing due at once. In compliance mode a later event moves the start on, and an \
            earlier one changes nothing; in governance mode the newest event counts.

            \(SelectionArguments.discussion)
            """)

    @OptionGroup var store: StoreArguments
    @OptionGroup var selected: SelectionArguments

    @Option(
        name: .customLong("at"),
        help: ArgumentHelp("When it happened: RFC 3339, or a date. (default: now)", valueName: "time"))
    var time: String?

    @Option(help: ArgumentHelp("Why; kept sealed.", valueName: "text"))
    var reason: String?

    @Flag(help: "Print a line of JSON.")
    var json = false

    func validate() throws { _ = try moment() }

    private func moment() throws -> Microseconds? { try time.map { try SelectionArguments.time($0, "--at") } }

    func run() throws {
        let (selection, at) = (try selected.selection(), try moment())
        let receipt = try store.withArchive {
            try $0.recordEventBlocking(
                on: selection, at: at, PolicyNote(reason: reason, selection: selected.typed))
        }
        guard json else {
            return try Output.standard.line(
                "The event concerns \(receipt.count) records; it is record \(receipt.records.map(String.init).joined(separator: ", "))."
            )
        }
        var line = JSONWriter()
        line.beginObject()
        line.key("matched")
        line.integer(receipt.count)
        line.key("records")
        line.beginArray()
        for index in receipt.records { line.integer(index) }
        line.endArray()
        line.endObject()
        line.endLine()
        try Output.standard.write(line.bytes)
    }
}
