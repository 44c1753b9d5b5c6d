// `init`: makes an archive and its keys.

import ArgumentParser
import Muniment
import MunimentInput

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an archive and its keys.",
        discussion: """
            Makes the directory STORE and, beside it, STORE.keys (or the directory that --keys names). Prints the \
            log's public key as a C2SP vkey: publish it, and give it to whoever will verify.

              muniment init mail --origin example.com/mail > mail.vkey
              muniment init mail --origin example.com/mail --passphrase-file secret.txt
              muniment init mail2 --origin example.com/mail2 --succeeds mail

            The origin names the log for ever: use a name that you control, without spaces. With --succeeds the new \
            log's first record holds the last checkpoint of OLD, so that the two form one history; OLD may be damaged.
            """)

    @OptionGroup var store: StoreArguments

    @Option(help: ArgumentHelp("The log's name, such as example.com/mail.", valueName: "name"))
    var origin: String

    @Option(help: ArgumentHelp("An archive that this one continues.", valueName: "old"), completion: .directory)
    var succeeds: String?

    func run() throws {
        let predecessor = try succeeds.map { try ArchiveReader.publishedCheckpoint(at: $0).noteBytes } ?? []
        let options = try store.options
        let archive = try Archive.createBlocking(
            at: store.store, origin: origin, predecessor: predecessor, options: options)
        try archive.closeBlocking()
        try Output.standard.line(archive.verifierKey)
        try Output.standard.flush()
        warn(
            keysDirectory: options.keysDirectory ?? StorePaths(store.store).keys,
            hasPassphrase: options.passphrase != nil)
    }

    private func warn(keysDirectory: String, hasPassphrase: Bool) {
        let directory = TerminalText.escaped(keysDirectory)
        StandardError.write(
            """
            The keys of this archive are in \(directory)

              WITHOUT THEM EVERY RECORD IS LOST FOR GOOD. Nobody can restore them, not even the makers of this program.
            \(hasPassphrase
                ? "  The passphrase is needed too: a lost passphrase is a lost archive."
                : "  No passphrase protects them: whoever can read that directory can read the archive.")

              Copy the directory now, to a place of its own that you can erase. Never put it on write-once media or
              into a backup that is kept for long: what retention destroys must be destroyed in every copy of the keys.

            """)
    }
}
