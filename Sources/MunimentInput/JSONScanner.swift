// A strict judge of JSON texts (RFC 8259) over raw bytes. It builds nothing and does not recurse: the kinds of the open
// containers are a small stack of bytes. One pass; strings go eight bytes at a time.
//
// Stricter than some parsers: UTF-8 must be valid, a byte order mark is refused, nesting is bounded. Lenient where the
// grammar is: repeated keys, escapes of lone surrogates and numbers of any size are fine.

/// Why some bytes are not a JSON text.
package struct JSONFault: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd, valueExpected, keyExpected, colonExpected, commaOrBracketExpected, commaOrBraceExpected
        case textAfterValue, badNumber, badLiteral, badEscape, controlCharacter, invalidUTF8, byteOrderMark, tooDeep
    }

    package let reason: Reason

    /// The index of the byte that cannot stand where it does; the number of bytes when the text ends too early.
    package let offset: Int

    package init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

package enum JSONScanner {
    /// The most containers that may be open at once.
    package static let depthMax = 512

    /// Nil if `bytes` are exactly one JSON text, otherwise the first fault. Linear in the number of bytes, constant
    /// space.
    package static func fault(in bytes: UnsafeRawBufferPointer) -> JSONFault? { fault(in: bytes, noting: nil) }

    /// The same, and shows `fields` each member of the outermost object as it goes by.
    static func fault(in bytes: UnsafeRawBufferPointer, noting fields: JSONFields?) -> JSONFault? {
        fields?.removeAll()
        return bytes.withMemoryRebound(to: UInt8.self) { bytes in
            guard let start = bytes.baseAddress else { return JSONFault(reason: .unexpectedEnd, offset: 0) }
            var scan = JSONScan(position: start, end: start + bytes.count)
            let isValid = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: depthMax) {
                scan.text($0.baseAddress!, noting: fields)
            }
            return isValid ? nil : scan.fault(from: start)
        }
    }
}

/// One run over a text. A function that returns false leaves `position` at the offending byte and `reason` set.
private struct JSONScan {
    var position: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    private var reason = JSONFault.Reason.unexpectedEnd
    /// The latest key of the outermost object, between its quotes.
    private var outerKey = UnsafeRawBufferPointer(start: nil, count: 0)

    init(position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
        self.position = position
        self.end = end
    }

    func fault(from start: UnsafePointer<UInt8>) -> JSONFault {
        if position >= end { return JSONFault(reason: .unexpectedEnd, offset: end - start) }
        if position == start, end - start >= 3, start[0] == 0xEF, start[1] == 0xBB, start[2] == 0xBF {
            return JSONFault(reason: .byteOrderMark, offset: 0)
        }
        return JSONFault(reason: reason, offset: position - start)
    }

    /// The whole text. `open` has room for the closing bytes of as many containers as may nest.
    mutating func text(_ open: UnsafeMutablePointer<UInt8>, noting fields: JSONFields?) -> Bool {
        var depth = 0
        var outerValue = position
        while true {
            // A value is due.
            guard let byte = nextToken() else { return false }
            if depth == 1 { outerValue = position }
            if byte == Self.quote {
                position += 1
                guard string() else { return false }
            } else if byte == Self.openBrace || byte == Self.openBracket {
                guard depth < JSONScanner.depthMax else { return fail(.tooDeep) }
                position += 1
                let close = byte + 2  // `}` follows `{` by two in ASCII, and so does `]` `[`.
                guard let first = nextToken() else { return false }
                if first != close {
                    open[depth] = close
                    depth += 1
                    if close == Self.closeBrace {
                        guard key(first, isOuter: depth == 1) else { return false }
                    }
                    continue
                }
                position += 1
            } else {
                guard scalar(byte) else { return false }
            }
            // A value has ended: close what it completes, up to the next one.
            while true {
                guard depth > 0 else { return atEnd() }
                if depth == 1, let fields, open[0] == Self.closeBrace {
                    fields.note(
                        key: outerKey, value: UnsafeRawBufferPointer(start: outerValue, count: position - outerValue))
                }
                guard let byte = nextToken() else { return false }
                let close = open[depth - 1]
                if byte == Self.comma {
                    position += 1
                    if close == Self.closeBrace {
                        guard let first = nextToken(), key(first, isOuter: depth == 1) else { return false }
                    }
                    break
                }
                guard byte == close else {
                    return fail(close == Self.closeBrace ? .commaOrBraceExpected : .commaOrBracketExpected)
                }
                position += 1
                depth -= 1
            }
        }
    }

    /// Passes white space; the byte behind it, or nil at the end.
    @inline(__always)
    private mutating func nextToken() -> UInt8? {
        while position < end {
            let byte = position.pointee
            if byte > 0x20 || !(byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09) { return byte }
            position += 1
        }
        return nil
    }

    private mutating func atEnd() -> Bool { nextToken() == nil ? true : fail(.textAfterValue) }

    /// A member's key, which begins with `first` at `position`, and its colon.
    @inline(__always)
    private mutating func key(_ first: UInt8, isOuter: Bool) -> Bool {
        guard first == Self.quote else { return fail(.keyExpected) }
        position += 1
        let start = position
        guard string() else { return false }
        if isOuter { outerKey = UnsafeRawBufferPointer(start: start, count: position - start - 1) }
        guard let byte = nextToken() else { return false }
        guard byte == Self.colon else { return fail(.colonExpected) }
        position += 1
        return true
    }

    /// The rest of a string behind its opening quote.
    @inline(__always)
    private mutating func string() -> Bool {
        while true {
            while end - position >= 8 {
                let marks = WordScan.stringMarks(WordScan.load(position))
                if marks != 0 {
                    position += WordScan.index(marks)
                    break
                }
                position += 8
            }
            guard position < end else { return false }
            let byte = position.pointee
            if byte == Self.quote {
                position += 1
                return true
            }
            if byte >= 0x20, byte < 0x80, byte != Self.backslash {
                position += 1  // Only within the last bytes of the text.
            } else {
                guard special(byte) else { return false }
            }
        }
    }

    /// What is not plain in a string: an escape, a sequence of several bytes, or a fault.
    private mutating func special(_ byte: UInt8) -> Bool {
        if byte >= 0x80 {
            let count = UTF8Check.sequenceByteCount(position, end)
            guard count > 0 else { return fail(.invalidUTF8) }
            position += count
            return true
        }
        guard byte == Self.backslash else { return fail(.controlCharacter) }
        position += 1
        guard position < end else { return false }
        switch position.pointee {
        case Self.quote, Self.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
            return true
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                position += 1
                guard position < end else { return false }
                guard ASCII.hexadecimalValue(position.pointee) != nil else { return fail(.badEscape) }
            }
            position += 1
            return true
        default:
            return fail(.badEscape)
        }
    }

    /// A number or a literal that begins with `first` at `position`.
    private mutating func scalar(_ first: UInt8) -> Bool {
        switch first {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number(first)
        case UInt8(ascii: "t"): literal("true")
        case UInt8(ascii: "f"): literal("false")
        case UInt8(ascii: "n"): literal("null")
        default: fail(.valueExpected)
        }
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < end else { return false }
            guard position.pointee == word.utf8Start[index] else { return fail(.badLiteral) }
            position += 1
        }
        return true
    }

    private mutating func number(_ first: UInt8) -> Bool {
        if first == UInt8(ascii: "-") { position += 1 }
        let hasLeadingZero = position < end && position.pointee == UInt8(ascii: "0")
        if hasLeadingZero {
            position += 1
            if position < end, ASCII.isDigit(position.pointee) { return fail(.badNumber) }
        } else {
            guard digits() else { return false }
        }
        if position < end, position.pointee == UInt8(ascii: ".") {
            position += 1
            guard digits() else { return false }
        }
        if position < end, position.pointee | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, position.pointee == UInt8(ascii: "+") || position.pointee == UInt8(ascii: "-") {
                position += 1
            }
            guard digits() else { return false }
        }
        return true
    }

    /// One digit or more.
    @inline(__always)
    private mutating func digits() -> Bool {
        let first = position
        while position < end, ASCII.isDigit(position.pointee) { position += 1 }
        return position > first ? true : fail(.badNumber)
    }

    private mutating func fail(_ reason: JSONFault.Reason) -> Bool {
        self.reason = reason
        return false
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let colon = UInt8(ascii: ":")
    private static let openBrace = UInt8(ascii: "{")
    private static let closeBrace = UInt8(ascii: "}")
    private static let openBracket = UInt8(ascii: "[")
}

extension JSONFault: CustomStringConvertible {
    /// The reason as a clause, without the place.
    package var description: String {
        switch reason {
        case .unexpectedEnd: "the text ends too early"
        case .valueExpected: "a value was expected"
        case .keyExpected: "a key in quotes was expected"
        case .colonExpected: "a colon was expected"
        case .commaOrBracketExpected: "a comma or a closing bracket was expected"
        case .commaOrBraceExpected: "a comma or a closing brace was expected"
        case .textAfterValue: "something follows the value"
        case .badNumber: "a number is malformed"
        case .badLiteral: "true, false or null is misspelt"
        case .badEscape: "a string has an unknown escape"
        case .controlCharacter: "a string has a control character that is not escaped"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .byteOrderMark: "the text begins with a byte order mark"
        case .tooDeep: "the text nests deeper than \(JSONScanner.depthMax)"
        }
    }
}
