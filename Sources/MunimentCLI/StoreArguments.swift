// What every verb takes: the store, where its keys are, and what unlocks them.

import ArgumentParser
import Muniment
import MunimentInput

/// The store that a verb works on.
struct StoreArguments: ParsableArguments {
    @Argument(help: "The archive's directory.", completion: .directory)
    var store: String

    @OptionGroup var access: KeyArguments

    var options: ArchiveOptions { get throws { try access.options() } }

    /// Opens the store for writing, runs `body`, and closes it whatever happens. A failure of `body` is what is thrown
    /// if closing fails too.
    func withArchive<R>(_ body: (Archive) throws -> R) throws -> R {
        let archive = try Archive.openBlocking(at: store, options: try options)
        let result: R
        do {
            result = try body(archive)
        } catch {
            try? archive.closeBlocking()
            throw error
        }
        try archive.closeBlocking()
        return result
    }

    /// Opens the store for reading, beside a writer if there is one.
    func reader(needsKeys: Bool) throws -> ArchiveReader {
        try ArchiveReader(at: store, options: try options, needsKeys: needsKeys)
    }
}

/// Where the keys are.
struct KeyArguments: ParsableArguments {
    @Option(name: .customLong("keys"), help: "The keys' directory. (default: STORE.keys)", completion: .directory)
    var keysDirectory: String?

    @Option(help: "A file whose contents, less one newline at the end, are the passphrase.", completion: .file())
    var passphraseFile: String?

    func options() throws -> ArchiveOptions {
        var options = ArchiveOptions().quiet()
        options.keysDirectory = keysDirectory
        options.passphrase = try passphraseFile.map { try Passphrase.read($0) }
        return options
    }
}
