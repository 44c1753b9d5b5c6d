// The log in order: what only makes sense with what came before. Frames follow one another without gaps, the tree
// grows as headers and checkpoints say, control records form one chain, seals match the segments that they seal. One
// step at a time, whichever thread takes it.

internal import MunimentCrypto
internal import MunimentFormat

/// What the ledger is given, in the order of the log.
enum LedgerStep: Sendable {
    case begin(SegmentPass, Findings)
    case frames(FrameRun, [FrameOutcome])
    case findings(Findings, isGap: Bool)
    case end(SegmentPass, SegmentEnd)
}

/// Used by one thread at a time.
final class LogLedger {
    /// Numbers of a whole log.
    struct Totals: Sendable {
        var records: UInt64 = 0
        var controlRecords: UInt64 = 0
        /// Contents that are gone where nobody can say whose they were.
        var missing: UInt64 = 0
        var opened: UInt64 = 0
        var byteCount: UInt64 = 0
        /// Seal records that were compared with their segment.
        var seals: UInt64 = 0
        /// The first frame past the checkpoint.
        var pastCheckpoint: (name: String, offset: UInt64, index: UInt64)?
    }

    private let logID: Digest?
    /// The size of the checkpoint that attests; 0 for none.
    private let attestedSize: UInt64
    /// Nil where there is no segment directory to check.
    private let directory: DirectoryAudit?
    /// Whether there is one segment and no log around it.
    private let isAlone: Bool
    private var tree: TreeLedger
    private var control: ControlLedger
    private var segment: SegmentLedger?
    /// A frame past the checkpoint whose body is not whole: a torn tail if nothing follows it, damage otherwise.
    private struct Held {
        let outcome: FrameOutcome
        let pass: SegmentPass
        let leaves: [UInt8]?
    }

    private var held: Held?
    /// Segments that have gone by and whose seal has not: the last one, or more where something is wrong.
    private var unsealed: [SegmentSummary] = []
    /// All segments that have gone by, once it is known what seals them.
    private(set) var summaries: [SegmentSummary] = []
    private(set) var findings: Findings
    private(set) var totals = Totals()
    /// The index that the next frame must begin with.
    private(set) var nextIndex: UInt64 = 0
    private var lastSegment: UInt64?
    private var lastName = "segments"
    /// Where the frames of the last segment ended.
    private var lastEnd: UInt64 = 0
    /// Bytes of the present segment that have been counted.
    private var segmentByteCount: UInt64 = 0
    /// When what was appended.
    private(set) var chronicle: Chronicle
    /// Body files that frames refer to.
    private(set) var bodyIDs: Set<Digest> = []

    init(
        facts: ManifestFacts, attestedSize: UInt64, claims: [RootClaim], tree: StoredTree, directory: DirectoryAudit,
        findings: Findings
    ) {
        isAlone = false
        logID = facts.manifest?.logID
        self.attestedSize = attestedSize
        self.directory = directory
        self.tree = TreeLedger(tree, claims: claims)
        chronicle = Chronicle(claims)
        control = ControlLedger(facts)
        self.findings = findings
    }

    /// A ledger for one segment without its log: `segment`, which begins at `firstIndex`. What its entries follow from is
    /// not here. `claims` are of use where it is the first segment.
    init(segment number: UInt64, firstIndex: UInt64, claims: [RootClaim], findings: Findings) {
        isAlone = true
        (logID, attestedSize, directory) = (nil, 0, nil)
        tree = TreeLedger(StoredTree(), claims: claims)
        control = ControlLedger(ManifestFacts(manifest: nil, digest: nil))
        chronicle = Chronicle([])
        self.findings = findings
        nextIndex = firstIndex
        lastSegment = number > 0 ? number - 1 : nil
        if firstIndex > 0 {
            tree.beginInside()
            control.loseStep()
        }
    }

    /// What the log says about retention.
    var retention: RetentionLedger { control.retention }

    /// The names of the classes that the log declared.
    var classNames: [UInt32: String] { control.classes.mapValues(\.name) }

    /// The top of the tree; nil where entries are lost.
    var sketch: TreeSketch? { tree.sketch }

    /// The root of the whole log; nil where entries are lost.
    var root: Digest? { tree.root(size: nextIndex) }

    func take(_ step: LedgerStep) {
        var findings = Findings()
        switch step {
        case .begin(let pass, let found):
            findings = found
            begin(pass, &findings)
        case .frames(let run, let outcomes):
            for outcome in outcomes { take(outcome, run, &findings) }
            totals.byteCount += run.byteCount
            segmentByteCount += run.byteCount
        case .findings(let found, let isGap):
            findings = found
            guard isGap else { break }
            release(&findings)
            segment?.loseFrames()
        case .end(let pass, let end): finish(pass, end, &findings)
        }
        self.findings += findings
    }

    // MARK: Segments

    private func begin(_ pass: SegmentPass, _ findings: inout Findings) {
        let expected = lastSegment.map { $0 + 1 } ?? 0
        if pass.source.segment != expected {
            findings.append(
                Finding(
                    .segmentGap, .error, pass.name, index: nextIndex,
                    "Segment \(pass.source.segment) follows where segment \(expected) should: what is between is missing."
                ))
        }
        lastSegment = pass.source.segment
        lastName = pass.name
        if let header = pass.header { check(header, pass, &findings) }
        segment = SegmentLedger(pass, firstIndex: pass.header?.firstIndex ?? nextIndex)
    }

    private func check(_ header: SegmentHeader, _ pass: SegmentPass, _ findings: inout Findings) {
        func finding(_ what: String, _ offset: UInt64) -> Finding {
            Finding(.segmentHeader, .error, pass.name, offset: offset, index: header.firstIndex, what)
        }
        if header.segment != pass.source.segment || header.generation != pass.source.generation {
            findings.append(
                finding("The header is that of segment \(header.segment), generation \(header.generation).", 12))
        }
        if let logID, header.logID != logID { findings.append(finding("The segment belongs to another log.", 16)) }
        if header.firstIndex != nextIndex {
            findings.append(
                finding("The segment begins at entry \(header.firstIndex); the one before ended at \(nextIndex).", 56))
        } else if let root = tree.root(size: nextIndex), root != header.root {
            findings.append(finding("The header has another root than the entries before the segment give.", 64))
        }
    }

    private func finish(_ pass: SegmentPass, _ end: SegmentEnd, _ findings: inout Findings) {
        let isTorn = holdsTornTail(pass, &findings)
        guard var ledger = segment else { return }
        segment = nil
        lastEnd = end.offset
        if isTorn { ledger.loseFrames() }
        if end.kind == .torn, !isTorn {
            findings.append(
                Finding(
                    .tailTorn, .unattested, pass.name, offset: end.offset, index: nextIndex,
                    "Bytes follow the segment's last whole frame that are no frame: a commit that was cut off, or one that was damaged."
                ))
        }
        ledger.finish(end, &findings)
        directory?.check(ledger.summary, &findings)
        totals.byteCount += pass.source.byteCount - min(segmentByteCount, pass.source.byteCount)
        segmentByteCount = 0
        unsealed.append(ledger.summary)
        // All but the last two segments are sealed, and the last but one is sealed in the last.
        while unsealed.count > 2 { attest(unsealed.removeFirst(), mustBeSealed: true, &findings) }
    }

    // MARK: Frames

    private func take(_ outcome: FrameOutcome, _ run: FrameRun, _ findings: inout Findings) {
        release(&findings)
        let leaves = outcome.leavesPlace.map { place in
            UnsafeRawBufferPointer(run.buffer.leaves).slice(
                place * Digest.byteCount..<(place + outcome.header.entryCount) * Digest.byteCount)
        }
        if outcome.isBodyDamaged, outcome.header.firstIndex >= attestedSize {
            held = Held(outcome: outcome, pass: run.pass, leaves: leaves.map { Array($0) })
            return
        }
        take(outcome, run.pass, leaves, &findings)
    }

    /// Takes the frame that waited, now that something follows it: it was no torn tail.
    private func release(_ findings: inout Findings) {
        guard let waiting = held else { return }
        held = nil
        if let leaves = waiting.leaves {
            leaves.withUnsafeBytes { take(waiting.outcome, waiting.pass, $0, &findings) }
        } else {
            take(waiting.outcome, waiting.pass, nil, &findings)
        }
    }

    /// Whether the segment ends in a frame whose body is not whole: a commit past the checkpoint that was cut off,
    /// unless a footer follows.
    private func holdsTornTail(_ pass: SegmentPass, _ findings: inout Findings) -> Bool {
        guard let waiting = held else { return false }
        guard pass.source.footerByteCount == nil else {
            release(&findings)
            return false
        }
        held = nil
        findings.append(
            Finding(
                .tailTorn, .unattested, pass.name, offset: waiting.outcome.header.offset, index: nextIndex,
                "The last frame is not whole: a commit past the checkpoint that was cut off, or one that was damaged."))
        return true
    }

    private func take(
        _ outcome: FrameOutcome, _ pass: SegmentPass, _ leaves: UnsafeRawBufferPointer?, _ findings: inout Findings
    ) {
        let header = outcome.header
        findings += outcome.findings
        guard isInPlace(header, pass.name, &findings) else { return }
        nextIndex = header.treeSize
        tree.take(leaves, header, pass.name, &findings)
        segment?.take(outcome, &findings)
        takeControl(outcome, pass.name, &findings)
        chronicle.take(outcome)
        for row in header.bodyFiles { bodyIDs.insert(LogLedger.key(row.id)) }
        totals.records += UInt64(outcome.recordCount)
        totals.missing += UInt64(outcome.unknownMissingCount)
        totals.opened += UInt64(outcome.openedCount)
        if header.treeSize > attestedSize, !isAlone, totals.pastCheckpoint == nil {
            totals.pastCheckpoint = (pass.name, header.offset, max(header.firstIndex, attestedSize))
        }
    }

    /// A body file's id, padded.
    static func key(_ id: [UInt8]) -> Digest {
        Digest(id + [UInt8](repeating: 0, count: Digest.byteCount - id.count)) ?? .zero
    }

    /// Whether a frame begins where the one before ended. Entries that are missing are a finding, and the log goes on
    /// after them; a frame that begins too early repeats or contradicts what was there, and is left out.
    private func isInPlace(_ header: FrameHeader, _ name: String, _ findings: inout Findings) -> Bool {
        if header.firstIndex == nextIndex { return true }
        let isEarly = header.firstIndex < nextIndex
        findings.append(
            Finding(
                isEarly ? .framePlace : .segmentGap, .error, name, offset: header.offset,
                index: min(header.firstIndex, nextIndex),
                isEarly
                    ? "The frame begins at entry \(header.firstIndex), but the one before ended at \(nextIndex)."
                    : "The entries \(nextIndex) to \(header.firstIndex - 1) are missing."))
        segment?.loseFrames()
        guard !isEarly else { return false }
        tree.lose(from: nextIndex)
        control.loseStep()
        return true
    }

    private func takeControl(_ outcome: FrameOutcome, _ name: String, _ findings: inout Findings) {
        let header = outcome.header
        for record in outcome.controls {
            if let seal = control.take(record, name, &findings) { take(seal, &findings) }
        }
        control.remember(plain: outcome.newestPlain, flagged: outcome.newestFlagged)
        totals.controlRecords = control.count
        for classID in outcome.classes.keys.sorted() where !control.isDeclared(classID) {
            findings.append(
                Finding(
                    .entryMalformed, .error, name, offset: header.offset, index: header.firstIndex,
                    "The frame has records of class \(classID), which was never declared."))
        }
        if outcome.leavesPlace == nil {
            control.loseStep()
        } else if control.isInStep, control.last != header.lastControl {
            findings.append(
                Finding(
                    .frameLastControl, .error, name, offset: header.offset + 144, index: header.firstIndex,
                    "The frame's header names another newest control record than the log has."))
        }
        if !control.isInStep { control.adopt(header.lastControl) }
    }

    // MARK: Seals

    private func take(_ seal: SealFact, _ findings: inout Findings) {
        // It seals the segment before, which is not here.
        if isAlone { return }
        let record = seal.record
        func mismatch(_ what: String) -> Finding {
            Finding(.sealMismatch, .error, seal.name, offset: seal.offset, index: seal.index, what)
        }
        guard let place = unsealed.firstIndex(where: { $0.segment == record.segment }) else {
            findings.append(
                mismatch("The seal record \(seal.index) is of segment \(record.segment), which is not the one before."))
            return
        }
        guard unsealed[place].seal == nil else {
            findings.append(mismatch("Segment \(record.segment) has a second seal record."))
            return
        }
        unsealed[place].seal = seal
        totals.seals += 1
        compare(unsealed[place], seal, &findings)
    }

    /// Compares a segment with what a seal record, or a prepared record of its generation, says of it.
    func compare(_ summary: SegmentSummary, _ seal: SealFact, _ findings: inout Findings) {
        // Sealed since it was read, if the store is open for writing: past the checkpoint, where nothing is attested
        // yet.
        guard summary.footerOffset != nil || seal.index < attestedSize else { return }
        let record = seal.record
        // A later generation is compared with the prepared record that speaks of it, which is still to come.
        guard record.generation >= summary.generation else { return }
        func mismatch(_ what: String) {
            findings.append(
                Finding(
                    .sealMismatch, .error, summary.name, offset: summary.footerOffset, index: summary.firstIndex,
                    "The seal of segment \(summary.segment) \(what)."))
        }
        if record.generation != summary.generation { mismatch("is of generation \(record.generation)") }
        // Where frames are lost, that is the finding.
        if summary.derivedDigest != nil {
            if record.firstIndex != summary.firstIndex || record.entryCount != summary.entryCount {
                mismatch("speaks of \(record.entryCount) entries from \(record.firstIndex) on")
            }
            if record.groups != summary.groups { mismatch("has other digests of the groups' ciphertext") }
        }
        if summary.footerDigest != nil, record.indexRoot != summary.indexRoot {
            mismatch("has another root of the index")
        }
        if let digest = summary.footerDigest {
            if digest != record.footerDigest { mismatch("has another digest of the footer") }
        } else {
            let isRight = summary.derivedDigest == record.footerDigest
            mismatch(
                "finds no whole footer; the frames \(isRight ? "are those that were sealed" : "alone do not give the one that was sealed")"
            )
        }
    }

    /// Says what covers the bytes of a segment, once its seal has gone by or never will.
    private func attest(_ summary: SegmentSummary, mustBeSealed: Bool, _ findings: inout Findings) {
        summaries.append(summary)
        func finding(_ code: Finding.Code, _ severity: Finding.Severity, _ what: String) -> Finding {
            Finding(
                code, severity, summary.name, offset: UInt64(Limits.blockByteCount), index: summary.firstIndex, what)
        }
        if summary.seal == nil, mustBeSealed {
            findings.append(
                finding(
                    .sealMissing, .error,
                    "Segment \(summary.segment) has no seal record, though two segments follow it."))
        }
        if let seal = summary.seal, seal.index < attestedSize { return }
        guard summary.frameCount > 0, summary.firstIndex < attestedSize else { return }
        guard summary.isOpened else {
            findings.append(
                finding(
                    .tailUnattested, .unattested,
                    "No seal under the checkpoint covers segment \(summary.segment), and its contents were not all opened: its entries are proved, "
                        + "the rest of its bytes is only checked for accidents."))
            return
        }
        if summary.tokenCount > 0 {
            findings.append(
                finding(
                    .tokenUnattested, .notice,
                    "\(summary.tokenCount) idempotency tokens of segment \(summary.segment) are bound by nothing until it is sealed."
                ))
        }
    }

    // MARK: The end

    /// After the last step: what the log does not reach, and what nothing covers.
    func finish() {
        var findings = Findings()
        for summary in unsealed {
            if isAlone { summaries.append(summary) } else { attest(summary, mustBeSealed: false, &findings) }
        }
        unsealed = []
        if isAlone { return }
        findings += tree.finish(size: nextIndex, lastName: lastName, end: lastEnd)
        if let past = totals.pastCheckpoint {
            findings.append(
                Finding(
                    .tailUnattested, .unattested, past.name, offset: past.offset, index: past.index,
                    "The entries from \(past.index) to \(nextIndex - 1) are past the newest checkpoint: nothing signed covers them."
                ))
        }
        if let directory { findings += directory.end(last: lastSegment) }
        self.findings += findings
    }

    /// Adds what other checks found.
    func add(_ findings: Findings) { self.findings += findings }
}
