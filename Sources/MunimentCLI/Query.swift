// `query`: records by selection, each proved before it is printed.

import ArgumentParser
import Muniment

struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the records that a selection selects.",
        discussion: """
            Each record is proved against the newest checkpoint, and its content opened against its entry, before it \
            is printed. Works beside a process that appends. Without a selection, all records are printed.

              muniment query mail --where from=alice@example.com --from 2025-01-01 --to 2026-01-01
              muniment query mail --stream legal --class seven-years --count
              muniment query audit --where 'level>=4' --where '!user^=svc-' --reverse --limit 20
              muniment query mail --json --limit 1000 --after 5120

            \(SelectionArguments.discussion)

            NAME=VALUE compares whole values, as bytes; a number also matches an integer. A record without the \
            attribute matches no condition, but every negated one. --after goes on behind the last index of an earlier \
            answer, or before it with --reverse.
            """)

    @OptionGroup var store: StoreArguments

    @OptionGroup(title: "Selection") var selection: SelectionArguments

    @Option(help: ArgumentHelp("Print at most N records. (default: all)", valueName: "n"))
    var limit: UInt64?

    @Option(help: ArgumentHelp("Go on behind this index.", valueName: "index"))
    var after: UInt64?

    @Flag(help: "The newest first.")
    var reverse = false

    @Flag(help: "Print a line of JSON for each record.")
    var json = false

    @Flag(help: "Print only how many there are.")
    var count = false

    func validate() throws {
        if count && (json || reverse || limit != nil || after != nil) {
            throw ValidationError("--count goes with a selection alone.")
        }
    }

    func run() throws {
        let snapshot = try store.reader(needsKeys: true).snapshot
        let selection = try selection.selection()
        let output = Output.standard
        if count { return try output.line(String(try snapshot.recordCount(matching: selection))) }
        if limit == 0 { return }
        var writer = RecordJSON()
        var printed: UInt64 = 0
        var progress = Progress()
        defer { progress.clear() }
        try snapshot.forEachRecord(matching: selection, after: after, isReversed: reverse) { record in
            if json {
                try writer.write(record, of: snapshot, to: output)
            } else {
                try RecordText.write(record, of: snapshot, to: output)
            }
            printed += 1
            progress.update("\(Quantity.things(printed, "record"))")
            return printed != limit
        }
    }
}
