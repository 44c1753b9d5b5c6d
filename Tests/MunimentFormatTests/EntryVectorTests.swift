// Decoded fields of the vectors of entries and contents, and of the integers under them.

import MunimentFormat
import Testing

@Suite struct EntryVectorTests {
    private struct Value<T: Decodable>: Decodable { var value: T }

    @Test func varints() throws {
        let vectors = try VectorFile<Value<UInt64>>("varint.json")
        for vector in vectors.good {
            var encoded: [UInt8] = []
            encoded.append(varint: vector.fields.value)
            #expect(encoded == vector.bytes && varintByteCount(vector.fields.value) == encoded.count)
            let stored = withUnsafeTemporaryAllocation(byteCount: 10, alignment: 1) { room in
                Array(room[..<storeVarint(vector.fields.value, to: room.baseAddress!)])
            }
            #expect(stored == encoded)
            #expect(try wholeVarint(vector.bytes) == vector.fields.value)
        }
        for vector in vectors.bad {
            let error = #expect(throws: FormatError.self) { try wholeVarint(vector.bytes) }
            #expect(error?.code.rawValue == vector.error, "\(vector.name)")
        }
        for vector in vectors.goodWithJunk ?? [] {
            try vector.bytes.decode { raw throws(FormatError) in
                var reader = ByteReader(raw, "varint")
                _ = try reader.varint()
                #expect(reader.position == vector.byteCount)
            }
        }
    }

    @Test func signedVarints() throws {
        for vector in try VectorFile<Value<Int64>>("signed-varint.json").good {
            var encoded: [UInt8] = []
            encoded.append(signedVarint: vector.fields.value)
            #expect(encoded == vector.bytes)
            let decoded = try vector.bytes.decode { raw throws(FormatError) in
                var reader = ByteReader(raw, "signed varint")
                return try reader.signedVarint()
            }
            #expect(decoded == vector.fields.value)
        }
    }

    private func wholeVarint(_ bytes: [UInt8]) throws -> UInt64 {
        try bytes.decode { raw throws(FormatError) in
            var reader = ByteReader(raw, "varint")
            return try reader.varint()
        }
    }

    private struct EntryFields: Decodable {
        var kind: UInt8
        var `class`: UInt32
        var recorded: Int64
        var occurred: Int64?
        var compliance: Int64?
        var commitment: Spelt
        var extensions: Spelt
    }

    @Test func entries() throws {
        for vector in try VectorFile<EntryFields>("entry.json").good {
            let fields = vector.fields
            let entry = Entry(
                kind: fields.kind == 0 ? .record : .control, classID: fields.class, recorded: fields.recorded,
                occurred: fields.occurred, compliance: fields.compliance, commitment: fields.commitment.digest,
                extensions: fields.extensions.bytes)
            #expect(entry.encoded() == vector.bytes, "\(vector.name)")
            #expect(try vector.bytes.decode(Entry.init(decoding:)) == entry, "\(vector.name)")
        }
    }

    private struct ExtensionFields: Decodable {
        struct Item: Decodable {
            var type: UInt64
            var critical: Bool
            var bytes: Spelt
        }
        var items: [Item]
    }

    @Test func extensions() throws {
        for vector in try VectorFile<ExtensionFields>("entry-extensions.json").good {
            let list = vector.fields.items.map {
                EntryExtension(type: $0.type, isCritical: $0.critical, bytes: $0.bytes.bytes)
            }
            #expect(EntryExtension.encoded(list) == vector.bytes)
            #expect(try vector.bytes.decode(EntryExtension.list(decoding:)) == list)
        }
    }

    private struct AttributeFields: Decodable {
        enum Shown: Decodable {
            case integer(Int64), bytes(Spelt)
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let integer = try? container.decode(Int64.self) {
                    self = .integer(integer)
                } else {
                    self = .bytes(try container.decode(Spelt.self))
                }
            }
        }
        var nameBytes: Spelt
        var type: Int
        var value: Shown
    }

    @Test func attributes() throws {
        for vector in try VectorFile<AttributeFields>("attribute.json").good {
            let name = String(decoding: vector.fields.nameBytes.bytes, as: UTF8.self)
            let value: Attribute.Value =
                switch (vector.fields.type, vector.fields.value) {
                case (2, .integer(let integer)): .integer(integer)
                case (1, .bytes(let text)): .text(String(decoding: text.bytes, as: UTF8.self))
                case (_, .bytes(let raw)): .bytes(raw.bytes)
                case (_, .integer):
                    throw FormatError(.unknownValue, "attribute vector", at: 0, "an integer of another type")
                }
            let attribute = Attribute(name, value)
            #expect(attribute.encoded == vector.bytes, "\(vector.name)")
            #expect(try vector.bytes.decode(Attribute.init(decoding:)) == attribute, "\(vector.name)")
            #expect(attribute.refusal(reservedAllowed: true) == nil)
        }
    }

    private struct ContentFields: Decodable {
        var attributes: [Spelt]
        var payload: Spelt
        var salts: [Spelt]
        var isBodyFile: Bool
    }

    @Test func contents() throws {
        for vector in try VectorFile<ContentFields>("content.json").good {
            let fields = vector.fields
            let head = ContentEncoder.head(
                attributes: fields.attributes.map(\.bytes), salts: fields.salts.flatMap(\.bytes),
                isBodyFile: fields.isBodyFile, payloadByteCount: fields.payload.bytes.count)
            #expect(head + fields.payload.bytes == vector.bytes)
            let layout = try vector.bytes.decode(ContentLayout.init(decoding:))
            #expect(layout.byteCount == vector.bytes.count && layout.hasBodyFile == fields.isBodyFile)
            #expect(layout.attributeCount == fields.attributes.count)
            #expect(Array(vector.bytes[layout.payload]) == fields.payload.bytes)
            #expect(Array(vector.bytes[layout.salts]) == fields.salts.flatMap(\.bytes))
            try vector.bytes.decode { raw throws(FormatError) in
                try layout.forEachAttribute(in: raw) { ordinal, attribute in
                    #expect(Array(attribute) == fields.attributes[ordinal].bytes)
                }
            }
        }
    }

    private struct BodyFields: Decodable {
        var id: Spelt
        var payloadByteCount: UInt64
        var key: Spelt
        var salt: Spelt
    }

    @Test func bodyReferences() throws {
        for vector in try VectorFile<BodyFields>("body-reference.json").good {
            let reference = BodyReference(
                id: vector.fields.id.bytes, payloadByteCount: vector.fields.payloadByteCount,
                key: vector.fields.key.bytes, salt: vector.fields.salt.bytes)
            #expect(try vector.bytes.decode(BodyReference.init(decoding:)) == reference)
        }
    }

    private struct ManifestFields: Decodable {
        var origin: String
        var logID: Spelt
        var key: String
    }

    @Test func manifests() throws {
        for vector in try VectorFile<ManifestFields>("manifest.json").good {
            let manifest = Manifest(
                origin: vector.fields.origin, logID: vector.fields.logID.digest, verifierKey: vector.fields.key)
            #expect(try vector.bytes.decode(Manifest.init(decoding:)) == manifest)
        }
    }
}
