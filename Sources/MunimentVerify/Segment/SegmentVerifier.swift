// Verifies one segment file without its log: every frame, entry, leaf, part, the footer, the index, and with keys every
// content. What only the log could tell is not established, unless a proof of the segment's own seal record is given: the
// seal binds the footer, and the footer every byte before it.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

struct SegmentVerifier {
    private let files: StoreFiles
    /// The file, below `files.root`.
    private let name: String
    private let options: VerifyOptions
    private let start = MonotonicTime.now

    /// A segment that stands where a store has it brings the store's name for it, and the body files beside it.
    init(_ path: String, _ options: VerifyOptions) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let depth = parts.count >= 4 && parts[parts.count - 3] == "segments" ? 3 : 1
        let folder = parts.dropLast(depth).joined(separator: "/")
        files = StoreFiles(root: folder.isEmpty && depth == parts.count ? "." : folder, isAlone: true)
        name = parts.suffix(depth).joined(separator: "/")
        self.options = options
    }

    /// Whether a file that starts so, or has such a name, is a segment.
    static func claims(_ start: [UInt8], _ path: String) -> Bool {
        start.starts(with: SegmentHeader.magic)
            || path.split(separator: "/").last.map { SegmentHeader.parse(fileName: String($0)) != nil } ?? false
    }

    func run() throws(VerifyError) -> VerifyReport {
        let given = try SealProof.read(options)
        var findings = Findings(options, marksSegments: true)
        let opened: SegmentSource.Opened
        let header: SegmentHeader?
        do throws(FileFailure) {
            let block = try ReadOnlyFile(files.path(name), followsLinks: true).bytes(Limits.blockByteCount)
            // Where it does not decode, the walk says so.
            header = block.withUnsafeBytes { try? SegmentHeader(decoding: $0) }
            let named = name.split(separator: "/").last.flatMap { SegmentHeader.parse(fileName: String($0)) }
            opened = try SegmentSource.alone(
                files, name, segment: named?.segment ?? header?.segment ?? 0,
                generation: named?.generation ?? header?.generation ?? 0)
        } catch {
            throw VerifyError(.io, "\(files.path(name)) can't be read: \(error.description).")
        }
        let judge = try TrustJudge(options.trustedKeys, origin: given.origin, ownKey: nil)
        if let finding = judge.distrust(name) { findings.append(finding) }
        let proof = given.judged(judge, &findings)
        let keys = try audit(header, &findings)
        let isFirst = header?.firstIndex == 0
        let ledger = LogLedger(
            segment: opened.source.segment, firstIndex: header?.firstIndex ?? 0,
            claims: isFirst ? proof.claims : [], findings: findings)
        walk(opened.source, keys, header, ledger)
        ledger.finish()
        var end = SegmentConclusion(ledger, proof, name)
        end.run(isFirst: isFirst)
        return report(ledger, proof, given, end)
    }

    private func audit(_ header: SegmentHeader?, _ findings: inout Findings) throws(VerifyError) -> KeyBook? {
        guard let directory = options.keysDirectory, let header else { return nil }
        var audit = KeysAudit(directory, logID: header.logID)
        try audit.run(passphrase: options.passphrase, ownKey: nil, trusted: options.trustedKeys)
        findings += audit.findings
        return audit.book
    }

    private func walk(_ source: SegmentSource, _ keys: KeyBook?, _ header: SegmentHeader?, _ ledger: LogLedger) {
        let feed = SegmentFeed(files, [source], logID: header?.logID, keys: keys)
        let meter = ProgressMeter(options.progress, total: source.byteCount)
        FramePipeline(files, feed: feed, ledger: ledger, jobs: options.jobs) { ledger in
            meter.tell(
                byteCount: ledger.totals.byteCount, entryCount: ledger.nextIndex, findingCount: ledger.findings.count)
        }.run()
    }

    private func report(
        _ ledger: LogLedger, _ proof: SealProof.Judged, _ given: SealProof, _ end: SegmentConclusion
    ) -> VerifyReport {
        let checkpoint = end.isBound ? proof.checkpoint : nil
        var report = VerifyReport(
            subject: .segment, findings: ledger.findings.kept, omittedCounts: ledger.findings.omittedCounts,
            verdict: ledger.findings.verdict, origin: given.origin, treeSize: ledger.nextIndex, root: ledger.root,
            checkpointSize: proof.isTrusted ? checkpoint?.size : nil, records: ledger.totals.records,
            controlRecords: ledger.totals.controlRecords, purged: end.purgedCount, unexplained: end.unexplainedCount,
            opened: ledger.totals.opened, seconds: start.seconds)
        var facts = ReportFacts(segments: ledger)
        facts.trustedKeys = options.trustedKeys(of: given.origin)
        facts.isSigned = proof.isTrusted
        facts.counts.signatures = proof.isChecked ? 1 : 0
        facts.counts.proofs = proof.fact == nil ? 0 : 1
        facts.counts.seals = end.isCompared ? 1 : 0
        facts.outside = proof.checkpoint.map { ($0.size, $0.root) }
        report.facts = facts
        return report
    }
}

/// What follows for the segment, once its frames have gone by.
struct SegmentConclusion {
    private let ledger: LogLedger
    private let proof: SealProof.Judged
    private let name: String
    /// Whether a record that the log proves binds every byte.
    private(set) var isBound = false
    /// Whether there was such a record of this very file to compare with.
    private(set) var isCompared = false
    private(set) var purgedCount: UInt64 = 0
    private(set) var unexplainedCount: UInt64 = 0

    init(_ ledger: LogLedger, _ proof: SealProof.Judged, _ name: String) {
        (self.ledger, self.proof, self.name) = (ledger, proof, name)
    }

    mutating func run(isFirst: Bool) {
        guard let summary = ledger.summaries.first else { return }
        var findings = Findings()
        let why = compare(summary, &findings)
        isBound = why == nil && findings.kept.isEmpty
        explain(summary, &findings)
        if let why {
            let part =
                isFirst && proof.claims.contains { $0.size <= ledger.nextIndex }
                ? " Its first \(proof.claims[0].size) entries follow from the given checkpoint." : ""
            findings.append(
                Finding(
                    .segmentAlone, .unattested, name, offset: UInt64(Limits.blockByteCount), index: summary.firstIndex,
                    "\(why)\(part)"))
        }
        ledger.add(findings)
    }

    /// Holds the segment to the record that the proof proves; says why it could not.
    private mutating func compare(_ summary: SegmentSummary, _ findings: inout Findings) -> String? {
        let from = "its entries are \(summary.firstIndex) to \(summary.firstIndex + max(summary.entryCount, 1) - 1)"
        guard let fact = proof.fact else {
            return
                "Segment \(summary.segment) stands alone (\(from)): what it says of itself agrees or is listed, but that a log holds it is "
                + "not proved. Verify the store, or give the proof of its seal record with --against."
        }
        let record = fact.record
        guard record.segment == summary.segment else {
            return "The given proof is of the seal of segment \(record.segment), not of this one, \(summary.segment)."
        }
        guard record.generation >= summary.generation else {
            return
                "The given proof is of generation \(record.generation) of the segment; this is generation \(summary.generation), which a "
                + "disposition put in its place: give the proof of its prepared record."
        }
        isCompared = true
        if summary.footerOffset == nil {
            findings.append(
                Finding(
                    .sealMissing, .error, name, index: summary.firstIndex,
                    "The log sealed segment \(summary.segment), and the file has no footer."))
        } else {
            ledger.compare(summary, fact, &findings)
        }
        return proof.isTrusted
            ? nil : "The seal of segment \(summary.segment) was compared, but no trusted key signed for it."
    }

    /// Contents that are not there. The journal itself has all of them; of a later generation only the log knows what it
    /// purged.
    private mutating func explain(_ summary: SegmentSummary, _ findings: inout Findings) {
        let range = summary.firstIndex..<summary.firstIndex + summary.entryCount
        let missing = summary.missing?.within(range) ?? IndexSet()
        let listed = isBound ? proof.purged?.intersection(missing) ?? IndexSet() : IndexSet()
        purgedCount = listed.count
        if let first = listed.first, let record = proof.fact {
            findings.append(
                Finding(
                    .contentPurged, .notice, name, index: first,
                    "\(listed.count) contents of segment \(summary.segment) are not there; record \(record.index), which prepared this file, lists them as "
                        + "purged."))
        }
        let rest = missing.subtracting(listed)
        guard let first = rest.first else { return }
        // A seal speaks of a segment as it was before anything could be purged from it.
        let isLoss = summary.generation == 0 || isBound && proof.purged == nil
        if isLoss { unexplainedCount = rest.count }
        findings.append(
            Finding(
                .contentMissing, isLoss ? .error : .unattested, name, index: first,
                isLoss
                    ? "\(rest.count) contents of segment \(summary.segment) are gone, and nothing explains it."
                    : "\(rest.count) contents of segment \(summary.segment) are not there: whether a disposition destroyed them, the log knows."
            ))
    }
}
