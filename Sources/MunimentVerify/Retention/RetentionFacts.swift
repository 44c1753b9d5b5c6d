// What the log says about retention, as a history: every answer is that of one moment, told by the index of the record
// that asks. Format/retention.md.

internal import MunimentFormat

struct RetentionFacts: Sendable {
    /// A class record, as far as it decides.
    struct Rule: Sendable {
        let index: UInt64
        let mode: ClassRecord.Mode
        let basis: ClassRecord.Basis
        /// Nil where the record's text tells none: then nothing of the class is ever due.
        let period: CalendarPeriod?
        /// As the record spells it.
        let text: String
    }

    struct Event: Sendable {
        let index: UInt64
        let start: Microseconds
        let records: StoredSet
    }

    /// One scope of a matter.
    struct Hold: Sendable {
        let index: UInt64
        /// The matter's first hold.
        let matter: UInt64
        let indexes: StoredSet?
        let classes: Set<UInt32>?
        let from: Microseconds?
        let to: Microseconds?
        let isRestricted: Bool
        /// The release that ended it.
        var releasedAt: UInt64?

        /// Whether it stands for a record that is appended at `index`.
        func isInForce(at index: UInt64) -> Bool { self.index < index && releasedAt.map { $0 > index } ?? true }
    }

    struct Erasure: Sendable {
        let index: UInt64
        let record: UInt64
    }

    /// The records of each class, ascending.
    var rules: [UInt32: [Rule]] = [:]
    var events: [Event] = []
    private(set) var holds: [Hold] = []
    /// The scopes of each matter that no release has ended, by their places in `holds`.
    private var standing: [UInt64: [Int]] = [:]
    private var matters: Set<UInt64> = []
    private(set) var erasures: [Erasure] = []
    private var erasureIndexes: Set<UInt64> = []
    var dispositions: [Disposition] = []
    /// The disposition that has no completed record.
    var openDisposition: Int?
    /// Of the newest disposition that is over, or nil.
    var epoch: UInt64?

    mutating func append(_ hold: Hold) {
        if hold.index == hold.matter { matters.insert(hold.matter) }
        standing[hold.matter, default: []].append(holds.count)
        holds.append(hold)
    }

    /// Ends the scopes of a matter that stand so far.
    mutating func release(_ matter: UInt64, at index: UInt64) {
        for number in standing.removeValue(forKey: matter) ?? [] { holds[number].releasedAt = index }
    }

    /// Whether a hold began this matter.
    func hasMatter(_ matter: UInt64) -> Bool { matters.contains(matter) }

    mutating func append(_ erasure: Erasure) {
        erasures.append(erasure)
        erasureIndexes.insert(erasure.index)
    }

    /// Whether the record at `index` is an erasure.
    func hasErasure(at index: UInt64) -> Bool { erasureIndexes.contains(index) }

    /// The class record in force for what is appended at `index`.
    func rule(of classID: UInt32, at index: UInt64) -> Rule? { rules[classID]?.last { $0.index < index } }

    /// The matters in force for what is appended at `index`, ascending, and whether a private predicate restricts one of
    /// their scopes.
    func matters(at index: UInt64) -> [(matter: UInt64, isRestricted: Bool)] {
        var found: [UInt64: Bool] = [:]
        for hold in holds where hold.isInForce(at: index) {
            found[hold.matter] = found[hold.matter] ?? false || hold.isRestricted
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// One run of purging, as its records tell it.
struct Disposition: Sendable {
    /// A generation that it announced.
    struct Prepared: Sendable {
        let index: UInt64
        let seal: SealRecord
        let purged: StoredSet
        let purgedCount: UInt64
        let heldCount: UInt64
    }

    init(id: UInt64, intent: IntentRecord, name: String, offset: UInt64) {
        (self.id, self.intent, self.name, self.offset) = (id, intent, name, offset)
    }

    /// The index of its intent.
    let id: UInt64
    let intent: IntentRecord
    /// The file in which the intent stands, and its frame's offset there.
    let name: String
    let offset: UInt64
    private(set) var prepared: [Prepared] = []
    private var segments: Set<UInt64> = []
    /// The completed record and its index.
    var completed: (index: UInt64, record: CompletedRecord)? {
        didSet { carriedOut = Set(completed?.record.prepared ?? []) }
    }
    private var carriedOut: Set<UInt64> = []

    /// Adds a prepared record; false where its segment has one already.
    mutating func append(_ record: Prepared) -> Bool {
        prepared.append(record)
        return segments.insert(record.seal.segment).inserted
    }

    /// The state by which it is judged: all that was appended before its first prepared record.
    var judgedAt: UInt64 { prepared.first?.index ?? id }

    /// Whether `prepared` is carried out, is on its way, or was given up.
    func state(of prepared: Prepared) -> State {
        guard completed != nil else { return .open }
        return carriedOut.contains(prepared.index) ? .carriedOut : .dropped
    }

    enum State: Sendable { case open, carriedOut, dropped }
}
