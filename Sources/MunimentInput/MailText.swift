// Encoded words in header text (RFC 2047): `=?charset?B?…?=` and `=?charset?Q?…?=`. Words in a character set that is
// not known here stay as they stand. Linear: a search for an end that fails is not repeated.

enum MailText {
    /// `value` with its encoded words replaced by UTF-8. What a word in UTF-8 or ASCII holds is not judged, so the
    /// result may be invalid UTF-8, as may the text outside of words.
    static func decode(_ value: [UInt8]) -> [UInt8] {
        guard value.contains(UInt8(ascii: "?")) else { return value }
        var decoder = EncodedWordDecoder(value: value)
        return decoder.run()
    }
}

private struct EncodedWordDecoder {
    private let value: [UInt8]
    private var index = 0
    private var decoded: [UInt8] = []
    /// The end of `decoded` behind its last word, while only blanks have followed.
    private var wordEnd: Int?
    private var hasNoFurtherEnd = false

    private static let charsetByteCountMax = 64

    init(value: [UInt8]) { self.value = value }

    mutating func run() -> [UInt8] {
        decoded.reserveCapacity(value.count)
        while index < value.count {
            if value[index] == UInt8(ascii: "="), let word = word() {
                // Blanks between two words only separate them.
                if let wordEnd { decoded.removeSubrange(wordEnd...) }
                append(word)
                wordEnd = decoded.count
                index = word.end
            } else {
                if !ASCII.isSpace(value[index]) { wordEnd = nil }
                decoded.append(value[index])
                index += 1
            }
        }
        return decoded
    }

    private struct Word {
        let charset: Charset
        let isBase64: Bool
        let text: Range<Int>
        let end: Int
    }

    /// The encoded word at `index`, in a character set that is known.
    private mutating func word() -> Word? {
        let question = UInt8(ascii: "?")
        guard !hasNoFurtherEnd, index + 1 < value.count, value[index + 1] == question else { return nil }
        let name = value[(index + 2)...].prefix(Self.charsetByteCountMax).prefix {
            $0 != question && !ASCII.isSpace($0)
        }
        let afterName = name.endIndex
        guard afterName + 2 < value.count, value[afterName] == question, value[afterName + 2] == question else {
            return nil
        }
        let encoding = ASCII.lowercase(value[afterName + 1])
        guard encoding == UInt8(ascii: "q") || encoding == UInt8(ascii: "b") else { return nil }
        guard let charset = Charset(name.prefix { $0 != UInt8(ascii: "*") }) else { return nil }
        var end = afterName + 3
        while end + 1 < value.count, value[end] != question || value[end + 1] != UInt8(ascii: "=") { end += 1 }
        guard end + 1 < value.count else {
            hasNoFurtherEnd = true
            return nil
        }
        return Word(
            charset: charset, isBase64: encoding == UInt8(ascii: "b"), text: (afterName + 3)..<end, end: end + 2)
    }

    private mutating func append(_ word: Word) {
        let bytes = word.isBase64 ? Self.base64(value[word.text]) : Self.quoted(value[word.text])
        switch word.charset {
        case .utf8: decoded += bytes
        case .singleByte(let table):
            for byte in bytes { UTF8Check.append(table.scalar(byte), to: &decoded) }
        }
    }

    /// The Q encoding. An `=` that no two digits follow stands for itself.
    private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "="), index + 2 < text.endIndex,
                let high = ASCII.hexadecimalValue(text[index + 1]), let low = ASCII.hexadecimalValue(text[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(text[index] == UInt8(ascii: "_") ? 0x20 : text[index])
                index += 1
            }
        }
        return bytes
    }

    /// Base64; padding may be absent, and what is no digit is passed over.
    private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in text {
            guard let digit = Base64.value(byte) else { continue }
            bits = bits << 6 | UInt32(digit)
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
        return bytes
    }
}

/// The character sets that are decoded.
private enum Charset {
    /// UTF-8 and ASCII: bytes are taken as they are.
    case utf8
    case singleByte(SingleByteTable)

    init?(_ name: some Collection<UInt8>) {
        let text = String(decoding: name.map(ASCII.lowercase), as: UTF8.self)
        switch text {
        case "utf-8", "utf8", "us-ascii", "ascii": self = .utf8
        case "iso-8859-1", "iso_8859-1", "iso8859-1", "latin1": self = .singleByte(.latin1)
        case "windows-1252", "cp1252": self = .singleByte(.windows1252)
        case "iso-8859-15", "iso_8859-15", "iso8859-15", "latin-9", "latin9": self = .singleByte(.latin9)
        default: return nil
        }
    }
}

/// ISO 8859-1 and the two sets that differ from it in a few places.
private enum SingleByteTable {
    case latin1, windows1252, latin9

    func scalar(_ byte: UInt8) -> UInt32 {
        switch self {
        case .latin1: UInt32(byte)
        case .windows1252: (0x80...0x9F).contains(byte) ? Self.windowsScalars[Int(byte) - 0x80] : UInt32(byte)
        case .latin9: Self.latin9Scalars[byte] ?? UInt32(byte)
        }
    }

    /// Bytes 0x80 to 0x9F; the five that Windows leaves open are control characters.
    private static let windowsScalars: [UInt32] = [
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D,
        0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x009D, 0x017E, 0x0178,
    ]

    private static let latin9Scalars: [UInt8: UInt32] = [
        0xA4: 0x20AC, 0xA6: 0x0160, 0xA8: 0x0161, 0xB4: 0x017D, 0xB8: 0x017E, 0xBC: 0x0152, 0xBD: 0x0153, 0xBE: 0x0178,
    ]
}
