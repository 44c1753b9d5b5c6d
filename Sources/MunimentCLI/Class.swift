// `class`: the retention classes.

import ArgumentParser
import Muniment
import MunimentInput

struct Class: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "class",
        abstract: "Show the retention classes.",
        subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the retention classes and their rules.",
            discussion: """
                Every record belongs to one class, named when it is appended. The class default exists from the \
                beginning and keeps its records for ever.

                  muniment class list mail
                """)

        @OptionGroup var store: StoreArguments

        @Flag(help: "Print a line of JSON for each class.")
        var json = false

        func run() throws {
            let classes = try store.reader(needsKeys: false).snapshot.retentionClasses
            try Output.standard.write(json ? List.json(classes) : List.text(classes))
        }

        private static func text(_ classes: [ClassRecord]) -> [UInt8] {
            let rows =
                [["name", "period", "since", "mode", "grace", "compression", "indexed"]]
                + classes.map { record in
                    [
                        TerminalText.escaped(record.name), record.period, "\(record.basis)", "\(record.mode)",
                        record.grace,
                        "\(record.compression)",
                        record.indexed.map { TerminalText.escaped($0.joined(separator: ",")) } ?? "all",
                    ]
                }
            let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
            let lines = rows.map { row in
                let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }
                return cells.dropLast().joined() + row[6] + "\n"
            }
            return Array(lines.joined().utf8)
        }

        private static func json(_ classes: [ClassRecord]) -> [UInt8] {
            var json = JSONWriter()
            for record in classes {
                json.beginObject()
                let fields = [
                    ("name", record.name), ("period", record.period), ("since", "\(record.basis)"),
                    ("mode", "\(record.mode)"),
                    ("grace", record.grace), ("compression", "\(record.compression)"),
                ]
                for (key, value) in fields {
                    json.key(key)
                    json.string(value)
                }
                json.key("indexed")
                if let names = record.indexed {
                    json.beginArray()
                    for name in names { json.string(name) }
                    json.endArray()
                } else {
                    json.string("all")
                }
                json.endObject()
                json.endLine()
            }
            return json.bytes
        }
    }
}
