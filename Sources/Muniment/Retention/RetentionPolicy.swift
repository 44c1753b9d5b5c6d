// What the log's control records say about retention: the rules in force, the events, the holds, the requests to erase, the clock, and what was
// purged. A value, derived from the records and from nothing else, so that no file beside the log has a say in what is destroyed.
// Format/retention.md is its law.

package import MunimentFormat
package import MunimentStore

/// The newest record that anchors the compliance clock.
package struct ClockState: Hashable, Sendable {
    /// Its index: of a clock record, or 0 for the identity.
    package var record: UInt64
    /// What it says; an identity record counts as an anchor of kind boot.
    package var anchor: ClockRecord
    /// Whether an operator or outside evidence ever set the clock forward.
    package var isAttested: Bool

    /// How a disposition cites it.
    package var evidence: Evidence { isAttested ? .attested : .proved }
}

package struct RetentionPolicy: Sendable {
    /// The class record in force and its index.
    package struct Rule: Hashable, Sendable {
        package var record: UInt64
        package var stated: ClassRecord
    }

    /// An event, as it counts.
    struct Event: Sendable {
        /// The later of when it happened and when it was appended.
        var start: Microseconds
        var indexes: IndexSet
    }

    /// By class.
    package private(set) var rules: [UInt32: Rule] = [:]
    /// In the order of the log.
    private(set) var events: [Event] = []
    /// Those of which a hold stands, ascending by ID.
    package private(set) var mattersInForce: [Matter] = []
    /// All, ascending by ID.
    package private(set) var dispositions: [Disposition] = []
    private(set) var requests = ErasureTable()
    private(set) var purges = PurgeTable()
    private var anchor: ClockState?
    /// The newest control record, seals aside, that this includes.
    package private(set) var newest: UInt64?

    /// Of a log without a record.
    package init() {}

    // MARK: What is in force

    /// The newest anchor of the compliance clock. Of a log without a record there is none, and this is the start of time.
    package var clock: ClockState {
        anchor
            ?? ClockState(
                record: 0,
                anchor: ClockRecord(
                    kind: .boot, compliance: .min, wall: .min,
                    bootID: [UInt8](repeating: 0, count: ClockRecord.bootIDByteCount), boot: 0), isAttested: false)
    }

    /// The disposition that has an intent and no completed record; nil where all are over.
    package var openDisposition: Disposition? { dispositions.last.flatMap { $0.completed == nil ? $0 : nil } }

    /// The disposition that purged a record; nil for one that was not purged.
    package func disposition(ofPurged index: UInt64) -> UInt64? { purges.disposition(of: index) }

    /// How many records were purged.
    package var purgedCount: UInt64 { purges.count }

    /// The requests to erase: for each record that was asked for, ascending, the indexes of its erasure records.
    package var erasureRequests: [(index: UInt64, records: [UInt64])] { requests.all }

    /// The intent of a disposition that destroys records of the classes `rules` and carries out the erasure records `erasures`. Throws `refused` where a
    /// list is longer than a record can hold.
    package func intent(
        compliance: Microseconds, rules: Set<UInt32>, erasures: [UInt64], epoch: UInt64
    ) throws(ArchiveError) -> IntentRecord {
        let lists = [
            ("matters", mattersInForce.count), ("classes", rules.count), ("erasures", erasures.count),
        ]
        for (name, count) in lists where count > IntentRecord.countMax {
            throw ArchiveError(
                .refused,
                "One disposition concerns at most \(IntentRecord.countMax) \(name), not \(count): purge in several runs."
            )
        }
        return IntentRecord(
            compliance: compliance, clockRecord: clock.record, clockEvidence: clock.evidence, epoch: epoch,
            holds: mattersInForce.map { IntentRecord.Hold(matter: $0.id, decided: $0.evidence) },
            rules: rules.sorted().compactMap { classID in
                self.rules[classID].map { IntentRecord.Rule(classID: classID, record: $0.record) }
            },
            erasures: erasures.sorted())
    }

    /// The policy as it would be without one matter.
    func releasing(_ matter: UInt64) -> RetentionPolicy {
        var policy = self
        policy.mattersInForce.removeAll { $0.id == matter }
        return policy
    }

    // MARK: Taking records

    /// Takes the next control record of the log. `privatePart` is what a hold says in private, nil where it can't be read. Throws `damaged` for what no
    /// log of this format says.
    package mutating func apply(
        _ record: ControlRecord, at index: UInt64, entry: Entry, privatePart: [UInt8]?
    ) throws(ArchiveError) {
        if let newest, index <= newest { return }
        let time = entry.compliance ?? entry.recorded
        switch record.kind {
        case .identity:
            anchor = try ClockState(identity: decoded(record, index, IdentityRecord.init(decoding:)), entry, index)
        case .retentionClass: try set(decoded(record, index, ClassRecord.init(decoding:)), index)
        case .event:
            let event = try decoded(record, index, EventRecord.init(decoding:))
            events.append(Event(start: max(event.at, time), indexes: event.indexes))
        case .hold: try place(decoded(record, index, HoldRecord.init(decoding:)), index, entry, privatePart)
        case .release:
            let release = try decoded(record, index, ReleaseRecord.init(decoding:))
            mattersInForce.removeAll { $0.id == release.matter }
        case .erasure: requests.add(try decoded(record, index, ErasureRecord.init(decoding:)).index, record: index)
        case .clock: try set(decoded(record, index, ClockRecord.init(decoding:)), index)
        case .intent:
            dispositions.append(
                Disposition(id: index, intent: try decoded(record, index, IntentRecord.init(decoding:))))
        case .prepared: try prepare(decoded(record, index, PreparedRecord.init(decoding:)), index)
        case .completed: try complete(decoded(record, index, CompletedRecord.init(decoding:)), index)
        case .key, .export, .seal: break
        }
        newest = index
    }

    private func decoded<Body>(
        _ record: ControlRecord, _ index: UInt64,
        _ decode: (UnsafeRawBufferPointer) throws(FormatError) -> Body
    ) throws(ArchiveError) -> Body {
        try translating("record \(index)") { try record.body.decode(decode) }
    }

    private static func contradiction(_ index: UInt64, _ what: String) -> ArchiveError {
        ArchiveError(.damaged, "Record \(index) \(what); run verify on a copy of the store.")
    }

    private mutating func set(_ stated: ClassRecord, _ index: UInt64) throws(ArchiveError) {
        if let before = rules[stated.classID], let reason = stated.weakening(of: before.stated) {
            throw RetentionPolicy.contradiction(index, "weakens class \(stated.classID): \(reason)")
        }
        rules[stated.classID] = Rule(record: index, stated: stated)
    }

    private mutating func set(_ clock: ClockRecord, _ index: UInt64) throws(ArchiveError) {
        guard clock.compliance >= self.clock.anchor.compliance else {
            throw RetentionPolicy.contradiction(index, "sets the compliance clock back")
        }
        let isAttested = clock.kind == .evidence || clock.kind == .confirmed || self.clock.isAttested
        anchor = ClockState(record: index, anchor: clock, isAttested: isAttested)
    }

    private mutating func place(
        _ hold: HoldRecord, _ index: UInt64, _ entry: Entry, _ privatePart: [UInt8]?
    ) throws(ArchiveError) {
        // A private part that does not decode is one that can't be read: the scope counts as a whole.
        let said = privatePart.flatMap { try? $0.decode(PrivatePart.init(decoding:)) } ?? PrivatePart()
        let scope = Matter.Scope(record: index, placed: entry.recorded, scope: hold.scope, said: said)
        let id = hold.matter ?? index
        guard id <= index else { throw RetentionPolicy.contradiction(index, "holds for a matter that begins later") }
        if let place = mattersInForce.firstIndex(where: { $0.id == id }) {
            mattersInForce[place].scopes.append(scope)
        } else {
            let place = mattersInForce.firstIndex { $0.id > id } ?? mattersInForce.count
            mattersInForce.insert(Matter(id: id, scopes: [scope]), at: place)
        }
    }

    private mutating func prepare(_ prepared: PreparedRecord, _ index: UInt64) throws(ArchiveError) {
        guard let open = openDisposition, open.id == prepared.disposition else {
            throw RetentionPolicy.contradiction(index, "prepares a disposition that is not open")
        }
        dispositions[dispositions.count - 1].prepared.append(.init(prepared, at: index))
    }

    private mutating func complete(_ completed: CompletedRecord, _ index: UInt64) throws(ArchiveError) {
        guard let open = openDisposition, open.id == completed.disposition else {
            throw RetentionPolicy.contradiction(index, "completes a disposition that is not open")
        }
        dispositions[dispositions.count - 1].completed = (index, completed)
        for prepared in dispositions[dispositions.count - 1].carriedOut { purges.add(prepared, of: open.id) }
    }
}

extension ClockState {
    fileprivate init(identity: IdentityRecord, _ entry: Entry, _ index: UInt64) {
        self.init(
            record: index,
            anchor: ClockRecord(
                kind: .boot, compliance: entry.recorded, wall: entry.recorded, bootID: identity.bootID,
                boot: identity.boot), isAttested: false)
    }
}
