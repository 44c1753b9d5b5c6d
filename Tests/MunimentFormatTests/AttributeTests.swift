// Order and equality of attributes are those of their bytes, whatever Unicode thinks of them.

import MunimentFormat
import Testing

@Suite struct AttributeTests {
    private let composed = Attribute("caf\u{e9}", .text("\u{e9}"))
    private let decomposed = Attribute("cafe\u{301}", .text("e\u{301}"))

    @Test func canonicallyEquivalentTextsDiffer() {
        #expect(composed.name == decomposed.name, "Swift calls these names equal, which is why this test exists")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(ContentEncoder.canonical([composed, decomposed]).count == 2)
        // Same name bytes, values that are canonically equivalent.
        #expect(Attribute("a", .text("\u{e9}")) != Attribute("a", .text("e\u{301}")))
    }

    @Test func canonicalOrderIsThatOfTheBytes() {
        let list = [
            Attribute("b", .text("x")), Attribute("a", .text("xx")), Attribute("a", .text("x")),
            Attribute("aa", .text("")),
            Attribute("a", .text("x")), Attribute("a", .bytes(Array("x".utf8))), Attribute("z", .integer(-1)),
            Attribute("z", .integer(1)), Attribute("z", .integer(.min)), Attribute("z", .integer(.max)),
        ]
        let canonical = ContentEncoder.canonical(list)
        #expect(canonical.count == list.count - 1, "equal attributes are kept once")
        for (first, second) in zip(canonical, canonical.dropFirst()) {
            #expect(first.lexicographicallyPrecedes(second))
        }
        // Byte order of integers is numeric order, and a shorter name comes first.
        let numbers = canonical.filter { $0[1] == UInt8(ascii: "z") }
        let expected = [Int64.min, -1, 1, .max].map { Attribute("z", .integer($0)).encoded }
        #expect(numbers == expected)
        #expect(canonical.last == Attribute("aa", .text("")).encoded)
    }

    /// The canonical list does not depend on the order in which attributes are given.
    @Test func orderOfArgumentsDoesNotMatter() {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let list = (0..<generator.int(0...12)).map { _ in generator.attribute() }
            let canonical = ContentEncoder.canonical(list)
            #expect(ContentEncoder.canonical(list.shuffled(using: &generator) + list) == canonical, "seed \(seed)")
        }
    }

    /// The list that encodes into place gives what the plain encoder gives, whatever it held before.
    @Test func theListSpellsAsTheEncoder() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        let list = AttributeList()
        for round in 0..<400 {
            var attributes = (0..<generator.int(0...12)).map { _ in generator.attribute() }
            if round % 3 == 0 { attributes += attributes.shuffled(using: &generator) }
            let stream = round % 4 == 0 ? "general \(round)" : nil
            // What the generator makes may have a reserved name.
            if attributes.contains(where: { $0.refusal() != nil }) {
                #expect(list.fill(attributes, stream: stream) != nil && list.count == 0)
                continue
            }
            #expect(list.fill(attributes, stream: stream) == nil)
            let all = attributes + (stream.map { [Attribute(Attribute.streamName, .text($0))] } ?? [])
            let canonical = ContentEncoder.canonical(all)
            #expect(list.encoded == canonical, "seed \(seed)")
            let payload = generator.bytes(generator.int(0...300))
            let expected = ContentEncoder.head(attributes: canonical, payloadByteCount: payload.count)
            #expect(list.contentByteCount(payloadByteCount: payload.count) == expected.count + payload.count)
            var head = [UInt8](repeating: 0xee, count: expected.count + 1)
            let count = head.withUnsafeMutableBytes {
                list.storeHead(payloadByteCount: payload.count, to: $0.baseAddress!)
            }
            #expect(count == expected.count && head == expected + [0xee], "seed \(seed)")
        }
    }

    @Test func theListRefusesWhatDoesNotFit() {
        let list = AttributeList()
        let one = Attribute("n", .integer(1))
        #expect(list.fill([one, Attribute("@own", .integer(1))], stream: nil) != nil)
        #expect(list.count == 0 && list.encoded.isEmpty)
        #expect(list.fill([one], stream: String(repeating: "s", count: 65_536)) != nil)
        let many = (0..<Limits.attributesPerRecord).map { Attribute("n", .integer(Int64($0))) }
        #expect(list.fill(many, stream: nil) == nil && list.count == Limits.attributesPerRecord)
        #expect(list.fill(many + many, stream: nil) == nil, "equal ones count once")
        #expect(list.fill(many, stream: "one more") != nil)
        let large = (0..<17).map { Attribute("n\($0)", .bytes([UInt8](repeating: 0, count: 65_535))) }
        #expect(list.fill(Array(large.prefix(15)), stream: nil) == nil)
        #expect(list.fill(large, stream: nil) != nil)
        #expect(list.count == 0 && list.contentByteCount(payloadByteCount: 0) == 3)
    }

    @Test func refusals() {
        #expect(Attribute("", .integer(0)).refusal() != nil)
        #expect(Attribute(String(repeating: "n", count: 256), .integer(0)).refusal() != nil)
        #expect(
            Attribute(String(repeating: "\u{e9}", count: 128), .integer(0)).refusal() != nil,
            "bytes count, not characters")
        #expect(Attribute(String(repeating: "n", count: 255), .integer(0)).refusal() == nil)
        #expect(Attribute("@stream", .text("x")).refusal() != nil)
        #expect(Attribute("@stream", .text("x")).refusal(reservedAllowed: true) == nil)
        #expect(Attribute("n", .bytes([UInt8](repeating: 0, count: 65_535))).refusal() == nil)
        #expect(Attribute("n", .bytes([UInt8](repeating: 0, count: 65_536))).refusal() != nil)
        #expect(Attribute("n", .text(String(repeating: "x", count: 65_536))).refusal() != nil)
    }
}
