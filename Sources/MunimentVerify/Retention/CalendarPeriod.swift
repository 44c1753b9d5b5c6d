// How long a class keeps its records, read from the class record and added to a start by the calendar. Written from
// Format/retention.md, "When a record is due", and deliberately not shared with the engine.

/// A retention period.
enum CalendarPeriod: Hashable, Sendable {
    case forever
    case span(months: Int64, days: Int64, seconds: Int64)

    /// More than any archive needs; sums of what is bounded by it never overflow.
    private static let partMax: Int64 = 1_000_000_000_000
    private static let microsecondsPerSecond: Int128 = 1_000_000
    private static let secondsPerDay: Int128 = 86_400

    /// Reads `forever` or an ISO 8601 duration in whole numbers; nil for anything else.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes == Array("forever".utf8) {
            self = .forever
            return
        }
        guard bytes.first == UInt8(ascii: "P"), bytes.count > 1 else { return nil }
        var (months, days, seconds): (Int64, Int64, Int64) = (0, 0, 0)
        // Units still allowed, in their order; after T those of a day's parts.
        var units = Array("YMWD".utf8)[...]
        var isTime = false
        var place = 1
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "T") {
                guard !isTime, place + 1 < bytes.count else { return nil }
                (isTime, units) = (true, Array("HMS".utf8)[...])
                place += 1
                continue
            }
            guard let number = CalendarPeriod.number(bytes, &place), place < bytes.count,
                let unit = units.firstIndex(of: bytes[place])
            else { return nil }
            switch (bytes[place], isTime) {
            case (UInt8(ascii: "Y"), _): months += number * 12
            case (UInt8(ascii: "M"), false): months += number
            case (UInt8(ascii: "W"), _): days += number * 7
            case (UInt8(ascii: "D"), _): days += number
            case (UInt8(ascii: "H"), _): seconds += number * 3_600
            case (UInt8(ascii: "M"), true): seconds += number * 60
            default: seconds += number
            }
            units = units[(unit + 1)...]
            place += 1
        }
        self = .span(months: months, days: days, seconds: seconds)
    }

    private static func number(_ bytes: [UInt8], _ place: inout Int) -> Int64? {
        var value: Int64 = 0
        let start = place
        while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) {
            value = value * 10 + Int64(bytes[place] - UInt8(ascii: "0"))
            guard value <= partMax else { return nil }
            place += 1
        }
        return place > start ? value : nil
    }

    /// The microsecond at which a record that starts at `start` has been kept for this long; nil for never, and for
    /// what no time can tell.
    func end(from start: Int64) -> Int64? {
        guard case .span(let months, let days, let seconds) = self else { return nil }
        let (day, rest) = CalendarPeriod.divided(Int128(start), CalendarPeriod.secondsPerDay * 1_000_000)
        let moved = months == 0 ? day : CalendarPeriod.day(Date(day: day).adding(months: Int128(months)))
        let end =
            (moved + Int128(days)) * CalendarPeriod.secondsPerDay * CalendarPeriod.microsecondsPerSecond + rest
            + Int128(seconds) * CalendarPeriod.microsecondsPerSecond
        return Int64(exactly: end)
    }

    /// Whether this ends no earlier than `other`, whatever the start. The calendar decides by the day of the month
    /// alone, and days up to the 28th are in every month: so the months of a cycle of 400 years, and four days of each,
    /// are all there is to try.
    func isAtLeast(_ other: CalendarPeriod) -> Bool {
        guard case .span(let months, let days, let seconds) = self else { return true }
        guard case .span(let otherMonths, let otherDays, let otherSeconds) = other else { return false }
        let fixed =
            (Int128(days) - Int128(otherDays)) * CalendarPeriod.secondsPerDay + Int128(seconds) - Int128(otherSeconds)
        guard months != otherMonths else { return fixed >= 0 }
        for month in 0..<Int128(4_800) {
            for day in Int128(28)...31 {
                let date = Date(month: 2_000 * 12 + month, day: day)
                guard day <= Date.dayCount(month: date.month) else { continue }
                let gained =
                    CalendarPeriod.day(date.adding(months: Int128(months)))
                    - CalendarPeriod.day(date.adding(months: Int128(otherMonths)))
                if gained * CalendarPeriod.secondsPerDay + fixed < 0 { return false }
            }
        }
        return true
    }

    /// A time for a sentence: date and time of day in UTC, to the second.
    static func text(_ time: Int64) -> String {
        let (day, rest) = divided(Int128(time), secondsPerDay * microsecondsPerSecond)
        let date = Date(day: day)
        let (year, month) = divided(date.month, 12)
        let second = rest / microsecondsPerSecond
        func two(_ value: Int128) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "\(year)-\(two(month + 1))-\(two(date.day)) \(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }

    // MARK: The Gregorian calendar

    /// A day, by its month since the year 0 and its number in it, from 1.
    private struct Date {
        var month: Int128
        var day: Int128

        init(month: Int128, day: Int128) { (self.month, self.day) = (month, day) }

        /// The date of a day since 1970-01-01. Years are made to begin in March, so that the leap day is their last.
        init(day: Int128) {
            let (cycle, dayOfCycle) = CalendarPeriod.divided(day + 719_468, 146_097)
            let year = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
            let dayOfYear = dayOfCycle - (365 * year + year / 4 - year / 100)
            let month = (5 * dayOfYear + 2) / 153
            self.day = dayOfYear - (153 * month + 2) / 5 + 1
            self.month = (cycle * 400 + year) * 12 + month + 2
        }

        /// The same day some months later; a day that the month lacks becomes its last.
        func adding(months: Int128) -> Date {
            let month = month + months
            return Date(month: month, day: min(day, Date.dayCount(month: month)))
        }

        static func dayCount(month: Int128) -> Int128 {
            let (year, place) = CalendarPeriod.divided(month, 12)
            switch place {
            case 1: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            case 3, 5, 8, 10: return 30
            default: return 31
            }
        }
    }

    /// The day of a date since 1970-01-01.
    private static func day(_ date: Date) -> Int128 {
        let (year, month) = divided(date.month - 2, 12)
        let (cycle, yearOfCycle) = divided(year, 400)
        let dayOfYear = (153 * month + 2) / 5 + date.day - 1
        return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
    }

    /// Quotient and remainder, rounded down.
    private static func divided(_ value: Int128, _ by: Int128) -> (Int128, Int128) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: by)
        return remainder < 0 ? (quotient - 1, remainder + by) : (quotient, remainder)
    }
}
