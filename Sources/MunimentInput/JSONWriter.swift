// JSON output, appended to one array of bytes: members in the order in which they are written, no white space but what
// the caller adds, and always valid (RFC 8259), whatever bytes a record holds.
//
// Strings hold no character that could act on a terminal: those are written as \u escapes, which mean the same.

/// Builds JSON texts in a growing array of bytes.
///
/// Commas and colons come by themselves. The caller pairs `begin` and `end` and writes a key before each member's
/// value; it is a programming error, and traps in debug builds, to do otherwise.
package struct JSONWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    /// For each open container, whether it is an object.
    private var isObject: [Bool] = []
    /// Whether a value was written in the innermost container, so that a comma comes before the next.
    private var needsComma = false
    private var hasKey = false

    package init() {}

    /// Forgets what was written and keeps the memory. No container may be open.
    package mutating func removeAll() {
        assert(isObject.isEmpty)
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    // MARK: Containers

    package mutating func beginObject() { begin(UInt8(ascii: "{"), isObject: true) }

    package mutating func endObject() { end(UInt8(ascii: "}"), isObject: true) }

    package mutating func beginArray() { begin(UInt8(ascii: "["), isObject: false) }

    package mutating func endArray() { end(UInt8(ascii: "]"), isObject: false) }

    /// Ends the line after a whole text, so that the next may follow.
    package mutating func endLine() {
        assert(isObject.isEmpty)
        bytes.append(0x0A)
        needsComma = false
    }

    /// The key of the member whose value is written next.
    package mutating func key(_ key: String) {
        beginKey()
        appendString(key)
        endKey()
    }

    /// A key of valid UTF-8. What is not becomes U+FFFD, byte by byte.
    package mutating func key(_ key: [UInt8]) {
        beginKey()
        appendText(key)
        endKey()
    }

    // MARK: Values

    package mutating func string(_ value: String) {
        beginValue()
        appendString(value)
    }

    package mutating func integer(_ value: some BinaryInteger) {
        beginValue()
        bytes += String(value).utf8
    }

    package mutating func bool(_ value: Bool) {
        beginValue()
        bytes += (value ? "true" : "false").utf8
    }

    package mutating func null() {
        beginValue()
        bytes += "null".utf8
    }

    /// A number with the fewest digits that mean the same Double; null where it is not finite.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        beginValue()
        bytes += value.description.utf8
    }

    /// Microseconds since 1970 as RFC 3339 text, as ``RFC3339/string(_:)``; null for none.
    package mutating func time(_ microseconds: Int64?) {
        guard let microseconds else { return null() }
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        RFC3339.append(microseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes of a record: a string where they are valid UTF-8, otherwise `{"base64":"…"}`.
    package mutating func value(_ value: UnsafeRawBufferPointer) {
        guard UTF8Check.isValid(value) else {
            beginObject()
            key("base64")
            base64(value)
            endObject()
            return
        }
        beginValue()
        appendText(value)
    }

    /// Bytes of a record, as ``value(_:)-(UnsafeRawBufferPointer)``.
    package mutating func value(_ value: [UInt8]) { value.withUnsafeBytes { self.value($0) } }

    /// A string of base64 with padding (RFC 4648, section 4).
    package mutating func base64(_ value: UnsafeRawBufferPointer) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        Base64.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string of base64, as ``base64(_:)-(UnsafeRawBufferPointer)``.
    package mutating func base64(_ value: [UInt8]) { value.withUnsafeBytes { base64($0) } }

    /// An attribute's value: a string, a number, or an object of base64.
    package mutating func value(_ value: InputAttribute.Value) {
        switch value {
        case .integer(let integer): self.integer(integer)
        case .text(let bytes), .bytes(let bytes): self.value(bytes)
        }
    }

    // MARK: Structure

    private mutating func begin(_ bracket: UInt8, isObject: Bool) {
        beginValue()
        bytes.append(bracket)
        self.isObject.append(isObject)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8, isObject: Bool) {
        let popped = self.isObject.popLast()
        assert(popped == isObject && !hasKey)
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func beginKey() {
        assert(isObject.last == true && !hasKey)
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        hasKey = true
    }

    private mutating func beginValue() {
        assert(hasKey == (isObject.last ?? false))
        if needsComma, !hasKey { bytes.append(UInt8(ascii: ",")) }
        hasKey = false
        needsComma = true
    }

    // MARK: Strings

    private mutating func appendString(_ value: String) {
        var value = value
        value.withUTF8 { appendText(UnsafeRawBufferPointer($0)) }
    }

    private mutating func appendText(_ value: [UInt8]) { value.withUnsafeBytes { appendText($0) } }

    /// A string: plain runs are copied at once. Bytes that are not valid UTF-8 become U+FFFD.
    private mutating func appendText(_ value: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        value.withMemoryRebound(to: UInt8.self) { value in
            guard var position = value.baseAddress.map({ UnsafePointer($0) }) else { return }
            let end = position + value.count
            while position < end {
                let run = Self.plainByteCount(position, end)
                bytes.append(contentsOf: UnsafeBufferPointer(start: position, count: run))
                position += run
                if position < end { position += appendSpecial(position, end) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// How many bytes from `position` on are ASCII that needs no escape.
    private static func plainByteCount(_ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        var current = position
        while end - current >= 8 {
            let word = WordScan.load(current)
            let marks = WordScan.stringMarks(word) | WordScan.marks(word, equal: 0x7F)
            if marks != 0 { return current - position + WordScan.index(marks) }
            current += 8
        }
        while current < end, (0x20..<0x7F).contains(current.pointee), current.pointee != 0x22, current.pointee != 0x5C {
            current += 1
        }
        return current - position
    }

    /// Appends what begins at `position` as an escape, or as it is if it is harmless; the number of bytes passed.
    private mutating func appendSpecial(_ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        let count = UTF8Check.sequenceByteCount(position, end)
        guard count > 0 else {
            UTF8Check.append(0xFFFD, to: &bytes)
            return 1
        }
        let scalar = UTF8Check.scalar(position, count: count)
        switch scalar {
        case 0x22: bytes += "\\\"".utf8
        case 0x5C: bytes += "\\\\".utf8
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case _ where HazardousScalars.contains(scalar): appendEscape(scalar)
        default: bytes.append(contentsOf: UnsafeBufferPointer(start: position, count: count))
        }
        return count
    }

    /// `\uXXXX`, or two of them for a scalar beyond U+FFFF.
    private mutating func appendEscape(_ scalar: UInt32) {
        guard scalar < 0x10000 else {
            appendEscape(0xD800 + (scalar - 0x10000) >> 10)
            appendEscape(0xDC00 + (scalar - 0x10000) & 0x3FF)
            return
        }
        bytes += "\\u".utf8
        let digits = Array("0123456789abcdef".utf8)
        for shift: UInt32 in [12, 8, 4, 0] { bytes.append(digits[Int(scalar >> shift & 15)]) }
    }
}
