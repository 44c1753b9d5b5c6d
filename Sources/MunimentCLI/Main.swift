// The `muniment` command: parses, runs one verb on this thread, and turns what went wrong into one sentence and an exit
// code.

import ArgumentParser
import Glibc
import Muniment
import MunimentInput

@main
struct Main {
    static func main() {
        CoreDumps.disable()
        // A reader that goes away is seen as an error of the write, not as a signal that leaves a store open.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try MunimentCommand.parseAsRoot()
            try command.run()
            try Output.standard.flush()
        } catch {
            finish(error)
        }
    }

    private static func finish(_ error: any Error) -> Never {
        if let failure = Failure(error) {
            try? Output.standard.flush()
            if let sentence = failure.sentence { StandardError.sentence(sentence) }
            exit(failure.exitCode)
        }
        // Help, the version, a completion script, or a wrong command line.
        let status = MunimentCommand.exitCode(for: error).rawValue
        let text = MunimentCommand.fullMessage(for: error)
        if status == 0 {
            if !text.isEmpty { Output.standard.print(finalText: text) }
        } else {
            StandardError.usage(text)
        }
        exit(status)
    }
}

struct MunimentCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "muniment",
        abstract: "An archive that proves what it holds.",
        discussion: """
            Records go in and are never changed. Every one is a leaf of a Merkle tree whose root the archive signs, so \
            that anyone with the archive's public key can check what it holds; contents are encrypted at rest, with \
            keys in a directory of their own.

            A first session:

              muniment init mail --origin example.com/mail
              muniment append mail --format mbox inbox.mbox
              muniment query mail --where from=alice@example.com --limit 10
              muniment checkpoint mail
              muniment prove mail 17 > 17.proof

            The keys are in mail.keys unless --keys names another place. Whoever has them can read the archive; \
            without them nobody can, and nobody can restore them: keep a copy of the directory.

            Exit status: 0 fine, 1 tampering or loss found, 2 not established, 64 wrong usage, 65 bad input, 66 absent \
            or purged, 74 input/output failure or damage, 75 another writer or a full store, 77 refused by a rule, a \
            hold, a key or a passphrase.
            """,
        version: "muniment \(version) (format version \(Limits.formatVersion))",
        groupedSubcommands: [
            CommandGroup(name: "Filling an archive:", subcommands: [Init.self, Append.self, Class.self]),
            CommandGroup(name: "Reading:", subcommands: [Get.self, Query.self, Stat.self]),
            CommandGroup(
                name: "Proving:",
                subcommands: [CheckpointCommand.self, Prove.self, Export.self, Tiles.self, Verify.self]),
            CommandGroup(
                name: "Keeping as long as is right:",
                subcommands: [Event.self, Hold.self, Erase.self, ClockCommand.self]),
            CommandGroup(
                name: "Destroying:", subcommands: [Compact.self, Dispositions.self, CertificateCommand.self]),
            CommandGroup(name: "Keeping:", subcommands: [Backup.self, Repair.self, PassphraseCommand.self]),
        ]
    )
}
