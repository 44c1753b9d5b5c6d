// `tiles`: the log as static files that any web server can publish.

import ArgumentParser
import Muniment

struct Tiles: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the log as static files that anyone can check.",
        discussion: """
            Writes the newest checkpoint's log in the layout of C2SP tlog-tiles: checkpoint, tile/L/N and \
            tile/entries/N. The files hold entries and hashes, no contents, and need no key to read. In a directory \
            that holds an earlier state only what is new is written; the checkpoint comes last, so the directory may \
            be served meanwhile. Works beside a process that appends.

              muniment tiles mail public
              muniment verify public --key "$(cat mail.vkey)"

            The files are readable by their owner alone: let your web server have them, or chmod -R a+rX public.
            """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The directory to write; made if it is not there.", completion: .directory)
    var directory: String

    func run() throws {
        let snapshot = try store.reader(needsKeys: false).snapshot
        var progress = Progress()
        defer { progress.clear() }
        let report = try snapshot.writeTiles(to: directory) { done in
            progress.update("\(Quantity.count(done)) of \(Quantity.count(snapshot.size)) entries")
        }
        progress.clear()
        try Output.standard.line(
            "Checkpoint of size \(Quantity.count(report.size)); \(Quantity.things(report.writtenCount, "file")) written."
        )
    }
}
