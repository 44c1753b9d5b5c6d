// The judge of JSON, the fields and times taken from records, and `ndjson` as a whole.

import Foundation
import MunimentInput
import Testing

func fault(_ text: String) -> JSONFault? { Array(text.utf8).withUnsafeBytes(JSONScanner.fault) }

struct JSONScannerTests {
    @Test(arguments: [
        "0", "-0", "1.5e-7", "1E+2", "true", "false", "null", "\"\"", "[]", "{}", " [ ] ", "\t{\r\n}\n", "[[],{}]",
        "{\"a\":1,\"a\":2}", "[1,\"b\",{\"c\":[null]}]", "\"\\u0000\\ud800\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"é€😀\"",
        "\"1234567\"", "\"12345678\"", "\"123456789\\n\"", "{\"key longer than a word\":\"value longer than a word\"}",
    ])
    func accepts(text: String) { #expect(fault(text) == nil) }

    @Test(arguments: [
        ("", JSONFault.Reason.unexpectedEnd, 0), ("   ", .unexpectedEnd, 3), ("[", .unexpectedEnd, 1),
        ("{\"a\"", .unexpectedEnd, 4), ("\"abc", .unexpectedEnd, 4), ("-", .unexpectedEnd, 1),
        ("1.", .unexpectedEnd, 2),
        ("tru", .unexpectedEnd, 3), ("[1,]", .valueExpected, 3), ("[,1]", .valueExpected, 1), ("{,}", .keyExpected, 1),
        ("{\"a\":1,}", .keyExpected, 7), ("{\"a\" 1}", .colonExpected, 5), ("[1 2]", .commaOrBracketExpected, 3),
        ("{\"a\":1 \"b\"}", .commaOrBraceExpected, 7), ("[1}", .commaOrBracketExpected, 2), ("1 2", .textAfterValue, 2),
        ("01", .badNumber, 1), ("-a", .badNumber, 1), ("1.e1", .badNumber, 2), ("1e+x", .badNumber, 3),
        ("+1", .valueExpected, 0),
        ("nul1", .badLiteral, 3), ("\"\\x\"", .badEscape, 2), ("\"\\u12g4\"", .badEscape, 5),
        ("\"a\tb\"", .controlCharacter, 2), ("\"12345678\u{1F}\"", .controlCharacter, 9), ("'a'", .valueExpected, 0),
        ("\u{FEFF}{}", .byteOrderMark, 0), ("NaN", .valueExpected, 0),
    ])
    func refuses(text: String, reason: JSONFault.Reason, offset: Int) {
        #expect(fault(text) == JSONFault(reason: reason, offset: offset))
    }

    @Test func depthIsBounded() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[{\"a\":", count: depth / 2) + "0" + String(repeating: "}]", count: depth / 2)
        }
        #expect(fault(nested(512)) == nil)
        #expect(fault(nested(514))?.reason == .tooDeep)
        #expect(fault(String(repeating: "[", count: 100_000))?.reason == .tooDeep)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xFF],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        for padding in 0..<9 {
            let text = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes + [0x22]
            #expect(text.withUnsafeBytes(JSONScanner.fault) == JSONFault(reason: .invalidUTF8, offset: 1 + padding))
            #expect(!text.withUnsafeBytes(UTF8Check.isValid))
        }
    }

    /// Every scalar, and every pair of bytes, agrees with the standard library on what is UTF-8.
    @Test func agreesWithTheStandardLibraryOnUTF8() {
        for value in stride(from: UInt32(0), through: 0x10FFFF, by: 7) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            #expect(Array(String(scalar).utf8).withUnsafeBytes(UTF8Check.isValid))
        }
        for pair in 0...UInt16.max {
            let bytes = [UInt8(pair >> 8), UInt8(pair & 255)]
            #expect(bytes.withUnsafeBytes(UTF8Check.isValid) == (String(validating: bytes, as: UTF8.self) != nil))
        }
    }

    /// Mutated texts: the scanner and Foundation agree, except that Foundation takes a comma before a closing bracket,
    /// and refuses lone surrogates and numbers beyond a Double.
    @Test func agreesWithFoundationOnMutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let original = Array(#"{"name":"Zo\u00e9 é","list":[1,-2.5e3,true,null,{"x":"\\"}],"empty":{}}"#.utf8)
        var refusedCount = 0
        for _ in 0..<20_000 {
            var text = original
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                let index = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text[index] = UInt8.random(in: 0x20...0x7E, using: &generator)
                case 1: text.remove(at: index)
                default: text.insert(text.randomElement(using: &generator)!, at: index)
                }
            }
            let accepted = text.withUnsafeBytes(JSONScanner.fault) == nil
            let parsed = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
            if !accepted { refusedCount += 1 }
            let readable = String(decoding: text, as: UTF8.self)
            if !accepted, parsed, readable.contains(/,\s*[}\]]/) { continue }
            if accepted, !parsed, readable.contains(/\\u[dD][89a-fA-F]|[eE][0-9]{3}/) { continue }
            #expect(accepted == parsed, "seed \(seed): \(readable)")
        }
        #expect(refusedCount > 1000 && refusedCount < 20_000)
    }

    @Test func theHostileSuite() throws {
        for file in try SharedData.files("hostile-json/test_parsing") {
            let bytes = try file.readBytes()
            let name = file.lastPathComponent
            let isValid = bytes.withUnsafeBytes(JSONScanner.fault) == nil
            if name.hasPrefix("y_") { #expect(isValid, "\(name)") }
            if name.hasPrefix("n_") { #expect(!isValid, "\(name)") }
            guard !bytes.contains(0x0A), !bytes.isEmpty else { continue }
            let reader = reader(.ndjson, bytes + [0x0A]) { $0.skipsBad = true }
            let records = try reader.collect()
            #expect(records.map(\.payload) == (isValid ? [bytes] : []), "\(name)")
            #expect(reader.skippedCount == (isValid ? 0 : 1), "\(name)")
        }
        for file in try SharedData.files("hostile-json/test_transform") {
            let bytes = try file.readBytes()
            _ = bytes.withUnsafeBytes(JSONScanner.fault)
        }
    }
}

struct NDJSONTests {
    @Test func keepsTheLinesExactBytes() throws {
        #expect(try texts(.ndjson, " {\"a\" : 1}\r\n[]\n\"x\"") == [" {\"a\" : 1}\r", "[]", "\"x\""])
    }

    @Test func oneEmptyLineMayEndTheInput() throws {
        #expect(try texts(.ndjson, "1\n\n") == ["1"])
        #expect(try texts(.ndjson, "1\r\n\r\n") == ["1\r"])
        #expect(try texts(.ndjson, "\n") == [])
        let reader = reader(.ndjson, Array("1\n\n2\n".utf8), readByteCountMax: 3)
        _ = try reader.next()
        let error = #expect(throws: InputError.self) { try reader.next() }
        #expect(error?.code == .jsonEmptyLine && error?.position == InputPosition(line: 2, offset: 2))
        #expect(try reader.collect().map(\.payload) == [[0x32]])
    }

    @Test func aBadLineIsNamedAndPassed() throws {
        let input = Array("{\"a\":1}\n{\"a\":}\n{\"a\":3}\n".utf8)
        let strict = reader(.ndjson, input)
        #expect(try strict.next() != nil)
        let error = try #require(#expect(throws: InputError.self) { try strict.next() })
        #expect(
            error.code == .jsonInvalid && error.position == InputPosition(line: 2, offset: 8) && error.isRecoverable)
        #expect(
            error.message.hasPrefix(
                "line 2 (byte offset 8): not a JSON text: a value was expected at byte 6 of the line"))
        #expect(try #require(try strict.next()).position == InputPosition(line: 3, offset: 15))
        let lenient = reader(.ndjson, input) { $0.skipsBad = true }
        #expect(try lenient.collect().map(\.position.line) == [1, 3])
        #expect(lenient.skippedCount == 1)
    }

    @Test func aLineOverOnePartIsRefused() throws {
        for (count, isTaken) in [(62, true), (63, false), (500, false)] {
            let line = [0x22] + [UInt8](repeating: 0x61, count: count) + [0x22]
            let reader = reader(.ndjson, line + [0x0A, 0x31]) {
                $0.partByteCountMax = 64
                $0.skipsBad = true
            }
            #expect(try reader.collect().map(\.payload) == (isTaken ? [line, [0x31]] : [[0x31]]))
            #expect(reader.skippedCount == (isTaken ? 0 : 1))
        }
    }

    /// Real events: every line is taken as it is.
    @Test func windowsEvents() throws {
        for file in try SharedData.files("audit-windows-otrf") where file.pathExtension == "json" {
            let bytes = try file.readBytes()
            let lines = bytes.split(separator: 0x0A).map(Array.init)
            guard lines.allSatisfy({ (try? JSONSerialization.jsonObject(with: Data($0))) != nil }) else { continue }
            #expect(try reader(.ndjson, bytes).collect().map(\.payload) == lines, "\(file.lastPathComponent)")
        }
    }
}

struct JSONFieldTests {
    func values(_ field: String, _ text: String) throws -> [InputAttribute.Value] {
        let reader = reader(.ndjson, Array(text.utf8)) {
            $0.fieldAttributes = [FieldAttribute(name: "n", field: field)]
        }
        let record = try #require(try reader.next())
        #expect(record.attributes.allSatisfy { $0.name == [0x6E] })
        return record.attributes.map(\.value)
    }

    func text(_ text: String) -> InputAttribute.Value { .text(Array(text.utf8)) }

    @Test func kindsOfValues() throws {
        let record = #"""
            {"s":"a\"b","i":-42,"max":9223372036854775807,"over":9223372036854775808,"f":1.50,"e":1e3,"t":true,"n":null,
            "list":["x",1,false,null,{"k":[1]},[2]],"o":{"k": 1},"u":"\ud83d\ude00\u00e9","lone":"\ud800x","zero":-0,"empty":""}
            """#.replacingOccurrences(of: "\n", with: " ")
        #expect(try values("s", record) == [text("a\"b")])
        #expect(try values("i", record) == [.integer(-42)])
        #expect(try values("max", record) == [.integer(.max)])
        #expect(try values("over", record) == [text("9223372036854775808")])
        #expect(try values("f", record) == [text("1.50")])
        #expect(try values("e", record) == [text("1e3")])
        #expect(try values("t", record) == [text("true")])
        #expect(try values("n", record) == [])
        #expect(try values("absent", record) == [])
        #expect(
            try values("list", record) == [text("x"), .integer(1), text("false"), text(#"{"k":[1]}"#), text("[2]")])
        #expect(try values("o", record) == [text(#"{"k": 1}"#)])
        #expect(try values("u", record) == [text("😀é")])
        #expect(try values("lone", record) == [text("\u{FFFD}x")])
        #expect(try values("zero", record) == [.integer(0)])
        #expect(try values("empty", record) == [text("")])
    }

    @Test func paths() throws {
        let record =
            #"{"a":{"b":{"c":1},"b.c":2,"x":"]}\""},"a.d":4,"a":{"b":{"c":3},"d":5},"k\u0065y":6,"q":[{"r":1}]}"#
        #expect(try values("a.b.c", record) == [.integer(3)], "of equal keys the last counts")
        #expect(try values("a.d", record) == [.integer(4)], "a key with a dot comes first")
        #expect(try values("key", record) == [.integer(6)], "keys are compared unescaped")
        #expect(try values("q.r", record) == [], "a path does not enter arrays")
        #expect(try values("a.b.c.d", record) == [])
        #expect(try values("", record) == [])
        #expect(try values("a.", #"{"a":{"":7},"":8}"#) == [.integer(7)])
        #expect(try values("", #"{"a":{"":7},"":8}"#) == [.integer(8)])
        #expect(try values("a", "[{\"a\":1}]") == [])
        #expect(try values("a", "\"a\"") == [])
    }

    @Test func valuesAreBounded() throws {
        let list = (0..<5000).map { "\($0 % 4500)" }.joined(separator: ",")
        let reader = reader(.ndjson, Array("{\"l\":[\(list)]}".utf8)) {
            $0.fieldAttributes = [FieldAttribute(name: "l", field: "l")]
        }
        let record = try #require(try reader.next())
        #expect(record.attributes.count == 4096 && record.omittedValueCount >= 404)
        #expect(Set(record.attributes).count == 4096)
    }

    @Test(
        arguments: [
            ("\"2024-05-02T12:20:00Z\"", 1_714_652_400_000_000),
            ("\"2024-05-02T14:20:00.5+02:00\"", 1_714_652_400_500_000),
            ("1714652400", 1_714_652_400_000_000), ("1714652400.1234567", 1_714_652_400_123_456),
            ("1714652400123", 1_714_652_400_123_000), ("1714652400123456", 1_714_652_400_123_456),
            ("1714652400123456789", 1_714_652_400_123_456), ("1.7146524e9", 1_714_652_400_000_000), ("0", 0),
            ("-1", -1_000_000),
            ("-0.0000001", -1), ("0.1", 100_000), ("99999999999", 99_999_999_999_000_000),
            ("100000000000", 100_000_000_000_000),
            ("17146524000000000000000e-13", 1_714_652_400_000_000),
        ] as [(String, Int64)])
    func times(literal: String, expected: Int64) throws {
        let reader = reader(.ndjson, Array("{\"at\":{\"t\":\(literal)}}".utf8)) { $0.timeField = "at.t" }
        #expect(try reader.next()?.occurredAt == expected)
    }

    @Test(arguments: [
        "\"yesterday\"", "\"2024-05-02T12:20:00\"", "true", "{}", "[1]", "1e400", "1e25", "-1e24", "\"\"",
    ])
    func badTimes(literal: String) throws {
        let reader = reader(.ndjson, Array("{\"t\":\(literal)}\n{\"t\":null}\n{}".utf8)) { $0.timeField = "t" }
        let error = #expect(throws: InputError.self) { try reader.next() }
        #expect(error?.code == .jsonTime && error?.position.line == 1)
        #expect(try reader.collect().map(\.occurredAt) == [nil, nil])
    }
}
