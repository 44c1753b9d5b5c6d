// Changing what may be destroyed, for callers with threads of their own. Every change goes through the gate: it is decided on the policy as the log
// has it at that moment, and nobody changes that meanwhile.

internal import MunimentFormat
internal import MunimentStore

/// What an event concerned.
public struct EventReceipt: Hashable, Sendable {
    /// The indexes of the event records: several where the list of records was too long for one.
    public let records: [UInt64]
    /// How many records it starts the period of.
    public let count: UInt64
}

extension Archive {
    /// As `setClass`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func setClassBlocking(_ name: String, _ change: RetentionClassChange) throws -> RetentionClass {
        try policyGate.change { policy throws(ArchiveError) in
            let before = policy.rules.values.first { $0.stated.name.utf8.elementsEqual(name.utf8) }?.stated
            let base: ClassRecord
            if let before { base = before } else { base = try Archive.newClass(name, policy) }
            let after = try change.applied(to: base)
            if let before, let reason = after.weakening(of: before) {
                throw ArchiveError(
                    .refused, "Class \"\(name)\" is in compliance mode, which nobody can weaken: \(reason).")
            }
            if after != before { _ = try store.appendClass(after) }
            return RetentionClass(after)
        }
    }

    private static func newClass(_ name: String, _ policy: RetentionPolicy) throws(ArchiveError) -> ClassRecord {
        guard (1...Limits.classNameByteCount).contains(name.utf8.count) else {
            throw ArchiveError(.badInput, "A class's name has 1 to \(Limits.classNameByteCount) bytes: choose another.")
        }
        guard !name.utf8.elementsEqual("control".utf8) else {
            throw ArchiveError(.badInput, "\"control\" is the class of the engine's own records: choose another name.")
        }
        let id = (policy.rules.keys.max() ?? 0) + 1
        guard id <= Limits.classCount else {
            throw ArchiveError(
                .refused, "There are \(Limits.classCount) classes, and no log has more: use one of them.")
        }
        return ClassRecord(classID: id, name: name)
    }

    /// As `recordEvent`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func recordEventBlocking(
        on selection: Selection, at time: Microseconds? = nil, _ note: PolicyNote = PolicyNote()
    ) throws -> EventReceipt {
        let said = try note.privatePart(selection: true)
        return try policyGate.change { _ throws(ArchiveError) in
            let matched = try translating("event") { try snapshotBlocking().indexes(matching: selection) }
            guard !matched.isEmpty else {
                throw ArchiveError(.absent, "Nothing is selected, so there is no record that the event could concern.")
            }
            let at = time ?? store.clock.reading()?.wall ?? 0
            var records: [UInt64] = []
            for part in matched.fitting() {
                let body = EventRecord(at: at, indexes: part).encoded()
                records.append(try store.appendControl(.event, privatePart: said) { _ in body }.firstIndex)
            }
            return EventReceipt(records: records, count: matched.count)
        }
    }

    /// As `placeHold`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func placeHoldBlocking(
        on matter: String, covering selection: Selection, _ note: PolicyNote = PolicyNote()
    ) throws -> PolicyReceipt {
        guard !matter.isEmpty else { throw ArchiveError(.badInput, "A matter needs a name: give one.") }
        return try policyGate.change { policy throws(ArchiveError) in
            let divided = try HoldScopes(selection, policy)
            let said = try note.privatePart(matter: matter, predicate: divided.predicate, selection: true)
            var id = policy.matter(named: matter)?.id
            if id == nil, policy.mattersInForce.count >= IntentRecord.countMax {
                throw ArchiveError(
                    .refused,
                    "\(IntentRecord.countMax) matters are in force, the most that a log has: release one first.")
            }
            var records: [UInt64] = []
            for scope in divided.scopes {
                let body = HoldRecord(matter: id, scope: scope).encoded()
                let index = try store.appendControl(.hold, privatePart: said) { _ in body }.firstIndex
                id = id ?? index
                records.append(index)
            }
            return PolicyReceipt(records: records)
        }
    }

    /// As `releaseHold`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func releaseHoldBlocking(on matter: String, _ note: PolicyNote = PolicyNote()) throws -> PolicyReceipt {
        let said = try note.privatePart(matter: matter)
        return try policyGate.change { policy throws(ArchiveError) in
            let id = try policy.standing(matter).id
            let body = ReleaseRecord(matter: id).encoded()
            return PolicyReceipt(records: [
                try store.appendControl(.release, privatePart: said) { _ in body }.firstIndex
            ])
        }
    }

    /// As `requestErasure`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func requestErasureBlocking(of index: UInt64, _ note: PolicyNote = PolicyNote()) throws -> ErasureStatus {
        let said = try note.privatePart()
        return try policyGate.change { policy throws(ArchiveError) in
            var policy = policy
            var log = ProvenLog(store)
            let entry = try log.entry(index)
            guard entry.kind == .record else {
                throw ArchiveError(.refused, "Record \(index) is one of the engine's own, and those are never erased.")
            }
            if let disposition = policy.disposition(ofPurged: index) {
                throw ArchiveError(.purged, "The content of record \(index) was purged by disposition \(disposition).")
            }
            if policy.requests.records(for: index).isEmpty {
                let body = ErasureRecord(index: index).encoded()
                let request = try store.appendControl(.erasure, privatePart: said) { _ in body }.firstIndex
                log = ProvenLog(store)
                try policy.update(log, head: request)
            }
            return try ErasureStatus(index, policy, log, at: policy.clock.time(by: store.clock))
        }
    }

    /// As `confirmClock`. Blocks.
    @available(*, noasync)
    @discardableResult
    public func confirmClockBlocking(_ note: PolicyNote) throws -> PolicyReceipt {
        PolicyReceipt(records: [try store.confirmClock(privatePart: try note.privatePart()).firstIndex])
    }
}

extension PolicyNote {
    /// The private part of a record that says this. Throws `badInput` for text that is too long.
    func privatePart(
        matter: String? = nil, predicate: PredicateForm? = nil, selection isSelecting: Bool = false
    ) throws(ArchiveError) -> [UInt8] {
        let part = PrivatePart(
            matter: matter, custodian: custodian, actor: actor ?? SystemUser.name(), reason: reason,
            predicate: predicate, selection: isSelecting ? selection : nil)
        for text in [part.matter, part.custodian, part.actor, part.reason, part.selection] {
            guard let text, text.utf8.count > PrivatePart.textByteCountMax else { continue }
            throw ArchiveError(
                .badInput,
                "Matter, custodian, actor, reason and selection have at most 16,384 bytes each: shorten them.")
        }
        return part.encoded()
    }
}

extension RetentionPolicy {
    /// The matter in force of that name; nil where there is none.
    func matter(named name: String) -> Matter? {
        mattersInForce.first { $0.name?.utf8.elementsEqual(name.utf8) ?? false }
    }

    /// The same, where there must be one.
    func standing(_ name: String) throws(ArchiveError) -> Matter {
        guard let matter = matter(named: name) else {
            throw ArchiveError(.absent, "No hold of matter \"\(name)\" stands: hold list shows those that do.")
        }
        return matter
    }
}

extension ClockState {
    /// The compliance time by this anchor, which was proved; where the machine has booted since, only what the anchor itself says.
    package func time(by clock: ComplianceClock) -> Microseconds { clock.time(since: anchor) ?? anchor.compliance }
}
