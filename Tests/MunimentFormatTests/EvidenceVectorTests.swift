// Decoded fields of the vectors of evidence files.

import MunimentFormat
import Testing

@Suite struct EvidenceVectorTests {
    private struct FileFields: Decodable { var chunks: [UInt8] }

    @Test func files() throws {
        for vector in try VectorFile<FileFields>("evidence.json").good {
            var chunks: [UInt8] = []
            try vector.bytes.decode { raw throws(FormatError) in
                try EvidenceFile.forEachChunk(in: raw) { chunk, _ in chunks.append(chunk.rawValue) }
            }
            #expect(chunks == vector.fields.chunks, "\(vector.name)")
        }
    }

    private struct CustodyFields: Decodable {
        var exported: Int64
        var exporter: String
        var tool: String
        var selection: String
        var disclosure: Int
        var names: [String]
    }

    @Test func custodies() throws {
        for vector in try VectorFile<CustodyFields>("evidence-custody.json").good {
            let fields = vector.fields
            let custody = EvidenceCustody(
                exported: fields.exported, exporter: fields.exporter, tool: fields.tool, selection: fields.selection,
                disclosure: [.whole, .pieces(fields.names), .entries][fields.disclosure])
            #expect(custody.encoded() == vector.bytes, "\(vector.name)")
            #expect(try vector.bytes.decode(EvidenceCustody.init(decoding:)) == custody, "\(vector.name)")
        }
    }

    private enum PieceFields: Decodable {
        case withheld(Spelt)
        case disclosed(salt: Spelt, attribute: Spelt)

        private enum Keys: CodingKey { case salt, attribute }

        init(from decoder: any Decoder) throws {
            if let single = try? decoder.singleValueContainer(), let digest = try? single.decode(Spelt.self) {
                self = .withheld(digest)
                return
            }
            let container = try decoder.container(keyedBy: Keys.self)
            self = .disclosed(
                salt: try container.decode(Spelt.self, forKey: .salt),
                attribute: try container.decode(Spelt.self, forKey: .attribute))
        }
    }

    private struct RecordFields: Decodable {
        var index: UInt64
        var state: Int
        var entry: Spelt
        var attributes: [PieceFields]
        var payload: Spelt
    }

    @Test func records() throws {
        for vector in try VectorFile<RecordFields>("evidence-record.json").good {
            let fields = vector.fields
            let payload = fields.payload.bytes
            let head = Array(vector.bytes[4..<vector.bytes.count - payload.count])
            let record = try head.decode { raw throws(FormatError) in
                try EvidenceRecord(decoding: raw, payloadByteCount: UInt64(payload.count))
            }
            #expect(record.encoded() + payload == vector.bytes, "\(vector.name)")
            #expect(record.index == fields.index && record.entry == fields.entry.bytes, "\(vector.name)")
            guard case .opened(let pieces, _) = record.content else {
                #expect((record.content == .withheld ? 1 : 2) == fields.state, "\(vector.name)")
                continue
            }
            let expected = fields.attributes.map { piece -> EvidenceRecord.Piece in
                switch piece {
                case .withheld(let digest): .withheld(digest.digest)
                case .disclosed(let salt, let attribute): .disclosed(salt: salt.bytes, attribute: attribute.bytes)
                }
            }
            #expect(fields.state == 0 && pieces == expected, "\(vector.name)")
            #expect(record.disclosesPayload == !payload.isEmpty, "\(vector.name)")
        }
    }

    private struct LogFields: Decodable {
        var logged: Int
        var index: UInt64?
        var salt: Spelt?
        var entry: Spelt?
    }

    @Test func logs() throws {
        for vector in try VectorFile<LogFields>("evidence-log.json").good {
            let logging = try vector.bytes.decode(EvidenceLogging.init(decoding:))
            guard case .logged(let control, let salt) = logging else {
                #expect(vector.fields.logged == 0)
                continue
            }
            #expect(control.index == vector.fields.index && salt == vector.fields.salt?.bytes)
            #expect(control.entry == vector.fields.entry?.bytes && vector.fields.logged == 1)
        }
    }

    private struct ExportFields: Decodable {
        var recordCount: UInt64
        var statement: Spelt
    }

    @Test func exports() throws {
        for vector in try VectorFile<ExportFields>("export-record.json").good {
            let record = ExportRecord(
                recordCount: vector.fields.recordCount, statement: vector.fields.statement.digest)
            #expect(record.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(ExportRecord.init(decoding:)) == record)
        }
    }
}
