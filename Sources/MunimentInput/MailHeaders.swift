// The header section of a message (RFC 5322): which fields become attributes. It judges nothing: what cannot be read is
// left out, and the record stays what it is. Every step is linear in a section that is at most `sectionByteCountMax`.

import Glibc

/// Takes from, to, cc, message-id and subject as attributes and Date as the time.
///
/// - `from`, `to`, `cc`: the bare addresses, ASCII letters in lower case, one value each.
/// - `message-id`: what stands between `<` and `>`, or, without these, the field's text.
/// - `subject`: unfolded and, where the character set is known, decoded (RFC 2047).
/// - The time: of the first Date field that can be read.
///
/// A field that occurs several times yields several values. A field without text yields none. Text that is not valid
/// UTF-8 becomes a value of bytes.
enum MailHeaders {
    /// How far into a message its header section is followed.
    static let sectionByteCountMax = 1 << 20

    static func read(_ message: UnsafeRawBufferPointer, into record: inout InputRecord, valueCountMax: Int) {
        var collector = AttributeCollector(valueCountMax: valueCountMax, expectedCount: 8)
        var fields = MailFieldCursor(message)
        while let field = fields.next() {
            switch field.name {
            case .from, .to, .cc:
                MailAddresses.forEach(in: field.value) { address in
                    collector.append(InputAttribute(name: field.name.attributeName, bytes: address))
                }
            case .messageID: append(messageID(field.value), field.name, &collector)
            case .subject: append(MailText.decode(field.value), field.name, &collector)
            case .date:
                if record.occurredAt == nil { record.occurredAt = MailDate.microseconds(field.value) }
            }
        }
        record.attributes = collector.attributes
        record.omittedValueCount = collector.omittedValueCount
    }

    private static func append(_ bytes: [UInt8], _ name: MailField.Name, _ collector: inout AttributeCollector) {
        guard !bytes.isEmpty else { return }
        collector.append(InputAttribute(name: name.attributeName, bytes: bytes))
    }

    private static func messageID(_ value: [UInt8]) -> [UInt8] {
        guard let open = value.firstIndex(of: UInt8(ascii: "<")),
            let close = value[open...].firstIndex(of: UInt8(ascii: ">"))
        else { return value }
        return Array(value[(open + 1)..<close].trimmingBlanks())
    }
}

/// A field that is taken, unfolded: line ends before a blank are gone, and so are blanks at both ends.
struct MailField {
    enum Name {
        case from, to, cc, messageID, subject, date

        var text: StaticString {
            switch self {
            case .from: "from"
            case .to: "to"
            case .cc: "cc"
            case .messageID: "message-id"
            case .subject: "subject"
            case .date: "date"
            }
        }

        /// The field that `name` names in any case; nil for those that are not taken.
        init?(_ name: UnsafeRawBufferPointer) {
            let candidates: [Name]
            switch name.count {
            case 2: candidates = [.to, .cc]
            case 4: candidates = [.from, .date]
            case 7: candidates = [.subject]
            case 10: candidates = [.messageID]
            default: return nil
            }
            guard let match = candidates.first(where: { ASCII.equalsIgnoringCase(name, $0.text) }) else { return nil }
            self = match
        }

        var attributeName: [UInt8] {
            Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
    }

    let name: Name
    let value: [UInt8]
}

/// Walks a header section and yields the fields that are taken.
///
/// The section ends at an empty line, at a line that is neither a field nor a continuation, or at
/// ``MailHeaders/sectionByteCountMax``, where a line that was cut counts as absent. A line that begins with `From ` or
/// `>From `, as mailboxes leave behind, is passed.
private struct MailFieldCursor {
    private let section: UnsafeRawBufferPointer
    private let isCut: Bool
    private var index = 0

    init(_ message: UnsafeRawBufferPointer) {
        isCut = message.count > MailHeaders.sectionByteCountMax
        section = UnsafeRawBufferPointer(rebasing: message.prefix(MailHeaders.sectionByteCountMax))
    }

    mutating func next() -> MailField? {
        while let line = nextLine(), !line.isEmpty {
            if ASCII.isBlank(line[0]) || Self.isFromLine(line) { continue }
            guard let colon = Self.colon(line) else { return nil }
            guard let name = MailField.Name(Self.name(line, colon)) else { continue }
            var value = Array(line[(colon + 1)...])
            while index < section.count, ASCII.isBlank(section[index]), let more = nextLine() { value += more }
            return MailField(name: name, value: Array(value[...].trimmingBlanks()))
        }
        return nil
    }

    /// The next line without its LF or CR LF; nil at the section's end.
    private mutating func nextLine() -> UnsafeRawBufferPointer? {
        guard index < section.count else { return nil }
        let line = section.baseAddress! + index
        let available = section.count - index
        var count = available
        if let newline = memchr(line, 0x0A, available) {
            count = UnsafeRawPointer(newline) - line
            index += count + 1
        } else {
            index = section.count
            if isCut { return nil }
        }
        if count > 0, line.load(fromByteOffset: count - 1, as: UInt8.self) == 0x0D { count -= 1 }
        return UnsafeRawBufferPointer(start: line, count: count)
    }

    /// The colon behind a field's name, which is of visible ASCII and may be followed by blanks.
    private static func colon(_ line: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index < line.count, line[index] != UInt8(ascii: ":"), (0x21...0x7E).contains(line[index]) { index += 1 }
        while index < line.count, ASCII.isBlank(line[index]) { index += 1 }
        return index < line.count && line[index] == UInt8(ascii: ":") ? index : nil
    }

    private static func name(_ line: UnsafeRawBufferPointer, _ colon: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: line[..<colon].trimmingBlanks())
    }

    private static func isFromLine(_ line: UnsafeRawBufferPointer) -> Bool {
        switch line[0] {
        case UInt8(ascii: "F"): line.starts(with: "From ".utf8)
        case UInt8(ascii: ">"): line.starts(with: ">From ".utf8)
        default: false
        }
    }
}

extension RandomAccessCollection where Element == UInt8 {
    /// Without spaces, tabs and carriage returns at both ends.
    func trimmingBlanks() -> SubSequence {
        var trimmed = self[...]
        while let first = trimmed.first, ASCII.isSpace(first) { trimmed = trimmed.dropFirst() }
        while let last = trimmed.last, ASCII.isSpace(last) { trimmed = trimmed.dropLast() }
        return trimmed
    }
}
