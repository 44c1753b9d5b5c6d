// The clock by which records become due. Nobody can set it: it is anchored in the log, goes on as the machine's boot clock does, and every other
// change of it is a control record. Format/retention.md, "Clock" and "Flagged entries".
//
// An anchor counts from the moment when its record is formed, so that entries behind it are flagged by it; if a full disk undoes that frame, the
// anchor before it counts again.

package import MunimentFormat

package final class ComplianceClock: Sendable {
    private struct State: Sendable {
        /// What entries that are formed now are flagged by; nil in a log without a record.
        var anchor: Anchor?
        /// The newest anchor that is durable, or that no record will state.
        var durable: Anchor?
    }

    /// A clock record, and whether it is of this boot.
    private struct Anchor: Sendable {
        var record: ClockRecord
        var isOfThisBoot: Bool

        /// The compliance clock when the boot clock shows `boot`. Of another boot only the anchor itself is known.
        func time(at boot: Microseconds) -> Microseconds {
            guard isOfThisBoot else { return record.compliance }
            return record.compliance.clamped(adding: max(0, boot.clamped(adding: -record.boot)))
        }
    }

    /// What all clocks show at one moment.
    package struct Reading: Hashable, Sendable {
        package var wall: Microseconds
        package var boot: Microseconds
        package var compliance: Microseconds
    }

    /// How far the wall clock may be behind the compliance clock without a flag, and how far ahead.
    static let lagMax: Microseconds = 1_000_000
    static let leadMax: Microseconds = 300_000_000
    /// How much the clock must have advanced before it catches up: so there is at most one record a day.
    static let catchUpInterval: Microseconds = 86_400_000_000

    let machine: any WallClock
    private let state = Guarded(State())
    /// Held by whoever appends a clock record, from its reading of the clocks to its end.
    let turn = Guarded(())

    package init(_ machine: any WallClock) { self.machine = machine }

    // MARK: Reading

    /// The clocks now; nil in a log without a record.
    package func reading() -> Reading? {
        let (wall, boot) = (machine.microsecondsSinceEpoch(), machine.bootMicroseconds())
        guard let anchor = state.withLock({ $0.anchor }) else { return nil }
        return Reading(wall: wall, boot: boot, compliance: anchor.time(at: boot))
    }

    /// The compliance time by an anchor of the caller's, such as one that was proved; nil where it is of another boot.
    package func time(since anchor: ClockRecord) -> Microseconds? {
        guard anchor.bootID == machine.bootID() else { return nil }
        return Anchor(record: anchor, isOfThisBoot: true).time(at: machine.bootMicroseconds())
    }

    /// The recorded time of entries that are formed now, and their compliance time where they have to carry it. `last` is the recorded time of the
    /// entry before them.
    func stamp(after last: Microseconds) -> (recorded: Microseconds, compliance: Microseconds?) {
        let (recorded, boot) = (machine.microsecondsSinceEpoch(), machine.bootMicroseconds())
        guard let anchor = state.withLock({ $0.anchor }) else { return (recorded, nil) }
        let compliance = anchor.time(at: boot)
        let isFlagged =
            recorded < compliance.clamped(adding: -ComplianceClock.lagMax)
            || recorded > compliance.clamped(adding: ComplianceClock.leadMax) || recorded < last
        return (recorded, isFlagged ? compliance : nil)
    }

    // MARK: Anchoring

    /// Makes `record` the anchor at once. It is durable, or it says no more than what the log allows without a record.
    func anchor(_ record: ClockRecord) {
        let anchor = Anchor(record: record, isOfThisBoot: record.bootID == machine.bootID())
        state.withLock { $0 = State(anchor: anchor, durable: anchor) }
    }

    /// Makes the record of a frame that was just formed the anchor of the entries behind it.
    func advance(to record: ClockRecord) {
        let anchor = Anchor(record: record, isOfThisBoot: record.bootID == machine.bootID())
        state.withLock { $0.anchor = anchor }
    }

    /// What was formed is undone: the newest durable anchor counts again.
    func revert() { state.withLock { $0.anchor = $0.durable } }

    /// Whether a clock record must say that the machine booted again.
    var isOfAnotherBoot: Bool { state.withLock { $0.anchor.map { !$0.isOfThisBoot } ?? false } }

    /// The clock record that another boot asks for: the clock goes on from `base`, by the time since that boot.
    func bootRecord(from base: Microseconds) -> ClockRecord {
        let boot = machine.bootMicroseconds()
        return ClockRecord(
            kind: .boot, compliance: base.clamped(adding: boot), wall: machine.microsecondsSinceEpoch(),
            bootID: machine.bootID(), boot: boot)
    }

    /// The clock record by which an operator or outside evidence sets the clock forward to the wall clock; nil where it is there already.
    func record(_ kind: ClockRecord.Kind) -> ClockRecord? {
        guard let now = reading(), now.wall > now.compliance else { return nil }
        return ClockRecord(
            kind: kind, compliance: now.wall, wall: now.wall, bootID: machine.bootID(), boot: now.boot)
    }

    /// The clock record by which the clock catches up with the wall clock, seven days a year; nil while it is not behind, or did so lately.
    func catchUpRecord() -> ClockRecord? {
        guard let now = reading(), let anchor = state.withLock({ $0.anchor }), anchor.isOfThisBoot else { return nil }
        let (advanced, isFar) = now.compliance.subtractingReportingOverflow(anchor.record.compliance)
        let (lag, isFarBehind) = now.wall.subtractingReportingOverflow(now.compliance)
        guard !isFar, !isFarBehind, lag > ComplianceClock.lagMax, advanced >= ComplianceClock.catchUpInterval else {
            return nil
        }
        let compliance = now.compliance.clamped(adding: min(lag, advanced / 365 * 7))
        return ClockRecord(
            kind: .catchUp, compliance: compliance, wall: now.wall, bootID: machine.bootID(), boot: now.boot)
    }
}

extension Microseconds {
    /// The sum, or the bound that it passes.
    func clamped(adding other: Microseconds) -> Microseconds {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
