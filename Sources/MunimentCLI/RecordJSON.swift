// A stored record as one line of JSON, with the keys of the contract. The payload comes last, so that a large one can
// be streamed: it is read twice, once to prove it and to see whether it is UTF-8, once to print it.

import Muniment
import MunimentInput

/// Prints records as JSON lines. Keeps its buffer from line to line.
struct RecordJSON {
    private var json = JSONWriter()

    init() {}

    mutating func write(_ record: StoredRecord, of snapshot: Snapshot, to output: Output) throws {
        json.removeAll()
        json.beginObject()
        writeFields(record)
        switch record.content {
        case .payload(let bytes):
            json.key("payload")
            json.value(bytes)
        case .large:
            json.key("payload")
            try output.write(json.bytes)
            try LargePayload(snapshot, record.index).writeJSON(to: output)
            try output.write("}\n")
            // The open object is given up with its writer.
            json = JSONWriter()
            return
        case .purged:
            break
        }
        json.endObject()
        json.endLine()
        try output.write(json.bytes)
    }

    private mutating func writeFields(_ record: StoredRecord) {
        json.key("index")
        json.integer(record.index)
        json.key("class")
        json.string(record.retentionClass)
        if let kind = record.controlKind {
            json.key("control")
            json.string(kind)
        }
        if let stream = record.stream {
            json.key("stream")
            json.string(stream)
        }
        json.key("recordedAt")
        json.time(record.recordedAt)
        if let occurred = record.occurredAt {
            json.key("occurredAt")
            json.time(occurred)
        }
        json.key("attributes")
        writeAttributes(record.attributes)
        json.key("proof")
        json.string("verified")
        json.key("purged")
        guard case .purged = record.content else { return json.bool(false) }
        json.bool(true)
        json.key("disposition")
        if let disposition = record.disposition { json.integer(disposition) } else { json.null() }
    }

    /// Each name once, with its values; both in the order of their bytes.
    private mutating func writeAttributes(_ attributes: [Attribute]) {
        json.beginObject()
        var previous: String?
        for attribute in attributes {
            if previous.map({ !$0.utf8.elementsEqual(attribute.name.utf8) }) ?? true {
                if previous != nil { json.endArray() }
                json.key(attribute.name)
                json.beginArray()
                previous = attribute.name
            }
            switch attribute.value {
            case .text(let text): json.string(text)
            case .integer(let integer): json.integer(integer)
            case .bytes(let bytes): json.value(bytes)
            }
        }
        if previous != nil { json.endArray() }
        json.endObject()
    }
}

/// A payload above 8 MiB as a JSON value, in bounded memory.
struct LargePayload {
    private let snapshot: Snapshot
    private let index: UInt64

    init(_ snapshot: Snapshot, _ index: UInt64) { (self.snapshot, self.index) = (snapshot, index) }

    func writeJSON(to output: Output) throws {
        if try isText() {
            try output.write("\"")
            try forEachPiece(UTF8Pieces()) { piece in
                var json = JSONWriter()
                json.value(piece)
                try output.write(Array(json.bytes.dropFirst().dropLast()))
            }
            try output.write("\"")
        } else {
            try output.write("{\"base64\":\"")
            try forEachPiece(Base64Pieces()) { piece in
                var json = JSONWriter()
                json.base64(piece)
                try output.write(Array(json.bytes.dropFirst().dropLast()))
            }
            try output.write("\"}")
        }
    }

    private func isText() throws -> Bool {
        var isText = true
        try forEachPiece(UTF8Pieces()) { piece in isText = isText && UTF8Check.isValid(piece) }
        return isText
    }

    /// Calls `body` with the payload in pieces that `pieces` cuts.
    private func forEachPiece(_ pieces: some PieceCutter, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var waiting: [UInt8] = []
        try snapshot.readPayload(of: index) { bytes in
            waiting.append(contentsOf: bytes)
            let end = waiting.withUnsafeBytes { pieces.end(in: $0) }
            try waiting.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
            waiting.removeFirst(end)
        }
        if !waiting.isEmpty { try waiting.withUnsafeBytes { try body($0) } }
    }
}

/// Decides how much of some bytes can be written before those that follow are known.
protocol PieceCutter {
    func end(in bytes: UnsafeRawBufferPointer) -> Int
}

/// Whole characters of UTF-8: what may be the start of one is kept back, at most three bytes.
struct UTF8Pieces: PieceCutter {
    func end(in bytes: UnsafeRawBufferPointer) -> Int {
        for back in 1..<min(4, bytes.count + 1) {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return wanted > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}

/// Whole groups of base64: three bytes each.
struct Base64Pieces: PieceCutter {
    func end(in bytes: UnsafeRawBufferPointer) -> Int { bytes.count - bytes.count % 3 }
}
