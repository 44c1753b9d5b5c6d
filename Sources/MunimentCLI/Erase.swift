// `erase`: requests to erase single records, and what became of them.

import ArgumentParser
import Muniment
import MunimentInput

struct Erase: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask that a record be erased, or list such requests.",
        discussion: """
            The record's content is destroyed by the next compact after nothing blocks it any more: no hold covers it, and \
            its class is in mode governance, or its period is over. Its entry stays, so every proof stays what it was.

              muniment erase mail 1234 --reason "request of 3 May, article 17"
              muniment erase list mail
            """,
        subcommands: [Request.self, List.self], defaultSubcommand: Request.self)

    struct Request: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "request",
            abstract: "Ask that a record be erased (the word request may be left out).")

        @OptionGroup var store: StoreArguments

        @Argument(help: "The record's index.")
        var index: UInt64

        @Option(help: ArgumentHelp("Why; kept sealed.", valueName: "text"))
        var reason: String

        @Flag(help: "Print a line of JSON.")
        var json = false

        func run() throws {
            let status = try store.withArchive {
                try $0.requestErasureBlocking(of: index, PolicyNote(reason: reason))
            }
            try Output.standard.write(json ? Erase.json([status]) : Array((Erase.text(status) + "\n").utf8))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the requests, and what blocks them.",
            discussion: """
                A request is blocked (by a rule, by matters, or by both), due (the next compact carries it out), or done.
                """)

        @OptionGroup var store: StoreArguments

        @Flag(help: "Print a line of JSON for each request.")
        var json = false

        func run() throws {
            let statuses = try store.reader(needsKeys: true).snapshot.erasures()
            if json { return try Output.standard.write(Erase.json(statuses)) }
            if statuses.isEmpty { return try Output.standard.line("Nobody asked for an erasure.") }
            for status in statuses { try Output.standard.line(Erase.text(status)) }
        }
    }

    private static func text(_ status: ErasureStatus) -> String {
        var line = "Record \(status.index), requested \(RFC3339.string(status.requestedAt)): "
        switch status.state {
        case .due: line += "due, and destroyed by the next compact"
        case .done(let disposition): line += "done, by disposition \(disposition)"
        case .blocked(let blockers):
            var reasons: [String] = []
            if let name = blockers.retentionClass {
                let until = blockers.until.map { "until \(RFC3339.string($0))" } ?? "with no end in sight"
                reasons.append("class \(TerminalText.escaped(name)), \(until)")
            }
            reasons += blockers.matters.map { "matter \(TerminalText.escaped($0.name ?? "\($0.id)"))" }
            line += "blocked by " + reasons.joined(separator: "; ")
        }
        return line + (status.note.reason.map { " (\(TerminalText.escaped($0)))" } ?? "") + "."
    }

    private static func json(_ statuses: [ErasureStatus]) -> [UInt8] {
        var json = JSONWriter()
        for status in statuses {
            json.beginObject()
            json.key("index")
            json.integer(status.index)
            json.key("state")
            json.string(word(status.state))
            json.key("requestedAt")
            json.time(status.requestedAt)
            if case .blocked(let blockers) = status.state { append(blockers, to: &json) }
            if case .done(let disposition) = status.state {
                json.key("disposition")
                json.integer(disposition)
            }
            for (key, text) in [("actor", status.note.actor), ("reason", status.note.reason)] {
                guard let text else { continue }
                json.key(key)
                json.string(text)
            }
            json.endObject()
            json.endLine()
        }
        return json.bytes
    }

    private static func word(_ state: ErasureStatus.State) -> String {
        switch state {
        case .blocked: "blocked"
        case .due: "due"
        case .done: "done"
        }
    }

    private static func append(_ blockers: ErasureStatus.Blockers, to json: inout JSONWriter) {
        json.key("class")
        if let name = blockers.retentionClass { json.string(name) } else { json.null() }
        json.key("until")
        json.time(blockers.until)
        json.key("matters")
        json.beginArray()
        for matter in blockers.matters { json.string(matter.name ?? "matter \(matter.id)") }
        json.endArray()
    }
}
