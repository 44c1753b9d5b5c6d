// May these records be gone? The rule algebra of Format/retention.md, applied to what one prepared record lists, by the
// log's own clock, rules, events, erasures and holds as they stood before the disposition's first prepared record.
//
// The log decides how many events and holds there are, and each can list many runs. So they are unpacked one at a time: events before the
// entries, into what they come to for each record; holds after them, against what the entries said of each record.

internal import MunimentFormat

struct PurgeJudge {
    /// What was found about the records that one prepared record lists.
    struct Judgement: Sendable {
        /// Records, and the first of them.
        struct Count: Sendable {
            private(set) var count: UInt64 = 0
            private(set) var first: UInt64?

            mutating func add(_ indexes: IndexSet) {
                count += indexes.count
                if let least = indexes.first { first = min(first ?? least, least) }
            }
        }

        /// Not due by rule and clock, and not to be erased.
        var early = Count()
        /// Due, by a rule that the intent does not state.
        var unstated = Count()
        /// Under a hold whose scope is public, by matter.
        var held: [UInt64: Count] = [:]
        /// Within the public part of a restricted scope, by matter: that they did not match it is attested.
        var attested: [UInt64: Count] = [:]
        /// Control records, which are never due.
        var control = Count()
    }

    private let facts: RetentionFacts
    private let intent: IntentRecord
    private let judgedAt: UInt64
    private let purged: IndexSet
    /// The segment's records.
    private let range: Range<UInt64>
    /// By place in `range`, empty where no event speaks of one: the start that the newest event states, and the latest that any does.
    private var newestStarts: [Microseconds?] = []
    private var latestStarts: [Microseconds?] = []
    /// By place in `range`: the class and the time of each purged record that the entries told of.
    private var classes: [UInt32]
    private var times: [Microseconds]
    /// Those records.
    private var seen = IndexSet()
    private let erasures: Set<UInt64>
    private let statedClasses: Set<UInt32>
    private var judgement = Judgement()

    /// Judges what `prepared` of `disposition` lists.
    init(_ facts: RetentionFacts, _ disposition: Disposition, _ prepared: Disposition.Prepared) {
        let range = prepared.seal.firstIndex..<prepared.seal.firstIndex + prepared.seal.entryCount
        let judgedAt = disposition.judgedAt
        (self.facts, intent, self.judgedAt) = (facts, disposition.intent, judgedAt)
        purged = prepared.purged.within(range)
        self.range = range
        // A seal record speaks of no more entries than a segment can have.
        classes = [UInt32](repeating: 0, count: range.count)
        times = [Microseconds](repeating: 0, count: range.count)
        erasures = Set(facts.erasures.filter { $0.index < judgedAt && range.contains($0.record) }.map(\.record))
        statedClasses = Set(disposition.intent.rules.map(\.classID))
        for event in facts.events where event.index < judgedAt { take(event) }
    }

    /// Takes the next event, in the order of the log.
    private mutating func take(_ event: RetentionFacts.Event) {
        let records = event.records.within(range).intersection(purged)
        if records.isEmpty { return }
        if newestStarts.isEmpty {
            newestStarts = [Microseconds?](repeating: nil, count: range.count)
            latestStarts = newestStarts
        }
        for run in records.runs {
            for index in run {
                newestStarts[place(index)] = event.start
                latestStarts[place(index)] = max(event.start, latestStarts[place(index)] ?? event.start)
            }
        }
    }

    private func place(_ index: UInt64) -> Int { Int(index - range.lowerBound) }

    /// Takes the entries of the next frame.
    mutating func take(_ header: FrameHeader, _ columns: EntryColumns) {
        var first = header.firstIndex
        for run in columns.runs {
            let indexes = first..<first + UInt64(run.count)
            first = indexes.upperBound
            let gone = purged.intersection(IndexSet(indexes))
            if gone.isEmpty { continue }
            guard run.kind == .record else {
                judgement.control.add(gone)
                continue
            }
            judgeDue(run, indexes, gone)
            remember(run, indexes, gone)
        }
    }

    /// What was found, once all frames have gone by.
    mutating func finish() -> Judgement {
        for hold in facts.holds where hold.isInForce(at: judgedAt) { judge(hold) }
        return judgement
    }

    // MARK: Due

    private mutating func judgeDue(_ run: EntryRun, _ indexes: Range<UInt64>, _ gone: IndexSet) {
        let rule = facts.rule(of: run.classID, at: judgedAt)
        let appended = run.flags & Entry.hasCompliance == 0 ? run.recorded : run.compliance
        let isUniform = rule?.basis == .recorded || rule?.basis == .occurred && run.occurred.isEmpty
        let uniform = isUniform && rule.map { isDue(appended, $0) } ?? false
        for stretch in gone.runs {
            var (due, early) = (IndexSet(), IndexSet())
            if uniform {
                due = IndexSet(stretch)
            } else {
                for index in stretch {
                    let occurred = run.occurred.isEmpty ? nil : run.occurred[Int(index - indexes.lowerBound)]
                    let isDue = !isUniform && isDue(index, rule, appended, occurred)
                    if isDue {
                        due.append(index..<index + 1)
                    } else if !(rule?.mode == .governance && erasures.contains(index)) {
                        early.append(index..<index + 1)
                    }
                }
            }
            if !early.isEmpty { judgement.early.add(early) }
            if !due.isEmpty, !statedClasses.contains(run.classID) { judgement.unstated.add(due) }
        }
    }

    private func isDue(
        _ index: UInt64, _ rule: RetentionFacts.Rule?, _ appended: Microseconds, _ occurred: Microseconds?
    ) -> Bool {
        guard let rule else { return false }
        switch rule.basis {
        case .recorded: return isDue(appended, rule)
        case .occurred: return isDue(occurred ?? appended, rule)
        case .event:
            let starts = rule.mode == .compliance ? latestStarts : newestStarts
            guard !starts.isEmpty, let start = starts[place(index)] else { return false }
            return isDue(start, rule)
        }
    }

    private func isDue(_ start: Microseconds, _ rule: RetentionFacts.Rule) -> Bool {
        guard let end = rule.period?.end(from: start) else { return false }
        return intent.compliance.subtracting(1_000_000) >= end
    }

    // MARK: Held

    /// Keeps what a hold's scope can ask of records. Where frames repeat an index, which has been reported, the first that told counts.
    private mutating func remember(_ run: EntryRun, _ indexes: Range<UInt64>, _ gone: IndexSet) {
        guard let first = gone.first, seen.last.map({ $0 < first }) ?? true else { return }
        seen.append(gone)
        for stretch in gone.runs {
            for index in stretch {
                classes[place(index)] = run.classID
                times[place(index)] =
                    run.occurred.isEmpty ? run.recorded : run.occurred[Int(index - indexes.lowerBound)]
            }
        }
    }

    private mutating func judge(_ hold: RetentionFacts.Hold) {
        var covered = hold.indexes.map { $0.within(range).intersection(seen) } ?? seen
        if hold.classes != nil || hold.from != nil || hold.to != nil {
            covered = PurgeJudge.filter(covered) { index in
                (hold.classes?.contains(classes[place(index)]) ?? true)
                    && PurgeJudge.covers(hold, times[place(index)])
            }
        }
        if covered.isEmpty { return }
        if hold.isRestricted {
            judgement.attested[hold.matter, default: .init()].add(covered)
        } else {
            judgement.held[hold.matter, default: .init()].add(covered)
        }
    }

    private static func covers(_ hold: RetentionFacts.Hold, _ time: Microseconds) -> Bool {
        if let from = hold.from, time < from { return false }
        if let to = hold.to, time >= to { return false }
        return true
    }

    private static func filter(_ set: IndexSet, _ isIn: (UInt64) -> Bool) -> IndexSet {
        var result = IndexSet()
        for run in set.runs { for index in run where isIn(index) { result.append(index..<index + 1) } }
        return result
    }
}
