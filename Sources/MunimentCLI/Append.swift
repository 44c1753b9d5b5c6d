// `append`: the command line of it. `AppendRun` does the work.

import ArgumentParser
import Muniment
import MunimentInput

extension InputFormat: ExpressibleByArgument {}

struct Append: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Append records from files or standard input.",
        discussion: """
            A record is acknowledged only when it is durable: it then survives any crash.

              muniment append mail --format mbox inbox.mbox archive.mbox
              muniment append audit --format ndjson --attr user=actor.name < events
              tail -F app.log | muniment append logs --format lines --stream app --acks

            Formats: ndjson and lines store each line's exact bytes without its newline; mbox and eml store messages, \
            with from, to, cc, message-id and subject as attributes and Date as the time when they occurred; framed is \
            a 32-bit little-endian length, then that many bytes, repeated.

            What is waiting is committed together; --batch fixes how many records a commit holds. Up to --in-flight \
            commits are under way at a time; 1 waits for each before reading on. With --acks a line of JSON tells of \
            each commit once it is durable; after a failure, append the same input again with --skip and the last \
            "committed".

            A bad record ends the run with exit status 65 after everything before it has been committed; with \
            --skip-bad it is reported, counted and left out. On SIGINT or SIGTERM what was read is committed and \
            reported, and the exit status is 130 or 143.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "Files to read, in order; - is standard input. (default: -)", completion: .file())
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "How records are found in the input.", valueName: "format"))
    var format: InputFormat

    @Option(name: .customLong("class"), help: ArgumentHelp("The retention class.", valueName: "class"))
    var retentionClass = "default"

    @Option(help: ArgumentHelp("The stream that the records belong to.", valueName: "stream"))
    var stream: String?

    @Option(help: ArgumentHelp("Commit every N records. (default: what is waiting)", valueName: "n"))
    var batch: Int?

    @Option(help: ArgumentHelp("How many commits may be under way.", valueName: "k"))
    var inFlight = 8

    @Option(help: ArgumentHelp("Pass over the first N records: to resume.", valueName: "n"))
    var skip: UInt64 = 0

    @Flag(help: "Leave bad records out, report and count them.")
    var skipBad = false

    @Option(
        name: .customLong("attr"),
        help: ArgumentHelp("Index a field of each JSON record as an attribute.", valueName: "name=field"))
    var attributes: [String] = []

    @Option(
        name: .customLong("time"),
        help: ArgumentHelp("The field of each JSON record that tells when it occurred.", valueName: "field"))
    var timeField: String?

    @Option(
        help: ArgumentHelp("Append the whole input at once, under a token that makes a retry safe.", valueName: "token")
    )
    var token: String?

    @Flag(help: "Print what was appended as a line of JSON.")
    var json = false

    @Flag(help: "Print a line of JSON for each durable commit.")
    var acks = false

    func validate() throws {
        if let batch, !(1...RecordBuffer.countMax).contains(batch) {
            throw ValidationError("--batch takes 1 to \(RecordBuffer.countMax).")
        }
        guard (1...1_024).contains(inFlight) else { throw ValidationError("--in-flight takes 1 to 1024.") }
        if format != .ndjson, !attributes.isEmpty || timeField != nil {
            throw ValidationError("--attr and --time name fields of JSON records: use them with --format ndjson.")
        }
        if token != nil, batch != nil {
            throw ValidationError("--token appends the whole input at once: leave --batch out.")
        }
        if let token, !(1...1_024).contains(token.utf8.count) {
            throw ValidationError("--token takes 1 to 1024 bytes.")
        }
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("Standard input can be read only once.") }
        if format == .eml, token == nil, files.isEmpty { return }
        _ = try fieldAttributes()
    }

    private func fieldAttributes() throws -> [FieldAttribute] {
        try attributes.map { text in
            guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw ValidationError("--attr takes NAME=FIELD.")
            }
            let name = String(text[..<equals])
            let field = String(text[text.index(after: equals)...])
            guard !field.isEmpty else { throw ValidationError("--attr takes NAME=FIELD.") }
            if let refusal = Attribute(name, .integer(0)).refusal() { throw ValidationError("--attr: \(refusal).") }
            return FieldAttribute(name: name, field: field)
        }
    }

    func run() throws {
        var input = InputOptions()
        input.fieldAttributes = try fieldAttributes()
        input.timeField = timeField
        input.skipsBad = skipBad
        let settings = AppendRun.Settings(
            format: format, files: files.isEmpty ? ["-"] : files, retentionClass: retentionClass, stream: stream,
            batchCount: batch,
            inFlightMax: inFlight, skipCount: skip, token: token.map { Array($0.utf8) }, printsJSON: json,
            printsAcknowledgements: acks, input: input)
        Interruption.watch()
        try store.withArchive { archive in try AppendRun(archive, settings).run() }
    }
}
