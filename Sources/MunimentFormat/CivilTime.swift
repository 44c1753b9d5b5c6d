// Proleptic Gregorian dates and microseconds since 1970-01-01T00:00:00Z, total over all of Int64: no step overflows.

/// A date and a time of day in UTC.
package struct CivilTime: Hashable {
    /// Any, before year 1 too.
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    /// Microseconds since midnight, below ``microsecondsPerDay``.
    package var microsecondOfDay: Int64

    /// Leap seconds aside.
    package static let microsecondsPerSecond: Int64 = 1_000_000
    /// Every day in UTC has this many.
    package static let microsecondsPerDay: Int64 = 86_400 * microsecondsPerSecond

    /// The parts as given, which name a date.
    package init(year: Int, month: Int, day: Int, microsecondOfDay: Int64) {
        self.year = year
        self.month = month
        self.day = day
        self.microsecondOfDay = microsecondOfDay
    }

    /// The date of a time, whichever.
    package init(microseconds: Int64) {
        var days = microseconds / Self.microsecondsPerDay
        microsecondOfDay = microseconds % Self.microsecondsPerDay
        if microsecondOfDay < 0 {
            microsecondOfDay += Self.microsecondsPerDay
            days -= 1
        }
        // Years that begin on 1 March put the leap day last; 146,097 days are 400 of them.
        let shifted = Int(days) + Self.daysFromMarchOfYear0
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Nil where the time is outside what 64 bits of microseconds hold.
    package var microseconds: Int64? {
        let marchYear = month <= 2 ? year - 1 : year
        let era = Self.floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = Int64(era * 146_097 + dayOfEra - Self.daysFromMarchOfYear0)
        // A day before the epoch counts up to its end, so that the product alone never passes the lower bound.
        let isNegative = days < 0
        let (whole, overflow) = (isNegative ? days + 1 : days).multipliedReportingOverflow(by: Self.microsecondsPerDay)
        let rest = isNegative ? microsecondOfDay - Self.microsecondsPerDay : microsecondOfDay
        let (sum, carry) = whole.addingReportingOverflow(rest)
        return overflow || carry ? nil : sum
    }

    /// Days of a month.
    package static func dayCount(year: Int, month: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Whether a year has a 29 February.
    package static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// Division that rounds down, below zero too.
    package static func floorDivide(_ a: Int, _ b: Int) -> Int { (a - (a % b + b) % b) / b }

    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysFromMarchOfYear0 = 719_468
}
