// Markup in which nothing but this program's own literals is markup. Whatever is put into one by interpolation is text:
// it is escaped for a browser, and what could make one text look like another (controls, directions, invisible signs) is
// spelt out.

internal import MunimentFormat

/// A piece of a page.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        mutating func appendInterpolation(_ value: String) { Markup.escape(value, into: &text) }
        mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
        /// A place in a drawing, to a tenth.
        mutating func appendInterpolation(at value: Double) { text += Markup.tenths(value) }
    }

    static func += (a: inout Markup, b: Markup) { a.text += b.text }
    static func + (a: Markup, b: Markup) -> Markup {
        var sum = a
        sum += b
        return sum
    }

    /// The pieces one after another.
    static func joined(_ pieces: some Sequence<Markup>, _ separator: Markup = "") -> Markup {
        var all: Markup = ""
        for (number, piece) in pieces.enumerated() {
            if number > 0 { all += separator }
            all += piece
        }
        return all
    }

    private static func escape(_ value: String, into text: inout String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default:
                if isHidden(scalar) {
                    text += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
    }

    /// Controls, directions, joiners, tags, and what else is not seen.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private static func tenths(_ value: Double) -> String {
        let number = Int(max(-1e6, min(1e6, value * 10)).rounded())
        return "\(number < 0 ? "-" : "")\(number.magnitude / 10).\(number.magnitude % 10)"
    }
}

/// Words and numbers as a page spells them, and the command with it.
package enum PageText {
    /// `1,234,567`
    package static func count(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `1 segment`, `2 segments`; `plural` where that is more than an s.
    static func things(_ number: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// A time, to the second, in UTC.
    static func time(_ microseconds: Int64) -> String { CalendarPeriod.text(microseconds) }

    static func hex(_ digest: Digest) -> String { Hexadecimal.string(digest.bytes) }
    /// Enough of a hash to tell it from its neighbours in a drawing.
    static func short(_ digest: Digest) -> String { String(hex(digest).prefix(8)) }

    /// A word for a shell, quoted where that is needed.
    static func shell(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || "-_.,:=+/@%".utf8.contains(byte)
        }
        return plain && !word.isEmpty
            ? word
            : "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
