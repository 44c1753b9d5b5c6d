// Verifies a checkpoint alone, or the body of a tlog-witness add-checkpoint request: a checkpoint with the proof that it
// extends an earlier one. Offline; nothing of the log is at hand.

internal import MunimentFormat
internal import MunimentNote

struct CheckpointVerifier {
    private let path: String
    private let options: VerifyOptions
    private let start = MonotonicTime.now

    init(_ path: String, _ options: VerifyOptions) { (self.path, self.options) = (path, options) }

    /// The file's name, for findings.
    private var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// What a file of this kind can be.
    enum Content {
        case note(SignedNote)
        case request(AddCheckpointRequest)
    }

    /// The largest file that is looked at.
    static let byteCountMax = AddCheckpointRequest.byteCountMax

    /// What the bytes are; nil for neither. Which of both it would be if it were whole is seen from its start.
    static func content(_ bytes: [UInt8]) -> Content? {
        if let request = try? AddCheckpointRequest(bytes) { return .request(request) }
        if let note = try? SignedNote(bytes), (try? Checkpoint(text: note.text)) != nil { return .note(note) }
        return nil
    }

    func run(_ content: Content) throws(VerifyError) -> VerifyReport {
        let outside = try options.against.map { bytes throws(VerifyError) in try OutsideCheckpoint(bytes) }
        var findings = Findings(options)
        let note: SignedNote =
            switch content {
            case .note(let note): note
            case .request(let request): request.note
            }
        let origin = (try? Checkpoint(text: note.text))?.origin
        let judge = try TrustJudge(options.trustedKeys, origin: origin, ownKey: nil)
        if let finding = judge.distrust(name) { findings.append(finding) }
        let judged = judge.judge(note.bytes, name, &findings)
        var facts = ReportFacts(judged, options)
        facts.outside = outside.map { ($0.checkpoint.size, $0.checkpoint.root) }
        if let outside {
            if outside.judge(judge, &findings) { facts.counts.signatures += 1 }
            if let judged { compare(outside, judged.checkpoint, content, &facts, &findings) }
        } else if case .request(let request) = content, judged != nil {
            findings.append(
                Finding(
                    .checkpointUnproved, .unattested, name, index: request.oldSize,
                    "What the proof starts from is not at hand: name the checkpoint of size \(request.oldSize) with --against."
                ))
        }
        return report(findings, judged, facts)
    }

    private func compare(
        _ outside: OutsideCheckpoint, _ newer: Checkpoint, _ content: Content, _ facts: inout ReportFacts,
        _ findings: inout Findings
    ) {
        switch content {
        case .note: outside.compare(newer, name, &findings)
        case .request(let request):
            let isProved = outside.check(newer, from: request.oldSize, request.path, name, &findings)
            if isProved { facts.counts.proofs = 1 }
        }
    }

    private func report(_ findings: Findings, _ judged: TrustJudge.Judged?, _ facts: ReportFacts) -> VerifyReport {
        var report = VerifyReport(
            subject: .checkpoint, findings: findings.kept, omittedCounts: findings.omittedCounts,
            verdict: findings.verdict, origin: judged?.checkpoint.origin, treeSize: judged?.checkpoint.size ?? 0,
            root: judged?.checkpoint.root,
            checkpointSize: judged.flatMap { $0.isTrusted ? $0.checkpoint.size : nil }, records: 0, controlRecords: 0,
            purged: 0, unexplained: 0, opened: 0, seconds: start.seconds)
        report.facts = facts
        return report
    }
}
