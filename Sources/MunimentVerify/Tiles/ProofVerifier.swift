// Verifies a tlog-proof file: one entry's place under a checkpoint, offline.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

struct ProofVerifier {
    private let path: String
    private let options: VerifyOptions
    private let start = MonotonicTime.now

    init(_ path: String, _ options: VerifyOptions) { (self.path, self.options) = (path, options) }

    /// The first bytes of every proof file.
    static let magic = Array("c2sp.org/tlog-proof@v1\n".utf8)

    /// The file's name, for findings.
    private var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    func run(_ bytes: [UInt8]) throws(VerifyError) -> VerifyReport {
        let outside = try options.against.map { bytes throws(VerifyError) in try OutsideCheckpoint(bytes) }
        var collector = Findings(options)
        let proof: TlogProof
        do throws(NoteError) {
            proof = try TlogProof(bytes)
        } catch {
            collector.append(Finding(.proofMalformed, .error, name, error.description))
            return report(collector, nil, nil)
        }
        let origin = (try? Checkpoint(text: proof.note.text))?.origin
        let judge = try TrustJudge(options.trustedKeys, origin: origin, ownKey: nil)
        if let finding = judge.distrust(name) { collector.append(finding) }
        return verify(proof, judge, outside, &collector)
    }

    private func verify(
        _ proof: TlogProof, _ judge: TrustJudge, _ outside: OutsideCheckpoint?, _ collector: inout Findings
    ) -> VerifyReport {
        var findings = Findings()
        let judged = judge.judge(proof.note.bytes, name, &findings)
        var entry: Entry?
        if let outside {
            outside.judge(judge, &findings)
            if let judged { outside.compare(judged.checkpoint, name, &findings) }
        }
        if let judged, let extra = proof.extra {
            switch extra.withUnsafeBytes({ decoding($0, Entry.init(decoding:)) }) {
            case .success(let decoded):
                entry = decoded
                EntryRules.judge(decoded, name, index: proof.index, &findings)
            case .failure(let error):
                findings.append(Finding(error, .entryMalformed, unknown: .entryUnknown, name, index: proof.index))
            }
            do throws(MerkleError) {
                try InclusionProof(index: proof.index, treeSize: judged.checkpoint.size, path: proof.path)
                    .verify(leafHash: TreeHash.leaf(extra), root: judged.checkpoint.root)
            } catch {
                findings.append(Finding(.proofPath, .error, name, index: proof.index, error.description))
            }
        } else if judged != nil {
            findings.append(
                Finding(
                    .proofNoEntry, .unattested, name, index: proof.index,
                    "The file does not hold the entry whose place it proves: nothing is proved without it."))
        }
        collector += findings
        var report = report(collector, judged, entry)
        report.facts.outside = outside.map { ($0.checkpoint.size, $0.checkpoint.root) }
        if let judged, let extra = proof.extra {
            report.facts.counts.proofs = 1
            report.facts.counts.entries = 1
            report.facts.proof = ProofSketch(
                index: proof.index, size: judged.checkpoint.size, leaf: TreeHash.leaf(extra), path: proof.path)
        }
        return report
    }

    private func report(_ collector: Findings, _ judged: TrustJudge.Judged?, _ entry: Entry?) -> VerifyReport {
        var report = VerifyReport(
            subject: .proof, findings: collector.kept, omittedCounts: collector.omittedCounts,
            verdict: collector.verdict,
            origin: judged?.checkpoint.origin, treeSize: judged?.checkpoint.size ?? 0, root: judged?.checkpoint.root,
            checkpointSize: judged.flatMap { $0.isTrusted ? $0.checkpoint.size : nil },
            records: entry?.kind == .record ? 1 : 0,
            controlRecords: entry?.kind == .control ? 1 : 0, purged: 0, unexplained: 0, opened: 0,
            seconds: start.seconds)
        report.facts = ReportFacts(judged, options)
        return report
    }
}
