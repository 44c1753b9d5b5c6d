// What stands under a hold: which matters, what each covers and since when, and what a release would set free.

public import MunimentFormat
internal import MunimentStore

/// A matter in force.
public struct HoldStatus: Hashable, Sendable {
    /// One hold of the matter.
    public struct Scope: Hashable, Sendable {
        /// The index of its control record.
        public let record: UInt64
        /// When it was placed, by the wall clock.
        public let placedAt: Microseconds
        /// Ranges of indexes that are covered; nil for all.
        public let indexes: [ClosedRange<UInt64>]?
        /// Names of classes that are covered; nil for all.
        public let classes: [String]?
        public let from: Microseconds?
        public let to: Microseconds?
        /// Whether private conditions restrict it.
        public let isRestricted: Bool
        /// What was said when it was placed; empty where it can't be read.
        public let note: PolicyNote
    }

    /// The index of the matter's first hold record.
    public let id: UInt64
    /// Nil where the private part can't be read.
    public let matter: String?
    public let scopes: [Scope]
    /// How many records that still have their content it covers.
    public let recordCount: UInt64

    /// When the matter was placed first.
    public var since: Microseconds { scopes.map(\.placedAt).min() ?? 0 }
}

/// What a release would set free.
public struct ReleaseSimulation: Hashable, Sendable {
    /// The matter's ID.
    public let matter: UInt64
    /// Due records that this matter alone holds.
    public let freed: [ClosedRange<UInt64>]
    /// How many.
    public let freedCount: UInt64
    /// Due records that the matter covers and that others hold too.
    public let heldByOthersCount: UInt64
}

extension Snapshot {
    /// The policy at the checkpoint. O(control records).
    package func policy() throws(ArchiveError) -> RetentionPolicy { try RetentionPolicy.load(log) }

    /// The matters in force, ascending by ID, and what each covers. Without keys nothing private is known, and restricted scopes count as a whole.
    /// O(records) where a matter is in force; contents are read only where private conditions decide.
    public func holds() throws -> [HoldStatus] {
        let policy = try policy()
        let counts = try HoldCensus(policy, log).counts()
        return policy.mattersInForce.map { matter in
            HoldStatus(
                id: matter.id, matter: matter.name, scopes: matter.scopes.map { status($0, policy) },
                recordCount: counts[matter.id] ?? 0)
        }
    }

    private func status(_ scope: Matter.Scope, _ policy: RetentionPolicy) -> HoldStatus.Scope {
        HoldStatus.Scope(
            record: scope.record, placedAt: scope.placed, indexes: scope.scope.indexes?.ranges,
            classes: scope.scope.classes?.map { policy.rules[$0]?.stated.name ?? "class \($0)" },
            from: scope.scope.from, to: scope.scope.to, isRestricted: scope.scope.isRestricted,
            note: PolicyNote(
                actor: scope.said.actor, reason: scope.said.reason, custodian: scope.said.custodian,
                selection: scope.said.selection))
    }

    /// What would become deletable at once if the matter of that name were released. Changes nothing. Throws `absent` where it is not in force.
    public func releaseSimulation(of name: String) throws -> ReleaseSimulation {
        try releaseSimulation(of: name, by: ComplianceClock(SystemClock()))
    }

    package func releaseSimulation(of name: String, by clock: ComplianceClock) throws -> ReleaseSimulation {
        let policy = try policy()
        let matter = try policy.standing(name)
        let without = policy.releasing(matter.id)
        let now = policy.clock.time(by: clock)
        var freed = IndexSet()
        var others: UInt64 = 0
        for segment in reader.segments where segment.firstIndex < size {
            let before = try policy.judge(segment, log, at: now)
            guard let held = before.heldByMatter[matter.id] else { continue }
            let after = try without.judge(segment, log, at: now)
            let released = after.purgeable.subtracting(before.purgeable)
            freed = freed.union(released)
            others += held - min(held, released.count)
        }
        return ReleaseSimulation(
            matter: matter.id, freed: freed.ranges, freedCount: freed.count, heldByOthersCount: others)
    }
}

extension IndexSet {
    /// The runs as closed ranges.
    var ranges: [ClosedRange<UInt64>] { runs.map { $0.lowerBound...($0.upperBound - 1) } }
}
