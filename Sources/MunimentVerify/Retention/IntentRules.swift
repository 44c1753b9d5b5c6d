// What an intent record states of the log must be what the log says: the clock, the matters in force, the rules, the
// erasures. Format/retention.md, "Dispositions".

internal import MunimentFormat

struct IntentRules {
    private let facts: RetentionFacts
    private let clock: ComplianceClock

    init(_ facts: RetentionFacts, _ clock: ComplianceClock) { (self.facts, self.clock) = (facts, clock) }

    /// Checks an intent against what was appended before it.
    func check(_ intent: IntentRecord, _ place: RetentionLedger.Place, _ findings: inout Findings) {
        checkClock(intent, place, &findings)
        func wrong(_ what: String) {
            findings.append(place.finding(.dispositionFacts, "Disposition \(place.index) states \(what)."))
        }
        if let epoch = facts.epoch, intent.epoch != epoch &+ 1 {
            wrong("epoch \(intent.epoch) of the keys for its end, after epoch \(epoch)")
        }
        let matters = facts.matters(at: place.index)
        let stated = intent.holds.map { ($0.matter, $0.decided == .attested) }
        if !matters.elementsEqual(stated, by: { $0.matter == $1.0 && $0.isRestricted == $1.1 }) {
            let list = matters.prefix(8).map { "\($0.matter)" }.joined(separator: ", ")
            wrong("other matters in force, or decided otherwise, than the log has (\(list.isEmpty ? "none" : list))")
        }
        for rule in intent.rules where facts.rule(of: rule.classID, at: place.index)?.index != rule.record {
            wrong("record \(rule.record) as the rule of class \(rule.classID), which is not the one in force")
        }
        for erasure in intent.erasures where !facts.hasErasure(at: erasure) {
            wrong("that it carries out erasure \(erasure), which nobody asked for")
        }
    }

    private func checkClock(_ intent: IntentRecord, _ place: RetentionLedger.Place, _ findings: inout Findings) {
        func wrong(_ code: Finding.Code, _ what: String) {
            findings.append(place.finding(code, "The intent of disposition \(place.index) \(what)."))
        }
        if let anchor = clock.anchor {
            if intent.clockRecord != anchor.index {
                wrong(.dispositionFacts, "cites clock record \(intent.clockRecord); the newest is \(anchor.index)")
            }
            if intent.compliance < anchor.compliance {
                wrong(.clockBackwards, "states a compliance clock before that of record \(anchor.index)")
            }
        }
        if (intent.clockEvidence == .attested) != clock.isAttested {
            wrong(
                .dispositionFacts,
                "calls its clock \(clock.isAttested ? "proved; it is attested" : "attested; it is proved")")
        }
        // Where the entry has no compliance time, its wall clock was at most a second behind the compliance clock.
        let latest = place.control.compliance ?? place.control.recorded
        if intent.compliance > latest.adding(ComplianceClock.slack) {
            wrong(
                .clockAhead,
                "states a compliance clock \(intent.compliance.subtracting(latest)) microseconds ahead of its own entry's"
            )
        }
    }
}
