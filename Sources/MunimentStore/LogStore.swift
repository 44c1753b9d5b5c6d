// A store: made, opened for writing or for reading, closed. Ties the parts together; each part has a file of its own.

internal import MunimentCrypto
package import MunimentFormat
internal import MunimentMerkle
package import MunimentNote

/// How a store is opened.
package struct StoreOptions: Sendable {
    package var keys: String?
    package var passphrase: [UInt8]?
    package var limits = StoreLimits()
    /// How often a checkpoint is signed while there is news.
    package var checkpointCadence: Microseconds = 1_000_000
    package var workerCount = 2
    package var clock: any WallClock = SystemClock()

    package init() {}
}

package final class LogStore: @unchecked Sendable {
    // Everything here is set before the object is shared, or guards itself.
    package let manifest: Manifest
    package let paths: StorePaths
    package let reader: LogReader
    package let classes: ClassTable
    package let signer: CheckpointSigner
    package let fileSystem: any FileSystem
    private let options: StoreOptions
    private let lock: any File
    private var pipeline: CommitPipeline
    private var housekeeper: Housekeeper
    private let isClosed = Guarded(false)

    private init(
        manifest: Manifest, paths: StorePaths, reader: LogReader, classes: ClassTable, signer: CheckpointSigner,
        options: StoreOptions,
        lock: any File, pipeline: CommitPipeline, housekeeper: Housekeeper
    ) {
        (self.manifest, self.paths, self.reader, self.classes) = (manifest, paths, reader, classes)
        (self.signer, self.options, self.lock) = (signer, options, lock)
        (self.pipeline, self.housekeeper) = (pipeline, housekeeper)
        fileSystem = reader.fileSystem
    }

    // MARK: Making a store

    /// Makes a store and its keys, and appends the log's identity and its default class. `path` must not exist.
    package static func create(
        _ fileSystem: any FileSystem, _ path: String, origin: String, predecessor: [UInt8] = [],
        options: StoreOptions = StoreOptions()
    ) throws(ArchiveError) -> LogStore {
        if let refusal = Manifest.refusal(origin: origin) { throw ArchiveError(.usage, "\(origin): \(refusal).") }
        let paths = StorePaths(path, keys: options.keys)
        let logID = RandomBytes.array(Digest.byteCount).withUnsafeBytes { Digest(loading: $0.baseAddress!) }
        try translating(paths.root) {
            guard try !fileSystem.isNetworkFileSystem(StorePaths.parent(paths.root)) else {
                throw networkRefusal(paths.root)
            }
            for path in [paths.root, paths.keys] where try fileSystem.status(path) != nil {
                throw ArchiveError(.usage, "\(path) exists already: choose another place, or open it.")
            }
            try fileSystem.createDirectory(paths.root)
        }
        let (_, seed) = try KeyRing.create(fileSystem, paths.keys, logID: logID, passphrase: options.passphrase)
        let key = try translating(paths.keys) {
            try NoteSigner(name: origin) { body in seed.withUnsafeBytes { body($0) } }.key
        }
        let manifest = Manifest(origin: origin, logID: logID, verifierKey: key.description)
        try translating(paths.root) {
            for directory in [paths.segments, paths.tree, paths.bodies] { try fileSystem.createDirectory(directory) }
            try fileSystem.open(paths.lock, .create).close()
            let file = try fileSystem.open(paths.manifest, .create)
            defer { file.close() }
            try file.writeAll(manifest.encoded(), at: 0)
            try file.synchronize()
            try fileSystem.synchronizeDirectory(paths.root)
            try fileSystem.synchronizeDirectory(StorePaths.parent(paths.root))
        }
        let store = try open(fileSystem, path, options: options)
        try store.appendIdentity(predecessor: predecessor)
        return store
    }

    private static func networkRefusal(_ path: String) -> ArchiveError {
        ArchiveError(
            .usage, "\(path) is on a network file system, where locks and flushes can't be relied on: use a local one.")
    }

    private func appendIdentity(predecessor: [UInt8]) throws(ArchiveError) {
        let identity = IdentityRecord(
            logID: manifest.logID, manifestDigest: SHA256.hash(manifest.encoded()), origin: manifest.origin,
            verifierKey: manifest.verifierKey, predecessor: predecessor)
        let record = ClassTable.defaultClass
        _ = try append(
            [
                RecordBatch(control: ControlDraft(.identity) { _ in identity.encoded() }),
                RecordBatch(control: ControlDraft(.retentionClass) { _ in record.encoded() }),
            ], isControl: true)
        classes.set(record)
        _ = try checkpoint(.kept)
    }

    // MARK: Opening

    /// Opens a store for writing. Throws `.anotherWriter` while somebody else has it open so, and the reason of the recovery when the store is not
    /// sound.
    package static func open(
        _ fileSystem: any FileSystem, _ path: String, options: StoreOptions = StoreOptions()
    ) throws(ArchiveError) -> LogStore {
        let paths = StorePaths(path, keys: options.keys)
        let recovery = Recovery(fileSystem, paths)
        let manifest = try recovery.manifest()
        let lock = try takeLock(fileSystem, paths)
        let keys = try KeyRing.open(
            fileSystem, paths.keys, logID: manifest.logID, passphrase: options.passphrase, isWritable: true)
        let recovered = try recovery.recover(keysDirectory: paths.keys)
        if let reason = recovered.readOnlyReason { throw reason }
        return try open(fileSystem, paths, recovered, keys, lock, options)
    }

    private static func takeLock(_ fileSystem: any FileSystem, _ paths: StorePaths) throws(ArchiveError) -> any File {
        try translating(paths.lock) {
            guard try !fileSystem.isNetworkFileSystem(paths.root) else { throw networkRefusal(paths.root) }
            let lock = try fileSystem.open(paths.lock, .createOrOpen)
            guard try lock.lockExclusively() else {
                throw ArchiveError(
                    .anotherWriter, "\(paths.root) is open for writing elsewhere: wait for it, or use that process.")
            }
            return lock
        }
    }

    private static func open(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ recovered: RecoveredStore, _ keys: KeyRing,
        _ lock: any File,
        _ options: StoreOptions
    ) throws(ArchiveError) -> LogStore {
        let manifest = recovered.manifest
        try removeLeftovers(fileSystem, paths, recovered)
        for segment in recovered.unsealed {
            try TailRepair.run(
                fileSystem, paths.segment(segment.header.segment, generation: segment.header.generation), segment,
                checkpointSize: recovered.checkpointSize)
        }
        let reader = try LogStore.makeReader(fileSystem, paths, recovered, keys, isWritable: true)
        let classes = ClassTable()
        let size = recovered.committed.treeSize
        let head = size > 0 ? try reader.frame(containing: size - 1).header.lastControl : nil
        var committed = recovered.committed
        committed.chain = try classes.load(reader, head: head)
        let signer = try CheckpointSigner.open(
            fileSystem, paths, origin: manifest.origin, keys: keys, newest: recovered.checkpointNote)
        let assembly = StoreAssembly(
            reader: reader, keys: keys, classes: classes, options: options, recovered: recovered)
        let (pipeline, housekeeper, unfinished) = try assembly.start(committed, signer)
        let store = LogStore(
            manifest: manifest, paths: paths, reader: reader, classes: classes, signer: signer, options: options,
            lock: lock,
            pipeline: pipeline, housekeeper: housekeeper)
        for segment in unfinished { try store.seal(segment) }
        housekeeper.start()
        return store
    }

    /// Cases *unfinished generation* and *foreign file* of segments: what a crash left behind is removed. A prepared file is too.
    private static func removeLeftovers(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ recovered: RecoveredStore
    ) throws(ArchiveError) {
        try translating(paths.segments) {
            for path in recovered.leftovers { try fileSystem.remove(path) }
            if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
        }
    }

    /// A reader over what recovery found, with the tree's files brought up to date in memory.
    package static func makeReader(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ recovered: RecoveredStore, _ keys: KeyRing?,
        isWritable: Bool
    ) throws(ArchiveError) -> LogReader {
        let tree = TreeNodes(fileSystem, paths, isWritable: isWritable, treeSize: 0)
        let reader = LogReader(fileSystem, paths, logID: recovered.manifest.logID, tree: tree, keys: keys)
        for row in recovered.rows { reader.install(SegmentHandle(fileSystem, paths, row)) }
        for segment in recovered.unsealed {
            reader.install(
                SegmentHandle(
                    fileSystem, paths.segment(segment.header.segment, generation: segment.header.generation),
                    segment: segment.header.segment, generation: segment.header.generation,
                    firstIndex: segment.header.firstIndex,
                    frames: segment.frames.map { FrameReference($0) }))
        }
        try TreeCatchUp(reader, paths).run(size: recovered.committed.treeSize)
        return reader
    }

    // MARK: Appending

    /// The durable size, root and control chain.
    package var committed: Committed { pipeline.committed }
    /// Why nothing can be written any more, if so.
    package var failure: ArchiveError? { pipeline.failure ?? housekeeper.failure }

    package func submit(_ append: PendingAppend) { pipeline.submit(append) }
    package func submitAndRunIfIdle(_ append: PendingAppend) { pipeline.submitAndRunIfIdle(append) }
    package func waitForRoom() { pipeline.waitForRoom() }
    package func room() async { await pipeline.room() }

    /// Appends and waits, committing on this thread if nothing else is under way. Not for cooperative threads.
    package func append(
        _ batches: [RecordBatch], token: [UInt8]? = nil, isAlone: Bool = false, isControl: Bool = false
    ) throws(ArchiveError) -> AppendReceipt {
        let outcome = Monitor<Result<AppendReceipt, ArchiveError>?>(nil)
        pipeline.submitAndRunIfIdle(
            PendingAppend(batches, token: token, isAlone: isAlone, isControl: isControl) { result in
                outcome.change { $0 = result }
            })
        return try outcome.wait { $0 }.get()
    }

    /// Signs what is durable, if there is news, and returns the newest note. Blocks on the disk.
    package func checkpoint(_ occasion: CheckpointSigner.Occasion) throws(ArchiveError) -> SignedNote {
        if let failure = pipeline.failure {
            throw ArchiveError(.previousFailure, "An earlier write failed (\(failure.message)) Reopen the archive.")
        }
        let committed = committed
        return try signer.sign(
            size: committed.treeSize, root: committed.root, reader: reader, occasion: occasion,
            now: options.clock.microsecondsSinceEpoch())
    }

    /// Seals a segment that ended (`SegmentSealer` tells the story), and commits its seal record.
    private func seal(_ ended: Housekeeper.Ended) throws(ArchiveError) {
        try LogStore.seal(ended, reader: reader, paths: paths, classes: classes, pipeline: pipeline)
    }

    static func seal(
        _ ended: Housekeeper.Ended, reader: LogReader, paths: StorePaths, classes: ClassTable, pipeline: CommitPipeline
    ) throws(ArchiveError) {
        let header = ended.journal.header
        let end = ended.journal.end
        ended.journal.close()
        let sealer = SegmentSealer(reader) { classes.compression($0) }
        let sealed = try sealer.seal(ended.handle, header: header, end: end)
        if sealed.obsoletePath != nil { reader.install(SegmentHandle(reader.fileSystem, paths, sealed.row)) }
        try SegmentDirectoryFile.write(reader.fileSystem, paths, sealed.row)
        let footer = sealed.footer
        let draft = ControlDraft(.seal) { SealRecord(footer, policy: $0.policy).encoded() }
        let outcome = Monitor<Result<AppendReceipt, ArchiveError>?>(nil)
        pipeline.submit(
            PendingAppend([RecordBatch(control: draft)], isControl: true) { result in outcome.change { $0 = result } })
        _ = try outcome.wait { $0 }.get()
        if let obsolete = sealed.obsoletePath {
            ended.handle.closeFile()
            try translating(obsolete) { try reader.fileSystem.remove(obsolete) }
        }
        pipeline.segmentSealed()
    }

    /// Commits what waits, signs it, and closes. A store whose write path failed closes without signing. Idempotent.
    package func close() throws(ArchiveError) {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        if wasClosed { return }
        housekeeper.stop()
        pipeline.close()
        defer { lock.close() }
        if pipeline.failure == nil {
            try translating(paths.tree) { try reader.tree.flush(synchronize: true) }
            _ = try checkpoint(.kept)
            try? translating(paths.prepared) {
                if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
            }
        }
        try pipeline.finishJournal()
    }
}
