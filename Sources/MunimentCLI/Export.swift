// `export`: records taken out as evidence, with everything that is needed to check them elsewhere.

import ArgumentParser
import Glibc
import Muniment
import MunimentInput

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take records out as an evidence file.",
        discussion: """
            Writes one file with the selected records, and all that is needed to check them offline against the \
            archive's public key, with verify: their entries, the salts of what is disclosed, one proof for all of \
            them, a signed checkpoint, and who took them out, when and how. It never holds a key of the archive.

              muniment export mail case-17.evidence --where from=alice@example.com --from 2025-01-01
              muniment export mail case-17.evidence --index 120-180 --only from,to,subject
              muniment export copy-of-mail sample.evidence --index 17 --unlogged

            \(SelectionArguments.discussion)

            --only discloses the attributes that it names, and of everything else nothing but commitments; @payload \
            stands for the payload, @stream for the stream. The log gets a record of the export, which binds the file \
            to it; so the archive must not be open for writing elsewhere. --unlogged exports without: the file says \
            so, and then nothing proves that no record was left out.

            The exit status is 66 where nothing is selected, 75 where another process has the archive open for writing.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @OptionGroup(title: "Selection") var selection: SelectionArguments

    @Option(help: ArgumentHelp("Disclose these attributes only, separated by commas.", valueName: "names"))
    var only: String?

    @Flag(help: "Leave no record of the export in the log.")
    var unlogged = false

    @Flag(help: "Print a line of JSON about what was written.")
    var json = false

    func validate() throws {
        guard let only else { return }
        let names = only.split(separator: ",", omittingEmptySubsequences: false)
        guard names.count <= 256, names.allSatisfy({ (1...Limits.attributeNameByteCount).contains($0.utf8.count) })
        else { throw ValidationError("--only takes 1 to 256 names, separated by commas.") }
    }

    func run() throws {
        let progress = SharedProgress()
        defer { progress.clear() }
        let receipt = try write(to: file, try options(progress))
        progress.clear()
        try Output.standard.write(json ? Export.json(receipt, file) : Export.text(receipt, file))
    }

    private func write(to path: String, _ options: EvidenceOptions) throws -> EvidenceReceipt {
        let selection = try selection.selection()
        if unlogged {
            let snapshot = try store.reader(needsKeys: true).snapshot
            return try snapshot.exportUnloggedEvidence(matching: selection, to: path, options: options)
        }
        return try store.withArchive { archive in
            try archive.exportEvidenceBlocking(matching: selection, to: path, options: options)
        }
    }

    private func options(_ progress: SharedProgress) throws -> EvidenceOptions {
        var options = EvidenceOptions(
            exporter: Export.exporter(), tool: "muniment \(MunimentCommand.version)", selectionText: selection.spelling)
        if let only { options.disclosure = .pieces(only.split(separator: ",").map(String.init)) }
        options.progress = { count in progress.update(Quantity.things(count, "record")) }
        return options
    }

    /// The user and the machine, as the system names them.
    private static func exporter() -> String {
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(geteuid())"
        var host = [CChar](repeating: 0, count: 256)
        guard gethostname(&host, host.count - 1) == 0 else { return user }
        return "\(user)@\(String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
    }

    private static func text(_ receipt: EvidenceReceipt, _ file: String) -> [UInt8] {
        let logged = receipt.logIndex.map { "logged as entry \($0)" } ?? "not logged"
        let purged = receipt.purgedCount == 0 ? "" : ", \(Quantity.count(receipt.purgedCount)) of them purged"
        return Array(
            "\(TerminalText.escaped(file)): \(Quantity.things(receipt.recordCount, "record"))\(purged), \(logged), \(Quantity.bytes(receipt.byteCount))\n"
                .utf8)
    }

    private static func json(_ receipt: EvidenceReceipt, _ file: String) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("file")
        json.string(file)
        for (key, number) in [
            ("records", receipt.recordCount), ("purged", receipt.purgedCount), ("treeSize", receipt.treeSize),
            ("bytes", receipt.byteCount),
        ] {
            json.key(key)
            json.integer(number)
        }
        json.key("root")
        json.base64(receipt.root.bytes)
        json.key("logged")
        if let index = receipt.logIndex { json.integer(index) } else { json.null() }
        json.endObject()
        json.endLine()
        return json.bytes
    }
}

extension SelectionArguments {
    /// The selection as it was given, for the chain of custody; cut where it is longer than that holds.
    fileprivate var spelling: String {
        var words: [String] = []
        let many = [("--index", indexes), ("--class", classes), ("--stream", streams), ("--where", conditions)]
        for (option, values) in many { words += values.map { "\(option) \(SelectionArguments.quoted($0))" } }
        for (option, value) in [("--from", from), ("--to", to)] {
            if let value { words.append("\(option) \(SelectionArguments.quoted(value))") }
        }
        let text = words.isEmpty ? "all records" : words.joined(separator: " ")
        guard text.utf8.count > 65_535 else { return text }
        return String(decoding: text.utf8.prefix(65_500), as: UTF8.self).replacing("\u{FFFD}", with: "") + " …"
    }

    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x40...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "-_.,:=+/@<>^!%".utf8.contains($0) || $0 >= 0x80
        }
        return plain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}
