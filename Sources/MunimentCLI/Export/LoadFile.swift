// A Concordance load file: the table by which tools of e-discovery import documents. Fields stand between þ (U+00FE) and are separated by U+0014; a
// line of a value becomes ® (U+00AE); UTF-8 with a byte order mark, CR LF.

import Muniment
import MunimentInput

struct LoadFile {
    private(set) var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The first line.
    static let columns = [
        "DOCID", "INDEX", "STATE", "CLASS", "STREAM", "RECORDED", "OCCURRED", "FROM", "TO", "CC", "SUBJECT",
        "MESSAGEID",
        "ATTRIBUTES", "WITHHELD", "FILESIZE", "SHA256", "NATIVELINK", "PROOFLINK",
    ]

    /// The attributes that have columns of their own, in their order.
    private static let named = [Attribute.streamName, "from", "to", "cc", "subject", "message-id"]

    init() { append(LoadFile.columns) }

    /// One record. `digest` is the payload's SHA-256 in hexadecimal, `link` its file; nil where it is not disclosed.
    mutating func append(_ record: DisclosedRecord, name: String, digest: String?, link: String?, proof: String) {
        // Names are compared by their bytes.
        var own = [[String]](repeating: [], count: LoadFile.named.count)
        var others: [String] = []
        for attribute in record.attributes {
            let value = LoadFile.text(attribute.value)
            if let place = LoadFile.named.firstIndex(where: { $0.utf8.elementsEqual(attribute.name.utf8) }) {
                own[place].append(value)
            } else {
                others.append("\(attribute.name)=\(value)")
            }
        }
        let fields = own.map { $0.joined(separator: "; ") }
        let state =
            switch record.state {
            case .opened: "disclosed"
            case .withheld: "withheld"
            case .purged: "purged"
            }
        append(
            [
                name, String(record.index), state, record.retentionClass, fields[0],
                RFC3339.string(record.recordedAt), record.occurredAt.map { RFC3339.string($0) } ?? "",
            ] + fields[1...] + [
                others.joined(separator: "; "),
                record.withheldAttributeCount == 0 ? "" : "\(record.withheldAttributeCount) attributes",
                record.payloadByteCount.map { String($0) } ?? "", digest ?? "", link ?? "", proof,
            ])
    }

    private static func text(_ value: Attribute.Value) -> String {
        switch value {
        case .text(let text): text
        case .integer(let integer): String(integer)
        case .bytes(let bytes): TerminalText.escaped(bytes)
        }
    }

    private mutating func append(_ fields: [String]) {
        for (place, field) in fields.enumerated() {
            if place > 0 { bytes.append(0x14) }
            bytes += [0xC3, 0xBE]
            bytes += LoadFile.safe(field).utf8
            bytes += [0xC3, 0xBE]
        }
        bytes += [0x0D, 0x0A]
    }

    /// A value in which nothing can end a field or a line: what could is spelt out, as on a terminal.
    private static func safe(_ field: String) -> String {
        var text: [UInt8] = []
        var hasCarriageReturn = false
        for scalar in field.unicodeScalars {
            defer { hasCarriageReturn = scalar == "\r" }
            switch scalar {
            case "\r": text += "\u{AE}".utf8
            case "\n": if !hasCarriageReturn { text += "\u{AE}".utf8 }
            case "\u{FE}": text += "\\u{FE}".utf8
            case "\\": text += "\\".utf8
            default: text += TerminalText.escaped(String(scalar)).utf8
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
