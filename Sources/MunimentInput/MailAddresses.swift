// The addresses in a From, To or Cc field (RFC 5322, section 3.4, with the obsolete forms, and what senders get wrong).
// One pass without recursion. Each member of the list yields what stands in its angle brackets or, without any, the
// words that hold an `@`; display names, comments, group names and routes are passed over.

enum MailAddresses {
    /// Calls `body` with each address of `value`, an unfolded field: bare, ASCII letters in lower case.
    static func forEach(in value: [UInt8], _ body: ([UInt8]) -> Void) {
        var parser = MailAddressParser(value: value)
        parser.run(body)
    }
}

private struct MailAddressParser {
    private let value: [UInt8]
    private var index = 0
    /// What stands outside of brackets, words separated by one space.
    private var bare: [UInt8] = []
    private var bracketed: [UInt8] = []
    private var isInBrackets = false
    private var hadBrackets = false
    private var spaceIsDue = false
    /// Whether the current word of `bare` has an `@`.
    private var wordHasAt = false
    /// Set when a quote or a comment does not end: then these marks are text, and the search is not repeated.
    private var quotesAreText = false
    private var commentsAreText = false

    init(value: [UInt8]) { self.value = value }

    mutating func run(_ body: ([UInt8]) -> Void) {
        while index < value.count {
            let byte = value[index]
            switch byte {
            case UInt8(ascii: "\"") where !quotesAreText: quotedString()
            case UInt8(ascii: "(") where !commentsAreText: comment()
            case UInt8(ascii: "["): domainLiteral()
            case UInt8(ascii: "<"): openBracket()
            case UInt8(ascii: ">"): advance { $0.isInBrackets = false }
            case UInt8(ascii: ":"): colon()
            case UInt8(ascii: ","), UInt8(ascii: ";"): separator(byte, body)
            case 0x20, 0x09, 0x0A, 0x0D: advance { $0.spaceIsDue = true }
            default: advance { $0.append(byte) }
            }
        }
        finishMember(body)
    }

    private mutating func advance(_ change: (inout MailAddressParser) -> Void) {
        index += 1
        change(&self)
    }

    /// A quoted string, which is kept with its quotes: it may be a local part.
    private mutating func quotedString() {
        var end = index + 1
        while end < value.count, value[end] != UInt8(ascii: "\"") { end += value[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < value.count else {
            quotesAreText = true
            return
        }
        for byte in value[index...end] { append(byte, isQuoted: true) }
        index = end + 1
    }

    /// A comment, nested ones included; it separates words.
    private mutating func comment() {
        var end = index
        var depth = 0
        while end < value.count {
            switch value[end] {
            case UInt8(ascii: "\\"): end += 1
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            default: break
            }
            end += 1
            if depth == 0 { break }
        }
        guard depth == 0 else {
            commentsAreText = true
            return
        }
        spaceIsDue = true
        index = min(end, value.count)
    }

    /// `[` and what follows up to `]` or the end of the list's member.
    private mutating func domainLiteral() {
        while index < value.count {
            let byte = value[index]
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: ">") { return }
            append(byte)
            index += 1
            if byte == UInt8(ascii: "]") { return }
        }
    }

    private mutating func openBracket() {
        index += 1
        isInBrackets = true
        hadBrackets = true
        bracketed.removeAll(keepingCapacity: true)
    }

    /// Ends a route within brackets and a group's name outside.
    private mutating func colon() {
        index += 1
        if isInBrackets {
            if bracketed.first == UInt8(ascii: "@") {
                bracketed.removeAll(keepingCapacity: true)
            } else {
                bracketed.append(UInt8(ascii: ":"))
            }
        } else {
            removeBare()
        }
    }

    private mutating func separator(_ byte: UInt8, _ body: ([UInt8]) -> Void) {
        index += 1
        if isInBrackets, bracketed.first == UInt8(ascii: "@") {
            bracketed.append(byte)
        } else {
            finishMember(body)
        }
    }

    /// Adds a byte to the text at hand. A blank ends a word outside of brackets unless it is beside an `@`, or beside a
    /// dot of a domain; within them it means nothing.
    private mutating func append(_ byte: UInt8, isQuoted: Bool = false) {
        let lower = ASCII.lowercase(byte)
        guard !isInBrackets else { return bracketed.append(lower) }
        let at = UInt8(ascii: "@")
        let dot = UInt8(ascii: ".")
        if spaceIsDue, let last = bare.last {
            let joins = last == at || (byte == at && !isQuoted) || (wordHasAt && (last == dot || byte == dot))
            if !joins {
                bare.append(0x20)
                wordHasAt = false
            }
        }
        spaceIsDue = false
        if byte == at, !isQuoted { wordHasAt = true }
        // A blank within quotes must not look like the end of a word.
        bare.append(isQuoted && byte == 0x20 ? Self.quotedSpace : lower)
    }

    /// Stands for a space within quotes while words are told apart; no address can hold a NUL.
    private static let quotedSpace: UInt8 = 0

    private mutating func finishMember(_ body: ([UInt8]) -> Void) {
        if hadBrackets {
            if !bracketed.isEmpty { body(bracketed) }
        } else {
            let words = bare.split(separator: 0x20).map { word in word.map { $0 == Self.quotedSpace ? 0x20 : $0 } }
            let addresses = words.filter { $0.contains(UInt8(ascii: "@")) }
            if !addresses.isEmpty {
                addresses.forEach(body)
            } else if words.count == 1, !Self.isNoAddress(words[0]) {
                body(words[0])
            }
        }
        removeBare()
        bracketed.removeAll(keepingCapacity: true)
        isInBrackets = false
        hadBrackets = false
    }

    /// A single word without `@` is a local mailbox, unless it is a quoted name or an encoded one.
    private static func isNoAddress(_ word: [UInt8]) -> Bool {
        word.first == UInt8(ascii: "\"") || (word.starts(with: "=?".utf8) && word.suffix(2).elementsEqual("?=".utf8))
    }

    private mutating func removeBare() {
        bare.removeAll(keepingCapacity: true)
        spaceIsDue = false
        wordHasAt = false
    }
}
