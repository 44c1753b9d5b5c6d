// `certificate` and `dispositions`: what was destroyed, by which rules, with the proofs.

import ArgumentParser
import Muniment
import MunimentInput

struct CertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Print the certificate of a disposition: what was destroyed, and by which rules.",
        discussion: """
            A disposition is one run of compact; its number is the record of its intent. The certificate says what it \
            destroyed, by which rules and clock, under which holds, and holds the proofs of that against the newest \
            checkpoint. It is checked offline, with the log's public key alone:

              muniment certificate mail 1042 --html > destroyed.html
              muniment verify destroyed.html --key "$(cat mail.vkey)"

            Needs no key.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The disposition, as dispositions lists it.")
    var disposition: UInt64

    @Flag(help: "Print a page for a browser.")
    var html = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if html && json { throw ValidationError("Give --html or --json, not both.") }
    }

    func run() throws {
        let certificate = try store.reader(needsKeys: false).snapshot.certificate(of: disposition)
        try Output.standard.write(certificate.bytes(html ? .html : json ? .json : .text))
    }
}

struct Dispositions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what was destroyed, run by run.",
        discussion: """
            A line for each disposition: its number, how it ended, its compliance clock, and how many records lost \
            their content or were kept because they are held.

              muniment dispositions mail
            """)

    @OptionGroup var store: StoreArguments

    func run() throws {
        for disposition in try store.reader(needsKeys: false).snapshot.dispositions() {
            let time = RFC3339.string(disposition.compliance)
            try Output.standard.line(
                "\(disposition.id)\t\(disposition.state.rawValue)\t\(time)\t\(disposition.purged) purged\t\(disposition.held) held"
                    + "\t\(disposition.segments) segment\(disposition.segments == 1 ? "" : "s")")
        }
    }
}
