// The control records of retention as they go by: their rules are checked, and what they say becomes a history by which
// purges are judged once the log has been read. Format/retention.md.

internal import MunimentFormat

struct RetentionLedger: Sendable {
    private(set) var facts = RetentionFacts()
    private(set) var clock = ComplianceClock()
    /// False once control records may have been lost: what they said is unknown, so nothing is accused of contradicting
    /// it.
    private(set) var isWhole = true

    /// Entries were lost.
    mutating func loseStep() { isWhole = false }

    /// Takes the identity record of entry 0.
    mutating func take(_ identity: IdentityRecord, _ control: FrameOutcome.Control) {
        clock.begin(identity, at: control.recorded)
    }

    /// Where a record stands, for what is found about it.
    struct Place {
        let control: FrameOutcome.Control
        let name: String
        var index: UInt64 { control.index }

        func finding(_ code: Finding.Code, _ what: String) -> Finding {
            Finding(code, .error, name, offset: control.offset, index: control.index, what)
        }
    }

    /// Takes a record of a kind that this page of the format defines. Throws where its body does not decode.
    mutating func take(_ record: ControlRecord, _ place: Place, _ findings: inout Findings) throws(FormatError) {
        if let fault = interruption(record.kind, place) { findings.append(fault) }
        switch record.kind {
        case .event: event(try record.body.decode(EventRecord.init(decoding:)), place, &findings)
        case .hold: hold(try record.body.decode(HoldRecord.init(decoding:)), place, &findings)
        case .release: release(try record.body.decode(ReleaseRecord.init(decoding:)), place, &findings)
        case .erasure: erasure(try record.body.decode(ErasureRecord.init(decoding:)), place, &findings)
        case .clock: clock(try record.body.decode(ClockRecord.init(decoding:)), place, &findings)
        case .intent: intent(try record.body.decode(IntentRecord.init(decoding:)), place, &findings)
        case .prepared: prepared(try record.body.decode(PreparedRecord.init(decoding:)), place, &findings)
        case .completed: completed(try record.body.decode(CompletedRecord.init(decoding:)), place, &findings)
        default: break
        }
    }

    /// From a disposition's first prepared record to its completed one nothing may change what it was judged by.
    private func interruption(_ kind: ControlRecord.Kind, _ place: Place) -> Finding? {
        guard [.event, .hold, .release, .erasure, .retentionClass].contains(kind), let open = facts.openDisposition,
            !facts.dispositions[open].prepared.isEmpty
        else { return nil }
        return place.finding(
            .dispositionOrder,
            "Record \(place.index) changes what may be purged while disposition \(facts.dispositions[open].id) is carried out."
        )
    }

    // MARK: Classes

    /// Takes a class record that is in order as such.
    mutating func take(_ record: ClassRecord, _ place: Place, _ findings: inout Findings) {
        if let fault = interruption(.retentionClass, place) { findings.append(fault) }
        let rule = RetentionFacts.Rule(
            index: place.index, mode: record.mode, basis: record.basis, period: CalendarPeriod(record.period),
            text: record.period)
        if rule.period == nil {
            findings.append(
                place.finding(
                    .controlMalformed, "The period of class \(record.classID) is no duration: it keeps for ever."))
        }
        if CalendarPeriod(record.grace) == nil {
            findings.append(place.finding(.controlMalformed, "The grace of class \(record.classID) is no duration."))
        }
        if let before = facts.rules[record.classID]?.last, before.mode == .compliance,
            let what = RetentionLedger.weakening(before, rule)
        {
            findings.append(
                place.finding(
                    .classWeakened,
                    "Class \(record.classID) is in compliance mode since record \(before.index) or before, and this record \(what)."
                ))
        }
        facts.rules[record.classID, default: []].append(rule)
    }

    private static func weakening(_ old: RetentionFacts.Rule, _ new: RetentionFacts.Rule) -> String? {
        if new.mode != .compliance { return "takes it out of it" }
        if new.basis != old.basis { return "changes from when its period counts" }
        let (was, becomes) = (old.period ?? .forever, new.period ?? .forever)
        return becomes.isAtLeast(was) ? nil : "shortens its period"
    }

    // MARK: Events, holds, erasures

    private mutating func event(_ record: EventRecord, _ place: Place, _ findings: inout Findings) {
        if let last = record.indexes.last, last >= place.index {
            findings.append(place.finding(.controlReference, "The event lists record \(last), which came after it."))
        }
        guard let records = StoredSet(record.indexes) else { return }
        let start = max(record.at, place.control.time)
        facts.events.append(RetentionFacts.Event(index: place.index, start: start, records: records))
    }

    private mutating func hold(_ record: HoldRecord, _ place: Place, _ findings: inout Findings) {
        let matter = record.matter ?? place.index
        if record.matter != nil { requireMatter(matter, place, &findings) }
        let scope = record.scope
        facts.append(
            RetentionFacts.Hold(
                index: place.index, matter: matter, indexes: scope.indexes.flatMap { StoredSet($0) },
                classes: scope.classes.map { Set($0) }, from: scope.from, to: scope.to,
                isRestricted: scope.isRestricted))
    }

    private mutating func release(_ record: ReleaseRecord, _ place: Place, _ findings: inout Findings) {
        requireMatter(record.matter, place, &findings)
        facts.release(record.matter, at: place.index)
    }

    private func requireMatter(_ matter: UInt64, _ place: Place, _ findings: inout Findings) {
        guard isWhole, !facts.hasMatter(matter) else { return }
        findings.append(
            place.finding(.controlReference, "Record \(place.index) names the matter \(matter), which no hold began."))
    }

    private mutating func erasure(_ record: ErasureRecord, _ place: Place, _ findings: inout Findings) {
        if record.index >= place.index {
            findings.append(
                place.finding(.controlReference, "The erasure asks for record \(record.index), which came after it."))
        }
        facts.append(RetentionFacts.Erasure(index: place.index, record: record.index))
    }

    private mutating func clock(_ record: ClockRecord, _ place: Place, _ findings: inout Findings) {
        let fault = clock.take(
            record, at: place.index, plain: place.control.plainBefore, flagged: place.control.flaggedBefore)
        // After a gap nobody knows what the clock went by.
        guard isWhole, let fault else { return }
        switch fault {
        case .backwards(let what):
            findings.append(place.finding(.clockBackwards, "Clock record \(place.index) \(what)."))
        case .ahead(let what): findings.append(place.finding(.clockAhead, "Clock record \(place.index) \(what)."))
        }
    }

    // MARK: Dispositions

    private mutating func intent(_ record: IntentRecord, _ place: Place, _ findings: inout Findings) {
        if let open = facts.openDisposition {
            findings.append(
                place.finding(
                    .dispositionOrder,
                    "Disposition \(place.index) begins before disposition \(facts.dispositions[open].id) is over."))
        }
        if isWhole { IntentRules(facts, clock).check(record, place, &findings) }
        facts.openDisposition = facts.dispositions.count
        facts.dispositions.append(
            Disposition(id: place.index, intent: record, name: place.name, offset: place.control.offset))
    }

    /// The open disposition, if that is the one which a record names.
    private func open(_ id: UInt64, _ place: Place, _ findings: inout Findings) -> Int? {
        if let open = facts.openDisposition, facts.dispositions[open].id == id { return open }
        guard isWhole else { return nil }
        findings.append(
            place.finding(.dispositionOrder, "Record \(place.index) is of disposition \(id), which is not under way."))
        return nil
    }

    private mutating func prepared(_ record: PreparedRecord, _ place: Place, _ findings: inout Findings) {
        guard let open = open(record.disposition, place, &findings), let purged = StoredSet(record.purged) else {
            return
        }
        let isFirst = facts.dispositions[open].append(
            Disposition.Prepared(
                index: place.index, seal: record.seal, purged: purged, purgedCount: record.purged.count,
                heldCount: record.heldCount))
        guard !isFirst else { return }
        findings.append(
            place.finding(
                .dispositionOrder,
                "Disposition \(record.disposition) has a second prepared record of segment \(record.seal.segment)."))
    }

    private mutating func completed(_ record: CompletedRecord, _ place: Place, _ findings: inout Findings) {
        guard let open = open(record.disposition, place, &findings) else { return }
        facts.openDisposition = nil
        facts.dispositions[open].completed = (place.index, record)
        let disposition = facts.dispositions[open]
        let known = Set(disposition.prepared.map(\.index))
        if let other = record.prepared.first(where: { !known.contains($0) }) {
            findings.append(
                place.finding(
                    .dispositionOrder,
                    "Disposition \(disposition.id) lists \(other) as carried out, which it did not prepare."))
        }
        let isCompleted = record.outcome == .completed
        let expected = isCompleted ? disposition.intent.epoch : disposition.intent.epoch &- 1
        if record.epoch != expected {
            findings.append(
                place.finding(
                    .dispositionFacts,
                    "Disposition \(disposition.id) ends in epoch \(record.epoch) of the keys, not in \(expected)."))
        }
        facts.epoch = record.epoch
    }
}
