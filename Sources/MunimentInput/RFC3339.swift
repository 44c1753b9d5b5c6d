// Times as text (RFC 3339): written in UTC with Z and no more digits than needed, read with any offset.

internal import MunimentFormat

/// Conversions between RFC 3339 text and microseconds since 1970-01-01T00:00:00Z.
package enum RFC3339 {
    /// The time as text, such as `2025-05-04T09:30:00.25Z`: UTC, `Z`, a fraction only if it is not zero and without
    /// trailing zeros. Years outside 0000 to 9999, which RFC 3339 lacks, get a sign and six digits (ISO 8601).
    package static func string(_ microseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(microseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text of ``string(_:)``.
    package static func append(_ microseconds: Int64, to bytes: inout [UInt8]) {
        let time = CivilTime(microseconds: microseconds)
        if (0...9999).contains(time.year) {
            append(time.year, digits: 4, to: &bytes)
        } else {
            bytes.append(UInt8(ascii: time.year < 0 ? "-" : "+"))
            append(abs(time.year), digits: 6, to: &bytes)
        }
        let seconds = Int(time.microsecondOfDay / CivilTime.microsecondsPerSecond)
        let parts: [(StaticString, Int)] = [
            ("-", time.month), ("-", time.day), ("T", seconds / 3600), (":", seconds / 60 % 60), (":", seconds % 60),
        ]
        for (separator, value) in parts {
            bytes.append(separator.utf8Start.pointee)
            append(value, digits: 2, to: &bytes)
        }
        appendFraction(Int(time.microsecondOfDay % CivilTime.microsecondsPerSecond), to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The time that `text` names; nil unless it is an RFC 3339 date-time of the years 0000 to 9999, before and after
    /// its offset is applied. Digits beyond microseconds are cut off. A leap second is the first instant of the next
    /// minute.
    package static func microseconds(_ text: some Collection<UInt8>) -> Int64? {
        var cursor = TimeText(text)
        guard let date = cursor.date(), cursor.skip(where: { $0 | 0x20 == UInt8(ascii: "t") || $0 == 0x20 }),
            let timeOfDay = cursor.timeOfDay(), let offset = cursor.offset(), cursor.isAtEnd
        else { return nil }
        return inRange(date: date, plus: timeOfDay - offset)
    }

    /// What `--from`, `--to` and `--at` take: a date-time, or a date alone, which means its first instant in UTC.
    package static func microsecondsOrDate(_ text: some Collection<UInt8>) -> Int64? {
        var cursor = TimeText(text)
        guard let date = cursor.date() else { return nil }
        return cursor.isAtEnd ? date.microseconds : microseconds(text)
    }

    /// The time `microseconds` after the midnight that begins `date`; nil outside the years 0000 to 9999.
    static func inRange(date: CivilTime, plus microseconds: Int64) -> Int64? {
        guard let midnight = date.microseconds else { return nil }
        let (sum, overflow) = midnight.addingReportingOverflow(microseconds)
        guard !overflow, (0...9999).contains(CivilTime(microseconds: sum).year) else { return nil }
        return sum
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func appendFraction(_ microseconds: Int, to bytes: inout [UInt8]) {
        guard microseconds != 0 else { return }
        bytes.append(UInt8(ascii: "."))
        append(microseconds, digits: 6, to: &bytes)
        while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }
}

/// Reads the parts of a date-time from left to right.
private struct TimeText<Text: Collection> where Text.Element == UInt8 {
    private var rest: Text.SubSequence

    init(_ text: Text) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(where matches: (UInt8) -> Bool) -> Bool {
        guard let first = rest.first, matches(first) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool { skip { $0 == UInt8(ascii: character) } }

    /// Exactly `digits` digits whose value is in `range`.
    private mutating func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = rest.first, ASCII.isDigit(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
            rest = rest.dropFirst()
        }
        return range.contains(value) ? value : nil
    }

    mutating func date() -> CivilTime? {
        guard let year = number(4, 0...9999), skip("-"), let month = number(2, 1...12), skip("-"),
            let day = number(2, 1...CivilTime.dayCount(year: year, month: month))
        else { return nil }
        return CivilTime(year: year, month: month, day: day, microsecondOfDay: 0)
    }

    /// Microseconds since midnight; up to a second past the day's end for a leap second.
    mutating func timeOfDay() -> Int64? {
        guard let hour = number(2, 0...23), skip(":"), let minute = number(2, 0...59), skip(":"),
            let second = number(2, 0...60)
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            guard let digits = fractionDigits() else { return nil }
            fraction = second == 60 ? 0 : digits
        }
        return Int64(hour * 3600 + minute * 60 + second) * CivilTime.microsecondsPerSecond + fraction
    }

    private mutating func fractionDigits() -> Int64? {
        var value: Int64 = 0
        var scale = CivilTime.microsecondsPerSecond
        var count = 0
        while let digit = rest.first, ASCII.isDigit(digit) {
            scale /= 10
            value += Int64(digit - 0x30) * scale
            count += 1
            rest = rest.dropFirst()
        }
        return count > 0 ? value : nil
    }

    /// Microseconds east of UTC.
    mutating func offset() -> Int64? {
        if skip(where: { $0 | 0x20 == UInt8(ascii: "z") }) { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard isWest || rest.first == UInt8(ascii: "+") else { return nil }
        rest = rest.dropFirst()
        guard let hours = number(2, 0...23), skip(":"), let minutes = number(2, 0...59) else { return nil }
        let microseconds = Int64(hours * 3600 + minutes * 60) * CivilTime.microsecondsPerSecond
        return isWest ? -microseconds : microseconds
    }
}
