// Changing what may be destroyed, for async callers. Each change is a control record, durable when the call returns; each waits for the one before
// it. What they do stands with their blocking twins, in the files beside this one.

public import MunimentFormat
internal import MunimentStore

/// What a change of the policy appended.
public struct PolicyReceipt: Hashable, Sendable {
    /// The indexes of the control records, ascending.
    public let records: [UInt64]
}

/// Who says so and why. Private: sealed as content, never in an entry.
public struct PolicyNote: Hashable, Sendable {
    /// Who acts; nil for the name of the user who runs the process.
    public var actor: String?
    public var reason: String?
    /// Whose records a hold concerns.
    public var custodian: String?
    /// The selection as somebody typed it, for readers of a hold.
    public var selection: String?

    public init(
        actor: String? = nil, reason: String? = nil, custodian: String? = nil, selection: String? = nil
    ) {
        (self.actor, self.reason, self.custodian, self.selection) = (actor, reason, custodian, selection)
    }
}

extension Archive {
    /// Makes a retention class, or changes one; what `change` does not name stays. It applies to what is stored already. Returns the class in force;
    /// where nothing changes, nothing is appended.
    ///
    /// Throws `refused` where a class in compliance mode would be weakened, or while a disposition bars changes; `badInput` for a name or a period that
    /// is none.
    @discardableResult
    public func setClass(_ name: String, _ change: RetentionClassChange) async throws -> RetentionClass {
        try await offCooperativeThreads { try self.setClassBlocking(name, change) }
    }

    /// Starts the periods of the records that `selection` selects now, for classes whose period counts since an event: at `time`, or at this moment, but
    /// never before the event's own append. In compliance mode a later event moves the start on, an earlier one does not; in governance mode the newest
    /// counts. Throws `absent` where nothing is selected. O(records), as a query.
    @discardableResult
    public func recordEvent(
        on selection: Selection, at time: Microseconds? = nil, _ note: PolicyNote = PolicyNote()
    ) async throws -> EventReceipt {
        try await offCooperativeThreads { try self.recordEventBlocking(on: selection, at: time, note) }
    }

    /// Holds what `selection` selects, and what it will select of records that are still to come, until the matter is released. The same matter placed
    /// again holds more. Indexes, classes and times are public; streams and conditions stay private, and a record whose attributes can't be read is held.
    /// The addresses from, to and cc are compared without regard to the case of ASCII letters.
    @discardableResult
    public func placeHold(
        on matter: String, covering selection: Selection, _ note: PolicyNote = PolicyNote()
    ) async throws -> PolicyReceipt {
        try await offCooperativeThreads { try self.placeHoldBlocking(on: matter, covering: selection, note) }
    }

    /// Ends all holds of a matter. Throws `absent` where none stands. What other matters hold stays held.
    @discardableResult
    public func releaseHold(on matter: String, _ note: PolicyNote = PolicyNote()) async throws -> PolicyReceipt {
        try await offCooperativeThreads { try self.releaseHoldBlocking(on: matter, note) }
    }

    /// Asks that the content of one record be erased. It is destroyed by the first compaction after nothing blocks it any more: no hold, and, in
    /// compliance mode, no period. Where it was asked for before, nothing is appended. Throws `absent`, `purged`, and `refused` for a control record.
    @discardableResult
    public func requestErasure(
        of index: UInt64, _ note: PolicyNote = PolicyNote()
    ) async throws -> ErasureStatus {
        try await offCooperativeThreads { try self.requestErasureBlocking(of: index, note) }
    }

    /// Sets the compliance clock forward to the wall clock, on the caller's word: dispositions after it cite their clock as attested. Throws `refused` where
    /// it is not behind.
    @discardableResult
    public func confirmClock(_ note: PolicyNote) async throws -> PolicyReceipt {
        try await offCooperativeThreads { try self.confirmClockBlocking(note) }
    }

    /// The matters in force and what they cover, as `Snapshot.holds`.
    public func holds() async throws -> [HoldStatus] {
        try await offCooperativeThreads { try self.snapshotBlocking().holds() }
    }

    /// What would become deletable at once if a matter were released, as `Snapshot.releaseSimulation(of:)`.
    public func simulateRelease(of matter: String) async throws -> ReleaseSimulation {
        try await offCooperativeThreads { try self.snapshotBlocking().releaseSimulation(of: matter) }
    }

    /// The requests to erase, as `Snapshot.erasures`.
    public func erasures() async throws -> [ErasureStatus] {
        try await offCooperativeThreads { try self.snapshotBlocking().erasures() }
    }
}
