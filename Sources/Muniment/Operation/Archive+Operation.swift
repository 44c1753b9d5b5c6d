// What operators need of an open archive beside appending and reading: its durable state, and another passphrase.

internal import Logging
public import MunimentFormat
public import MunimentStore

extension Archive {
    /// The number of durable entries, the engine's own included, and the root of their tree.
    public var durableState: (treeSize: UInt64, root: Digest) {
        let committed = store.committed
        return (committed.treeSize, committed.root)
    }

    /// Protects the root key with another passphrase, or, with nil, with nothing but the file's mode. The file is
    /// replaced atomically, so that after any crash the old or the new passphrase opens it. Blocks: the derivation is
    /// slow on purpose.
    public func changePassphrase(to passphrase: [UInt8]?) throws(ArchiveError) {
        guard let keys = store.reader.keys else {
            throw ArchiveError(.keyMissing, "The archive was opened without its keys: open it with them.")
        }
        try keys.changePassphrase(passphrase)
    }

    /// As `changePassphrase(to:)`, of an archive that is not open here; a process that has it open is not disturbed,
    /// for it holds the key itself. `options` has the present passphrase.
    public static func changePassphrase(
        at path: String, to passphrase: [UInt8]?, options: ArchiveOptions = ArchiveOptions()
    ) throws(ArchiveError) {
        let paths = StorePaths(path, keys: options.keysDirectory)
        let fileSystem = POSIXFileSystem()
        let manifest = try Recovery(fileSystem, paths).manifest()
        let keys = try KeyRing.open(
            fileSystem, paths.keys, logID: manifest.logID, passphrase: options.passphrase, isWritable: true)
        try keys.changePassphrase(passphrase)
    }
}

extension Snapshot {
    /// The retention classes in force at the newest state that the reader knows.
    public var retentionClasses: [RetentionClass] { classes.all.map { RetentionClass($0) } }
}

extension ArchiveOptions {
    /// The options with a logger that says nothing: a command speaks for itself.
    package func quiet() -> ArchiveOptions {
        var options = self
        options.logger = Logger(label: "muniment") { _ in SwiftLogNoOpLogHandler() }
        return options
    }
}
