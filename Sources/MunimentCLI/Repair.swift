// `repair`: makes derived files again.

import ArgumentParser
import Muniment
import MunimentInput

struct Repair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an archive's derived files again.",
        discussion: """
            Makes the segment directory and the stored tree nodes from the log, and removes what a crash has left \
            behind: unfinished generations, temporary files, large payloads whose record was never appended. Says what \
            it did. Needs no key.

              muniment repair mail

            The log, its checkpoints and the keys are never changed. Where they are damaged, nothing is done, and the \
            exit status is 74: run verify on a copy, and restore from a backup.
            """)

    @OptionGroup var store: StoreArguments

    func run() throws {
        let report = try Archive.repair(at: store.store, keysDirectory: store.access.keysDirectory)
        for sentence in report.actions + report.remarks { try Output.standard.line(TerminalText.escaped(sentence)) }
        if report.actions.isEmpty { try Output.standard.line("Nothing needed repair.") }
    }
}
