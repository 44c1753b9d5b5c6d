// An archive that is open for writing: what an embedder holds for the life of its process. Async and Sendable; nothing here blocks a cooperative
// thread on the disk, except reads, whose blocks are usually cached, and which say so.

public import Logging
internal import Metrics
internal import MunimentCrypto
public import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// How an archive is opened.
public struct ArchiveOptions: Sendable {
    /// The keys directory; nil for the archive's path with `.keys` added. Keep it off WORM media and out of long-lived backups.
    public var keysDirectory: String?
    /// The passphrase that protects the root key; nil when a file alone does.
    public var passphrase: [UInt8]?
    /// How often a checkpoint is signed while there is news.
    public var checkpointCadence: Duration = .seconds(1)
    /// The greatest length of a segment file, in bytes.
    public var segmentByteCount: UInt64 = 64 << 20
    /// Content that may wait for its commit, in bytes; appenders beyond it are suspended.
    public var pendingByteCount = 16 << 20
    /// Free space that only control records and purging may use, in bytes.
    public var reserveByteCount: UInt64 = 16 << 20
    /// Threads that hash, compress and seal.
    public var workerCount = 2
    public var logger = Logger(label: "muniment")

    public init() {}

    var store: StoreOptions {
        var options = StoreOptions()
        options.keys = keysDirectory
        options.passphrase = passphrase
        let (seconds, attoseconds) = checkpointCadence.components
        options.checkpointCadence = max(1_000, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        options.limits.segmentByteCount = segmentByteCount
        options.limits.pendingByteCount = pendingByteCount
        options.limits.reserveByteCount = reserveByteCount
        options.workerCount = max(1, workerCount)
        return options
    }
}

/// An immutable archive, open for appending and reading. One process at a time may hold one; readers in other processes use `ArchiveReader`.
///
/// Close it: a clean close signs what is durable and makes the next open quick. An archive that is dropped without is recovered at the next open;
/// nothing acknowledged is lost.
public final class Archive: Sendable {
    let store: LogStore
    /// Where changes of rules and holds queue up.
    package let policyGate: PolicyGate
    /// One run of the compactor at a time.
    let compaction = Guarded(())
    let isClosing = Guarded(false)
    let logger: Logger
    private let recordCounter = Counter(label: "muniment.records")
    private let byteCounter = Counter(label: "muniment.content_bytes")
    private let commitTimer = Metrics.Timer(label: "muniment.append")

    init(_ store: LogStore, logger: Logger) {
        (self.store, self.logger) = (store, logger)
        policyGate = PolicyGate(store)
    }

    // MARK: Opening and closing

    /// Makes an archive and its keys. Losing the keys directory (or its passphrase) loses every payload for good; keep a backup of it that you can
    /// erase. Throws `usage` where something exists already.
    public static func create(at path: String, origin: String, options: ArchiveOptions = ArchiveOptions()) async throws
        -> Archive
    {
        try await offCooperativeThreads { try createBlocking(at: path, origin: origin, options: options) }
    }

    /// Opens an archive for writing. Throws `anotherWriter`, `damaged`, `keyMissing`, `wrongKey`, `newerVersion`, …
    public static func open(at path: String, options: ArchiveOptions = ArchiveOptions()) async throws -> Archive {
        try await offCooperativeThreads { try openBlocking(at: path, options: options) }
    }

    /// Commits what waits, signs a checkpoint over it, and closes. Idempotent. A purge under way is aborted, or carried out where it can't be any more.
    public func close() async throws { try await offCooperativeThreads { try self.closeStore() } }

    /// The compactor's thread writes to the store beside the pipeline: the lock is given back when it has ended.
    private func closeStore() throws {
        isClosing.withLock { $0 = true }
        try compaction.withLock { _ in try store.close() }
    }

    /// The log's public key as a C2SP vkey. Publish it: whoever verifies must have it from elsewhere than the archive.
    public var verifierKey: String { store.manifest.verifierKey }
    public var origin: String { store.manifest.origin }
    /// The number of durable entries, the engine's own included.
    public var durableSize: UInt64 { store.committed.treeSize }
    /// Why nothing can be appended any more; nil while all is well.
    public var failure: ArchiveError? { store.failure }

    // MARK: Appending

    /// Appends a record; returns when it is durable.
    ///
    /// If the task is cancelled before the record is handed over, nothing is appended and `CancellationError` is thrown; afterwards the call waits and
    /// tells the true outcome. An `ArchiveError` says with `appendOutcome` whether the records may nevertheless be in the log.
    public func append(_ record: Record, token: [UInt8]? = nil) async throws -> AppendReceipt {
        try await append([record], token: token)
    }

    /// Appends records, all or none, in order and without a gap between them. At most `RecordBuffer.countMax`.
    ///
    /// With an idempotency token, a retry with the same records returns the first attempt's indexes and appends nothing; the same token with other
    /// records is refused (`tokenConflict`). Tokens are remembered for the open and the previous segment; records under a token share one class.
    public func append(_ records: [Record], token: [UInt8]? = nil) async throws -> AppendReceipt {
        // The payloads, and what stands before each.
        let buffer = makeBuffer(reservingByteCount: records.reduce(0) { $0 + $1.payload.count + 16 })
        for record in records { try buffer.append(record) }
        return try await append(buffer, token: token)
    }

    /// An empty buffer. `reservingByteCount` is the content that is expected; more fits all the same.
    public func makeBuffer(reservingByteCount: Int = 0) -> RecordBuffer {
        RecordBuffer(classes: store.classes, reservingByteCount: reservingByteCount)
    }

    /// Appends what a buffer holds, as one commit. Suspends while too much content waits.
    public func append(_ buffer: sending RecordBuffer, token: [UInt8]? = nil) async throws -> AppendReceipt {
        try Archive.check(buffer, token)
        let batches = buffer.batches
        try Task.checkCancellation()
        let start = ContinuousClock.now
        let receipt = try await store.appended(batches, token)
        commitTimer.record(duration: ContinuousClock.now - start)
        note(receipt, batches)
        return receipt
    }

    /// Appends a payload of any length as it arrives; `source` gives the next bytes, or nil at the end. Memory stays bounded.
    ///
    /// Up to 8 MiB it becomes an ordinary record; above, a body file of its own, durable before the record is.
    public func append(
        streaming source: () async throws -> [UInt8]?, attributes: [Attribute] = [], stream: String? = nil,
        retentionClass: String = "default", occurredAt: Microseconds? = nil
    ) async throws -> AppendReceipt {
        let payload = PayloadStream(store, self)
        while let bytes = try await source() {
            try Task.checkCancellation()
            try await offCooperativeThreads { try bytes.withUnsafeBytes { try payload.append($0) } }
        }
        let buffer = makeBuffer()
        try await offCooperativeThreads {
            try payload.finish(
                into: buffer, attributes: attributes, stream: stream, retentionClass: retentionClass,
                occurredAt: occurredAt)
        }
        return try await append(buffer)
    }

    private static func check(_ buffer: RecordBuffer, _ token: [UInt8]?) throws(ArchiveError) {
        guard buffer.count <= RecordBuffer.countMax else {
            throw ArchiveError(
                .usage, "One append commits at most \(RecordBuffer.countMax) records: append them in several calls.",
                appendOutcome: .failed)
        }
        guard let token else { return }
        guard (1...1_024).contains(token.count), buffer.count > 0, Set(buffer.batches.map(\.classID)).count == 1 else {
            throw ArchiveError(
                .usage, "A token has 1 to 1,024 bytes, and the records under it share one class.",
                appendOutcome: .failed)
        }
    }

    private func note(_ receipt: AppendReceipt, _ batches: [RecordBatch]) {
        guard !receipt.isRepeat else { return }
        recordCounter.increment(by: receipt.count)
        byteCounter.increment(by: batches.reduce(0) { $0 + $1.byteCount })
    }

    // MARK: Reading

    /// A snapshot under the newest checkpoint, which is signed now if there is news.
    public func snapshot() async throws -> Snapshot { try await offCooperativeThreads { try self.snapshotBlocking() } }

    /// Signs a checkpoint if there is news; returns the newest signed note.
    public func checkpoint() async throws -> [UInt8] {
        try await offCooperativeThreads { try self.store.checkpoint(.kept).bytes }
    }
}

extension Archive {
    // MARK: For callers with threads of their own

    /// As `create`. Blocks.
    @available(*, noasync)
    public static func createBlocking(
        at path: String, origin: String, predecessor: [UInt8] = [], options: ArchiveOptions = ArchiveOptions()
    ) throws -> Archive {
        let store = try LogStore.create(
            POSIXFileSystem(), path, origin: origin, predecessor: predecessor, options: options.store)
        options.logger.notice("archive created", metadata: ["path": "\(path)", "origin": "\(origin)"])
        return Archive(store, logger: options.logger)
    }

    /// As `open`. Blocks.
    @available(*, noasync)
    public static func openBlocking(at path: String, options: ArchiveOptions = ArchiveOptions()) throws -> Archive {
        let store = try LogStore.open(POSIXFileSystem(), path, options: options.store)
        options.logger.info("archive opened", metadata: ["path": "\(path)", "size": "\(store.committed.treeSize)"])
        let archive = Archive(store, logger: options.logger)
        do {
            try archive.resumeCompaction()
        } catch {
            try? store.close()
            throw error
        }
        return archive
    }

    /// As `append`: commits on the calling thread when nothing else is under way, the quickest way for a lone appender.
    @available(*, noasync)
    public func appendBlocking(_ buffer: RecordBuffer, token: [UInt8]? = nil) throws -> AppendReceipt {
        try Archive.check(buffer, token)
        let batches = buffer.batches
        let receipt = try store.append(batches, token: token)
        note(receipt, batches)
        return receipt
    }

    /// Hands over an append and returns once there is room for it; `completion` is called, on a thread of the archive's, when it is durable or has
    /// failed. Completions of one caller come in order. With `isAlone` the records get a commit of their own.
    @available(*, noasync)
    public func submit(
        _ buffer: RecordBuffer, token: [UInt8]? = nil, isAlone: Bool = false,
        completion: @escaping @Sendable (Result<AppendReceipt, ArchiveError>) -> Void
    ) throws {
        try Archive.check(buffer, token)
        store.waitForRoom()
        store.submit(PendingAppend(buffer.batches, token: token, isAlone: isAlone, completion: completion))
    }

    @available(*, noasync)
    public func snapshotBlocking() throws -> Snapshot {
        try Snapshot(store.checkpoint(.kept), reader: store.reader, classes: store.classes)
    }

    @available(*, noasync)
    public func checkpointBlocking() throws -> [UInt8] { try store.checkpoint(.kept).bytes }

    @available(*, noasync)
    public func closeBlocking() throws { try closeStore() }

    /// A payload that arrives in pieces. Blocks on the disk.
    @available(*, noasync)
    public func makePayloadStream() -> PayloadStream { PayloadStream(store, self) }

    /// The names of the retention classes in force.
    public var retentionClasses: [String] { store.classes.all.map(\.name) }
}

/// Runs blocking work on a thread of its own, and suspends the caller meanwhile.
func offCooperativeThreads<T: Sendable>(_ body: @escaping () throws -> T) async throws -> T {
    // The closure runs exactly once, while the caller waits: nothing it captures is used by two threads at a time.
    nonisolated(unsafe) let body = body
    return try await withCheckedThrowingContinuation { continuation in
        BlockingThreads.shared.run { continuation.resume(with: Result { try body() }) }
    }
}
