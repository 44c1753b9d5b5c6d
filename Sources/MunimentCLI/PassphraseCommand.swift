// `passphrase`: what protects the root key.

import ArgumentParser
import Muniment

struct PassphraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passphrase",
        abstract: "Change or remove the passphrase of an archive's keys.",
        discussion: """
            The root key is wrapped anew and its file replaced; no record is touched. Asks at the terminal unless \
            --new-passphrase-file names a file. --passphrase-file gives the present one.

              muniment passphrase mail
              muniment passphrase mail --passphrase-file old.txt --new-passphrase-file new.txt
              muniment passphrase mail --passphrase-file old.txt --remove

            Copies of the keys that were made before still open with the passphrase of their time: replace them.
            """)

    @OptionGroup var store: StoreArguments

    @Option(help: "A file that holds the new passphrase.", completion: .file())
    var newPassphraseFile: String?

    @Flag(help: "Protect the keys with nothing but the file's mode.")
    var remove = false

    func validate() throws {
        if remove && newPassphraseFile != nil {
            throw ValidationError("--remove and --new-passphrase-file exclude each other.")
        }
    }

    func run() throws {
        var passphrase: [UInt8]?
        if let newPassphraseFile {
            passphrase = try Passphrase.read(newPassphraseFile)
        } else if !remove {
            passphrase = try Passphrase.ask()
            guard passphrase != nil else {
                throw ArchiveError(.usage, "There is no terminal to ask at: give --new-passphrase-file, or --remove.")
            }
        }
        try Archive.changePassphrase(at: store.store, to: passphrase, options: try store.options)
        StandardError.write(
            passphrase == nil
                ? "The keys are protected by nothing but their files' modes now.\n"
                : "The passphrase is changed. Whoever loses it loses the archive; copies of the keys made before keep the old one.\n"
        )
    }
}
