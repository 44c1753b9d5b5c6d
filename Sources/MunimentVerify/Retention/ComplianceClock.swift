// The compliance clock as far as the log tells it. The boot clock of the machine can't be seen from here, so this holds
// the records to the bounds that the page sets, and a purge to the clock that its intent states. Format/retention.md,
// "Clock".

internal import MunimentFormat

struct ComplianceClock: Sendable {
    /// Where the clock was anchored: a clock record, or the identity.
    struct Anchor: Sendable {
        let index: UInt64
        let compliance: Microseconds
        let bootID: [UInt8]
        let boot: Int64
    }

    /// Clocks that are read one after another do not agree to the microsecond.
    static let slack: Microseconds = 1_000_000
    /// What the recorded time of an entry without compliance time may be ahead of the compliance clock.
    private static let wallLead: Microseconds = 300_000_000

    private(set) var anchor: Anchor?
    /// Whether evidence from outside, or an operator, ever set it.
    private(set) var isAttested = false

    /// Takes the identity record of entry 0.
    mutating func begin(_ identity: IdentityRecord, at time: Microseconds) {
        anchor = Anchor(index: 0, compliance: time, bootID: identity.bootID, boot: identity.boot)
    }

    /// The compliance clock when the boot clock of `bootID` tells `boot`. `plain` and `flagged` are the recorded time of
    /// the newest entry without compliance time, and the compliance time of the newest that has one.
    private func time(bootID: [UInt8], boot: Int64, plain: Microseconds?, flagged: Microseconds?) -> Microseconds? {
        guard let anchor else { return nil }
        if bootID == anchor.bootID { return anchor.compliance.adding(boot.subtracting(anchor.boot)) }
        let known = [anchor.compliance, plain?.subtracting(ComplianceClock.wallLead) ?? .min, flagged ?? .min]
        return (known.max() ?? anchor.compliance).adding(boot)
    }

    /// Takes a clock record; says which rule it breaks, as what it does.
    mutating func take(_ record: ClockRecord, at index: UInt64, plain: Microseconds?, flagged: Microseconds?) -> Fault?
    {
        defer {
            anchor = Anchor(
                index: index, compliance: record.compliance, bootID: record.bootID, boot: record.boot)
            if record.kind == .evidence || record.kind == .confirmed { isAttested = true }
        }
        guard let before = anchor,
            let base = time(bootID: record.bootID, boot: record.boot, plain: plain, flagged: flagged)
        else { return nil }
        if record.bootID == before.bootID, record.boot < before.boot {
            return .backwards("counts from an earlier moment of the same boot than the record before it")
        }
        if record.compliance < before.compliance {
            return .backwards("sets the clock back to before the record \(before.index)")
        }
        if record.compliance < base.subtracting(ComplianceClock.slack) {
            return .backwards("sets the clock back by \(base.subtracting(record.compliance)) microseconds")
        }
        let lead = record.compliance.subtracting(ComplianceClock.slack)
        guard lead > base else { return nil }
        let ahead = "sets the clock forward by \(record.compliance.subtracting(base)) microseconds"
        switch record.kind {
        case .boot: return .ahead(ahead + " at a boot, which sets nothing forward")
        case .catchUp:
            let advanced = base.subtracting(before.compliance)
            if lead > record.wall { return .ahead(ahead + ", past the wall clock") }
            let allowed = max(0, Int64(clamping: Int128(advanced) * 7 / 365))
            return lead.subtracting(base) > allowed
                ? .ahead(ahead + ", of which a catch-up may make \(allowed)") : nil
        case .evidence, .confirmed: return lead > record.wall ? .ahead(ahead + ", past the wall clock") : nil
        }
    }

    enum Fault: Sendable {
        case backwards(String)
        case ahead(String)
    }
}

extension Int64 {
    /// The sum, or the bound that it passes.
    func adding(_ other: Int64) -> Int64 { Int64(clamping: Int128(self) + Int128(other)) }
    /// The difference, or the bound that it passes.
    func subtracting(_ other: Int64) -> Int64 { Int64(clamping: Int128(self) - Int128(other)) }
}
