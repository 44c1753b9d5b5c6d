// Judging a segment: first whether anything of it can be due at all, then frame by frame which records are, then which of these are held.
//
// Whoever shortens this must keep two things: whatever is called due was proved, and whatever is not known counts as held.

internal import MunimentFormat
internal import MunimentStore

struct SegmentJudge {
    /// A class by which something of the segment may be due.
    private struct Candidate {
        var rule: ClassRecord
        var period: RetentionPeriod?
    }

    /// Compliance time of an entry that is not flagged, and so may lag behind the clock or run ahead of it by this much together.
    static let unflaggedSpread: Microseconds = 301_000_000

    private let policy: RetentionPolicy
    private let log: ProvenLog
    private let segment: SegmentHandle
    private let compliance: Microseconds
    private let frames: [FrameReference]
    private let range: Range<UInt64>
    private let purged: IndexSet
    private let candidates: [UInt32: Candidate]
    private let wanted: ArraySlice<UInt64>
    private let starts: EventStarts?
    private let matters: [Matter]
    private var verdict = SegmentVerdict()

    /// Nil where nothing of the segment can be due.
    init?(
        _ policy: RetentionPolicy, _ segment: SegmentHandle, _ log: ProvenLog, _ compliance: Microseconds
    ) throws(ArchiveError) {
        (self.policy, self.segment, self.log, self.compliance) = (policy, segment, log, compliance)
        frames = try translating(segment.path) { try segment.frames() }
        guard let last = frames.last else { return nil }
        let end = min(last.firstIndex + UInt64(last.entryCount), log.size)
        guard segment.firstIndex < end else { return nil }
        let range = segment.firstIndex..<end
        self.range = range
        purged = policy.purges.purged(segmentAt: segment.firstIndex)
        wanted = policy.requests.targets(in: range)
        let first = try log.entry(segment.firstIndex)
        let events = policy.events.filter { event in
            guard let low = event.indexes.first, let high = event.indexes.last else { return false }
            return low < log.size && range.overlaps(low..<high + 1)
        }
        let candidates = SegmentJudge.candidates(policy, first, compliance, hasEvents: !events.isEmpty)
        guard !candidates.isEmpty || !wanted.isEmpty else { return nil }
        self.candidates = candidates
        let needsStarts = candidates.values.contains { $0.rule.basis == .event }
        starts = needsStarts ? EventStarts(events, range) : nil
        matters = policy.mattersInForce.compactMap { $0.within(range) }
    }

    /// The classes by which something may be due in a segment that begins with `first`. The compliance clock never runs backwards, so every later
    /// entry's time is that of the first, less the spread, or greater; a calendar period of a later start ends at most a day earlier.
    private static func candidates(
        _ policy: RetentionPolicy, _ first: Entry, _ compliance: Microseconds, hasEvents: Bool
    ) -> [UInt32: Candidate] {
        let earliest = (first.compliance ?? first.recorded).subtractingReportingOverflow(unflaggedSpread)
        return policy.rules.compactMapValues { rule in
            let candidate = Candidate(rule: rule.stated, period: rule.stated.retention)
            guard let period = candidate.period else { return nil }
            switch rule.stated.basis {
            case .occurred: return candidate
            case .event: return hasEvents ? candidate : nil
            case .recorded:
                guard !earliest.overflow else { return candidate }
                guard let end = period.added(to: earliest.partialValue) else { return nil }
                let (soonest, overflow) = end.subtractingReportingOverflow(CivilTime.microsecondsPerDay)
                return overflow || RetentionPolicy.isReached(soonest, at: compliance) ? candidate : nil
            }
        }
    }

    mutating func run() throws(ArchiveError) -> SegmentVerdict {
        for reference in frames where reference.firstIndex < range.upperBound {
            let frame = try translating(segment.path) { try log.reader.frame(reference, in: segment) }
            let due = due(in: frame).subtracting(purged)
            guard !due.isEmpty else { continue }
            try log.prove(frame)
            try take(due, of: frame, FrameAttributes(frame, segment, log))
        }
        verdict.erasures.sort()
        return verdict
    }

    // MARK: Due

    private func due(in frame: FrameView) -> IndexSet {
        var due = IndexSet()
        var first = frame.header.firstIndex
        for run in frame.columns.runs where first < range.upperBound {
            let indexes = first..<min(first + UInt64(run.count), range.upperBound)
            first += UInt64(run.count)
            guard run.kind == .record else { continue }
            var mine = dueByPeriod(run, indexes)
            if policy.rules[run.classID]?.stated.mode == .governance {
                for index in wanted[wanted.places(in: indexes)] { mine = mine.union(IndexSet(index..<index + 1)) }
            }
            due.append(mine)
        }
        return due
    }

    private func dueByPeriod(_ run: EntryRun, _ indexes: Range<UInt64>) -> IndexSet {
        guard let candidate = candidates[run.classID], let period = candidate.period else { return IndexSet() }
        let recorded = run.flags & Entry.hasCompliance != 0 ? run.compliance : run.recorded
        let isDue = { (start: Microseconds) in
            period.added(to: start).map { RetentionPolicy.isReached($0, at: compliance) } ?? false
        }
        var due = IndexSet()
        switch candidate.rule.basis {
        case .occurred where !run.occurred.isEmpty:
            for (index, time) in zip(indexes, run.occurred) where isDue(time) { due.append(index..<index + 1) }
        case .recorded, .occurred:
            if isDue(recorded) { due = IndexSet(indexes) }
        case .event:
            guard let starts else { break }
            for index in indexes {
                guard let start = starts.start(of: index, mode: candidate.rule.mode) else { continue }
                if isDue(start) { due.append(index..<index + 1) }
            }
        }
        return due
    }

    // MARK: Held

    private mutating func take(
        _ due: IndexSet, of frame: FrameView, _ attributes: FrameAttributes
    ) throws(ArchiveError) {
        verdict.due.append(due)
        var runs = frame.columns.runs.makeIterator()
        var run = runs.next()
        var first = frame.header.firstIndex
        for index in due.runs.joined() {
            while let passed = run, index >= first + UInt64(passed.count) {
                first += UInt64(passed.count)
                run = runs.next()
            }
            guard let run else { break }
            let time = run.occurred.isEmpty ? run.recorded : run.occurred[Int(index - first)]
            var facts = HoldFacts(index: index, classID: run.classID, time: time)
            if try isHeld(&facts, attributes) {
                verdict.held.append(index..<index + 1)
            } else {
                verdict.purgeable.append(index..<index + 1)
                verdict.rules.insert(run.classID)
            }
        }
        for index in wanted where due.contains(index) && verdict.purgeable.contains(index) {
            verdict.erasures.append(contentsOf: policy.requests.records(for: index))
        }
    }

    private mutating func isHeld(
        _ facts: inout HoldFacts, _ attributes: FrameAttributes
    ) throws(ArchiveError) -> Bool {
        guard !matters.isEmpty else { return false }
        let ids = try matters.covering(&facts, attributes)
        for id in ids { verdict.heldByMatter[id, default: 0] += 1 }
        return !ids.isEmpty
    }
}

/// Since when the periods of a segment's records count, where events say so.
private struct EventStarts {
    private let first: UInt64
    /// For each record of the segment: the latest start, and that of the newest event; `Microseconds.min` for no event.
    private var latest: [Microseconds]
    private var newest: [Microseconds]

    init(_ events: [RetentionPolicy.Event], _ range: Range<UInt64>) {
        first = range.lowerBound
        latest = [Microseconds](repeating: .min, count: range.count)
        newest = latest
        for event in events {
            for run in event.indexes.runs {
                for index in run.clamped(to: range) {
                    let place = Int(index - first)
                    latest[place] = max(latest[place], event.start)
                    newest[place] = event.start
                }
            }
        }
    }

    func start(of index: UInt64, mode: ClassRecord.Mode) -> Microseconds? {
        let start = mode == .compliance ? latest[Int(index - first)] : newest[Int(index - first)]
        return start == .min ? nil : start
    }
}

extension Matter {
    /// The matter with those scopes that can cover a record of `range`; nil where none can.
    fileprivate func within(_ range: Range<UInt64>) -> Matter? {
        let near = scopes.filter { scope in
            guard let indexes = scope.scope.indexes else { return true }
            guard let low = indexes.first, let high = indexes.last else { return false }
            return low < range.upperBound && high >= range.lowerBound
        }
        return near.isEmpty ? nil : Matter(id: id, scopes: near)
    }
}

extension ArraySlice<UInt64> {
    /// The places of the elements of an ascending slice that are in `range`.
    fileprivate func places(in range: Range<UInt64>) -> Range<Int> {
        let low = place { $0 >= range.lowerBound }
        return low..<Swift.max(low, place { $0 >= range.upperBound })
    }
}
