// Purging what is due and not held. Format/retention.md, "The protocol", is the story: intent, new generations, barring, prepared records, names, keys,
// remains, completed. This file is its order; what each step does to the disk is the store's (MunimentStore/Compaction), what may go is the
// policy's (Retention), and how a run that died is carried on stands in `Compactor+Resume.swift`.
//
// Invariants
//   - Nothing is destroyed that is not in a prepared record under a checkpoint, whose records were judged due and not held while changes were barred.
//   - From the first prepared record to the completed one nobody changes rules or holds.
//   - Until a generation has its name a run can be aborted; from then on it is carried on, by this process or by the next open.

internal import MunimentFormat
internal import MunimentStore

struct Compactor {
    let store: LogStore
    let gate: PolicyGate
    /// Bytes of new generations that may be written a second; nil for as many as the disk takes.
    var bytesPerSecond: UInt64?
    /// Who runs it, for the intent's private part.
    var actor: String?
    /// Told how long the irreversible step took.
    var keysDestroyed: (Duration) -> Void = { _ in }
    /// Called between segments; throws to stop, which aborts the run as long as nothing is destroyed.
    var checkCancellation: () throws(ArchiveError) -> Void = {}

    /// Purges what is due at `compliance`. A dry run only reports.
    func run(at compliance: Microseconds, isDryRun: Bool) throws(ArchiveError) -> CompactionReport {
        if let open = try gate.policy().openDisposition {
            if isDryRun { throw Compactor.unfinished(open) }
            try resume(open)
        }
        let policy = try gate.policy()
        let plan = try CompactionPlan(policy, ProvenLog(store), at: compliance)
        guard !isDryRun, !plan.segments.isEmpty else { return plan.report }
        // Records of the open segment can go only when it is sealed: the intent begins the next.
        let beginsSegment = plan.reachesBeyond(store.sealedSegments.last?.segment)
        let (intent, receipt) = try appendIntent(plan, at: compliance, beginsSegment: beginsSegment)
        var run = Run(disposition: receipt.firstIndex, intent: intent, report: plan.report)
        do throws(ArchiveError) {
            _ = try store.checkpoint(.kept)
            if beginsSegment { try store.waitForSeals() }
            try write(plan, policy, &run)
            try prepare(&run)
        } catch {
            // The first failure is what is told; what fails here too is made good by the next run or open.
            try? abort(run)
            throw error
        }
        guard !run.prepared.isEmpty else {
            try abort(run)
            return run.report
        }
        try carryOut(&run)
        return run.report
    }

    /// Step 1: says what stands in the log at that moment, which is not that of the plan. Changes wait meanwhile; the clock's records do not, so what the
    /// intent says of the clock is said when its place in the log is given out.
    private func appendIntent(
        _ plan: CompactionPlan, at compliance: Microseconds, beginsSegment: Bool
    ) throws(ArchiveError) -> (IntentRecord, AppendReceipt) {
        let privatePart = PrivatePart(actor: actor).encoded()
        let clock = store.clock
        return try gate.change { policy throws(ArchiveError) in
            let draft = try policy.intent(
                compliance: max(compliance, policy.clock.anchor.compliance), rules: plan.rules,
                erasures: plan.erasures, epoch: store.keyEpoch + 1)
            let said = Guarded(draft)
            let receipt = try store.appendControl(.intent, privatePart: privatePart, beginsSegment: beginsSegment) {
                chain in
                said.withLock { intent in
                    if let record = chain.clock, record != intent.clockRecord {
                        intent.clockRecord = record
                        intent.compliance = max(intent.compliance, clock.reading()?.compliance ?? .min)
                    }
                    return intent.encoded()
                }
            }
            return (said.withLock { $0 }, receipt)
        }
    }

    /// What a run has done so far.
    struct Run {
        var disposition: UInt64
        var intent: IntentRecord
        var report: CompactionReport
        /// Step 2: written, and not prepared yet.
        var written: [UnnamedGeneration] = []
        /// Step 4: with the indexes of their records.
        var prepared: [(index: UInt64, generation: UnnamedGeneration)] = []
    }

    // MARK: Step 2

    /// Writes the new generations. A segment for which there is no space is left for another run.
    private func write(_ plan: CompactionPlan, _ policy: RetentionPolicy, _ run: inout Run) throws(ArchiveError) {
        var full: ArchiveError?
        for segment in plan.segments {
            try checkCancellation()
            guard let handle = store.sealedSegments.first(where: { $0.segment == segment.segment }) else { continue }
            let before = policy.purges.purged(segmentAt: handle.firstIndex)
            let purged = Compactor.fitting(segment.verdict.purgeable, groupCount: policy.rules.count + 1)
            let purge = SegmentPurge(
                handle: handle, purged: purged, missing: before.union(purged), heldCount: segment.verdict.held.count)
            do throws(ArchiveError) {
                let generation = try store.writeGeneration(purge)
                run.written.append(generation)
                pace(generation.footer)
            } catch  where error.code == .full {
                full = error
                run.report.postponedSegments.append(segment.segment)
            }
        }
        if run.written.isEmpty, let full { throw full }
    }

    /// As many of the records as one prepared record can list; the rest go in another run.
    private static func fitting(_ indexes: IndexSet, groupCount: Int) -> IndexSet {
        var fitting = indexes
        let byteCountMax = PreparedRecord.purgedByteCountMax(groupCount: groupCount)
        while (fitting.encodedIfShort()?.count ?? .max) > byteCountMax {
            fitting = fitting.halved().0
        }
        return fitting
    }

    /// Waits as long as the bytes that were just written take at the allowed rate.
    private func pace(_ footer: Footer) {
        guard let bytesPerSecond, bytesPerSecond > 0, let last = footer.frames.last else { return }
        let byteCount = last.offset + last.frameByteCount
        // A segment has at most a few GiB: nothing overflows.
        _ = Monitor(false).wait(microseconds: Int64(byteCount * 1_000_000 / bytesPerSecond)) { $0 ? () : nil }
    }

    // MARK: Steps 3 and 4

    /// Bars changes, judges again what was written by the policy as it is now, and appends the prepared records of what may still go.
    private func prepare(_ run: inout Run) throws(ArchiveError) {
        let policy = try gate.bar(for: run.disposition)
        let log = ProvenLog(store)
        var drafts: [RecordBatch] = []
        var kept: [UnnamedGeneration] = []
        for var generation in run.written {
            let verdict = try policy.judge(generation.purge.handle, log, at: run.intent.compliance)
            guard generation.purge.purged.subtracting(verdict.purgeable).isEmpty else {
                try store.discard(generation)
                continue
            }
            generation.purge.heldCount = verdict.held.count
            let record = PreparedRecord(
                disposition: run.disposition, seal: generation.seal, heldCount: verdict.held.count,
                purged: generation.purge.purged)
            drafts.append(RecordBatch(control: ControlDraft(.prepared) { _ in record.encoded() }))
            kept.append(generation)
        }
        run.written = kept
        var start = 0
        while start < drafts.count {
            let end = min(start + Compactor.preparedPerAppend, drafts.count)
            let receipt = try store.append(Array(drafts[start..<end]), isControl: true)
            for place in start..<end {
                run.prepared.append((receipt.firstIndex + UInt64(place - start), kept[place]))
            }
            start = end
        }
        if !drafts.isEmpty { _ = try store.checkpoint(.kept) }
    }

    /// A prepared record may fill an entry: so many go into one frame.
    private static let preparedPerAppend = 16

    // MARK: Steps 5 to 8

    /// From here on there is no way back: whatever fails, the disposition stays open, changes stay barred, and the next run or open carries it on.
    private func carryOut(_ run: inout Run) throws(ArchiveError) {
        let seals = run.prepared.map(\.generation.seal)
        try store.nameGenerations(seals)
        let freed = try destroy(seals, run.disposition, epoch: run.intent.epoch, prepared: run.prepared.map(\.index))
        run.report.bytesFreed = freed
        run.report.purged = run.prepared.reduce(0) { $0 + $1.generation.purge.purged.count }
        run.report.disposition = run.disposition
    }

    /// Steps 5 (second half) to 8 for generations that have their names; doing it twice is the same as once. Returns the bytes that were freed.
    func destroy(
        _ seals: [SealRecord], _ disposition: UInt64, epoch: UInt64, prepared: [UInt64]
    ) throws(ArchiveError) -> Int64 {
        let written = try store.installGenerations(seals)
        let isDone = store.keyEpoch >= epoch
        let start = ContinuousClock.now
        let strength = isDone ? .epochDestroyed : try store.destroyKeys(seals)
        if !isDone { keysDestroyed(ContinuousClock.now - start) }
        let removed = try store.removeRemains(seals)
        let completed = CompletedRecord(
            disposition: disposition, outcome: .completed, strength: strength, epoch: store.keyEpoch,
            prepared: prepared)
        _ = try store.appendControl(.completed, body: completed.encoded())
        _ = try store.checkpoint(.kept)
        gate.unbar()
        return Int64(clamping: removed) - Int64(clamping: written)
    }

    /// Ends a disposition that destroyed nothing.
    private func abort(_ run: Run) throws(ArchiveError) {
        for generation in run.written { try? store.discard(generation) }
        try end(run.disposition)
        gate.unbar()
    }

    /// Appends that a disposition was aborted.
    func end(_ disposition: UInt64) throws(ArchiveError) {
        let completed = CompletedRecord(
            disposition: disposition, outcome: .aborted, strength: [], epoch: store.keyEpoch, prepared: [])
        _ = try store.appendControl(.completed, body: completed.encoded())
        _ = try store.checkpoint(.kept)
    }
}
