// Structures without a checksum: entries, extensions, attributes, contents, control records, names, the manifest.

import MunimentCrypto
import MunimentFormat
import MunimentStore

extension FuzzTarget {
    static let formatTargets: [FuzzTarget] = [
        .recoding("manifest", "manifest.json") { try Manifest(decoding: $0).encoded() },
        entry,
        .recoding("entry-extensions", "entry-extensions.json") {
            EntryExtension.encoded(try EntryExtension.list(decoding: $0))
        },
        .recoding("attribute", "attribute.json") { try Attribute(decoding: $0).encoded },
        content,
        .recoding("body-reference", "body-reference.json") { try BodyReference(decoding: $0).encoded },
        control,
        indexSets,
        privateParts,
        predicates,
        certificate,
        evidence,
        names,
        varints,
    ]

    private static let entry = FuzzTarget("entry", samples: { try $0.cases("entry.json") }) { bytes in
        try requireIdentity(bytes) { try Entry(decoding: $0).encoded() }
        guard let entry = try? Entry(decoding: bytes), let record = try? ControlRecord(entry: entry) else { return }
        let again = try record.encoded().decode(ControlRecord.init(decoding:))
        try require(again == record, "a control record of an entry does not decode again")
    }

    /// A content, its attributes, and the commitment to it under a fixed key.
    private static let content = FuzzTarget("content", samples: { try $0.cases("content.json") }) { bytes in
        try requireIdentity(bytes, isPrefix: true) { raw in
            let layout = try ContentLayout(decoding: raw)
            var attributes: [[UInt8]] = []
            try layout.forEachAttribute(in: UnsafeRawBufferPointer(rebasing: raw[..<layout.byteCount])) {
                (_, attribute) throws(FormatError) in attributes.append(Array(attribute))
            }
            let head = ContentEncoder.head(
                attributes: attributes, salts: Array(raw[layout.salts]), isBodyFile: layout.hasBodyFile,
                payloadByteCount: layout.payload.count)
            return head + Array(raw[layout.payload])
        }
        guard let content = try? RecordContent(Array(bytes)) else { return }
        if let attributes = try? content.attributes() {
            let encoded = attributes.map(\.encoded)
            try require(ContentEncoder.canonical(attributes) == encoded, "decoded attributes are not canonical")
        }
        _ = try? content.body()
        let first = try? content.commitment(index: 7, salts: FixedKeys.salts, bodyDigest: .zero)
        let second = try? content.commitment(index: 7, salts: FixedKeys.salts, bodyDigest: .zero)
        try require(first == second, "one content has two commitments")
    }

    /// Control records by their type.
    private static let control = FuzzTarget("control-record") { vectors in
        let whole = try vectors.cases("control-record.json")
        // A body alone becomes a record with its type before it.
        let bodies = [
            ("identity-record.json", 1), ("class-record.json", 3), ("event-record.json", 4), ("hold-record.json", 5),
            ("release-record.json", 6), ("erasure-record.json", 7), ("intent-record.json", 8),
            ("prepared-record.json", 9), ("completed-record.json", 10), ("seal-record.json", 11),
            ("export-record.json", 12), ("clock-record.json", 13),
        ]
        return try bodies.reduce(whole) { list, item in
            try list + vectors.cases(item.0).map { [UInt8(item.1), ControlRecord.version, 0] + $0 }
        }
    } run: { bytes in
        try requireIdentity(bytes) { try ControlRecord(decoding: $0).encoded() }
        guard let record = try? ControlRecord(decoding: bytes) else { return }
        try withExactCopy(of: record.body) { body in
            switch record.kind {
            case .identity: try requireIdentity(body) { try IdentityRecord(decoding: $0).encoded() }
            case .retentionClass: try requireIdentity(body) { try ClassRecord(decoding: $0).encoded() }
            case .seal: try requireIdentity(body) { try SealRecord(decoding: $0).encoded() }
            case .export: try requireIdentity(body) { try ExportRecord(decoding: $0).encoded() }
            case .event: try requireIdentity(body) { try EventRecord(decoding: $0).encoded() }
            case .hold: try requireIdentity(body) { try HoldRecord(decoding: $0).encoded() }
            case .release: try requireIdentity(body) { try ReleaseRecord(decoding: $0).encoded() }
            case .erasure: try requireIdentity(body) { try ErasureRecord(decoding: $0).encoded() }
            case .intent: try requireIdentity(body) { try IntentRecord(decoding: $0).encoded() }
            case .prepared: try requireIdentity(body) { try PreparedRecord(decoding: $0).encoded() }
            case .completed: try requireIdentity(body) { try CompletedRecord(decoding: $0).encoded() }
            case .clock: try requireIdentity(body) { try ClockRecord(decoding: $0).encoded() }
            case .key: break
            }
        }
    }

    private static let certificate = FuzzTarget("certificate", samples: { try $0.cases("certificate.json") }) { bytes in
        try requireIdentity(bytes) { raw in
            let (document, form) = try CertificateDocument.decode(Array(raw))
            return document.encoded(form)
        }
    }

    /// Two sets, one after another: what holds of the sets that they were read from.
    private static let indexSets = FuzzTarget("index-set") { vectors in
        let sets = try vectors.cases("index-set.json")
        return sets + zip(sets, sets.reversed()).map { $0 + $1 }
    } run: { bytes in
        try requireIdentity(bytes, isPrefix: true) { raw in
            var reader = ByteReader(raw, "index set")
            return try IndexSet(decoding: &reader).encoded()
        }
        var reader = ByteReader(bytes, "index sets")
        guard let one = try? IndexSet(decoding: &reader), let other = try? IndexSet(decoding: &reader) else { return }
        let common = one.intersection(other)
        try require(common == other.intersection(one), "the order of an intersection matters")
        try require(one.subtracting(other).union(common) == one, "a set is not what it shares and what it does not")
        try require(one.union(other).subtracting(other) == one.subtracting(other), "a union adds what neither has")
    }

    private static let privateParts = FuzzTarget("private-part", samples: { try $0.cases("private-part.json") }) {
        bytes in
        try requireIdentity(bytes) { try PrivatePart(decoding: $0).encoded() }
    }

    private static let predicates = FuzzTarget("predicate", samples: { try $0.cases("predicate.json") }) { bytes in
        try requireIdentity(bytes) { try PredicateForm(decoding: $0).encoded() }
    }

    /// An evidence file, and every body in it that decodes.
    private static let evidence = FuzzTarget("evidence", samples: { try $0.cases("evidence.json") }) { bytes in
        var encoded = EvidenceHeader.encoded()
        var bodies: [(EvidenceChunk, [UInt8])] = []
        do {
            try EvidenceFile.forEachChunk(in: bytes) { chunk, body in
                encoded += EvidenceHeading(chunk, bodyByteCount: UInt64(body.count)).encoded() + Array(body)
                bodies.append((chunk, Array(body)))
            }
            try require(bytes.elementsEqual(encoded), "an evidence file has two spellings")
        } catch is FormatError {}
        for (chunk, body) in bodies {
            try withExactCopy(of: body) { raw in
                switch chunk {
                case .custody: try requireIdentity(raw) { try EvidenceCustody(decoding: $0).encoded() }
                case .control: try requireIdentity(raw) { try EvidenceControl(decoding: $0).encoded() }
                case .log: try requireIdentity(raw) { try EvidenceLogging(decoding: $0).encoded() }
                case .record: try requireIdentity(raw) { try recodedRecord($0) }
                case .checkpoint, .proof, .end: break
                }
            }
        }
    }

    private static func recodedRecord(_ raw: UnsafeRawBufferPointer) throws -> [UInt8] {
        var reader = ByteReader(raw, "evidence record")
        let prefix = try reader.take(EvidenceRecord.prefixByteCount)
        let count = try EvidenceRecord.headByteCount(decoding: prefix, bodyByteCount: UInt64(raw.count))
        let head = try reader.take(count)
        let payload = Array(reader.takeRest())
        return try EvidenceRecord(decoding: head, payloadByteCount: UInt64(payload.count)).encoded() + payload
    }

    /// File names, hexadecimal text, and the journal of checkpoints.
    private static let names = FuzzTarget("names", samples: { try $0.cases("segment-name.json") }) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let fileName = text.split(separator: "/").last.map(String.init) ?? ""
        for name in [text, fileName] {
            guard let (segment, generation) = SegmentHeader.parse(fileName: name) else { continue }
            let again = SegmentHeader.fileName(segment: segment, generation: generation)
            try require(again.utf8.elementsEqual(name.utf8), "\(name) is another file's name")
        }
        if let decoded = Hexadecimal.bytes(text) {
            try require(Hexadecimal.string(decoded) == text.lowercased(), "hexadecimal text changed")
        }
        try require(
            Hexadecimal.bytes(Hexadecimal.string(bytes)).map { $0.elementsEqual(bytes) } == true, "bytes changed")
        if Manifest.refusal(origin: text) == nil {
            let manifest = Manifest(origin: text, logID: .zero, verifierKey: "k")
            try require(
                try manifest.encoded().decode(Manifest.init(decoding:)) == manifest, "an origin can't be read back")
        }
    }

    private static let varints = FuzzTarget("varint") { vectors in
        try vectors.cases("varint.json") + vectors.cases("signed-varint.json")
    } run: { bytes in
        try requireIdentity(bytes, isPrefix: true) { raw in
            var reader = ByteReader(raw, "varint")
            var encoded: [UInt8] = []
            encoded.append(varint: try reader.varint())
            return encoded
        }
        try requireIdentity(bytes, isPrefix: true) { raw in
            var reader = ByteReader(raw, "varint")
            var encoded: [UInt8] = []
            encoded.append(signedVarint: try reader.signedVarint())
            return encoded
        }
    }
}

/// Keys that every run shares, so that what one run sealed another opens.
enum FixedKeys {
    static let secret = SecretKey(copying: (0..<32).map { UInt8($0) })
    static let salts = SaltStream(key: secret)
    static let sealing = SealingKey(secret)
}
