// `stat`: what a store holds, read only.

import ArgumentParser
import Muniment
import MunimentInput

struct Stat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what an archive holds.",
        discussion: """
            Reads only, takes no lock and needs no key; works beside a process that appends, on copies, and on \
            archives that can't be opened for writing any more, which it says.

              muniment stat mail
              muniment stat mail --json

            The tree's size counts every durable entry, beyond the newest checkpoint too; what no checkpoint covers is \
            not attested yet.
            """)

    @OptionGroup var store: StoreArguments

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() throws {
        let statistics = try ArchiveStatistics(at: store.store, keysDirectory: store.access.keysDirectory)
        if json {
            try Output.standard.write(Stat.json(statistics))
        } else {
            try Output.standard.write(Stat.text(statistics))
        }
    }

    private static func json(_ statistics: ArchiveStatistics) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("origin")
        json.string(statistics.origin)
        json.key("treeSize")
        json.integer(statistics.treeSize)
        json.key("root")
        json.base64(statistics.root.bytes)
        let numbers: [(String, UInt64)] = [
            ("checkpointSize", statistics.checkpointSize), ("segments", UInt64(statistics.segmentCount)),
            ("records", statistics.recordCount), ("controlRecords", statistics.controlRecordCount),
            ("purged", statistics.purgedCount),
            ("bytesOnDisk", statistics.byteCountOnDisk),
        ]
        for (key, number) in numbers {
            json.key(key)
            json.integer(number)
        }
        if let reason = statistics.readOnlyReason {
            json.key("readOnly")
            json.string(reason.message)
        }
        json.endObject()
        json.endLine()
        return json.bytes
    }

    private static func text(_ statistics: ArchiveStatistics) -> String {
        let unattested = statistics.treeSize - min(statistics.treeSize, statistics.checkpointSize)
        var lines = [
            ("origin", TerminalText.escaped(statistics.origin)),
            ("key", TerminalText.escaped(statistics.verifierKey)),
            (
                "records",
                "\(Quantity.count(statistics.recordCount)), and \(Quantity.count(statistics.controlRecordCount)) of the engine's own"
            ),
            ("purged", Quantity.count(statistics.purgedCount)),
            ("tree size", Quantity.count(statistics.treeSize)),
            ("root", statistics.root.base64),
            (
                "checkpoint",
                "size \(Quantity.count(statistics.checkpointSize))"
                    + (unattested > 0 ? "; \(Quantity.things(unattested, "newer entry")) not attested yet" : "")
            ),
            ("segments", "\(statistics.segmentCount), \(statistics.sealedSegmentCount) of them sealed"),
            ("on disk", Quantity.bytes(statistics.byteCountOnDisk)),
        ]
        if let reason = statistics.readOnlyReason { lines.append(("READ ONLY", TerminalText.escaped(reason.message))) }
        return lines.map { "\($0)\(String(repeating: " ", count: 12 - $0.count))\($1)\n" }.joined()
    }
}

extension Digest {
    /// The digest in base64, as checkpoints write it.
    var base64: String { withUnsafeBytes { Base64.string($0) } }
}
