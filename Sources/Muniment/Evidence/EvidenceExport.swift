// Taking records out as an evidence file: one pass over the selection, each record's head in memory for a moment, payloads streamed. What is
// written is checked as it is: a content that does not open to its entry's commitment ends the export, and no file comes of it.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentStore

/// One export. Used by one thread.
final class EvidenceExport {
    private let snapshot: Snapshot
    private let custody: EvidenceCustody
    private let options: EvidenceOptions
    private let writer: EvidenceWriter
    private var entries = ProvenLeaves()
    private var concerning: ConcerningRecords
    private var recordCount: UInt64 = 0
    private var purgedCount: UInt64 = 0

    init(_ snapshot: Snapshot, to path: String, _ options: EvidenceOptions) throws(ArchiveError) {
        (self.snapshot, self.options) = (snapshot, options)
        custody = try options.custody()
        concerning = try ConcerningRecords(snapshot)
        writer = try EvidenceWriter(snapshot.reader.fileSystem, path)
    }

    /// What `record` of `run` gives back: how the log tells of the export, and a snapshot whose checkpoint covers that.
    typealias Logged = (logging: EvidenceLogging, snapshot: Snapshot)

    /// Writes the file. `record` is called when all that is disclosed has been written, with the custody, the number of records and the digest
    /// of the bytes up to there.
    func run(
        _ selection: Selection, record: (EvidenceCustody, UInt64, Digest) throws -> Logged
    ) throws -> EvidenceReceipt {
        do {
            try writer.chunk(.custody, custody.encoded())
            try snapshot.forEachRecord(matching: selection) { record in
                try write(record)
                return true
            }
            guard recordCount > 0 else {
                throw ArchiveError(.absent, "The selection selects no record: there is nothing to export.")
            }
            for control in try concerning.find() {
                try writer.chunk(.control, control.encoded())
                entries.append(control)
            }
            return try finish(try record(custody, recordCount, writer.digest))
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func finish(_ logged: Logged) throws -> EvidenceReceipt {
        try writer.chunk(.log, logged.logging.encoded())
        var logIndex: UInt64?
        if case .logged(let control, _) = logged.logging {
            logIndex = control.index
            entries.append(control)
        }
        let checkpoint = logged.snapshot.checkpoint
        try writer.chunk(.checkpoint, logged.snapshot.checkpointNote)
        try writeProof(logged.snapshot)
        try writer.finish()
        return EvidenceReceipt(
            recordCount: recordCount, purgedCount: purgedCount, logIndex: logIndex, treeSize: checkpoint.size,
            root: checkpoint.root, byteCount: writer.byteCount)
    }

    private func writeProof(_ snapshot: Snapshot) throws {
        let (indexes, leaves) = entries.sorted()
        let proof = try translating("tree") {
            let proof = try MultiProof.make(indexes: indexes, treeSize: snapshot.size, reader: snapshot.reader)
            try proof.verify(leafHashes: leaves, root: snapshot.checkpoint.root)
            return proof
        }
        try writer.begin(.proof, bodyByteCount: UInt64(proof.nodes.count) * UInt64(Digest.byteCount))
        for node in proof.nodes { try node.withUnsafeBytes { try writer.write($0) } }
    }

    // MARK: Records

    private func write(_ stored: StoredRecord) throws {
        let entry = try translating("record \(stored.index)") { try stored.entry.decode(Entry.init(decoding:)) }
        guard recordCount < UInt64(EvidenceChunk.record.countMax) else {
            throw ArchiveError(
                .refused, "An evidence file holds at most \(EvidenceChunk.record.countMax) records: export in several.")
        }
        entries.append(EvidenceControl(index: stored.index, entry: stored.entry))
        recordCount += 1
        var isPurged = false
        if case .purged = stored.content { isPurged = true }
        concerning.note(stored.index, entry, isPurged: isPurged)
        if isPurged {
            purgedCount += 1
            try chunk(EvidenceRecord(index: stored.index, entry: stored.entry, content: .purged))
        } else if custody.disclosure == .entries {
            try chunk(EvidenceRecord(index: stored.index, entry: stored.entry, content: .withheld))
        } else {
            try writeOpened(stored, entry)
        }
        options.progress?(recordCount)
    }

    /// A record chunk without a payload.
    private func chunk(_ record: EvidenceRecord) throws { try writer.chunk(.record, record.encoded()) }

    private func writeOpened(_ stored: StoredRecord, _ entry: Entry) throws {
        let reader = snapshot.reader
        let content = try reader.content(stored.index)
        let salts = try SlotSalts(content, stored.index, entry, reader)
        let pieces = try pieces(of: content, salts)
        let reference = try content.body()
        let salt = reference?.salt ?? salts[0]
        let discloses = custody.discloses(EvidenceCustody.payloadName.utf8)
        var digest = Digest.zero
        if reference == nil || !discloses {
            digest = try hash(content, reference, salt: salt)
        }
        let payload: EvidenceRecord.Payload = discloses ? .disclosed(salt: salt) : .withheld(digest)
        let record = EvidenceRecord(index: stored.index, entry: stored.entry, content: .opened(pieces, payload))
        let head = record.encoded()
        let payloadByteCount = reference?.payloadByteCount ?? UInt64(content.payload.count)
        try writer.begin(.record, bodyByteCount: UInt64(head.count) + (discloses ? payloadByteCount : 0))
        try writer.write(head)
        if discloses {
            if let reference {
                digest = try read(reference) { try self.writer.write($0) }
            } else {
                try content.payload.withUnsafeBytes { try writer.write($0) }
            }
        }
        let commitment = DisclosedContent.commitment(pieces: pieces, payload: payload, payloadDigest: digest)
        guard commitment == entry.commitment else {
            throw ArchiveError(
                .damaged,
                "The content of record \(stored.index) is not what its entry commits to; run verify on a copy."
            )
        }
    }

    private func pieces(of content: RecordContent, _ salts: SlotSalts) throws -> [EvidenceRecord.Piece] {
        try content.bytes.decode { raw throws(FormatError) in
            var pieces: [EvidenceRecord.Piece] = []
            try content.layout.forEachAttribute(in: raw) { ordinal, bytes throws(FormatError) in
                let salt = salts[ordinal + 1]
                let attribute = Array(bytes)
                let name = try Attribute(decoding: bytes).name
                pieces.append(
                    custody.discloses(name.utf8)
                        ? .disclosed(salt: salt, attribute: attribute)
                        : .withheld(DisclosedContent.attribute(attribute, salt: salt)))
            }
            return pieces
        }
    }

    /// P of a payload that is not, or not yet, written.
    private func hash(_ content: RecordContent, _ reference: BodyReference?, salt: [UInt8]) throws -> Digest {
        if let reference { return try read(reference) { _ in } }
        var hasher = DisclosedContent.payloadHasher(salt: salt)
        content.payload.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    private func read(
        _ reference: BodyReference, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ArchiveError) -> Digest {
        try BodyFileReader.read(
            snapshot.reader.fileSystem, snapshot.reader.paths.body(reference.id), logID: snapshot.reader.logID,
            reference: reference, body)
    }
}

/// The salts of one content: its own, or those of its group by place.
private struct SlotSalts {
    private let explicit: [UInt8]
    private let stream: SaltStream
    private let index: UInt64

    init(_ content: RecordContent, _ index: UInt64, _ entry: Entry, _ reader: LogReader) throws(ArchiveError) {
        guard let keys = reader.keys else {
            throw ArchiveError(
                .keyMissing, "Contents can't be disclosed without the keys directory: name it with --keys.")
        }
        let frame = try reader.outline(containing: index).header
        stream = try keys.group(
            segment: frame.segment, classID: entry.classID, generation: frame.generation
        ).key.saltStream
        explicit = Array(content.bytes[content.layout.salts])
        self.index = index
    }

    subscript(slot: Int) -> [UInt8] {
        if explicit.isEmpty { return stream.salt(index: index, slot: UInt64(slot)) }
        return Array(explicit[slot * Limits.saltByteCount..<(slot + 1) * Limits.saltByteCount])
    }
}

/// The indexes and leaf hashes of a file's entries: 40 bytes for each.
private struct ProvenLeaves {
    private var indexes: [UInt64] = []
    private var leaves: [Digest] = []

    mutating func append(_ control: EvidenceControl) {
        indexes.append(control.index)
        leaves.append(TreeHash.leaf(control.entry))
    }

    /// Ascending by index.
    func sorted() -> (indexes: [UInt64], leaves: [Digest]) {
        let order = indexes.indices.sorted { indexes[$0] < indexes[$1] }
        return (order.map { indexes[$0] }, order.map { leaves[$0] })
    }
}
