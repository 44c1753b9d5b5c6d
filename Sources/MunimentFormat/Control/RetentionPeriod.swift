// How long a class keeps its records: an ISO 8601 duration whose calendar parts stay apart, because a month or a year
// has no fixed length, and a rule that says seven years must mean seven years.

/// A duration such as `P7Y`, `P1Y6M`, `P2W` or `P1DT2H`.
package struct RetentionPeriod: Hashable, Sendable, CustomStringConvertible {
    /// Moved by the calendar, with the months.
    package var years: Int
    /// Moved by the calendar, with the years.
    package var months: Int
    /// Days of 86,400 seconds.
    package var days: Int
    /// What is shorter than a day.
    package var seconds: Int

    /// The most that each part may be: more than any archive needs, and far from where arithmetic could overflow.
    package static let partMax = 1_000_000_000_000

    /// - Precondition: every part is 0 to ``partMax``.
    package init(years: Int = 0, months: Int = 0, days: Int = 0, seconds: Int = 0) {
        precondition([years, months, days, seconds].allSatisfy { (0...Self.partMax).contains($0) })
        self.years = years
        self.months = months
        self.days = days
        self.seconds = seconds
    }

    /// Reads an ISO 8601 duration: `P`, then years, months, weeks and days, then `T` and hours, minutes and seconds,
    /// each at most once and in that order, at least one of them, in whole numbers. A week is seven days. Nil
    /// otherwise, or where a part would exceed ``partMax``.
    package init?(_ text: some StringProtocol) {
        var rest = Array(text.utf8)[...]
        guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
        self.init()
        guard takeParts(&rest, Self.dateUnits) else { return nil }
        if rest.first == UInt8(ascii: "T") {
            rest.removeFirst()
            guard !rest.isEmpty, takeParts(&rest, Self.timeUnits) else { return nil }
        }
        guard rest.isEmpty, text.utf8.count > 1 else { return nil }
    }

    private typealias Unit = (letter: UInt8, part: WritableKeyPath<RetentionPeriod, Int>, factor: Int)

    private static var dateUnits: [Unit] {
        [
            (UInt8(ascii: "Y"), \.years, 1), (UInt8(ascii: "M"), \.months, 1), (UInt8(ascii: "W"), \.days, 7),
            (UInt8(ascii: "D"), \.days, 1),
        ]
    }

    private static var timeUnits: [Unit] {
        [(UInt8(ascii: "H"), \.seconds, 3600), (UInt8(ascii: "M"), \.seconds, 60), (UInt8(ascii: "S"), \.seconds, 1)]
    }

    /// Takes numbers with a unit's letter off `text`, in the order of `units`, until something else follows.
    private mutating func takeParts(_ text: inout ArraySlice<UInt8>, _ units: [Unit]) -> Bool {
        var units = units[...]
        while let first = text.first, (0x30...0x39).contains(first) {
            guard let number = Self.takeNumber(&text), let letter = text.popFirst() else { return false }
            guard let index = units.firstIndex(where: { $0.letter == letter }) else { return false }
            let unit = units[index]
            units = units[(index + 1)...]
            let sum = self[keyPath: unit.part] + number * unit.factor
            guard sum <= Self.partMax else { return false }
            self[keyPath: unit.part] = sum
        }
        return true
    }

    private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        while let digit = text.first, (0x30...0x39).contains(digit) {
            value = value * 10 + Int(digit - 0x30)
            guard value <= partMax else { return nil }
            text.removeFirst()
        }
        return value
    }

    /// Whether it has no length at all.
    package var isZero: Bool { self == RetentionPeriod() }

    /// The time this long after `start`; both microseconds since 1970. Nil where it is beyond what 64 bits hold: never.
    ///
    /// Years and months come first and move the date by the calendar (in UTC); a day that the month lacks becomes its
    /// last, so that a month after 31 January is the end of February. Then days, then seconds, of fixed length.
    ///
    /// A later start may end earlier, by less than a day: a month after noon of 30 January is noon of 28 February, a
    /// month after the morning of 31 January is that day's morning. ``latestEnd(ofStartsUpTo:)`` bounds many starts at
    /// once.
    package func added(to start: Int64) -> Int64? {
        let monthCount = years * 12 + months
        guard let moved = monthCount == 0 ? start : Self.addMonths(monthCount, to: start) else { return nil }
        let fixed = Int64(days).multipliedReportingOverflow(by: CivilTime.microsecondsPerDay)
        let more = Int64(seconds).multipliedReportingOverflow(by: CivilTime.microsecondsPerSecond)
        guard !fixed.overflow, !more.overflow else { return nil }
        let withDays = moved.addingReportingOverflow(fixed.partialValue)
        guard !withDays.overflow else { return nil }
        let sum = withDays.partialValue.addingReportingOverflow(more.partialValue)
        return sum.overflow ? nil : sum.partialValue
    }

    /// The latest ``added(to:)`` of all starts that are not after `last`. Nil where it is beyond what 64 bits hold.
    package func latestEnd(ofStartsUpTo last: Int64) -> Int64? {
        guard let end = added(to: last) else { return nil }
        // Only days that become the same last day of a month can change places, and of these the day before ends
        // latest.
        let sinceMidnight = CivilTime(microseconds: last).microsecondOfDay
        let (dayBefore, overflow) = last.subtractingReportingOverflow(sinceMidnight + 1)
        guard !overflow else { return end }
        return added(to: dayBefore).map { max($0, end) }
    }

    private static func addMonths(_ count: Int, to start: Int64) -> Int64? {
        var time = CivilTime(microseconds: start)
        let month = time.year * 12 + time.month - 1 + count
        time.year = CivilTime.floorDivide(month, 12)
        time.month = month - time.year * 12 + 1
        time.day = min(time.day, CivilTime.dayCount(year: time.year, month: time.month))
        return time.microseconds
    }

    /// The shortest form: zero parts left out, seconds as hours, minutes and seconds; `PT0S` for no length.
    package var description: String {
        guard !isZero else { return "PT0S" }
        let date = [(years, "Y"), (months, "M"), (days, "D")]
        let time = [(seconds / 3600, "H"), (seconds / 60 % 60, "M"), (seconds % 60, "S")]
        let text = { (parts: [(Int, String)]) in
            parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
        }
        return "P" + text(date) + (seconds > 0 ? "T" + text(time) : "")
    }
}
