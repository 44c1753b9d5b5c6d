// What an evidence file has shown so far, and what must be true of all of it together. Format/evidence.md, "Checks".

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

/// Collects entries and what is known of them: 40 bytes for each.
struct EvidenceLedger {
    private let name: String
    private var indexes: [UInt64] = []
    private var leaves: [Digest] = []
    /// The last index of the run of chunks of one type that is under way.
    private var lastIndex: UInt64?
    private var greatest: UInt64 = 0
    private var declared: Set<UInt32> = []
    /// The classes of records, each with the first index that has it.
    private var used: [UInt32: UInt64] = [:]
    private(set) var identity: IdentityRecord?
    private(set) var recordCount: UInt64 = 0
    private(set) var controlCount: UInt64 = 0
    private(set) var openedCount: UInt64 = 0
    private(set) var purgedCount: UInt64 = 0
    /// Purged records that no prepared record lists so far.
    private var unexplained = IndexSet()
    /// Those that one lists, by that record's index, until a completed record says that it was carried out. Each record stands once, whatever
    /// the file says, so all of it together is no larger than the list of records.
    private var prepared: [UInt64: IndexSet] = [:]

    /// `name` is the file's, for findings.
    init(_ name: String) { self.name = name }

    // MARK: Entries

    /// A chunk of another type begins, with indexes of its own.
    mutating func beginRun() { lastIndex = nil }

    private mutating func append(
        _ index: UInt64, _ entry: [UInt8], _ kind: Entry.Kind, at offset: UInt64, _ findings: inout Findings
    ) -> Entry? {
        func finding(_ code: Finding.Code, _ what: String) -> Finding {
            Finding(code, .error, name, offset: offset, index: index, what)
        }
        if let lastIndex, index <= lastIndex {
            findings.append(
                finding(
                    .evidenceIndexes, "Entry \(index) follows entry \(lastIndex): they stand out of order, or twice."))
        }
        lastIndex = index
        greatest = max(greatest, index)
        indexes.append(index)
        leaves.append(TreeHash.leaf(entry))
        switch entry.withUnsafeBytes({ decoding($0, Entry.init(decoding:)) }) {
        case .success(let decoded):
            if decoded.kind != kind {
                findings.append(
                    finding(
                        .entryMalformed, "Entry \(index) is not \(kind == .record ? "a user's" : "the engine's own")."))
            }
            EntryRules.judge(decoded, name, offset: offset, index: index, &findings)
            return decoded
        case .failure(let error):
            findings.append(
                Finding(error, .entryMalformed, unknown: .entryUnknown, name, offset: offset, index: index))
            return nil
        }
    }

    /// Takes a record, whose payload has been hashed to `payloadDigest` where it is disclosed.
    mutating func take(
        _ record: EvidenceRecord, payloadDigest: Digest, at offset: UInt64, _ findings: inout Findings
    ) {
        recordCount += 1
        let entry = append(record.index, record.entry, .record, at: offset, &findings)
        if let entry, used[entry.classID] == nil { used[entry.classID] = record.index }
        switch record.content {
        case .withheld: break
        case .purged:
            purgedCount += 1
            // Out of order is a finding already.
            if unexplained.last.map({ $0 < record.index }) ?? true {
                unexplained.append(record.index..<record.index + 1)
            }
        case .opened(let pieces, let payload):
            let commitment = DisclosedContent.commitment(
                pieces: pieces, payload: payload, payloadDigest: payloadDigest)
            guard let entry else { return }
            if commitment == entry.commitment {
                openedCount += 1
            } else {
                findings.append(
                    Finding(
                        .contentCommitment, .error, name, offset: offset, index: record.index,
                        "What the file discloses of record \(record.index) is not what its entry commits to."))
            }
        }
    }

    /// Takes a control record that concerns the records.
    mutating func take(_ control: EvidenceControl, at offset: UInt64, _ findings: inout Findings) {
        controlCount += 1
        guard let entry = append(control.index, control.entry, .control, at: offset, &findings) else { return }
        do throws(FormatError) {
            guard let record = try ControlRecord(entry: entry) else { return }
            switch record.kind {
            case .identity:
                let stated = try record.body.decode(IdentityRecord.init(decoding:))
                guard control.index == 0 else {
                    throw FormatError(.inconsistent, "identity record", at: 0, "it stands at \(control.index)")
                }
                identity = stated
            case .retentionClass: declared.insert(try record.body.decode(ClassRecord.init(decoding:)).classID)
            case .event: _ = try record.body.decode(EventRecord.init(decoding:))
            case .hold: _ = try record.body.decode(HoldRecord.init(decoding:))
            case .release: _ = try record.body.decode(ReleaseRecord.init(decoding:))
            case .erasure: _ = try record.body.decode(ErasureRecord.init(decoding:))
            case .intent: _ = try record.body.decode(IntentRecord.init(decoding:))
            case .clock: _ = try record.body.decode(ClockRecord.init(decoding:))
            case .prepared:
                let covered = try record.body.decode(PreparedRecord.init(decoding:)).purged.intersection(unexplained)
                unexplained = unexplained.subtracting(covered)
                prepared[control.index] = covered
            case .completed:
                for index in try record.body.decode(CompletedRecord.init(decoding:)).prepared {
                    prepared[index] = nil
                }
            case .key, .seal, .export:
                findings.append(
                    Finding(
                        .controlUnknown, .unattested, name, offset: offset, index: control.index,
                        "Control record \(control.index) is of type \(record.kind.rawValue), whose rules this program does not know."
                    ))
            }
        } catch {
            findings.append(
                Finding(error, .controlMalformed, unknown: .controlUnknown, name, offset: offset, index: control.index))
        }
    }

    /// Takes the record of the export, which must say what the file up to it says: `prefix` is the digest of that. True if it does.
    mutating func take(
        export control: EvidenceControl, salt: [UInt8], prefix: Digest, at offset: UInt64, _ findings: inout Findings
    ) -> Bool {
        controlCount += 1
        let isLast = control.index > greatest
        guard let entry = append(control.index, control.entry, .control, at: offset, &findings) else { return false }
        func mismatch(_ what: String) -> Bool {
            findings.append(Finding(.evidenceStatement, .error, name, offset: offset, index: control.index, what))
            return false
        }
        if !isLast {
            return mismatch("The export is said to be logged at \(control.index), before what it exports.")
        }
        do throws(FormatError) {
            guard let record = try ControlRecord(entry: entry), record.kind == .export else {
                return mismatch("Entry \(control.index) of the log does not tell of an export.")
            }
            let stated = try record.body.decode(ExportRecord.init(decoding:))
            guard stated.recordCount == recordCount,
                stated.statement == DisclosedContent.statement(salt: salt, prefix: prefix)
            else {
                return mismatch(
                    "The log tells at \(control.index) of another export: of \(stated.recordCount) records, where the file has "
                        + "\(recordCount), or with other bytes.")
            }
            return true
        } catch {
            findings.append(
                Finding(error, .controlMalformed, unknown: .controlUnknown, name, offset: offset, index: control.index))
            return false
        }
    }

    // MARK: All of it

    /// What can only be said once records and control records are all there.
    func conclude(_ findings: inout Findings) {
        if identity == nil {
            findings.append(
                Finding(.evidenceIdentity, .error, name, index: 0, "Entry 0 does not say what the log is."))
        }
        for (classID, index) in used.sorted(by: { $0.value < $1.value }) where !declared.contains(classID) {
            findings.append(
                Finding(
                    .evidenceClass, .error, name, index: index,
                    "Record \(index) is of class \(classID), which no control record of the file declares."))
        }
        // What was prepared and never completed is not explained either.
        let open = prepared.values.reduce(unexplained) { $0.union($1) }
        if let first = open.first {
            findings.append(
                Finding(
                    .evidencePurgeUnproved, .unattested, name, index: first,
                    "\(open.count) records, the first of them \(first), are said to be purged, and no disposition in the file shows it."
                ))
        }
    }

    /// The number of hashes in the proof of all entries at `treeSize`; nil with a finding where there can be no such proof.
    mutating func proofLength(treeSize: UInt64, at offset: UInt64, _ findings: inout Findings) -> Int? {
        let order = indexes.indices.sorted { indexes[$0] < indexes[$1] }
        (indexes, leaves) = (order.map { indexes[$0] }, order.map { leaves[$0] })
        do throws(MerkleError) {
            return try MultiProof.length(indexes: indexes, treeSize: treeSize)
        } catch {
            findings.append(Finding(.evidenceProof, .error, name, offset: offset, error.description))
            return nil
        }
    }

    /// The root that follows from all entries and the proof's hashes. After `proofLength`.
    func root(treeSize: UInt64, node: () -> Digest) throws(MerkleError) -> Digest {
        try MultiProof.root(indexes: indexes, treeSize: treeSize, leafHashes: leaves, node: node)
    }
}
