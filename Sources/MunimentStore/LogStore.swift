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
    /// No threads: work is done by the thread that calls `append`, `drain` or a step, and nothing behind its back. For
    /// simulations, which want the same calls to the disk in the same order each time.
    package var isSynchronous = false

    package init() {}
}

package final class LogStore: @unchecked Sendable {
    // Everything here is set before the object is shared, or guards itself.
    package let manifest: Manifest
    package let paths: StorePaths
    package let reader: LogReader
    package let classes: ClassTable
    package let signer: CheckpointSigner
    let keys: KeyRing
    let statements: FooterStatements
    package let fileSystem: any FileSystem
    /// The clock by which records become due.
    package let clock: ComplianceClock
    private let options: StoreOptions
    private let lock: any File
    private var pipeline: CommitPipeline
    private var housekeeper: Housekeeper
    private let isClosed = Guarded(false)

    private init(
        manifest: Manifest, paths: StorePaths, reader: LogReader, classes: ClassTable, signer: CheckpointSigner,
        keys: KeyRing, statements: FooterStatements, clock: ComplianceClock, options: StoreOptions,
        lock: any File, pipeline: CommitPipeline, housekeeper: Housekeeper
    ) {
        (self.manifest, self.paths, self.reader, self.classes) = (manifest, paths, reader, classes)
        (self.signer, self.keys, self.clock, self.options, self.lock) = (signer, keys, clock, options, lock)
        (self.pipeline, self.housekeeper, self.statements) = (pipeline, housekeeper, statements)
        fileSystem = reader.fileSystem
    }

    // MARK: Making a store

    /// Makes a store and its keys, and appends the log's identity and its default class. `path` must not exist.
    ///
    /// The manifest gets its name last, when the identity is durable and signed: until then there is no store, and
    /// whatever a crash leaves behind is to be removed by hand. So a log never lacks its leaf 0.
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
            try fileSystem.synchronizeDirectory(paths.root)
            try fileSystem.synchronizeDirectory(StorePaths.parent(paths.root))
        }
        let store = try open(fileSystem, paths, manifest, options)
        do throws(ArchiveError) {
            try store.appendIdentity(predecessor: predecessor)
            try translating(paths.manifest) { try fileSystem.replaceAtomically(paths.manifest, manifest.encoded()) }
        } catch {
            store.abandon()
            throw error
        }
        return store
    }

    private static func networkRefusal(_ path: String) -> ArchiveError {
        ArchiveError(
            .usage, "\(path) is on a network file system, where locks and flushes can't be relied on: use a local one.")
    }

    private func appendIdentity(predecessor: [UInt8]) throws(ArchiveError) {
        let identity = IdentityRecord(
            logID: manifest.logID, manifestDigest: SHA256.hash(manifest.encoded()), origin: manifest.origin,
            verifierKey: manifest.verifierKey, predecessor: predecessor, bootID: options.clock.bootID(),
            boot: options.clock.bootMicroseconds())
        let record = ClassTable.defaultClass
        _ = try append(
            [
                RecordBatch(control: ControlDraft(.identity) { _ in identity.encoded() }),
                RecordBatch(control: ControlDraft(.retentionClass) { _ in record.encoded() }),
            ], isControl: true)
        classes.set(record)
        _ = try ClockAnchoring(reader: reader, committed: committed, clock: clock).run()
        _ = try checkpoint(.kept)
    }

    // MARK: Opening

    /// Opens a store for writing. Throws `.anotherWriter` while somebody else has it open so, and the reason of the
    /// recovery when the store is not sound.
    package static func open(
        _ fileSystem: any FileSystem, _ path: String, options: StoreOptions = StoreOptions()
    ) throws(ArchiveError) -> LogStore {
        let paths = StorePaths(path, keys: options.keys)
        return try open(fileSystem, paths, try Recovery(fileSystem, paths).manifest(), options)
    }

    private static func open(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ manifest: Manifest, _ options: StoreOptions
    ) throws(ArchiveError) -> LogStore {
        let lock = try takeLock(fileSystem, paths)
        let keys = try KeyRing.open(
            fileSystem, paths.keys, logID: manifest.logID, passphrase: options.passphrase, isWritable: true)
        let recovered = try Recovery(fileSystem, paths).recover(manifest, keysDirectory: paths.keys)
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
        try StoreRepair(fileSystem, paths, recovered).run(keys)
        let reader = try LogStore.makeReader(fileSystem, paths, recovered, keys, isWritable: true)
        let classes = ClassTable()
        var committed = recovered.committed
        committed.chain = try classes.load(reader, head: try reader.newestControl(size: committed.treeSize))
        let signer = try CheckpointSigner.open(
            fileSystem, paths, manifest, keys: keys, newest: recovered.checkpointNote)
        try TailAuthority(reader, committed).requireOpenable(recovered.unsealed, from: recovered.checkpointSize)
        let statements = FooterStatements(reader)
        _ = try GenerationRemains(reader, statements, committed).removeReplaced(recovered.replaced)
        let clock = ComplianceClock(options.clock)
        let bootRecord = try ClockAnchoring(reader: reader, committed: committed, clock: clock).run()
        let assembly = StoreAssembly(
            reader: reader, keys: keys, classes: classes, options: options, clock: clock, recovered: recovered)
        let (pipeline, housekeeper) = try assembly.start(committed, signer)
        let store = LogStore(
            manifest: manifest, paths: paths, reader: reader, classes: classes, signer: signer, keys: keys,
            statements: statements, clock: clock, options: options, lock: lock,
            pipeline: pipeline, housekeeper: housekeeper)
        if !options.isSynchronous { housekeeper.start() }
        do throws(ArchiveError) {
            try store.appendClocks(bootRecord)
        } catch {
            store.abandon()
            throw error
        }
        return store
    }

    /// States in the log what an open did to the clock, and lets it catch up if it may. Without space it goes unsaid: the next open does the same.
    private func appendClocks(_ bootRecord: ClockRecord?) throws(ArchiveError) {
        do throws(ArchiveError) {
            if let bootRecord { _ = try pipeline.appendClock(clock) { bootRecord } }
            _ = try pipeline.appendClock(clock) { clock.catchUpRecord() }
        } catch  where error.code == .full {}
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
        try TreeCatchUp(reader, paths).run(
            size: recovered.committed.treeSize, sealedSize: recovered.unsealed.first?.header.firstIndex ?? 0,
            recalls: isWritable)
        return reader
    }

    // MARK: Appending

    /// The durable size, root and control chain.
    package var committed: Committed { pipeline.committed }
    /// Why nothing can be written any more, if so.
    package var failure: ArchiveError? { pipeline.failure }
    /// Why the cadence's last checkpoint could not be signed; nil if it could.
    package var signingFailure: ArchiveError? { housekeeper.signingFailure }

    /// Whether appends wait to be formed.
    package var isWaiting: Bool { pipeline.isWaiting }
    /// Takes no appends any more until it is reopened.
    func refuse(because reason: ArchiveError) { pipeline.refuse(because: reason) }
    package func submit(_ append: PendingAppend) { pipeline.submit(append) }
    package func submitAndRunIfIdle(_ append: PendingAppend) { pipeline.submitAndRunIfIdle(append) }
    package func waitForRoom() { pipeline.waitForRoom() }
    package func submitIfRoom(_ append: PendingAppend) -> Bool { pipeline.submitIfRoom(append) }
    package var lineCount: Int { pipeline.lineCount }
    package func standInLine(_ append: PendingAppend) { pipeline.standInLine(append) }
    package func takeBack(_ append: PendingAppend) -> Bool { pipeline.takeBack(append) }

    /// Appends and waits, committing on this thread if nothing else is under way. Not for cooperative threads.
    package func append(
        _ batches: [RecordBatch], token: [UInt8]? = nil, isAlone: Bool = false, isControl: Bool = false,
        beginsSegment: Bool = false
    ) throws(ArchiveError) -> AppendReceipt {
        let outcome = Monitor<Result<AppendReceipt, ArchiveError>?>(nil)
        pipeline.submitAndRunIfIdle(
            PendingAppend(
                batches, token: token, isAlone: isAlone, isControl: isControl, beginsSegment: beginsSegment
            ) { result in
                outcome.change { $0 = result }
            })
        if options.isSynchronous { drain() }
        return try outcome.wait { $0 }.get()
    }

    // MARK: Without threads

    /// Of a synchronous store: forms one frame of what waits; false when nothing can be formed.
    package func formStep() -> Bool { pipeline.formStep() }
    /// Of a synchronous store: commits one formed frame; false when there is none.
    package func commitStep() -> Bool { pipeline.commitStep() }
    /// Of a synchronous store: seals one segment that ended; false when none did.
    package func sealStep() -> Bool { housekeeper.sealStep() }
    /// Of a synchronous store: signs if there is news, writes tree nodes, prepares the next segment's file.
    package func cadenceStep() { housekeeper.cadenceStep() }

    /// Of a synchronous store: commits everything that waits; a segment that ended is sealed only when the log can't go
    /// on otherwise.
    package func drain() {
        while pipeline.commitStep() || pipeline.formStep() || (pipeline.isWaiting && housekeeper.sealStep()) {}
    }

    /// Appends a control record; durable when this returns. `body` gets the chain before it. Not for cooperative threads.
    package func appendControl(
        _ kind: ControlRecord.Kind, privatePart: [UInt8] = [], beginsSegment: Bool = false,
        body: @escaping @Sendable (ControlChain) -> [UInt8]
    ) throws(ArchiveError) -> AppendReceipt {
        try append(
            [RecordBatch(control: ControlDraft(kind, body: body), privatePart: privatePart)], isControl: true,
            beginsSegment: beginsSegment)
    }

    /// Waits until every segment that ended is sealed, or seals it where there are no threads.
    package func waitForSeals() throws(ArchiveError) {
        while options.isSynchronous, pipeline.unsealedCount > 0, housekeeper.sealStep() {}
        try pipeline.waitForSeals()
    }

    /// The segments that are sealed, in order.
    package var sealedSegments: [SegmentHandle] {
        while true {
            // A seal that ends in between may have put another generation in a segment's place.
            let count = pipeline.unsealedCount
            let segments = reader.segments
            if pipeline.unsealedCount == count { return segments.dropLast(1 + count) }
        }
    }

    /// Sets the compliance clock forward to the wall clock, on somebody's word. Throws `refused` where it is there already.
    package func confirmClock(privatePart: [UInt8]) throws(ArchiveError) -> AppendReceipt {
        let receipt = try pipeline.appendClock(clock, privatePart: privatePart) { clock.record(.confirmed) }
        guard let receipt else {
            throw ArchiveError(
                .refused,
                "The compliance clock is not behind the wall clock, and never runs backwards: there is nothing to confirm."
            )
        }
        return receipt
    }

    /// Puts a retention class in force: its record is durable when this returns. One caller at a time.
    package func appendClass(_ record: ClassRecord) throws(ArchiveError) -> AppendReceipt {
        let receipt = try appendControl(.retentionClass, body: record.encoded())
        classes.set(record)
        return receipt
    }

    /// Appends a control record whose body does not depend on its place; it is durable when this returns.
    package func appendControl(
        _ kind: ControlRecord.Kind, privatePart: [UInt8] = [], body: [UInt8]
    ) throws(ArchiveError) -> AppendReceipt {
        try appendControl(kind, privatePart: privatePart) { _ in body }
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

    /// Seals a segment that ended (`SegmentSealer` tells the story), and commits its seal record. What follows the
    /// record is derived, or a leftover: should it fail, the next open does it.
    static func seal(
        _ ended: Housekeeper.Ended, reader: LogReader, paths: StorePaths, classes: ClassTable, pipeline: CommitPipeline
    ) throws(ArchiveError) {
        let sealed = try sealFile(ended, reader: reader, paths: paths, classes: classes)
        let footer = sealed.footer
        let draft = ControlDraft(.seal) { SealRecord(footer, policy: $0.policy).encoded() }
        let outcome = Monitor<Result<AppendReceipt, ArchiveError>?>(nil)
        _ = try pipeline.run(
            PendingAppend([RecordBatch(control: draft)], isControl: true) { result in outcome.change { $0 = result } },
            outcome)
        try? SegmentDirectoryFile.write(reader.fileSystem, paths, sealed.row)
        // What an earlier process repacked before it died is stated now, too.
        for generation in 0..<footer.generation {
            try? reader.fileSystem.remove(paths.segment(footer.segment, generation: generation))
        }
        reader.keys?.forget(segment: footer.segment)
        pipeline.segmentSealed()
    }

    /// What comes before the seal record: done once, however often the record is tried. Readers have frames and index pages of what is sealed in
    /// their caches, with the session and the salt that they were sealed under; written again under the same name, it would have others.
    private static func sealFile(
        _ ended: Housekeeper.Ended, reader: LogReader, paths: StorePaths, classes: ClassTable
    ) throws(ArchiveError) -> SegmentSealer.Sealed {
        if let sealed = ended.sealed { return sealed }
        let header = ended.journal.header
        let end = ended.journal.end
        ended.journal.close()
        let sealed = try SegmentSealer(reader, classes).seal(ended.handle, header: header, end: end)
        if sealed.obsoletePath != nil { reader.install(SegmentHandle(reader.fileSystem, paths, sealed.row)) }
        ended.sealed = sealed
        return sealed
    }

    /// Ends the threads and lets go of the lock, and writes nothing more than it must.
    private func abandon() {
        isClosed.withLock { $0 = true }
        housekeeper.stop()
        pipeline.close()
        lock.close()
    }

    /// Commits what waits, signs it, and closes. A store whose write path failed closes without signing. Idempotent.
    package func close() throws(ArchiveError) {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        if wasClosed { return }
        pipeline.beginClosing()
        if options.isSynchronous { drain() } else { pipeline.waitUntilIdle() }
        housekeeper.stop()
        pipeline.close()
        defer { lock.close() }
        var failure: ArchiveError?
        func attempt(_ step: () throws(ArchiveError) -> Void) {
            do throws(ArchiveError) { try step() } catch { failure = failure ?? error }
        }
        if pipeline.failure == nil {
            attempt { () throws(ArchiveError) in try translating(paths.tree) { try reader.tree.flush() } }
            attempt { () throws(ArchiveError) in _ = try checkpoint(.kept) }
            try? translating(paths.prepared) {
                if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
            }
        }
        attempt { () throws(ArchiveError) in try pipeline.finishJournal() }
        if let failure { throw failure }
    }
}
