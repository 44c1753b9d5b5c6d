// A predicate as a hold keeps it in its private part. Format/control.md, "Predicate".
//
//   node:       kind u8, then by kind
//   0 all, 1 any:  count varint, that many nodes        2 not:   one node
//   3 index:       first varint · last varint           4 time:  flags u8 (bit 0 from, 1 to) · [from i64] · [to i64]
//   5 class:       varint                               6 attribute: foldsCase u8 · count varint, each: test u8
//                                                          (0 exactly, 1 beginning, 2 between) · varint + bytes, twice for between

/// The tree of a predicate, as bytes tell it.
package indirect enum PredicateForm: Hashable, Sendable {
    case all([PredicateForm])
    case any([PredicateForm])
    case not(PredicateForm)
    case index(first: UInt64, last: UInt64)
    case time(from: Int64?, to: Int64?)
    case retentionClass(UInt32)
    case attribute(foldsCase: Bool, [Test])

    /// Which encoded attributes pass (Format/content.md).
    package enum Test: Hashable, Sendable {
        case exactly([UInt8])
        case beginning([UInt8])
        case between([UInt8], [UInt8])
    }

    /// Bytes of a whole predicate.
    package static let byteCountMax = 65_535
    /// How deep nodes may stand in one another.
    package static let depthMax = 32
    /// Children of a node, and tests of an attribute.
    package static let countMax = 1_024

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        switch self {
        case .all(let nodes): PredicateForm.append(0, nodes, to: &bytes)
        case .any(let nodes): PredicateForm.append(1, nodes, to: &bytes)
        case .not(let node):
            bytes.append(2)
            node.append(to: &bytes)
        case .index(let first, let last):
            bytes.append(3)
            bytes.append(varint: first)
            bytes.append(varint: last)
        case .time(let from, let to):
            bytes.append(contentsOf: [4, (from != nil ? 1 : 0) | (to != nil ? 2 : 0)])
            if let from { bytes.append(littleEndian: from) }
            if let to { bytes.append(littleEndian: to) }
        case .retentionClass(let classID):
            bytes.append(5)
            bytes.append(varint: UInt64(classID))
        case .attribute(let foldsCase, let tests):
            bytes.append(contentsOf: [6, foldsCase ? 1 : 0])
            bytes.append(varint: UInt64(tests.count))
            for test in tests { test.append(to: &bytes) }
        }
    }

    private static func append(_ kind: UInt8, _ nodes: [PredicateForm], to bytes: inout [UInt8]) {
        bytes.append(kind)
        bytes.append(varint: UInt64(nodes.count))
        for node in nodes { node.append(to: &bytes) }
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "predicate")
        guard bytes.count <= PredicateForm.byteCountMax else { throw reader.failure(.outOfBounds, "it is too long") }
        self = try PredicateForm(&reader, depth: 1)
        try reader.requireEnd()
    }

    private init(_ reader: inout ByteReader, depth: Int) throws(FormatError) {
        guard depth <= PredicateForm.depthMax else { throw reader.failure(.outOfBounds, "it is too deep") }
        switch try reader.integer(UInt8.self) {
        case 0: self = .all(try PredicateForm.nodes(&reader, depth))
        case 1: self = .any(try PredicateForm.nodes(&reader, depth))
        case 2: self = .not(try PredicateForm(&reader, depth: depth + 1))
        case 3:
            let (first, last) = (try reader.index(), try reader.index())
            guard first <= last else { throw reader.failure(.inconsistent, "a range that ends before it begins") }
            self = .index(first: first, last: last)
        case 4:
            let flags = try reader.integer(UInt8.self)
            guard flags < 4 else { throw reader.failure(.unknownValue, "unknown flags of a time") }
            let from = flags & 1 != 0 ? try reader.integer(Int64.self) : nil
            self = .time(from: from, to: flags & 2 != 0 ? try reader.integer(Int64.self) : nil)
        case 5: self = .retentionClass(UInt32(try reader.count(atMost: Int(Limits.classCount))))
        case 6: self = try PredicateForm.attribute(&reader)
        default: throw reader.failure(.unknownValue, "an unknown node")
        }
    }

    private static func nodes(_ reader: inout ByteReader, _ depth: Int) throws(FormatError) -> [PredicateForm] {
        var nodes: [PredicateForm] = []
        for _ in 0..<(try reader.count(atMost: countMax)) {
            nodes.append(try PredicateForm(&reader, depth: depth + 1))
        }
        return nodes
    }

    private static func attribute(_ reader: inout ByteReader) throws(FormatError) -> PredicateForm {
        let folds = try reader.integer(UInt8.self)
        guard folds <= 1 else { throw reader.failure(.unknownValue, "an unknown comparison") }
        var tests: [Test] = []
        for _ in 0..<(try reader.count(atMost: countMax)) { tests.append(try Test(decoding: &reader)) }
        return .attribute(foldsCase: folds == 1, tests)
    }
}

extension PredicateForm.Test {
    fileprivate func append(to bytes: inout [UInt8]) {
        switch self {
        case .exactly(let value):
            bytes.append(0)
            bytes.append(counted: value)
        case .beginning(let prefix):
            bytes.append(1)
            bytes.append(counted: prefix)
        case .between(let low, let high):
            bytes.append(2)
            bytes.append(counted: low)
            bytes.append(counted: high)
        }
    }

    fileprivate init(decoding reader: inout ByteReader) throws(FormatError) {
        let kind = try reader.integer(UInt8.self)
        guard kind <= 2 else { throw reader.failure(.unknownValue, "an unknown test") }
        let value = Array(try reader.counted(atMost: PredicateForm.byteCountMax))
        switch kind {
        case 0: self = .exactly(value)
        case 1: self = .beginning(value)
        default: self = .between(value, Array(try reader.counted(atMost: PredicateForm.byteCountMax)))
        }
    }
}
