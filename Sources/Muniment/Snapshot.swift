// A view of the log under one checkpoint. Everything that is read through it is proved against that checkpoint first; a check that fails is an
// error that names the record, never a silent skip.

internal import MunimentFormat
internal import MunimentCrypto
public import MunimentMerkle
public import MunimentNote
public import MunimentStore

/// The log as a checkpoint states it. Immutable; many threads may read through one.
public struct Snapshot: Sendable {
    /// The signed checkpoint that everything is proved against.
    public let checkpoint: Checkpoint
    /// The note that carries it.
    public let checkpointNote: [UInt8]
    let reader: LogReader
    let classes: ClassTable
    private let purges = PurgeAccount()
    /// `reader.replacementCount` when this was the newest state; nil for one that never was.
    private let replacementCount: Int?

    init(_ note: SignedNote, reader: LogReader, classes: ClassTable, isNewest: Bool = true) throws(ArchiveError) {
        replacementCount = isNewest ? reader.replacementCount : nil
        checkpoint = try translating("checkpoint") { try Checkpoint(text: note.text) }
        checkpointNote = note.bytes
        (self.reader, self.classes) = (reader, classes)
    }

    /// The log up to the checkpoint.
    var log: ProvenLog { ProvenLog(reader, size: size, root: checkpoint.root) }

    /// The number of entries, the engine's own included. Indexes below it may be read.
    public var size: UInt64 { checkpoint.size }

    /// The record at `index`, its entry proved against the checkpoint and its content against the entry. Blocks on the disk if its blocks are not
    /// cached. O(log n).
    public func record(at index: UInt64) throws(ArchiveError) -> StoredRecord {
        let entry = try provenEntry(index)
        return try open(index, entry)
    }

    /// The entry's bytes at `index`, proved against the checkpoint.
    public func provenEntry(_ index: UInt64) throws(ArchiveError) -> [UInt8] {
        guard index < size else {
            throw ArchiveError(.absent, "There is no record \(index) under the checkpoint of size \(size).")
        }
        // The proof first: it reads the entry's neighbours, and the entry with them.
        let proof = try inclusionProof(of: index)
        let entry = try reader.entry(index)
        do throws(MerkleError) {
            try proof.verify(leafHash: TreeHash.leaf(entry), root: checkpoint.root)
        } catch {
            throw ArchiveError(
                .damaged, "Record \(index) is not what the checkpoint of size \(size) commits to; run verify on a copy."
            )
        }
        return entry
    }

    /// Proof that the entry at `index` is in the checkpoint's tree, or in that of an earlier `treeSize`.
    public func inclusionProof(of index: UInt64, treeSize: UInt64? = nil) throws(ArchiveError) -> InclusionProof {
        let treeSize = treeSize ?? size
        guard treeSize <= size, index < treeSize else {
            throw ArchiveError(
                .absent, "Record \(index) is not in a tree of size \(treeSize) under the checkpoint of size \(size).")
        }
        return try translating("tree") { try InclusionProof.make(index: index, treeSize: treeSize, reader: reader) }
    }

    /// Proof that the checkpoint's tree, or that of an earlier `newSize`, extends the tree of `oldSize`.
    public func consistencyProof(from oldSize: UInt64, to newSize: UInt64? = nil) throws(ArchiveError)
        -> ConsistencyProof
    {
        let newSize = newSize ?? size
        guard newSize <= size, oldSize <= newSize else {
            throw ArchiveError(.usage, "The checkpoint is of size \(size): sizes must ascend up to it.")
        }
        return try translating("tree") { try ConsistencyProof.make(oldSize: oldSize, newSize: newSize, reader: reader) }
    }

    /// Calls `body` with each record of a range in order, each proved; stops when it returns false.
    public func forEachRecord(in range: Range<UInt64>, _ body: (StoredRecord) throws -> Bool) throws {
        for index in range.clamped(to: 0..<size) where try !body(try record(at: index)) { return }
    }

    /// Calls `body` with the pieces of a record's payload, whatever its length, in bounded memory; throws at the end if they were not what the
    /// entry commits to. `.purged` when the content was destroyed.
    public func readPayload(of index: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let bytes = try provenEntry(index)
        let entry = try translating("record \(index)") { try bytes.decode(Entry.init(decoding:)) }
        let content = try reader.content(index)
        guard let reference = try content.body() else {
            try require(content, entry, index, bodyDigest: nil)
            try Array(content.payload).withUnsafeBytes { try body($0) }
            return
        }
        let digest = try BodyFileReader.read(
            reader.fileSystem, reader.paths.body(reference.id), logID: reader.logID, reference: reference, body)
        try require(content, entry, index, bodyDigest: digest)
    }

    private func open(_ index: UInt64, _ bytes: [UInt8]) throws(ArchiveError) -> StoredRecord {
        let entry = try translating("record \(index)") { try bytes.decode(Entry.init(decoding:)) }
        let content: RecordContent
        do throws(ArchiveError) {
            content = try reader.content(index)
        } catch  where error.code == .purged {
            return try purged(index, entry, bytes)
        }
        return try translating("record \(index)") {
            let attributes = try content.attributes()
            if let reference = try content.body() {
                // The payload is proved when it is read; what stands here is sealed and bound to its place.
                return stored(index, entry, bytes, attributes: attributes, content: .large(reference.payloadByteCount))
            }
            try require(content, entry, index, bodyDigest: nil)
            return stored(index, entry, bytes, attributes: attributes, content: .payload(Array(content.payload)))
        }
    }

    private func require(_ content: RecordContent, _ entry: Entry, _ index: UInt64, bodyDigest: Digest?)
        throws(ArchiveError)
    {
        let frame = try reader.outline(containing: index).header
        guard let keys = reader.keys else {
            throw ArchiveError(.keyMissing, "Contents can't be opened without the keys.")
        }
        let salts = try keys.group(
            segment: frame.segment, classID: entry.classID, generation: frame.generation
        ).key.saltStream
        let commitment = try translating("record \(index)") {
            try content.commitment(index: index, salts: salts, bodyDigest: bodyDigest)
        }
        guard commitment == entry.commitment else {
            throw ArchiveError(
                .damaged, "The content of record \(index) is not what its entry commits to; run verify on a copy.")
        }
    }

    /// A record whose content is gone, with the disposition that says why.
    func purged(_ index: UInt64, _ entry: Entry, _ bytes: [UInt8]) throws(ArchiveError) -> StoredRecord {
        var record = stored(index, entry, bytes, attributes: [], content: .purged)
        record.disposition = try purges.disposition(of: index, log)
        return record
    }

    /// Whether a disposition under the checkpoint purged the record, or is about to.
    func isPurged(_ index: UInt64) throws(ArchiveError) -> Bool { try purges.isPurged(index, log) }

    /// Whether files may be newer than the checkpoint, and so lack what dispositions behind it purged.
    var isBehindFiles: Bool { replacementCount != reader.replacementCount }

    func stored(
        _ index: UInt64, _ entry: Entry, _ bytes: [UInt8], attributes: [Attribute], content: StoredRecord.Content
    ) -> StoredRecord {
        var stream: String?
        let streamName = Array(Attribute.streamName.utf8)
        let others = attributes.filter { attribute in
            guard attribute.name.utf8.elementsEqual(streamName) else { return true }
            if case .text(let text) = attribute.value { stream = text }
            return false
        }
        return StoredRecord(
            index: index, isControl: entry.kind == .control,
            retentionClass: entry.kind == .control
                ? "control" : classes.record(entry.classID)?.name ?? "class \(entry.classID)",
            stream: stream, recordedAt: entry.recorded, occurredAt: entry.occurred, attributes: others,
            content: content, entry: bytes)
    }
}

/// What was purged under a snapshot's checkpoint: read from the log when a purged record is first met, and kept.
private final class PurgeAccount: Sendable {
    private let policy = Guarded<RetentionPolicy?>(nil)

    func disposition(of index: UInt64, _ log: ProvenLog) throws(ArchiveError) -> UInt64? {
        try loaded(log).disposition(ofPurged: index)
    }

    /// Of a disposition that is open, contents go before the record that completes it.
    func isPurged(_ index: UInt64, _ log: ProvenLog) throws(ArchiveError) -> Bool {
        let policy = try loaded(log)
        return policy.disposition(ofPurged: index) != nil
            || policy.openDisposition?.prepared.contains { $0.purged.contains(index) } ?? false
    }

    private func loaded(_ log: ProvenLog) throws(ArchiveError) -> RetentionPolicy {
        try policy.withLock { policy throws(ArchiveError) in
            if let known = policy { return known }
            let loaded = try RetentionPolicy.load(log)
            policy = loaded
            return loaded
        }
    }
}
