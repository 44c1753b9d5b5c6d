// The Date of a message (RFC 5322, sections 3.3 and 4.3): comments, obsolete zones and short years included. A date
// without a zone is not read: it would be a guess of up to a day.

internal import MunimentFormat

enum MailDate {
    /// Microseconds since 1970 of an unfolded Date field; nil where it is no such date, or not of the years 0000 to
    /// 9999.
    ///
    /// Years of two digits mean 1950 to 2049, of three 1900 and later. Military zones and names that are not in the RFC
    /// count as UTC, as it says. The weekday is not compared with the date. Words behind the zone are passed over.
    static func microseconds(_ value: [UInt8]) -> Int64? {
        var cursor = MailDateCursor(value)
        cursor.skipWeekday()
        guard let day = cursor.number(digits: 1...2)?.value, let month = cursor.month(), let year = cursor.year(),
            (1...9999).contains(year), (1...CivilTime.dayCount(year: year, month: month)).contains(day),
            let second = cursor.secondOfDay(), let zone = cursor.zoneSeconds()
        else { return nil }
        let date = CivilTime(year: year, month: month, day: day, microsecondOfDay: 0)
        return RFC3339.inRange(date: date, plus: Int64(second - zone) * CivilTime.microsecondsPerSecond)
    }
}

/// Reads the parts of a date from left to right; blanks and comments may stand between any two.
private struct MailDateCursor {
    private let value: [UInt8]
    private var index = 0

    init(_ value: [UInt8]) { self.value = value }

    /// The next byte that is neither a blank nor in a comment; nil at the end, also of a comment that does not end.
    private mutating func peek() -> UInt8? {
        var depth = 0
        while index < value.count {
            switch value[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")") where depth > 0: depth -= 1
            case UInt8(ascii: "\\") where depth > 0: index += 1
            case 0x20, 0x09, 0x0A, 0x0D: break
            case let byte where depth == 0: return byte
            default: break
            }
            index += 1
        }
        return nil
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// The next word of letters, in lower case.
    private mutating func word() -> ArraySlice<UInt8>? {
        guard let first = peek(), ASCII.isLetter(first) else { return nil }
        let word = value[index...].prefix { ASCII.isLetter($0) }
        index = word.endIndex
        return ArraySlice(word.map(ASCII.lowercase))
    }

    /// The next run of digits, if it has so many.
    mutating func number(digits: ClosedRange<Int>) -> (value: Int, digitCount: Int)? {
        guard let first = peek(), ASCII.isDigit(first) else { return nil }
        let run = value[index...].prefix(digits.upperBound + 1).prefix { ASCII.isDigit($0) }
        guard digits.contains(run.count) else { return nil }
        index = run.endIndex
        return (run.reduce(0) { $0 * 10 + Int($1 - 0x30) }, run.count)
    }

    mutating func skipWeekday() {
        guard word() != nil else { return }
        _ = skip(",")
    }

    /// 1 to 12.
    mutating func month() -> Int? {
        guard let name = word(), name.count == 3 else { return nil }
        let names = Array("janfebmaraprmayjunjulaugsepoctnovdec".utf8)
        return (0..<12).first { names[($0 * 3)..<($0 * 3 + 3)] == name }.map { $0 + 1 }
    }

    mutating func year() -> Int? {
        guard let (year, digitCount) = number(digits: 2...4) else { return nil }
        switch digitCount {
        case 2: return year < 50 ? 2000 + year : 1900 + year
        case 3: return 1900 + year
        default: return year
        }
    }

    /// Seconds since midnight; a leap second is the first instant of the next minute.
    mutating func secondOfDay() -> Int? {
        guard let hour = number(digits: 1...2)?.value, hour < 24, skip(":"),
            let minute = number(digits: 1...2)?.value, minute < 60
        else { return nil }
        var second = 0
        if skip(":") {
            guard let read = number(digits: 1...2)?.value, read <= 60 else { return nil }
            second = read
        }
        return hour * 3600 + minute * 60 + second
    }

    /// Seconds east of UTC.
    mutating func zoneSeconds() -> Int? {
        guard let first = peek() else { return nil }
        if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            index += 1
            guard index < value.count, ASCII.isDigit(value[index]), let (zone, _) = number(digits: 4...4),
                zone % 100 < 60, isAtWordEnd
            else { return nil }
            let seconds = (zone / 100 * 60 + zone % 100) * 60
            return first == UInt8(ascii: "-") ? -seconds : seconds
        }
        guard let name = word(), isAtWordEnd else { return nil }
        return Self.hours[String(decoding: name, as: UTF8.self), default: 0] * 3600
    }

    private var isAtWordEnd: Bool {
        index == value.count || ASCII.isSpace(value[index]) || value[index] == UInt8(ascii: "(")
    }

    private static let hours = [
        "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    ]
}
