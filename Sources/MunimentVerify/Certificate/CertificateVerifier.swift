// Verifies a certificate of destruction, offline: the checkpoint's signature, each record's place under it, that these are the records of the
// disposition, and that every line follows from them. Format/certificate.md.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

struct CertificateVerifier {
    private let name: String
    private let options: VerifyOptions
    private let start = MonotonicTime.now
    private var findings: Findings

    init(_ path: String, _ options: VerifyOptions) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.options = options
        findings = Findings(options)
    }

    mutating func run(_ bytes: [UInt8]) throws(VerifyError) -> VerifyReport {
        guard options.against == nil else {
            throw VerifyError(
                .usage,
                "A certificate alone can't be verified against another checkpoint: that needs the log, or its tiles.")
        }
        let document: CertificateDocument
        do throws(FormatError) {
            document = try CertificateDocument.decode(bytes).0
        } catch {
            findings.append(Finding(error, .certificateMalformed, name))
            return report(nil, nil, 0)
        }
        let judge = try TrustJudge(options.trustedKeys, origin: document.origin, ownKey: nil)
        if let finding = judge.distrust(name) { findings.append(finding) }
        guard let (judged, records) = prove(document, judge) else { return report(nil, nil, 0) }
        do throws(FormatError) {
            let facts = try CertificateFacts(document.disposition, records)
            check(facts, document, judged)
            return report(judged, facts, records.count)
        } catch {
            findings.append(Finding(error, .certificateRecords, name, index: document.disposition))
            return report(judged, nil, records.count)
        }
    }

    /// Checks every proof against the one checkpoint that they all carry.
    private mutating func prove(_ document: CertificateDocument, _ judge: TrustJudge) -> (
        TrustJudge.Judged, [CertificateFacts.Record]
    )? {
        var judged: TrustJudge.Judged?
        var note: SignedNote?
        var records: [CertificateFacts.Record] = []
        for text in document.proofs {
            do throws(NoteError) {
                let proof = try TlogProof(text.utf8)
                if judged == nil {
                    judged = judge.judge(proof.note.bytes, name, &findings)
                    note = proof.note
                }
                guard let judged, note == proof.note else {
                    if judged != nil { malformed("Its proofs are against several checkpoints.", proof.index) }
                    return nil
                }
                if let last = records.last, last.index >= proof.index {
                    malformed("Its proofs do not ascend.", proof.index)
                }
                if let record = record(proof, judged) { records.append(record) }
            } catch {
                findings.append(Finding(.certificateMalformed, .error, name, error.description))
                return nil
            }
        }
        guard let judged else {
            if document.proofs.isEmpty { malformed("It proves nothing.", document.disposition) }
            return nil
        }
        return (judged, records)
    }

    private mutating func malformed(_ what: String, _ index: UInt64) {
        findings.append(Finding(.certificateMalformed, .error, name, index: index, what))
    }

    private mutating func record(_ proof: TlogProof, _ judged: TrustJudge.Judged) -> CertificateFacts.Record? {
        guard let extra = proof.extra else {
            malformed("A proof does not hold its entry.", proof.index)
            return nil
        }
        do throws(MerkleError) {
            try InclusionProof(index: proof.index, treeSize: judged.checkpoint.size, path: proof.path)
                .verify(leafHash: TreeHash.leaf(extra), root: judged.checkpoint.root)
        } catch {
            findings.append(Finding(.proofPath, .error, name, index: proof.index, error.description))
            return nil
        }
        do throws(FormatError) {
            let entry = try extra.decode(Entry.init(decoding:))
            EntryRules.judge(entry, name, index: proof.index, &findings)
            guard let control = try ControlRecord(entry: entry) else {
                malformed("Record \(proof.index) is a user's.", proof.index)
                return nil
            }
            return CertificateFacts.Record(index: proof.index, entry: entry, control: control)
        } catch {
            findings.append(Finding(error, .controlMalformed, unknown: .controlUnknown, name, index: proof.index))
            return nil
        }
    }

    private mutating func check(
        _ facts: CertificateFacts, _ document: CertificateDocument, _ judged: TrustJudge.Judged
    ) {
        let checkpoint = judged.checkpoint
        let lines = facts.lines(
            origin: checkpoint.origin, treeSize: checkpoint.size,
            root: checkpoint.root.withUnsafeBytes { Base64.string($0) })
        if lines != document.lines {
            let place = zip(lines, document.lines).first { $0 != $1 }?.1.label ?? "the last"
            findings.append(
                Finding(
                    .certificateLines, .error, name, index: document.disposition,
                    "What it says under \"\(place)\" is not what the records that it proves say."))
        }
        if facts.completed.outcome == .completed, facts.completed.epoch != facts.intent.epoch {
            findings.append(
                Finding(
                    .dispositionFacts, .error, name, index: document.disposition,
                    "The disposition ends in another epoch of the keys than it began for."))
        }
    }

    private func report(_ judged: TrustJudge.Judged?, _ facts: CertificateFacts?, _ recordCount: Int) -> VerifyReport {
        var report = VerifyReport(
            subject: .certificate, findings: findings.kept, omittedCounts: findings.omittedCounts,
            verdict: findings.verdict, origin: judged?.checkpoint.origin, treeSize: judged?.checkpoint.size ?? 0,
            root: judged?.checkpoint.root,
            checkpointSize: judged.flatMap { $0.isTrusted ? $0.checkpoint.size : nil }, records: 0,
            controlRecords: UInt64(recordCount), purged: facts?.purgedCount ?? 0, unexplained: 0, opened: 0,
            seconds: start.seconds)
        report.facts = ReportFacts(judged, options)
        report.facts.counts.proofs = UInt64(recordCount)
        report.facts.counts.entries = UInt64(recordCount)
        return report
    }
}
