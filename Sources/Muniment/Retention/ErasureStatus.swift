// Requests to erase, and what became of them.

public import MunimentFormat
internal import MunimentStore

/// A record that somebody asked to have erased.
public struct ErasureStatus: Hashable, Sendable {
    /// What stands between a request and its end.
    public struct Blockers: Hashable, Sendable {
        /// The class in compliance mode whose period is not over; nil where no rule blocks.
        public let retentionClass: String?
        /// When the period is over, by the compliance clock; nil for never, or not yet known.
        public let until: Microseconds?
        /// The matters that hold the record, by ID, with their names where these can be read.
        public let matters: [Matter]

        /// A matter that holds it.
        public struct Matter: Hashable, Sendable {
            public let id: UInt64
            public let name: String?
        }
    }

    public enum State: Hashable, Sendable {
        /// It waits for what is listed.
        case blocked(Blockers)
        /// The next compaction destroys it.
        case due
        /// The disposition with this ID destroyed it.
        case done(disposition: UInt64)
    }

    /// The record that was asked for.
    public let index: UInt64
    public let state: State
    /// The index of the first erasure record.
    public let request: UInt64
    /// When it was asked for, by the wall clock.
    public let requestedAt: Microseconds
    /// Who asked and why; empty where it can't be read.
    public let note: PolicyNote
}

extension ErasureStatus {
    /// The state of a request that the policy has.
    init(_ index: UInt64, _ policy: RetentionPolicy, _ log: ProvenLog, at now: Microseconds) throws(ArchiveError) {
        guard let request = policy.requests.records(for: index).first else {
            throw ArchiveError(.absent, "Nobody asked to erase record \(index).")
        }
        let asked = try log.control(request).entry
        let payload = try log.content(request, asked).map { Array($0.payload) }
        let said = payload.flatMap { try? $0.decode(PrivatePart.init(decoding:)) } ?? PrivatePart()
        (self.index, self.request, requestedAt) = (index, request, asked.recorded)
        note = PolicyNote(actor: said.actor, reason: said.reason)
        state = try ErasureStatus.state(index, policy, log, at: now)
    }

    private static func state(
        _ index: UInt64, _ policy: RetentionPolicy, _ log: ProvenLog, at now: Microseconds
    ) throws(ArchiveError) -> State {
        if let disposition = policy.disposition(ofPurged: index) { return .done(disposition: disposition) }
        let entry = try log.entry(index)
        let frame = try log.reader.frame(containing: index)
        let attributes = FrameAttributes(frame, try log.reader.segment(containing: index), log)
        var facts = HoldFacts(index: index, classID: entry.classID, time: entry.occurred ?? entry.recorded)
        let holding = Set(try policy.mattersInForce.covering(&facts, attributes))
        let matters = policy.mattersInForce.filter { holding.contains($0.id) }.map {
            Blockers.Matter(id: $0.id, name: $0.name)
        }
        let isDue = policy.isDue(index, entry, at: now)
        if isDue && matters.isEmpty { return .due }
        return .blocked(
            Blockers(
                retentionClass: isDue ? nil : policy.rules[entry.classID]?.stated.name ?? "class \(entry.classID)",
                until: isDue ? nil : policy.end(of: index, entry), matters: matters))
    }
}

extension Snapshot {
    /// The requests to erase, ascending by the record that was asked for. O(control records + requests).
    public func erasures() throws -> [ErasureStatus] {
        try erasures(by: ComplianceClock(SystemClock()))
    }

    package func erasures(by clock: ComplianceClock) throws(ArchiveError) -> [ErasureStatus] {
        let policy = try policy()
        let now = policy.clock.time(by: clock)
        var statuses: [ErasureStatus] = []
        for (index, _) in policy.erasureRequests { statuses.append(try ErasureStatus(index, policy, log, at: now)) }
        return statuses
    }
}
