// What a class record means for the time when its records are due. Format/retention.md, "When a record is due". Pure: the engine and the
// verifier both ask it, and nobody else decides.

extension ClassRecord {
    /// The period that stands for no end.
    package static let forever = "forever"

    /// How long records are kept; nil for ever. A period that can't be read counts as for ever too: nothing is due by it.
    package var retention: RetentionPeriod? { RetentionPeriod(period) }

    /// When a record whose period began at `start` is due, by the compliance clock; nil for never.
    package func end(from start: Microseconds) -> Microseconds? { retention?.added(to: start) }

    /// Why this record may not follow `earlier`, the one of the same class before it; nil where it may. A class in compliance mode stays in it,
    /// keeps its basis, and its period only grows.
    package func weakening(of earlier: ClassRecord) -> String? {
        guard earlier.mode == .compliance else { return nil }
        if mode != .compliance { return "its mode would no longer be compliance" }
        if basis != earlier.basis { return "its period would count since \(basis) instead of \(earlier.basis)" }
        guard let retention else { return nil }
        guard let before = earlier.retention else { return "its period would be \(period) instead of for ever" }
        return retention.neverEnds(before: before) ? nil : "its period could end earlier than that of \(earlier.period)"
    }
}

extension RetentionPeriod {
    /// Months of the calendar until it repeats: 400 years of whole weeks.
    private static let calendarMonthCount = 4_800

    /// Whether this period ends at the same time as `other` or later, whatever the start. Seven years are not 2,555 days, for some seven years
    /// have two leap days; 2,557 days are enough.
    package func neverEnds(before other: RetentionPeriod) -> Bool {
        let lacking = (other.days - days) * 86_400 + other.seconds - seconds
        // The days that must come from months, rounded up.
        let wanted = -CivilTime.floorDivide(-lacking, 86_400)
        let (mine, theirs) = (years * 12 + months, other.years * 12 + other.months)
        if mine == theirs { return wanted <= 0 }
        // Days of a month before its 28th behave as that one does.
        return (0..<RetentionPeriod.calendarMonthCount).allSatisfy { start in
            (28...31).allSatisfy { day in
                RetentionPeriod.dayNumber(start + mine, day) - RetentionPeriod.dayNumber(start + theirs, day) >= wanted
            }
        }
    }

    /// The day `day` of a month, or the month's last where it lacks that, counted from some day long ago. Months are counted from year 0.
    private static func dayNumber(_ month: Int, _ day: Int) -> Int {
        let year = CivilTime.floorDivide(month, 12)
        let place = month - year * 12 + 1
        // Years that begin on 1 March put the leap day last.
        let shifted = place <= 2 ? year - 1 : year
        let leapDays =
            CivilTime.floorDivide(shifted, 4) - CivilTime.floorDivide(shifted, 100)
            + CivilTime.floorDivide(shifted, 400)
        let sinceMarch = (153 * (place > 2 ? place - 3 : place + 9) + 2) / 5
        return shifted * 365 + leapDays + sinceMarch + min(day, CivilTime.dayCount(year: year, month: place))
    }
}
