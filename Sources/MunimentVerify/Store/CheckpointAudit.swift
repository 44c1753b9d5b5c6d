// The checkpoints of a store: the published one, the kept ones, and the one from outside. Signatures are checked here;
// the roots become claims, which the ledger checks when the tree reaches their sizes.

internal import MunimentFormat
internal import MunimentNote

struct CheckpointAudit {
    private let files: StoreFiles
    private let judge: TrustJudge
    /// What the log must give, in no order.
    private(set) var claims: [RootClaim] = []
    private(set) var findings = Findings()
    /// The newest checkpoint of the store that holds, and whether a trusted key signed it.
    private(set) var newest: TrustJudge.Judged?
    /// Signatures that were checked and hold.
    private(set) var signatureCount: UInt64 = 0
    /// The checkpoint from outside; nil for none.
    private(set) var outside: Checkpoint?

    init(_ files: StoreFiles, _ judge: TrustJudge) { (self.files, self.judge) = (files, judge) }

    /// Reads all of them. `against` is a signed note from outside.
    mutating func run(against: [UInt8]?) throws(VerifyError) {
        if let finding = judge.distrust() { findings.append(finding) }
        // The journal first: a log that is open for writing publishes before it keeps.
        let kept = readJournal()
        let published = readPublished()
        if let published { compare(published.checkpoint.size, kept?.checkpoint.size) }
        newest = [published, kept].compactMap { $0 }.max { $0.checkpoint.size < $1.checkpoint.size }
        if let against { try readOutside(against) }
    }

    /// The published checkpoint is the newest of all, and usually kept.
    private mutating func compare(_ published: UInt64, _ kept: UInt64?) {
        if let kept, kept > published {
            findings.append(
                Finding(
                    .checkpointReplayed, .error, "checkpoint",
                    "The published checkpoint is of size \(published), but one of size \(kept) was kept: an old one was put in its place."
                ))
        }
        if kept.map({ $0 < published }) ?? true {
            findings.append(
                Finding(
                    .checkpointNotKept, .notice, "checkpoints",
                    "The published checkpoint of size \(published) is not among the kept ones: the store was not closed since, or the "
                        + "journal was cut."))
        }
    }

    /// Holds what the key says that it signed against what is published. Of `signed`, its two states, the newer may be of a checkpoint that a
    /// crash kept from being published; the older one's was published before the newer was written. That a full disk kept it from that too is
    /// the one innocent reason, so it is no proof of tampering.
    mutating func compare(signed: [RootClaim]) {
        guard signed.count == 2, let older = signed.map(\.size).min(), let newest, newest.checkpoint.size < older else {
            return
        }
        findings.append(
            Finding(
                .checkpointReplayed, .unattested, "checkpoint",
                "The newest checkpoint is of size \(newest.checkpoint.size), but the key has signed two since, the older of size \(older): an "
                    + "old one was put in their place, or they could not be published."))
    }

    private mutating func readPublished() -> TrustJudge.Judged? {
        let name = "checkpoint"
        guard let file = files.open(name, isRequired: true, &findings),
            let bytes = files.bytes(of: file, name, atMost: SignedNote.byteCountMax, &findings)
        else { return nil }
        guard let judged = judge.judge(bytes, name, &findings) else { return nil }
        if judged.isChecked { signatureCount += 1 }
        claim(judged.checkpoint, .published, offset: 0)
        return judged
    }

    /// The size of the newest checkpoint that holds by now. A log that is open for writing may have published another since `run`; what else
    /// became of the file is no matter: its state then has been judged.
    func sizeByNow() -> UInt64 {
        var unheard = Findings()
        let known = newest?.checkpoint.size ?? 0
        guard let file = files.open("checkpoint", isRequired: false, &unheard),
            let bytes = files.bytes(of: file, "checkpoint", atMost: SignedNote.byteCountMax, &unheard),
            let judged = judge.judge(bytes, "checkpoint", &unheard)
        else { return known }
        return max(known, judged.checkpoint.size)
    }

    private mutating func claim(_ checkpoint: Checkpoint, _ claimant: RootClaim.Claimant, offset: UInt64) {
        claims.append(RootClaim(size: checkpoint.size, root: checkpoint.root, claimant: claimant, offset: offset))
    }

    // MARK: The journal

    /// Reads the kept notes; returns the one of the greatest size that holds.
    private mutating func readJournal() -> TrustJudge.Judged? {
        let name = "checkpoints"
        guard let file = files.open(name, isRequired: true, &findings) else { return nil }
        if file.byteCount == 0 {
            findings.append(
                Finding(
                    .journalDamaged, .error, name, offset: 0,
                    "The journal is empty; a log keeps its first checkpoint for ever."))
        }
        var offset: UInt64 = 0
        var newest: TrustJudge.Judged?
        while let note = next(file, name, &offset) {
            defer { offset += UInt64(8 + note.count) }
            guard let judged = judge.judge(note, name, offset: offset, &findings) else { continue }
            if judged.isChecked { signatureCount += 1 }
            let size = judged.checkpoint.size
            claim(judged.checkpoint, .kept, offset: offset)
            if let newest, newest.checkpoint.size >= size {
                findings.append(
                    Finding(
                        .journalOrder, .error, name, offset: offset,
                        "A kept checkpoint of size \(size) follows one of size \(newest.checkpoint.size): sizes ascend in a log's journal."
                    ))
            } else {
                newest = judged
            }
        }
        return newest
    }

    /// The note at `offset`; nil at the journal's end, with a finding if bytes follow it.
    private mutating func next(_ file: ReadOnlyFile, _ name: String, _ offset: inout UInt64) -> [UInt8]? {
        let rest = file.byteCount - min(offset, file.byteCount)
        guard rest > 0 else { return nil }
        do throws(FileFailure) {
            let head = try file.bytes(8, at: offset)
            let count =
                head.count < 8 ? 0 : head.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
            let crc =
                head.count < 8
                ? 0
                : head.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) }
            let isPossible = (1...UInt32(CheckpointJournal.noteByteCountMax)).contains(count)
            let note = isPossible ? try file.bytes(Int(count), at: offset + 8) : []
            if isPossible, note.count == Int(count), Checksum.crc32c(note) == crc { return note }
            try end(
                file, name, offset,
                isCut: head.count < 8 || count == 0 || note.contains(0) || isPossible && note.count < Int(count))
        } catch {
            findings.append(Finding(unreadable: name, error, offset: offset))
        }
        return nil
    }

    /// What follows the last whole note: zeros, a write that was cut off (a note holds no zero byte), or damage.
    private mutating func end(_ file: ReadOnlyFile, _ name: String, _ offset: UInt64, isCut: Bool) throws(FileFailure) {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { scratch.deallocate() }
        let isZero = try file.firstNonZero(in: offset..<file.byteCount, scratch: scratch) == nil
        let (severity, what): (Finding.Severity, String) =
            isZero
            ? (.notice, "Zero bytes follow the last kept checkpoint.")
            : isCut
                ? (.unattested, "A kept checkpoint was cut off while it was written, or what follows it was added.")
                : (.error, "A kept checkpoint is damaged; what follows it can't be believed.")
        findings.append(Finding(.journalDamaged, severity, name, offset: offset, what))
    }

    // MARK: From outside

    private mutating func readOutside(_ bytes: [UInt8]) throws(VerifyError) {
        let checkpoint: Checkpoint
        do throws(NoteError) {
            checkpoint = try Checkpoint(text: SignedNote(bytes).text)
        } catch {
            throw VerifyError(.usage, "The checkpoint to verify against is none: \(error)")
        }
        var judgement = Findings()
        if let judged = judge.judge(bytes, "checkpoint from outside", &judgement) {
            if judged.isChecked { signatureCount += 1 }
        } else {
            findings += judgement
        }
        outside = checkpoint
        // Whoever signed it: the caller wants to know whether the log extends it.
        claim(checkpoint, .outside, offset: 0)
    }
}
