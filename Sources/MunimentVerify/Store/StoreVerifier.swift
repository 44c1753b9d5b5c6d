// Verifies a store: lists it, reads what says how to read it (manifest, keys, checkpoints), sends its frames through
// the pipeline, and checks what is left: stored nodes past the tree, body files that nothing refers to, keys that
// nothing uses.

internal import Glibc
internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentNote

struct StoreVerifier {
    private let files: StoreFiles
    private let options: VerifyOptions
    private let start = MonotonicTime.now

    init(_ path: String, _ options: VerifyOptions) {
        files = StoreFiles(root: path)
        self.options = options
    }

    func run() throws(VerifyError) -> VerifyReport {
        // In this order, so that a store that is open for writing is not accused of what it does meanwhile: what
        // claims comes before what it claims about, and what is derived before what it is derived from.
        var findings = Findings(options, marksSegments: true)
        let facts = readManifest(&findings)
        let keys = try audit(facts.manifest, &findings)
        let judge = try TrustJudge(
            options.trustedKeys, origin: facts.manifest?.origin, ownKey: facts.manifest?.verifierKey)
        var checkpoints = CheckpointAudit(files, judge)
        try checkpoints.run(against: options.against)
        checkpoints.compare(signed: keys?.claims ?? [])
        findings += checkpoints.findings
        let tree = StoredTree(files, &findings)
        let directory = DirectoryAudit(files, &findings)
        let segments = try list(&findings)
        let ledger = LogLedger(
            facts: facts, attestedSize: checkpoints.newest?.checkpoint.size ?? 0,
            claims: checkpoints.claims + (keys?.claims ?? []), tree: tree, directory: directory, findings: findings)
        walk(segments, facts, keys?.book, ledger)
        ledger.finish()
        var purges = PurgeAudit(
            files, ledger.retention.facts, attestedSize: checkpoints.newest?.checkpoint.size ?? 0,
            explainedSize: checkpoints.sizeByNow(),
            keyEpoch: keys?.book?.header.epoch)
        purges.run(ledger.summaries)
        ledger.add(purges.findings)
        ledger.add(tree.ends(size: ledger.nextIndex))
        ledger.add(OrphanSearch(files).run(known: ledger.bodyIDs))
        if let book = keys?.book, let directory = options.keysDirectory {
            ledger.add(KeysAudit.epoch(book, directory, atLeast: ledger.retention.facts.epoch))
            ledger.add(KeysAudit.unused(book, purged: purges.purgedGenerations))
        }
        var report = report(ledger, facts, checkpoints, purges)
        report.facts = ReportFacts(
            ledger, checkpoints, purges, tree, keys: options.trustedKeys(of: facts.manifest?.origin))
        return report
    }

    private func list(_ findings: inout Findings) throws(VerifyError) -> [SegmentSource] {
        var inventory = StoreInventory(files)
        do throws(FileFailure) {
            try inventory.run()
        } catch {
            throw VerifyError(.io, "\(files.root) can't be listed: \(error.description).")
        }
        findings += inventory.findings
        return inventory.segments
    }

    // MARK: Before the frames

    private func readManifest(_ findings: inout Findings) -> ManifestFacts {
        let name = "muniment.json"
        guard let file = files.open(name, isRequired: true, &findings),
            let bytes = files.bytes(of: file, name, atMost: Manifest.byteCountMax, &findings)
        else { return ManifestFacts(manifest: nil, digest: nil) }
        var manifest: Manifest?
        switch bytes.withUnsafeBytes({ decoding($0, Manifest.init(decoding:)) }) {
        case .success(let decoded): manifest = decoded
        case .failure(let error): findings.append(Finding(error, .manifestMalformed, name))
        }
        return ManifestFacts(manifest: manifest, digest: SHA256.hash(bytes))
    }

    private func audit(_ manifest: Manifest?, _ findings: inout Findings) throws(VerifyError) -> KeysAudit? {
        guard let directory = options.keysDirectory else { return nil }
        guard let manifest else {
            findings.append(
                Finding(
                    .keyLocked, .unattested, "keys",
                    "Without a manifest nobody knows whose keys these are: contents are not opened."))
            return nil
        }
        var audit = KeysAudit(directory, logID: manifest.logID)
        try audit.run(passphrase: options.passphrase, ownKey: manifest.verifierKey, trusted: options.trustedKeys)
        findings += audit.findings
        return audit
    }

    // MARK: The frames

    private func walk(_ segments: [SegmentSource], _ facts: ManifestFacts, _ keys: KeyBook?, _ ledger: LogLedger) {
        let feed = SegmentFeed(files, segments, logID: facts.manifest?.logID, keys: keys)
        let total = segments.reduce(0) { $0 + $1.byteCount }
        let meter = ProgressMeter(options.progress, total: total, interval: options.progressInterval)
        FramePipeline(files, feed: feed, ledger: ledger, jobs: options.jobs) { ledger in
            meter.tell(
                byteCount: ledger.totals.byteCount, entryCount: ledger.nextIndex, findingCount: ledger.findings.count)
        }.run()
        meter.tell(
            byteCount: ledger.totals.byteCount, entryCount: ledger.nextIndex, findingCount: ledger.findings.count,
            isLast: true)
    }

    private func report(
        _ ledger: LogLedger, _ facts: ManifestFacts, _ checkpoints: CheckpointAudit, _ purges: PurgeAudit
    ) -> VerifyReport {
        let newest = checkpoints.newest.flatMap { $0.isTrusted ? $0.checkpoint.size : nil }
        return VerifyReport(
            subject: .store, findings: ledger.findings.kept, omittedCounts: ledger.findings.omittedCounts,
            verdict: ledger.findings.verdict, origin: facts.manifest?.origin, treeSize: ledger.nextIndex,
            root: ledger.root,
            checkpointSize: newest, records: ledger.totals.records, controlRecords: ledger.totals.controlRecords,
            purged: purges.purgedCount,
            unexplained: ledger.totals.missing + purges.unexplainedCount, opened: ledger.totals.opened,
            seconds: start.seconds)
    }
}

/// Body files, and other things under `bodies/`, that no frame refers to.
struct OrphanSearch {
    private let files: StoreFiles

    init(_ files: StoreFiles) { self.files = files }

    /// `known` are the ids of body files that frames refer to, padded.
    func run(known: Set<Digest>) -> Findings {
        var findings = Findings()
        guard DirectoryListing.item(files.path("bodies"))?.kind == .directory else { return [] }
        do throws(FileFailure) {
            for directory in try DirectoryListing.items(files.path("bodies")) {
                let name = "bodies/" + directory.name
                guard directory.kind == .directory, directory.name.utf8.count == 2,
                    Hexadecimal.bytes(directory.name) != nil
                else {
                    findings.append(foreign(name))
                    continue
                }
                if let finding = Finding(mode: directory, name) { findings.append(finding) }
                for item in try DirectoryListing.items(files.path(name)) {
                    look(item, directory.name, known, &findings)
                }
            }
        } catch {
            findings.append(Finding(unreadable: "bodies", error))
        }
        return findings
    }

    private func look(_ item: DirectoryItem, _ directory: String, _ known: Set<Digest>, _ findings: inout Findings) {
        let name = "bodies/\(directory)/\(item.name)"
        let id = Hexadecimal.bytes(String(item.name.prefix(32)))
        guard let id, id.count == 16, item.kind == .file,
            item.name.hasSuffix(".part") || BodyFileHeader.path(id: id).utf8.elementsEqual(name.utf8)
        else {
            findings.append(foreign(name))
            return
        }
        if let finding = Finding(mode: item, name) { findings.append(finding) }
        if item.name.hasSuffix(".part") || !known.contains(LogLedger.key(id)) {
            findings.append(
                Finding(
                    .bodyOrphan, .unattested, name,
                    "No frame refers to this body file: it was left by a crash, or added."))
        }
    }

    private func foreign(_ name: String) -> Finding {
        Finding(.fileForeign, .unattested, name, "This is no part of a store; nothing covers its bytes.")
    }
}
