// `hold list`: the matters in force, what each covers and since when.

import ArgumentParser
import Muniment
import MunimentInput

extension Hold {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the matters in force, what each covers, and since when.",
            discussion: """
                For each matter: how many records that still have their content it covers, and each of its holds, with who \
                placed it, when and why.

                  muniment hold list mail
                """)

        @OptionGroup var store: StoreArguments

        @Flag(help: "Print a line of JSON for each matter.")
        var json = false

        func run() throws {
            let holds = try store.reader(needsKeys: true).snapshot.holds()
            if json { return try Output.standard.write(List.json(holds)) }
            if holds.isEmpty { return try Output.standard.line("No hold stands.") }
            for hold in holds {
                try Output.standard.line(
                    "\(Hold.name(hold)): \(hold.recordCount) records, since \(RFC3339.string(hold.since))")
                for scope in hold.scopes { try Output.standard.line("  " + List.text(scope)) }
            }
        }

        private static func text(_ scope: HoldStatus.Scope) -> String {
            var parts: [String] = []
            if let indexes = scope.indexes {
                let shown = indexes.prefix(4).map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
                parts.append("indexes \(shown)\(indexes.count > 4 ? " and \(indexes.count - 4) ranges more" : "")")
            }
            if let classes = scope.classes {
                parts.append("class \(classes.map { TerminalText.escaped($0) }.joined(separator: " or "))")
            }
            if let from = scope.from { parts.append("from \(RFC3339.string(from))") }
            if let to = scope.to { parts.append("before \(RFC3339.string(to))") }
            if scope.isRestricted { parts.append("under sealed conditions") }
            var line = "record \(scope.record), \(RFC3339.string(scope.placedAt)): "
            line += parts.isEmpty ? "everything" : parts.joined(separator: ", ")
            for (label, text) in said(scope) { line += "; \(label) \(TerminalText.escaped(text))" }
            return line
        }

        private static func said(_ scope: HoldStatus.Scope) -> [(String, String)] {
            [
                ("selection", scope.note.selection), ("custodian", scope.note.custodian), ("actor", scope.note.actor),
                ("reason", scope.note.reason),
            ].compactMap { label, text in text.map { (label, $0) } }
        }

        private static func json(_ holds: [HoldStatus]) -> [UInt8] {
            var json = JSONWriter()
            for hold in holds {
                json.beginObject()
                json.key("matter")
                if let matter = hold.matter { json.string(matter) } else { json.null() }
                json.key("id")
                json.integer(hold.id)
                json.key("since")
                json.time(hold.since)
                json.key("records")
                json.integer(hold.recordCount)
                json.key("scopes")
                json.beginArray()
                for scope in hold.scopes { append(scope, to: &json) }
                json.endArray()
                json.endObject()
                json.endLine()
            }
            return json.bytes
        }

        private static func append(_ scope: HoldStatus.Scope, to json: inout JSONWriter) {
            json.beginObject()
            json.key("record")
            json.integer(scope.record)
            json.key("placedAt")
            json.time(scope.placedAt)
            json.key("indexes")
            if let indexes = scope.indexes { json.ranges(indexes) } else { json.null() }
            json.key("classes")
            if let classes = scope.classes {
                json.beginArray()
                for name in classes { json.string(name) }
                json.endArray()
            } else {
                json.null()
            }
            json.key("from")
            json.time(scope.from)
            json.key("to")
            json.time(scope.to)
            json.key("restricted")
            json.bool(scope.isRestricted)
            for (label, text) in said(scope) {
                json.key(label)
                json.string(text)
            }
            json.endObject()
        }
    }

    static func name(_ hold: HoldStatus) -> String {
        TerminalText.escaped(hold.matter ?? "matter \(hold.id), whose name can't be read")
    }
}
