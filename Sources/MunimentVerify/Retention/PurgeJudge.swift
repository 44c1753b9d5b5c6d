// May these records be gone? The rule algebra of Format/retention.md, applied to what one prepared record lists, by the
// log's own clock, rules, events, erasures and holds as they stood before the disposition's first prepared record.

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
                first = first ?? indexes.first
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
    private let events: [(start: Microseconds, records: IndexSet)]
    private let holds: [(hold: RetentionFacts.Hold, indexes: IndexSet?)]
    private let erasures: Set<UInt64>
    private let statedClasses: Set<UInt32>
    private(set) var judgement = Judgement()

    /// Judges what `prepared` of `disposition` lists.
    init(_ facts: RetentionFacts, _ disposition: Disposition, _ prepared: Disposition.Prepared) {
        let range = prepared.seal.firstIndex..<prepared.seal.firstIndex + prepared.seal.entryCount
        let judgedAt = disposition.judgedAt
        (self.facts, intent, self.judgedAt) = (facts, disposition.intent, judgedAt)
        purged = prepared.purged.within(range)
        events = facts.events.filter { $0.index < judgedAt }
            .map { ($0.start, $0.records.within(range)) }.filter { !$0.1.isEmpty }
        holds = facts.holds.filter { $0.isInForce(at: judgedAt) }
            .map { ($0, $0.indexes?.within(range)) }.filter { $0.1.map { !$0.isEmpty } ?? true }
        erasures = Set(facts.erasures.filter { $0.index < judgedAt && range.contains($0.record) }.map(\.record))
        statedClasses = Set(disposition.intent.rules.map(\.classID))
    }

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
            judgeHeld(run, indexes, gone)
        }
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
            let starts = events.filter { $0.records.contains(index) }.map(\.start)
            // Events are in the order of the log: the last is the newest.
            return (rule.mode == .compliance ? starts.max() : starts.last).map { isDue($0, rule) } ?? false
        }
    }

    private func isDue(_ start: Microseconds, _ rule: RetentionFacts.Rule) -> Bool {
        guard let end = rule.period?.end(from: start) else { return false }
        return intent.compliance.subtracting(1_000_000) >= end
    }

    // MARK: Held

    private mutating func judgeHeld(_ run: EntryRun, _ indexes: Range<UInt64>, _ gone: IndexSet) {
        for (hold, listed) in holds where hold.classes?.contains(run.classID) ?? true {
            var covered = listed.map { $0.intersection(gone) } ?? gone
            if hold.from != nil || hold.to != nil {
                if run.occurred.isEmpty {
                    if !PurgeJudge.covers(hold, run.recorded) { covered = IndexSet() }
                } else {
                    covered = PurgeJudge.filter(covered) {
                        PurgeJudge.covers(hold, run.occurred[Int($0 - indexes.lowerBound)])
                    }
                }
            }
            if covered.isEmpty { continue }
            if hold.isRestricted {
                judgement.attested[hold.matter, default: .init()].add(covered)
            } else {
                judgement.held[hold.matter, default: .init()].add(covered)
            }
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
