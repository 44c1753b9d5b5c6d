// `compact`: destroys what is due and not held, and says what it found and did.

import ArgumentParser
import Muniment
import MunimentInput

struct Compact: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Destroy what is due and not held.",
        discussion: """
            A record is due when the compliance clock says that the period of its class is over. It goes unless a hold \
            covers it, and what goes is gone for good: the keys that sealed it are destroyed. Its entry stays, so \
            every root, proof and checkpoint stays what it was, and the log tells by which rule it went.

              muniment compact mail --dry-run
              muniment compact mail --json

            Prints how many records are due (held ones included), held, and purged. A dry run purges nothing.
            """)

    @OptionGroup var store: StoreArguments

    @Flag(help: "Say what is due and what is held, and change nothing.")
    var dryRun = false

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() throws {
        let report = try store.withArchive { try $0.compactBlocking(isDryRun: dryRun) }
        try Output.standard.write(json ? Compact.json(report) : text(report))
    }

    private static func json(_ report: CompactionReport) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        for (key, value) in [("due", report.due), ("held", report.held), ("purged", report.purged)] {
            json.key(key)
            json.integer(value)
        }
        json.key("bytesFreed")
        json.integer(report.bytesFreed)
        json.key("matters")
        json.beginArray()
        for matter in report.matters {
            json.beginObject()
            json.key("matter")
            json.string(matter.name ?? "matter \(matter.id)")
            json.key("held")
            json.integer(matter.held)
            json.endObject()
        }
        json.endArray()
        json.key("disposition")
        if let disposition = report.disposition { json.integer(disposition) } else { json.null() }
        json.endObject()
        json.endLine()
        return json.bytes
    }

    private func text(_ report: CompactionReport) -> [UInt8] {
        var lines = ["Due: \(report.due), of which \(report.held) held."]
        for matter in report.matters {
            lines.append("  \(TerminalText.escaped(matter.name ?? "matter \(matter.id)")) holds \(matter.held).")
        }
        if dryRun {
            lines.append("\(report.due - report.held) would be purged. Nothing was changed.")
        } else if let disposition = report.disposition {
            lines.append(
                "Purged: \(report.purged); the disposition is record \(disposition); \(report.bytesFreed) bytes freed.")
        } else {
            lines.append("Purged: 0.")
        }
        for segment in report.postponedSegments {
            lines.append("Segment \(segment) is left for another run: the disk is too full for its new generation.")
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
