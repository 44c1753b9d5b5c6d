// Takes named fields out of a JSON text. The scanner shows the members of the outermost object as it judges the text;
// only the objects that a path descends into are walked once more. Nothing is copied but the values that are asked for.
//
// A field is a dotted path of keys. A key of the outer object that equals the whole path, dots included, comes first.
// Keys are compared by their unescaped bytes; of equal keys in one object the last counts, as in most parsers.

import Glibc

/// The fields to look for, prepared once, with the memory that a look-up reuses: a look-up allocates nothing.
final class JSONFields {
    /// A field's key in the outer object, and what the text at hand has under it. It points into memory of this object.
    private struct Path {
        let whole: UnsafeRawBufferPointer
        /// The part of `whole` before its first dot; equal to it where there is no dot.
        let first: UnsafeRawBufferPointer
        var valueOfWhole: UnsafeRawBufferPointer?
        var valueOfFirst: UnsafeRawBufferPointer?
    }

    private let paths: UnsafeMutableBufferPointer<Path>
    /// The keys behind the first, of each field.
    private let furtherKeys: [[[UInt8]]]

    init(_ fields: [String]) {
        paths = .allocate(capacity: fields.count)
        furtherKeys = fields.map { field in
            field.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).dropFirst().map(Array.init)
        }
        for (index, field) in fields.enumerated() {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: field.utf8.count, alignment: 1)
            bytes.copyBytes(from: field.utf8)
            let whole = UnsafeRawBufferPointer(bytes)
            let first = UnsafeRawBufferPointer(rebasing: whole.prefix { $0 != UInt8(ascii: ".") })
            paths.initializeElement(at: index, to: Path(whole: whole, first: first))
        }
    }

    deinit {
        for path in paths { path.whole.deallocate() }
        paths.deallocate()
    }

    /// Forgets the text before.
    func removeAll() {
        for index in paths.indices {
            paths[index].valueOfWhole = nil
            paths[index].valueOfFirst = nil
        }
    }

    /// Keeps `value` if `key`, the bytes between its quotes, is one that a field begins with. Both must outlive the
    /// look-ups.
    @inline(__always)
    func note(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let start = key.baseAddress else { return }
        let hasEscape = memchr(start, Int32(UInt8(ascii: "\\")), key.count) != nil
        let key = JSONStringBytes(raw: key, hasEscape: hasEscape)
        for index in paths.indices {
            if key.equals(paths[index].whole) {
                paths[index].valueOfWhole = value
            } else if !furtherKeys[index].isEmpty, key.equals(paths[index].first) {
                paths[index].valueOfFirst = value
            }
        }
    }

    /// The bytes of the value of field number `index` in the text that was judged last, if it was valid.
    subscript(_ index: Int) -> UnsafeRawBufferPointer? {
        if let value = paths[index].valueOfWhole { return value }
        guard var value = paths[index].valueOfFirst else { return nil }
        for wanted in furtherKeys[index] {
            guard let member = Self.member(wanted, of: value) else { return nil }
            value = member
        }
        return value
    }

    private static func member(_ wanted: [UInt8], of text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        wanted.withUnsafeBytes { wanted in
            JSONWalk.members(of: text) { key, value in
                if key.equals(wanted) { found = value }
            }
        }
        return found
    }
}

/// A key or a string of a valid text: the bytes between its quotes.
struct JSONStringBytes {
    let raw: UnsafeRawBufferPointer
    let hasEscape: Bool

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        if hasEscape { return unescaped.elementsEqual(other) }
        guard raw.count == other.count else { return false }
        guard let start = raw.baseAddress, let otherStart = other.baseAddress else { return true }
        return memcmp(start, otherStart, raw.count) == 0
    }

    /// The bytes that the string stands for, in UTF-8. A lone surrogate, which UTF-8 cannot express, becomes U+FFFD.
    var unescaped: [UInt8] {
        guard hasEscape else { return Array(raw) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                bytes.append(raw[index])
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            if escape == UInt8(ascii: "u") {
                UTF8Check.append(scalar(&index), to: &bytes)
            } else {
                bytes.append(Self.plain(escape))
            }
        }
        return bytes
    }

    /// The scalar whose four digits begin at `index`, which moves behind them and behind a low surrogate that completes
    /// it.
    private func scalar(_ index: inout Int) -> UInt32 {
        let unit = codeUnit(index)
        index += 4
        guard (0xD800..<0xE000).contains(unit) else { return unit }
        let isPair =
            unit < 0xDC00 && index + 6 <= raw.count && raw[index] == UInt8(ascii: "\\")
            && raw[index + 1] == UInt8(ascii: "u")
        guard isPair, case let low = codeUnit(index + 2), (0xDC00..<0xE000).contains(low) else { return 0xFFFD }
        index += 6
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    private func codeUnit(_ index: Int) -> UInt32 {
        raw[index..<index + 4].reduce(0) { $0 << 4 | UInt32(ASCII.hexadecimalValue($1) ?? 0) }
    }

    private static func plain(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }
}

/// Steps over the parts of a valid text. No step judges anything; none leaves the bytes it was given.
enum JSONWalk {
    typealias Bytes = UnsafeRawBufferPointer

    /// Calls `body` for each member of `text`, in order, if it is an object.
    static func members(of text: Bytes, _ body: (JSONStringBytes, Bytes) -> Void) {
        var index = skipSpace(text, 0)
        guard index < text.count, text[index] == UInt8(ascii: "{") else { return }
        index = skipSpace(text, index + 1)
        while index < text.count, text[index] == UInt8(ascii: "\"") {
            let (key, afterKey) = string(text, index)
            let colon = skipSpace(text, afterKey)
            let start = skipSpace(text, colon + 1)
            let end = skipValue(text, start)
            body(key, slice(text, start, end))
            index = skipSpace(text, skipSpace(text, end) + 1)
        }
    }

    /// Calls `body` for each element of `text` if it is an array.
    static func elements(of text: Bytes, _ body: (Bytes) -> Void) {
        var index = skipSpace(text, 1)
        while index < text.count, text[index] != UInt8(ascii: "]") {
            let end = skipValue(text, index)
            body(slice(text, index, end))
            let separator = skipSpace(text, end)
            guard separator < text.count, text[separator] == UInt8(ascii: ",") else { return }
            index = skipSpace(text, separator + 1)
        }
    }

    /// The string whose opening quote is at `index`, and the index behind its closing one.
    static func string(_ text: Bytes, _ index: Int) -> (JSONStringBytes, Int) {
        let first = index + 1
        var index = first
        var hasEscape = false
        while index < text.count {
            if index + 8 <= text.count {
                let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let marks = WordScan.marks(word, equal: 0x22) | WordScan.marks(word, equal: 0x5C)
                if marks == 0 {
                    index += 8
                    continue
                }
                index += WordScan.index(marks)
            }
            if text[index] == UInt8(ascii: "\"") { break }
            if text[index] == UInt8(ascii: "\\") {
                hasEscape = true
                index += 1
            }
            index += 1
        }
        return (JSONStringBytes(raw: slice(text, first, index), hasEscape: hasEscape), index + 1)
    }

    private static func skipValue(_ text: Bytes, _ index: Int) -> Int {
        guard index < text.count else { return text.count }
        switch text[index] {
        case UInt8(ascii: "\""): return min(string(text, index).1, text.count)
        case UInt8(ascii: "{"), UInt8(ascii: "["): return skipContainer(text, index)
        default:
            var index = index
            while index < text.count, !isDelimiter(text[index]) { index += 1 }
            return index
        }
    }

    private static func skipContainer(_ text: Bytes, _ index: Int) -> Int {
        var index = index
        var depth = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""):
                index = string(text, index).1
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        return text.count
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        ASCII.isSpace(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    private static func skipSpace(_ text: Bytes, _ index: Int) -> Int {
        var index = index
        while index < text.count, ASCII.isSpace(text[index]) { index += 1 }
        return index
    }

    private static func slice(_ text: Bytes, _ start: Int, _ end: Int) -> Bytes {
        Bytes(rebasing: text[min(start, text.count)..<min(end, text.count)])
    }
}
