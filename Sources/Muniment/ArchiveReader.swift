// An archive that is open for reading only, beside a writer in another process or without one.

internal import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// Reads an archive as its newest published checkpoint states it. Takes no lock and writes nothing. Opening blocks on the disk.
public final class ArchiveReader: Sendable {
    /// What a reader holds between refreshes.
    private struct State: Sendable {
        var reader: LogReader
        var snapshot: Snapshot
        var recovered: RecoveredStore
    }

    private let paths: StorePaths
    private let keys: KeyRing?
    private let state: Guarded<State>
    /// How often an open or refresh is tried while a writer moves files.
    private static let attemptCount = 5

    /// Opens an archive. Without keys (`needsKeys` false and no keys directory) entries and proofs can be read, contents can't.
    public init(at path: String, options: ArchiveOptions = ArchiveOptions(), needsKeys: Bool = true)
        throws(ArchiveError)
    {
        let fileSystem = POSIXFileSystem()
        paths = StorePaths(path, keys: options.keysDirectory)
        let manifest = try Recovery(fileSystem, paths).manifest()
        do throws(ArchiveError) {
            keys = try KeyRing.open(
                fileSystem, paths.keys, logID: manifest.logID, passphrase: options.passphrase, isWritable: false)
        } catch  where error.code == .keyMissing && !needsKeys {
            keys = nil
        }
        state = Guarded(try ArchiveReader.load(fileSystem, paths, keys))
    }

    private static func load(_ fileSystem: POSIXFileSystem, _ paths: StorePaths, _ keys: KeyRing?) throws(ArchiveError)
        -> State
    {
        var attempt = 1
        while true {
            do throws(ArchiveError) {
                let recovered = try Recovery(fileSystem, paths).recover(keysDirectory: paths.keys)
                guard let note = recovered.checkpointNote else {
                    throw ArchiveError(.damaged, "\(paths.root) has no checkpoint: open it for writing once.")
                }
                let reader = try LogStore.makeReader(fileSystem, paths, recovered, keys, isWritable: false)
                let classes = ClassTable()
                _ = try classes.load(reader, head: try reader.newestControl(size: recovered.committed.treeSize))
                return State(
                    reader: reader, snapshot: try Snapshot(note, reader: reader, classes: classes), recovered: recovered
                )
            } catch {
                // A writer may have moved files between two looks.
                guard attempt < attemptCount, error.code == .absent || error.code == .damaged else { throw error }
                attempt += 1
            }
        }
    }

    /// The view under the checkpoint that was newest at the open or the last refresh.
    public var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// Looks for a newer checkpoint. Blocks on the disk.
    public func refresh() throws(ArchiveError) {
        let fresh = try ArchiveReader.load(POSIXFileSystem(), paths, keys)
        state.withLock { $0 = fresh }
    }

    /// Why the archive can't be written to; nil if it can.
    public var readOnlyReason: ArchiveError? { state.withLock { $0.recovered.readOnlyReason } }

    public var origin: String { state.withLock { $0.recovered.manifest.origin } }
    public var verifierKey: String { state.withLock { $0.recovered.manifest.verifierKey } }

    /// The size and root of every frame that a recovery would accept, beyond the checkpoint too.
    public var recoverable: (treeSize: UInt64, root: Digest) {
        state.withLock { ($0.recovered.committed.treeSize, $0.recovered.committed.root) }
    }
}
