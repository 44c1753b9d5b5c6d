// From the log to the compliance clock at an open, and from the clock to records in the log.

internal import MunimentFormat

struct ClockAnchoring {
    let reader: LogReader
    let committed: Committed
    let clock: ComplianceClock

    /// Sets the clock by the log's newest anchor, which is proved first. In another boot it goes on from what the log shows of the time before; the
    /// record of that, which the caller has to append, is returned.
    func run() throws(ArchiveError) -> ClockRecord? {
        guard let index = committed.chain.clock else { return nil }
        let anchor = try proven(index)
        clock.anchor(anchor)
        guard clock.isOfAnotherBoot else { return nil }
        let record = clock.bootRecord(from: try base(anchor, at: index))
        clock.anchor(record)
        return record
    }

    /// The anchor at `index`. An identity record is one of kind boot, with its entry's recorded time.
    private func proven(_ index: UInt64) throws(ArchiveError) -> ClockRecord {
        let (record, entry) = try reader.provenControl(index, committed)
        return try translating("record \(index)") {
            if record.kind == .clock { return try record.body.decode(ClockRecord.init(decoding:)) }
            let identity = try record.body.decode(IdentityRecord.init(decoding:))
            return ClockRecord(
                kind: .boot, compliance: entry.recorded, wall: entry.recorded, bootID: identity.bootID,
                boot: identity.boot)
        }
    }

    /// The latest time that the compliance clock is known to have shown: by the anchor, by the newest entry that is not flagged, less what the wall
    /// clock may be ahead without a flag, and by the newest one that is.
    ///
    /// Entries are looked at from the end of the log, until no older one can say more: the clock never ran backwards, and at an entry without a
    /// flag it showed at most a second more than was recorded. That is five minutes of the log at most, once in a boot.
    private func base(_ anchor: ClockRecord, at anchorIndex: UInt64) throws(ArchiveError) -> Microseconds {
        var base = anchor.compliance
        var isFirst = true
        var end = committed.treeSize
        while end > anchorIndex + 1 {
            let frame = try reader.outline(containing: end - 1)
            for run in frame.columns.runs.reversed() {
                if run.flags & Entry.hasCompliance != 0 { return max(base, run.compliance) }
                if isFirst { base = max(base, run.recorded.clamped(adding: -ComplianceClock.leadMax)) }
                if run.recorded.clamped(adding: ComplianceClock.lagMax) <= base { return base }
                isFirst = false
            }
            end = frame.header.firstIndex
        }
        return base
    }
}

extension CommitPipeline {
    /// Appends a clock record and makes it the anchor; nil where `record` gives none. One at a time. Not for cooperative threads.
    func appendClock(
        _ clock: ComplianceClock, privatePart: [UInt8] = [], _ record: () -> ClockRecord?
    ) throws(ArchiveError) -> AppendReceipt? {
        try clock.turn.withLock { (_) throws(ArchiveError) in
            guard let record = record() else { return nil }
            let outcome = Monitor<Result<AppendReceipt, ArchiveError>?>(nil)
            let batch = RecordBatch(control: ControlDraft(clock: record), privatePart: privatePart)
            let append = PendingAppend([batch], isControl: true) { result in outcome.change { $0 = result } }
            let receipt = try run(append, outcome)
            clock.anchor(record)
            return receipt
        }
    }
}
