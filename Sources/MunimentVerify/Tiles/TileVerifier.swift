// Verifies a C2SP tile directory: the tree from the entries up, every hash of every tile, the checkpoint's root; and
// where the entries are Muniment's, their rules and the chain of control records. One bundle of entries at a time, so
// memory stays small.

internal import MunimentFormat
internal import MunimentNote

struct TileVerifier {
    private let files: StoreFiles
    private let options: VerifyOptions
    private let start = MonotonicTime.now

    init(_ path: String, _ options: VerifyOptions) {
        files = StoreFiles(root: path)
        self.options = options
    }

    func run() throws(VerifyError) -> VerifyReport {
        var collector = Findings(options)
        var findings = Findings()
        let published = try readCheckpoint(&findings)
        let size = published?.checkpoint.size ?? 0
        let tiles = TileFiles(files, size: size)
        let walk = TileWalk(tiles, root: published?.checkpoint.root, against: try outside(size, &findings))
        collector += findings
        let meter = ProgressMeter(options.progress, total: size)
        walk.run(&collector) { done, count in
            meter.tell(byteCount: done, entryCount: done, findingCount: count)
        }
        if published != nil { collector += walk.finish() }
        do throws(FileFailure) {
            collector += try tiles.survey()
        } catch {
            collector.append(Finding(unreadable: ".", error))
        }
        var report = VerifyReport(
            subject: .tiles, findings: collector.kept, omittedCounts: collector.omittedCounts,
            verdict: collector.verdict,
            origin: published?.checkpoint.origin, treeSize: size, root: walk.root,
            checkpointSize: published.flatMap { $0.isTrusted ? $0.checkpoint.size : nil }, records: walk.recordCount,
            controlRecords: walk.controlCount, purged: 0, unexplained: 0, opened: 0, seconds: start.seconds)
        report.facts = facts(published, walk)
        return report
    }

    private func facts(_ published: TrustJudge.Judged?, _ walk: TileWalk) -> ReportFacts {
        var facts = ReportFacts()
        facts.counts.entries = walk.entryCount
        facts.counts.nodes = walk.comparedCount
        facts.counts.signatures = published?.isChecked == true ? 1 : 0
        facts.trustedKeys = options.trustedKeys(of: published?.checkpoint.origin)
        facts.isSigned = published?.isTrusted ?? false
        facts.outside = walk.against.map { ($0.size, $0.root) }
        facts.tree = walk.sketch
        return facts
    }

    private func readCheckpoint(_ findings: inout Findings) throws(VerifyError) -> TrustJudge.Judged? {
        let name = "checkpoint"
        guard let file = files.open(name, isRequired: true, &findings),
            let bytes = files.bytes(of: file, name, atMost: SignedNote.byteCountMax, &findings)
        else { return nil }
        // The checkpoint says whose it is; whether that log's key is trusted, the caller.
        let origin = (try? Checkpoint(text: SignedNote(bytes).text))?.origin
        let judge = try TrustJudge(options.trustedKeys, origin: origin, ownKey: nil)
        if let finding = judge.distrust() { findings.append(finding) }
        return judge.judge(bytes, name, &findings)
    }

    /// The checkpoint from outside, as a claim; nil where there is none, or, with a finding, where the tree does not
    /// reach it.
    private func outside(_ size: UInt64, _ findings: inout Findings) throws(VerifyError) -> RootClaim? {
        guard let bytes = options.against else { return nil }
        let checkpoint: Checkpoint
        do throws(NoteError) {
            checkpoint = try Checkpoint(text: SignedNote(bytes).text)
        } catch {
            throw VerifyError(.usage, "The checkpoint to verify against is none: \(error)")
        }
        let claim = RootClaim(size: checkpoint.size, root: checkpoint.root, claimant: .outside, offset: 0)
        guard claim.size <= size else {
            findings.append(
                Finding(
                    .checkpointAhead, .error, claim.file, index: size,
                    "The tiles hold \(size) entries, but the given checkpoint is of size \(claim.size): they were cut off or rolled back."
                ))
            return nil
        }
        return claim
    }
}
