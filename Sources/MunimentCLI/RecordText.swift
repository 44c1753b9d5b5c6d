// A stored record for a person at a terminal. Everything that comes from a record is escaped, and every line of a
// payload carries a mark, so that no record can pass itself off as something that the command says.

import Muniment
import MunimentInput

enum RecordText {
    /// Bytes of a large payload that are shown.
    private static let shownByteCountMax = 4_096

    static func write(_ record: StoredRecord, of snapshot: Snapshot, to output: Output) throws {
        try output.line("record \(record.index)\(record.controlKind.map { " (the engine's own: \($0))" } ?? "")")
        try field("class", record.retentionClass, output)
        if let stream = record.stream { try field("stream", stream, output) }
        try field("recorded", RFC3339.string(record.recordedAt), output)
        if let occurred = record.occurredAt { try field("occurred", RFC3339.string(occurred), output) }
        for attribute in record.attributes {
            switch attribute.value {
            case .text(let text): try field(attribute.name, text, output)
            case .integer(let integer): try field(attribute.name, String(integer), output)
            case .bytes(let bytes): try output.line(label(attribute.name) + TerminalText.escaped(bytes))
            }
        }
        try field("proof", "verified against the checkpoint of size \(snapshot.size)", output)
        switch record.content {
        case .payload(let bytes): try payload(bytes, output)
        case .large(let byteCount):
            try field("payload", "\(Quantity.bytes(byteCount)): print it with --raw", output)
        case .purged:
            try field("payload", "purged: destroyed on schedule; the entry and its proof remain", output)
        }
    }

    private static func label(_ name: String) -> String {
        let escaped = TerminalText.escaped(name)
        return "  \(escaped)\(String(repeating: " ", count: max(1, 12 - escaped.count)))"
    }

    private static func field(_ name: String, _ value: String, _ output: Output) throws {
        try output.line(label(name) + TerminalText.escaped(value))
    }

    private static func payload(_ bytes: [UInt8], _ output: Output) throws {
        let shown = bytes.count > shownByteCountMax ? Array(bytes[..<shownByteCountMax]) : bytes
        let rest = bytes.count - shown.count
        try field("payload", Quantity.bytes(bytes.count), output)
        var lines = shown.split(separator: 0x0a, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            var line = Array(line)
            // The carriage return of a line that ends as mail does says nothing to a reader.
            if line.last == 0x0d { line.removeLast() }
            try output.line("  | " + TerminalText.escaped(line))
        }
        if rest > 0 { try output.line("  … \(Quantity.bytes(rest)) more: print all with --raw") }
    }
}

extension StoredRecord {
    /// What one of the engine's own records is; nil for a user's.
    var controlKind: String? {
        guard isControl else { return nil }
        guard let entry = try? entry.decode(Entry.init(decoding:)), let record = try? ControlRecord(entry: entry) else {
            return "unknown"
        }
        return record.kind == .retentionClass ? "class" : "\(record.kind)"
    }
}
