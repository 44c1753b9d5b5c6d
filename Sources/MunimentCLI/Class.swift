// `class`: the retention classes.

import ArgumentParser
import Muniment
import MunimentInput

struct Class: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "class",
        abstract: "Show and change the retention classes.",
        subcommands: [List.self, Set.self])

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
            try Output.standard.write(json ? Class.json(classes) : Class.text(classes))
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a retention class, or change one.",
            discussion: """
                What is not named stays as it is. A change applies to what is stored already, and is a record in the log.

                  muniment class set mail statements --period P7Y --since occurred --mode compliance
                  muniment class set mail staff --period P3Y --since event
                  muniment class set mail statements --period P10Y

                A period is an ISO 8601 duration: P7Y, P6M, P30D, PT12H, or forever. Years and months go by the \
                calendar. It counts since a record was appended (recorded), since it occurred (occurred), or since an \
                event of it (event; see muniment event): before that it is kept.

                In mode governance a class may be changed at will. Mode compliance is for good: the period can then \
                only grow, by nobody's leave be shortened, and neither mode nor --since can change. What would weaken \
                it is refused (exit status 77).
                """)

        @OptionGroup var store: StoreArguments

        @Argument(help: "The class's name.")
        var name: String

        @Option(help: ArgumentHelp("How long its records are kept.", valueName: "period"))
        var period: String?

        @Option(
            help: ArgumentHelp("From when the period counts: recorded, occurred or event.", valueName: "start"),
            transform: Class.word)
        var since: RetentionClass.Basis?

        @Option(
            help: ArgumentHelp(
                "Whether the class may be weakened: compliance for never, or governance.", valueName: "mode"),
            transform: Class.word)
        var mode: RetentionClass.Mode?

        @Option(help: ArgumentHelp("How long after it is due a record may still be there.", valueName: "period"))
        var grace: String?

        @Option(
            help: ArgumentHelp(
                "What is compressed together: shared for all, record for each alone, or none.", valueName: "mode"),
            transform: Class.word)
        var compression: RetentionClass.Compression?

        @Option(
            help: ArgumentHelp("The attributes that are indexed: names with commas between, or *.", valueName: "a,b"))
        var indexed: String?

        @Flag(help: "Print the class as a line of JSON.")
        var json = false

        func run() throws {
            let indexing = indexed.map { list -> RetentionClass.Indexing in
                list == "*" ? .all : .only(list.split(separator: ",").map(String.init))
            }
            let change = RetentionClassChange(
                period: period, since: since, mode: mode, grace: grace, compression: compression, indexed: indexing)
            let result = try store.withArchive { try $0.setClassBlocking(name, change) }
            try Output.standard.write(json ? Class.json([result]) : Class.text([result]))
        }
    }

    /// One of a few words.
    private static func word<Value: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Value {
        if let value = Value(rawValue: text) { return value }
        throw ValidationError("It is one of: \(Value.allCases.map(\.rawValue).joined(separator: ", ")).")
    }

    private static func text(_ classes: [RetentionClass]) -> [UInt8] {
        let rows =
            [["name", "period", "since", "mode", "grace", "compression", "indexed"]]
            + classes.map { item in
                var indexed = "all"
                if case .only(let names) = item.indexed { indexed = names.joined(separator: ",") }
                return [
                    TerminalText.escaped(item.name), item.period, item.since.rawValue, item.mode.rawValue,
                    item.grace, item.compression.rawValue, TerminalText.escaped(indexed),
                ]
            }
        let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }
            return cells.dropLast().joined() + row[6] + "\n"
        }
        return Array(lines.joined().utf8)
    }

    private static func json(_ classes: [RetentionClass]) -> [UInt8] {
        var json = JSONWriter()
        for item in classes {
            json.beginObject()
            let fields = [
                ("name", item.name), ("period", item.period), ("since", item.since.rawValue),
                ("mode", item.mode.rawValue), ("grace", item.grace), ("compression", item.compression.rawValue),
            ]
            for (key, value) in fields {
                json.key(key)
                json.string(value)
            }
            json.key("indexed")
            switch item.indexed {
            case .all: json.string("all")
            case .only(let names):
                json.beginArray()
                for name in names { json.string(name) }
                json.endArray()
            }
            json.endObject()
            json.endLine()
        }
        return json.bytes
    }
}
