import MunimentFormat
import Testing

@testable import Muniment

@Suite struct PredicateTests {
    /// Evaluates `predicate` for a record with these attributes; nil for one whose attributes can't be read.
    private func evaluate(
        _ predicate: Predicate, index: UInt64 = 7, retentionClass: String = "default", time: Microseconds = 100,
        _ attributes: [Attribute]?
    ) -> Bool? {
        var facts = RecordFacts(index: index, retentionClass: retentionClass, time: time)
        guard let attributes else { return predicate.evaluate(facts) }
        let encoded = ContentEncoder.canonical(attributes)
        let content = ContentEncoder.head(attributes: encoded, payloadByteCount: 0)
        return content.withUnsafeBytes { raw in
            guard let layout = try? ContentLayout(decoding: raw) else { return nil }
            facts.attributes = EncodedAttributes(layout, in: raw)
            return predicate.evaluate(facts)
        }
    }

    private let record: [Attribute] = [
        Attribute("from", .text("ann@example.com")), Attribute("to", .text("bob")), Attribute("to", .text("cid")),
        Attribute("level", .integer(-3)), Attribute("raw", .bytes([0xff, 0x61])),
        Attribute(Attribute.streamName, .text("s")),
    ]

    @Test func equalityIsOfBytes() {
        for (name, value, expected) in [
            ("from", "ann@example.com", true), ("from", "ann@example.co", false), ("from", "Ann@example.com", false),
            ("to", "bob", true),
            ("to", "cid", true), ("to", "bo", false), ("level", "-3", true), ("level", "-03", false),
            ("level", "3", false),
            ("fro", "mann@example.com", false), ("none", "", false),
        ] { #expect(evaluate(.attribute(.equals(name, value)), record) == expected, "\(name)=\(value)") }
        // Canonically equivalent texts are different ones.
        let composed = [Attribute("k", .text("\u{E9}"))]
        #expect(evaluate(.attribute(.equals("k", "e\u{301}")), composed) == false)
        #expect(evaluate(.attribute(.equals("k", "\u{E9}")), composed) == true)
        #expect(evaluate(.attribute(.equals("k", "a")), [Attribute("k", .bytes([0x61]))]) == true)
    }

    @Test func prefixesAreOfBytes() {
        for (name, prefix, expected) in [
            ("from", "ann", true), ("from", "", true), ("from", "ann@example.com", true),
            ("from", "ann@example.com!", false), ("to", "ci", true),
            ("level", "-", false), ("none", "", false),
        ] { #expect(evaluate(.attribute(.hasPrefix(name, prefix)), record) == expected, "\(name)^=\(prefix)") }
    }

    @Test func integersAreComparedAsNumbers() {
        for value in [Int64.min, -4, -3, -2, -1, 0, 1, 255, 256, 65_536, .max] {
            let attributes = [Attribute("n", .integer(value)), Attribute("t", .text("9"))]
            for bound in [Int64.min, -4, -3, -1, 0, 1, 256, .max] {
                #expect(
                    evaluate(.attribute(.integer("n", bound...Int64.max)), attributes) == (value >= bound),
                    "\(value) >= \(bound)")
                #expect(
                    evaluate(.attribute(.integer("n", Int64.min...bound)), attributes) == (value <= bound),
                    "\(value) <= \(bound)")
            }
            // Text is no number, whatever it says.
            #expect(evaluate(.attribute(.integer("t", Int64.min...Int64.max)), attributes) == false)
        }
    }

    @Test func indexesTimesClassesAndStreams() {
        #expect(
            evaluate(.index(7...7), []) == true && evaluate(.index(8...9), []) == false
                && evaluate(.index(0...UInt64.max), []) == true)
        #expect(evaluate(.time(from: 100, to: 101), []) == true)
        #expect(
            evaluate(.time(from: 101), []) == false && evaluate(.time(to: 100), []) == false
                && evaluate(.time(), []) == true)
        #expect(evaluate(.retentionClass("default"), []) == true && evaluate(.retentionClass("Default"), []) == false)
        #expect(evaluate(.retentionClass("e\u{301}"), retentionClass: "\u{E9}", []) == false)
        #expect(evaluate(.stream("s"), record) == true && evaluate(.stream("t"), record) == false)
    }

    @Test func logicIsKleenes() {
        let known: [Bool?] = [true, false, nil]
        func predicate(_ truth: Bool?) -> Predicate {
            switch truth {
            case true?: .all([])
            case false?: .any([])
            case nil: .attribute(.equals("k", "v"))
            }
        }
        for a in known {
            #expect(evaluate(!predicate(a), nil) == a.map { !$0 })
            for b in known {
                let conjunction: Bool? = a == false || b == false ? false : a == nil || b == nil ? nil : true
                let disjunction: Bool? = a == true || b == true ? true : a == nil || b == nil ? nil : false
                #expect(evaluate(.all([predicate(a), predicate(b)]), nil) == conjunction)
                #expect(evaluate(.any([predicate(a), predicate(b)]), nil) == disjunction)
            }
        }
        #expect(evaluate(.all([]), nil) == true && evaluate(.any([]), nil) == false)
    }

    @Test func aMissingAttributeMatchesOnlyNegations() {
        #expect(evaluate(.attribute(.equals("absent", "x")), record) == false)
        #expect(evaluate(!Predicate.attribute(.equals("absent", "x")), record) == true)
        #expect(evaluate(!Predicate.attribute(.equals("to", "bob")), record) == false)
    }

    @Test func selectionsCombineTheirOptions() {
        var selection = Selection()
        #expect(evaluate(selection.predicate, nil) == true)
        selection.indexes = [1...2, 7...9]
        selection.classes = ["other", "default"]
        selection.streams = ["s", "t"]
        selection.conditions = [.attribute(.equals("to", "bob")), !Predicate.attribute(.equals("to", "dan"))]
        (selection.from, selection.to) = (100, 200)
        #expect(evaluate(selection.predicate, record) == true)
        #expect(evaluate(selection.predicate, nil) == nil)
        #expect(evaluate(selection.predicate, index: 3, nil) == false)
        #expect(evaluate(selection.predicate, time: 200, record) == false)
        #expect(evaluate(selection.predicate, retentionClass: "third", record) == false)
        selection.streams = ["t"]
        #expect(evaluate(selection.predicate, record) == false)
    }

    @Test func boundsCoverWhatIndexesSelect() {
        var selection = Selection()
        #expect(selection.bounds(size: 10) == 0..<10 && selection.bounds(size: 0).isEmpty)
        selection.indexes = [3...4, 8...UInt64.max]
        #expect(
            selection.bounds(size: 10) == 3..<10 && selection.bounds(size: 3).isEmpty
                && selection.bounds(size: 4) == 3..<4)
        selection.indexes = [2...2]
        #expect(selection.bounds(size: 10) == 2..<3)
    }
}
