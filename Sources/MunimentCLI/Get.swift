// `get`: records by their index.

import ArgumentParser
import Muniment

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print records by their index.",
        discussion: """
            Each record is proved against the newest checkpoint, and its content opened against its entry, before it \
            is printed. Works beside a process that appends.

              muniment get mail 17
              muniment get mail 17 18 19 --json
              muniment get mail 17 --raw > message.eml

            --raw prints the payload's exact bytes, of any length; several follow one another without a separator. \
            --json prints a line for each record; payloads that are not UTF-8 become {"base64": …}. The exit status is \
            66 where a record is absent, not yet under a checkpoint, or purged.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The records' indexes.")
    var indexes: [UInt64]

    @Flag(help: "Print a line of JSON for each record.")
    var json = false

    @Flag(help: "Print the payloads' exact bytes.")
    var raw = false

    func validate() throws {
        if json && raw { throw ValidationError("--json and --raw exclude each other.") }
    }

    func run() throws {
        let snapshot = try store.reader(needsKeys: true).snapshot
        let output = Output.standard
        var writer = RecordJSON()
        var missing: ArchiveError?
        for index in indexes {
            do {
                if raw {
                    try snapshot.readPayload(of: index) { try output.write($0) }
                    continue
                }
                let record = try snapshot.record(at: index)
                if json {
                    try writer.write(record, of: snapshot, to: output)
                } else {
                    try RecordText.write(record, of: snapshot, to: output)
                }
                if case .purged = record.content {
                    throw ArchiveError(
                        .purged, "The content of record \(index) was destroyed on schedule; its entry and proof remain."
                    )
                }
            } catch let error as ArchiveError where error.code == .absent || error.code == .purged {
                // The others are still wanted.
                if let missing { StandardError.sentence(missing.message) }
                missing = error
            }
        }
        if let missing { throw missing }
    }
}
