// A record's time out of a JSON value: RFC 3339 text, or a number whose size tells its unit. Decimal arithmetic all the
// way: a binary fraction would move a time by a microsecond.

internal import MunimentFormat

/// Reads times from JSON values.
///
/// A string must be an RFC 3339 date-time with an offset. A number counts from 1970-01-01T00:00:00Z, in a unit that its
/// absolute value tells: below 10¹¹ seconds, below 10¹⁴ milliseconds, below 10¹⁷ microseconds, otherwise nanoseconds.
/// So seconds reach the year 5138, and the other units begin in March 1973. What is finer than a microsecond is cut
/// off, towards the past.
package enum JSONTime {
    /// Microseconds since 1970; nil if `value`, the bytes of a valid JSON value, is no such time.
    package static func microseconds(_ value: UnsafeRawBufferPointer) -> Int64? {
        guard let first = value.first else { return nil }
        if first == UInt8(ascii: "\"") { return RFC3339.microseconds(JSONWalk.string(value, 0).0.unescaped) }
        guard first == UInt8(ascii: "-") || ASCII.isDigit(first) else { return nil }
        return Decimal(value).flatMap(scaled)
    }

    private static func scaled(_ number: Decimal) -> Int64? {
        guard let order = number.order else { return 0 }
        // An order of n means 10ⁿ ≤ |number| < 10ⁿ⁺¹.
        let decimals = order < 11 ? 6 : order < 14 ? 3 : order < 17 ? 0 : -3
        guard let microseconds = number.floor(scaledBy: decimals) else { return nil }
        return (0...9999).contains(CivilTime(microseconds: microseconds).year) ? microseconds : nil
    }
}

/// A JSON number as sign, integer and power of ten. Digits beyond the eighteenth only say that there is something more.
private struct Decimal {
    private var isNegative = false
    private var significand: Int64 = 0
    private var exponent = 0
    private var hasMore = false

    private static let significandMax: Int64 = 100_000_000_000_000_000

    init?(_ literal: UnsafeRawBufferPointer) {
        var isFraction = false
        var index = 0
        scan: while index < literal.count {
            let byte = literal[index]
            index += 1
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
            default: append(byte &- 0x30, isFraction: isFraction)
            }
        }
        guard index < literal.count else { return }
        guard let power = Self.exponent(literal[index...]) else { return nil }
        exponent += power
    }

    private mutating func append(_ digit: UInt8, isFraction: Bool) {
        if significand < Self.significandMax {
            significand = significand * 10 + Int64(digit)
            if isFraction { exponent -= 1 }
        } else {
            hasMore = hasMore || digit != 0
            if !isFraction { exponent += 1 }
        }
    }

    /// Nil where it is so large that the number cannot be a time.
    private static func exponent(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        var value = 0
        for byte in digits where ASCII.isDigit(byte) {
            value = value * 10 + Int(byte &- 0x30)
            guard value < 1_000_000 else { return nil }
        }
        return digits.first == UInt8(ascii: "-") ? -value : value
    }

    /// The power of ten of the first digit that is not zero; nil for zero.
    var order: Int? {
        guard significand != 0 else { return nil }
        var order = exponent
        var rest = significand
        while rest >= 10 {
            rest /= 10
            order += 1
        }
        return order
    }

    /// The largest integer that is not above the number times 10 to the power of `decimals`; nil if 64 bits cannot hold
    /// it.
    func floor(scaledBy decimals: Int) -> Int64? {
        var value = significand
        var power = exponent + decimals
        var isExact = !hasMore
        while power > 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product
            power -= 1
        }
        while power < 0, value != 0 {
            isExact = isExact && value % 10 == 0
            value /= 10
            power += 1
        }
        return isNegative ? (isExact ? -value : -value - 1) : value
    }
}
