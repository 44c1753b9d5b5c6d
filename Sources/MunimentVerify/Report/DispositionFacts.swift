// One run of purging, for a report: what the log says of it, and how this program judged that.

internal import MunimentFormat

/// A disposition, from its intent to its end.
public struct DispositionFacts: Sendable {
    /// How it ended.
    public enum State: String, Sendable, Hashable {
        /// Its keys are destroyed.
        case completed
        /// It was given up before it destroyed anything.
        case aborted
        /// It is not over.
        case incomplete
    }

    /// The rule by which records of a class were due.
    public struct Rule: Sendable, Hashable {
        public let classID: UInt32
        /// As the log declared it. Any text may be in it: escape it for a terminal or a page.
        public let className: String
        /// The index of the class record that stood.
        public let record: UInt64
        /// As that spells it, an ISO 8601 duration or "forever"; nil where the record is not there.
        public let period: String?
        /// From when it counts, and the mode, in words.
        public let terms: String
    }

    /// A hold that was in force.
    public struct Hold: Sendable, Hashable {
        /// The index of the matter's first hold.
        public let matter: UInt64
        /// Whether a private predicate restricts it: then that a record did not match is the engine's word.
        public let isAttested: Bool
        /// How many purged records lie within the public part of its scope.
        public internal(set) var withinCount: UInt64
    }

    /// The index of its intent.
    public let id: UInt64
    public let state: State
    /// The recorded times of its intent and its end, in microseconds since 1970; nil where they were not kept.
    public internal(set) var begun: Int64?
    public internal(set) var ended: Int64?
    /// The compliance clock by which records were due, in microseconds since 1970.
    public let compliance: Int64
    /// The record that set the clock.
    public let clockRecord: UInt64
    /// Whether somebody outside ever set that clock; otherwise the log proves it.
    public let isClockAttested: Bool
    /// At most 64 of each; the rest are counted.
    public let rules: [Rule]
    public let omittedRuleCount: Int
    public let holds: [Hold]
    public let omittedHoldCount: Int
    public let erasureCount: Int
    /// Of the segments that were carried out, or are on their way.
    public let segmentCount: Int
    public let purgedCount: UInt64
    /// Records that were due, and stayed because they were held.
    public let keptCount: UInt64
    /// How the keys were destroyed, in words.
    public let strength: [String]
    /// Purged records that were not due by the log's own clock and rules, control records among them.
    public let earlyCount: UInt64
    /// Purged records that a hold with a public scope covered.
    public let heldCount: UInt64
    /// Purged records of a class whose rule the intent does not state.
    public let unstatedCount: UInt64

    /// The most rules, and the most holds, that are listed.
    public static let listCountMax = 64
}

/// What the judge found of a disposition, over all its segments.
struct DispositionTally: Sendable {
    private(set) var early: UInt64 = 0
    private(set) var held: UInt64 = 0
    private(set) var unstated: UInt64 = 0
    private(set) var attested: [UInt64: UInt64] = [:]

    mutating func add(_ judgement: PurgeJudge.Judgement) {
        early += judgement.early.count + judgement.control.count
        held += judgement.held.values.reduce(0) { $0 + $1.count }
        unstated += judgement.unstated.count
        for (matter, count) in judgement.attested { attested[matter, default: 0] += count.count }
    }
}

extension DispositionFacts {
    init(
        _ disposition: Disposition, _ facts: RetentionFacts, _ tally: DispositionTally,
        classNames: [UInt32: String], times: [UInt64: Microseconds]
    ) {
        let intent = disposition.intent
        id = disposition.id
        state =
            switch disposition.completed?.record.outcome {
            case nil: .incomplete
            case .aborted?: .aborted
            case .completed?: .completed
            }
        begun = times[disposition.id]
        ended = disposition.completed.flatMap { times[$0.index] }
        (compliance, clockRecord) = (intent.compliance, intent.clockRecord)
        isClockAttested = intent.clockEvidence == .attested
        rules = intent.rules.prefix(DispositionFacts.listCountMax).map { rule in
            let stated = facts.rules[rule.classID]?.first { $0.index == rule.record }
            return Rule(
                classID: rule.classID, className: classNames[rule.classID] ?? "", record: rule.record,
                period: stated?.text, terms: stated.map { "since \($0.basis), \($0.mode)" } ?? "")
        }
        omittedRuleCount = intent.rules.count - rules.count
        holds = intent.holds.prefix(DispositionFacts.listCountMax).map { hold in
            Hold(
                matter: hold.matter, isAttested: hold.decided == .attested,
                withinCount: tally.attested[hold.matter] ?? 0)
        }
        omittedHoldCount = intent.holds.count - holds.count
        erasureCount = intent.erasures.count
        let counted = disposition.prepared.filter { disposition.state(of: $0) != .dropped }
        segmentCount = counted.count
        // A log may state any numbers.
        purgedCount = counted.reduce(0) { $0 &+ $1.purgedCount }
        keptCount = counted.reduce(0) { $0 &+ $1.heldCount }
        strength = DispositionFacts.words(disposition.completed?.record.strength ?? [])
        (earlyCount, heldCount, unstatedCount) = (tally.early, tally.held, tally.unstated)
    }

    private static func words(_ strength: CompletedRecord.Strength) -> [String] {
        [
            strength.contains(.overwritten) ? "the files that held the keys were overwritten" : nil,
            strength.contains(.epochDestroyed) ? "the key-encryption key is destroyed" : nil,
            strength.contains(.deviceAttested) ? "a device attests it" : nil,
        ].compactMap { $0 }
    }
}
