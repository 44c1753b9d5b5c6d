// `checkpoint`: signs what is durable and prints the note.

import ArgumentParser
import Muniment

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Sign the log's state if there is news, and print the signed note.",
        discussion: """
            Prints the newest checkpoint, a C2SP signed note: the log's origin, its size, the root of its tree, and \
            the log's signature. Keep it somewhere else: whoever has it can prove later what the archive held when it \
            was signed.

              muniment checkpoint mail > mail.checkpoint
              muniment verify mail --key "$(cat mail.vkey)" --against mail.checkpoint

            While another process has the archive open for writing, that process signs, and this command exits with \
            status 75; the newest published note is the file STORE/checkpoint.
            """)

    @OptionGroup var store: StoreArguments

    func run() throws {
        let note = try store.withArchive { try $0.checkpointBlocking() }
        try Output.standard.write(note)
    }
}
