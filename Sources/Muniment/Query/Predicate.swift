// What a record must be like to be chosen: a pure value, the same for a scan, for an index and for whoever checks a
// hold. Its truth is Kleene's: where the attributes of a record can't be read, what depends on them is unknown, and
// only what does not is known.
//
// Attributes are compared as their encoded bytes (Format/content.md): a test of one attribute is an exact encoding, a
// prefix of one, or a range between two of the same length. So a sorted list of encodings answers it as well as a look
// at each record does.

public import MunimentFormat

/// A test of records. Whoever asks decides what *unknown* means: for a query it is no hit.
public struct Predicate: Sendable {
    package indirect enum Node: Sendable {
        case all([Predicate])
        case any([Predicate])
        case not(Predicate)
        case index(ClosedRange<UInt64>)
        case time(from: Microseconds?, to: Microseconds?)
        case retentionClass(String)
        case attribute(AttributeTest)
    }

    package let node: Node

    package init(_ node: Node) { self.node = node }

    /// True where all of `predicates` are; of none, always.
    public static func all(_ predicates: [Predicate]) -> Predicate { Predicate(.all(predicates)) }

    /// True where one of `predicates` is; of none, never.
    public static func any(_ predicates: [Predicate]) -> Predicate { Predicate(.any(predicates)) }

    /// True where this is false. A record without an attribute satisfies the negation of every test of it.
    public static prefix func ! (predicate: Predicate) -> Predicate { Predicate(.not(predicate)) }

    /// Records with these indexes.
    public static func index(_ range: ClosedRange<UInt64>) -> Predicate { Predicate(.index(range)) }

    /// Records that occurred, or were recorded where that is not known, at `from` or later and before `to`.
    public static func time(from: Microseconds? = nil, to: Microseconds? = nil) -> Predicate {
        Predicate(.time(from: from, to: to))
    }

    /// Records of the retention class of that name.
    public static func retentionClass(_ name: String) -> Predicate { Predicate(.retentionClass(name)) }

    /// Records of that stream.
    public static func stream(_ name: String) -> Predicate {
        Predicate(
            .attribute(AttributeTest(encodings: [.exactly(Attribute(Attribute.streamName, .text(name)).encoded)])))
    }

    /// Records with an attribute, of the name that the test has, that passes it.
    public static func attribute(_ test: AttributeTest) -> Predicate { Predicate(.attribute(test)) }
}

/// A test of the attributes of one name. A record passes it if one of its values does.
public struct AttributeTest: Sendable {
    /// Encoded attributes that pass.
    package enum Encodings: Hashable, Sendable {
        case exactly([UInt8])
        case beginning(with: [UInt8])
        /// Both ends included; they are of one length, as is what passes.
        case between([UInt8], [UInt8])

        package func contains(_ encoded: UnsafeRawBufferPointer) -> Bool {
            switch self {
            case .exactly(let bytes): encoded.count == bytes.count && encoded.elementsEqual(bytes)
            case .beginning(let prefix): encoded.count >= prefix.count && encoded.starts(with: prefix)
            case .between(let low, let high):
                encoded.count == low.count && !encoded.lexicographicallyPrecedes(low)
                    && !high.lexicographicallyPrecedes(encoded)
            }
        }
    }

    /// What passes: whatever one of these contains.
    package let encodings: [Encodings]

    package init(encodings: [Encodings]) { self.encodings = encodings }

    /// Passed by the text `value`, by the bytes that its UTF-8 has, and, where it is the plain decimal form of one, by
    /// that integer.
    public static func equals(_ name: String, _ value: String) -> AttributeTest {
        var encodings: [Encodings] = [
            .exactly(Attribute(name, .text(value)).encoded),
            .exactly(Attribute(name, .bytes(Array(value.utf8))).encoded),
        ]
        if let integer = Int64(value), String(integer).utf8.elementsEqual(value.utf8) {
            encodings.append(.exactly(Attribute(name, .integer(integer)).encoded))
        }
        return AttributeTest(encodings: encodings)
    }

    /// Passed by text and bytes that begin with the UTF-8 of `prefix`.
    public static func hasPrefix(_ name: String, _ prefix: String) -> AttributeTest {
        AttributeTest(encodings: [
            .beginning(with: Attribute(name, .text(prefix)).encoded),
            .beginning(with: Attribute(name, .bytes(Array(prefix.utf8))).encoded),
        ])
    }

    /// Passed by integers in `range`.
    public static func integer(_ name: String, _ range: ClosedRange<Int64>) -> AttributeTest {
        AttributeTest(encodings: [
            .between(
                Attribute(name, .integer(range.lowerBound)).encoded, Attribute(name, .integer(range.upperBound)).encoded
            )
        ])
    }

    package func passes(_ encoded: UnsafeRawBufferPointer) -> Bool {
        for encodings in encodings where encodings.contains(encoded) { return true }
        return false
    }
}

/// What is known of a record when it is tested.
package struct RecordFacts {
    package var index: UInt64
    package var retentionClass: String
    /// The occurred time, or the recorded time where there is none.
    package var time: Microseconds
    /// The attributes, the stream's among them; nil where they can't be read, or have not been yet.
    package var attributes: EncodedAttributes?

    package init(index: UInt64, retentionClass: String, time: Microseconds, attributes: EncodedAttributes? = nil) {
        (self.index, self.retentionClass, self.time, self.attributes) = (index, retentionClass, time, attributes)
    }
}

/// The attributes of a content, still encoded: each with its length before it. Valid as long as the bytes are.
package struct EncodedAttributes {
    private let bytes: UnsafeRawBufferPointer
    private let count: Int

    /// `content` is a whole content whose layout was found by decoding it.
    package init(_ layout: ContentLayout, in content: UnsafeRawBufferPointer) {
        bytes = UnsafeRawBufferPointer(rebasing: content[layout.attributes])
        count = layout.attributeCount
    }

    /// Whether one of the attributes passes `test`. O(attributes); allocates nothing.
    package func contains(_ test: AttributeTest) -> Bool {
        var reader = ByteReader(bytes, "content")
        for _ in 0..<count {
            // The lengths were checked when the layout was found.
            guard let byteCount = try? reader.count(atMost: Limits.attributesByteCount),
                let attribute = try? reader.take(byteCount)
            else { return false }
            if test.passes(attribute) { return true }
        }
        return false
    }
}

extension Predicate {
    /// Whether a record's attributes may decide.
    package var testsAttributes: Bool {
        switch node {
        case .all(let predicates), .any(let predicates): predicates.contains { $0.testsAttributes }
        case .not(let predicate): predicate.testsAttributes
        case .index, .time, .retentionClass: false
        case .attribute: true
        }
    }

    /// Whether a record of which `facts` are known is chosen; nil where that depends on attributes that are not.
    package func evaluate(_ facts: RecordFacts) -> Bool? {
        switch node {
        case .all(let predicates):
            var truth: Bool? = true
            for predicate in predicates {
                switch predicate.evaluate(facts) {
                case false?: return false
                case nil: truth = nil
                case true?: break
                }
            }
            return truth
        case .any(let predicates):
            var truth: Bool? = false
            for predicate in predicates {
                switch predicate.evaluate(facts) {
                case true?: return true
                case nil: truth = nil
                case false?: break
                }
            }
            return truth
        case .not(let predicate): return predicate.evaluate(facts).map { !$0 }
        case .index(let range): return range.contains(facts.index)
        case .time(let from, let to):
            return from.map { facts.time >= $0 } ?? true && to.map { facts.time < $0 } ?? true
        case .retentionClass(let name): return facts.retentionClass.utf8.elementsEqual(name.utf8)
        case .attribute(let test): return facts.attributes.map { $0.contains(test) }
        }
    }
}
