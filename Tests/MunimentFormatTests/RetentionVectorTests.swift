// The records of Format/retention.md against their vectors: what the fields say is what the bytes say, both ways.

import MunimentFormat
import Testing

@Suite struct RetentionVectorTests {
    /// Runs as a vector lists them: first index and count.
    private struct Runs: Decodable {
        var set: IndexSet

        init(from decoder: any Decoder) throws {
            set = IndexSet()
            for run in try decoder.singleValueContainer().decode([[UInt64]].self) {
                set.append(run[0]..<run[0] + run[1])
            }
        }
    }

    /// What `value` encodes to is the vector's bytes, and they decode to it.
    private func check<Fields: Decodable, Value: Equatable>(
        _ file: String, _: Fields.Type, _ value: (Fields) throws -> Value, encoded: (Value) -> [UInt8],
        decoded: (UnsafeRawBufferPointer) throws(FormatError) -> Value
    ) throws {
        let vectors = try VectorFile<Fields>(file).good
        #expect(!vectors.isEmpty)
        for vector in vectors {
            let expected = try value(vector.fields)
            #expect(encoded(expected) == vector.bytes, "\(file): \(vector.name)")
            #expect(try vector.bytes.decode(decoded) == expected, "\(file): \(vector.name)")
        }
    }

    private struct SetFields: Decodable { var runs: Runs }

    @Test func indexSets() throws {
        try check("index-set.json", SetFields.self, { $0.runs.set }, encoded: { $0.encoded() }) {
            raw throws(FormatError) in
            var reader = ByteReader(raw, "index set")
            return try IndexSet(decoding: &reader)
        }
    }

    private struct PrivateFields: Decodable {
        var matter: String?
        var custodian: String?
        var actor: String?
        var reason: String?
        var predicate: Spelt?
        var selection: String?
    }

    @Test func privateParts() throws {
        try check("private-part.json", PrivateFields.self) { fields in
            PrivatePart(
                matter: fields.matter, custodian: fields.custodian, actor: fields.actor, reason: fields.reason,
                predicate: try fields.predicate?.bytes.decode(PredicateForm.init(decoding:)),
                selection: fields.selection)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try PrivatePart(decoding: raw)
        }
    }

    private struct PredicateFields: Decodable { var text: String }

    @Test func predicates() throws {
        for vector in try VectorFile<PredicateFields>("predicate.json").good {
            let form = try vector.bytes.decode(PredicateForm.init(decoding:))
            #expect(form.spoken == vector.fields.text, "\(vector.name)")
            #expect(form.encoded() == vector.bytes, "\(vector.name)")
        }
    }

    private struct EventFields: Decodable {
        var at: Int64
        var indexes: Runs
    }

    private struct HoldFields: Decodable {
        var matter: UInt64?
        var indexes: Runs?
        var classes: [UInt32]?
        var from: Int64?
        var to: Int64?
        var restricted: Bool
    }

    private struct ReleaseFields: Decodable { var matter: UInt64 }
    private struct ErasureFields: Decodable { var index: UInt64 }

    @Test func eventsAndHolds() throws {
        try check("event-record.json", EventFields.self, { EventRecord(at: $0.at, indexes: $0.indexes.set) }) {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try EventRecord(decoding: raw)
        }
        try check("hold-record.json", HoldFields.self) { fields in
            let scope = HoldScope(
                indexes: fields.indexes?.set, classes: fields.classes, from: fields.from, to: fields.to,
                isRestricted: fields.restricted)
            return HoldRecord(matter: fields.matter, scope: scope)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try HoldRecord(decoding: raw)
        }
        try check("release-record.json", ReleaseFields.self, { ReleaseRecord(matter: $0.matter) }) {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try ReleaseRecord(decoding: raw)
        }
        try check("erasure-record.json", ErasureFields.self, { ErasureRecord(index: $0.index) }) {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try ErasureRecord(decoding: raw)
        }
    }

    private struct ClockFields: Decodable {
        var kind: UInt8
        var compliance: Int64
        var wall: Int64
        var bootID: Spelt
        var boot: Int64
    }

    @Test func clocks() throws {
        try check("clock-record.json", ClockFields.self) { fields in
            ClockRecord(
                kind: try #require(.init(rawValue: fields.kind)), compliance: fields.compliance, wall: fields.wall,
                bootID: fields.bootID.bytes, boot: fields.boot)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try ClockRecord(decoding: raw)
        }
    }

    private struct IntentFields: Decodable {
        struct Hold: Decodable {
            var matter: UInt64
            var decided: UInt8
        }
        struct Rule: Decodable {
            var `class`: UInt32
            var record: UInt64
        }
        var compliance: Int64
        var clock: UInt64
        var evidence: UInt8
        var epoch: UInt64
        var holds: [Hold]
        var rules: [Rule]
        var erasures: [UInt64]
    }

    private struct PreparedFields: Decodable {
        var disposition: UInt64
        var held: UInt64
        var seal: Seal
        var purged: Runs

        struct Seal: Decodable {
            struct Group: Decodable {
                var `class`: UInt32
                var digest: Spelt
            }
            var segment: UInt64
            var generation: UInt32
            var firstIndex: UInt64
            var entryCount: UInt64
            var footerDigest: Spelt
            var indexRoot: Spelt
            var groups: [Group]
        }
    }

    private struct CompletedFields: Decodable {
        var disposition: UInt64
        var outcome: UInt8
        var strength: UInt8
        var epoch: UInt64
        var prepared: [UInt64]
    }

    @Test func dispositions() throws {
        try check("intent-record.json", IntentFields.self) { fields in
            IntentRecord(
                compliance: fields.compliance, clockRecord: fields.clock,
                clockEvidence: try #require(Evidence(rawValue: fields.evidence)), epoch: fields.epoch,
                holds: try fields.holds.map {
                    IntentRecord.Hold(matter: $0.matter, decided: try #require(Evidence(rawValue: $0.decided)))
                },
                rules: fields.rules.map { IntentRecord.Rule(classID: $0.class, record: $0.record) },
                erasures: fields.erasures)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try IntentRecord(decoding: raw)
        }
        try check("prepared-record.json", PreparedFields.self) { fields in
            let seal = SealRecord(
                segment: fields.seal.segment, generation: fields.seal.generation, firstIndex: fields.seal.firstIndex,
                entryCount: fields.seal.entryCount, footerDigest: fields.seal.footerDigest.digest,
                indexRoot: fields.seal.indexRoot.digest, policy: nil,
                groups: fields.seal.groups.map { SealRecord.Group(classID: $0.class, digest: $0.digest.digest) })
            return PreparedRecord(
                disposition: fields.disposition, seal: seal, heldCount: fields.held, purged: fields.purged.set)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try PreparedRecord(decoding: raw)
        }
        try check("completed-record.json", CompletedFields.self) { fields in
            CompletedRecord(
                disposition: fields.disposition, outcome: try #require(.init(rawValue: fields.outcome)),
                strength: .init(rawValue: fields.strength), epoch: fields.epoch, prepared: fields.prepared)
        } encoded: {
            $0.encoded()
        } decoded: { raw throws(FormatError) in
            try CompletedRecord(decoding: raw)
        }
    }
}

extension PredicateForm {
    /// The words by which the vectors tell a predicate.
    fileprivate var spoken: String {
        func words(_ name: String, _ nodes: [PredicateForm]) -> String {
            "(" + ([name] + nodes.map(\.spoken)).joined(separator: " ") + ")"
        }
        func time(_ time: Int64?) -> String { time.map { String($0) } ?? "-" }
        switch self {
        case .all(let nodes): return words("all", nodes)
        case .any(let nodes): return words("any", nodes)
        case .not(let node): return words("not", [node])
        case .index(let first, let last): return "(index \(first) \(last))"
        case .time(let from, let to): return "(time \(time(from)) \(time(to)))"
        case .retentionClass(let classID): return "(class \(classID))"
        case .attribute(let foldsCase, let tests):
            return "(attribute \(foldsCase ? "folded" : "bytes")\(tests.map { " " + $0.spoken }.joined()))"
        }
    }
}

extension PredicateForm.Test {
    fileprivate var spoken: String {
        func hex(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "-" : Hexadecimal.string(bytes) }
        switch self {
        case .exactly(let value): return "(exactly \(hex(value)))"
        case .beginning(let prefix): return "(beginning \(hex(prefix)))"
        case .between(let low, let high): return "(between \(hex(low)) \(hex(high)))"
        }
    }
}
