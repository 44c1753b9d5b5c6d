// JSON that stays valid whatever a record holds, and text that cannot act on a terminal.

import Foundation
import MunimentInput
import Testing

private func json(_ build: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    build(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// Strings that are known to make trouble, and bytes that are no strings.
private let troublesome: [[UInt8]] =
    [
        "", "plain", "\"\\/\u{8}\u{C}\n\r\t", "\u{0}\u{1F}\u{7F}\u{80}\u{9B}31m\u{9F}", "\u{1B}]0;title\u{7}\u{1B}[2J",
        "\u{202E}cod.exe\u{202C}\u{2066}x\u{2069}\u{200E}\u{200F}", "a\u{200B}b\u{200D}c\u{FEFF}\u{AD}\u{2060}",
        "\u{2028}\u{2029}\u{61C}\u{E0001}\u{E007F}", "é€😀\u{10FFFF}\u{FFFD}\u{FFFF}", "</script>", "e\u{301}", "\r\n",
    ].map { Array($0.utf8) }

struct JSONWriterTests {
    @Test func membersComeInOrder() {
        let text = json {
            $0.beginObject()
            $0.key("z")
            $0.integer(-1)
            $0.key("a")
            $0.beginArray()
            $0.string("x")
            $0.null()
            $0.bool(true)
            $0.beginObject()
            $0.endObject()
            $0.beginArray()
            $0.endArray()
            $0.integer(UInt64.max)
            $0.endArray()
            $0.key("t")
            $0.time(1_500_000)
            $0.key("none")
            $0.time(nil)
            $0.key("s")
            $0.double(0.25)
            $0.key("inf")
            $0.double(.infinity)
            $0.endObject()
            $0.endLine()
            $0.beginObject()
            $0.endObject()
            $0.endLine()
        }
        #expect(
            text == #"{"z":-1,"a":["x",null,true,{},[],18446744073709551615],"t":"1970-01-01T00:00:01.5Z","#
                + #""none":null,"s":0.25,"inf":null}"# + "\n{}\n")
    }

    @Test func bytesAreTextOrBase64() {
        #expect(json { $0.value(Array("é".utf8)) } == "\"é\"")
        #expect(json { $0.value([0xFF]) } == #"{"base64":"/w=="}"#)
        #expect(json { $0.value([0xC3, 0x28, 0xA9]) } == #"{"base64":"wyip"}"#)
        #expect(json { $0.value(InputAttribute.Value.integer(.min)) } == "-9223372036854775808")
        #expect(json { $0.value(InputAttribute.Value.bytes([0x80])) } == #"{"base64":"gA=="}"#)
        #expect(json { $0.base64([UInt8]()) } == "\"\"")
    }

    @Test func base64AgreesWithFoundation() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            #expect(json { $0.base64(bytes) } == "\"\(Data(bytes).base64EncodedString())\"")
        }
    }

    @Test func escapes() {
        #expect(json { $0.string("\"\\\n\r\t\u{0}\u{1B}\u{7F}\u{9B}/") } == #""\"\\\n\r\t\u0000\u001b\u007f\u009b/""#)
        #expect(json { $0.string("\u{202E}\u{E0001}😀") } == #""\u202e\udb40\udc01😀""#)
        #expect(
            json {
                $0.beginObject()
                $0.key([0x61, 0xFF])
                $0.null()
                $0.endObject()
            } == "{\"a\u{FFFD}\":null}")
    }

    private func roundTrip(_ bytes: [UInt8]) throws {
        for padding in 0..<9 {
            let bytes = [UInt8](repeating: 0x70, count: padding) + bytes
            var writer = JSONWriter()
            writer.value(bytes)
            #expect(writer.bytes.withUnsafeBytes(JSONScanner.fault) == nil)
            let parsed = try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
            if let text = parsed as? String {
                #expect(Array(text.utf8) == bytes)
            } else {
                let object = try #require(parsed as? [String: String])
                #expect(Data(base64Encoded: try #require(object["base64"])) == Data(bytes))
                #expect(String(validating: bytes, as: UTF8.self) == nil)
            }
            let written = String(decoding: writer.bytes, as: UTF8.self)
            #expect(written.unicodeScalars.allSatisfy(isHarmless))
        }
    }

    @Test func troublesomeStringsComeBack() throws {
        for bytes in troublesome { try roundTrip(bytes) }
    }

    @Test func randomBytesComeBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 0...40, using: &generator)
            try roundTrip((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
            let text = String(
                String.UnicodeScalarView(
                    (0..<count).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &generator)) }))
            try roundTrip(Array(text.utf8))
        }
    }

    @Test func theHostileStrings() throws {
        for file in try SharedData.files("hostile-strings") {
            for line in try file.readBytes().split(separator: 0x0A) { try roundTrip(Array(line)) }
        }
    }
}

/// The characters that must not reach a terminal, stated apart from the code: controls, marks of direction, zero width.
private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x2060, 0xFEFF, 0x61C: false
    default: true
    }
}

struct TerminalTextTests {
    @Test(arguments: [
        ("plain text, é€😀", "plain text, é€😀"), ("back\\slash", "back\\\\slash"), ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\u{1B}[31m\u{7}\u{0}\u{7F}", "\\u{1B}[31m\\u{07}\\u{00}\\u{7F}"), ("\u{9B}\u{85}", "\\u{9B}\\u{85}"),
        ("\u{202E}x\u{2069}\u{200B}\u{FEFF}", "\\u{202E}x\\u{2069}\\u{200B}\\u{FEFF}"), ("\u{E0041}", "\\u{E0041}"),
        ("", ""),
    ])
    func escapes(text: String, expected: String) {
        #expect(TerminalText.escaped(text) == expected)
    }

    @Test func invalidBytesAreNamed() {
        #expect(TerminalText.escaped([0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80]) == "a\\xFF\\xC3(\\xED\\xA0\\x80")
        #expect(TerminalText.escaped([0x0F, 0xF0, 0x9F, 0x98]) == "\\u{0F}\\xF0\\x9F\\x98")
    }

    /// Nothing harmful comes through, and different bytes never look the same.
    @Test func isHarmlessAndReversible() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var inputs = troublesome
        for _ in 0..<2000 {
            inputs.append((0..<8).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        for scalar in (0...0x10FFFF).lazy.compactMap({ Unicode.Scalar(UInt32($0)) })
        where scalar.value % 3 == 0 || scalar.value < 0x3000 {
            inputs.append(Array(String(scalar).utf8))
        }
        for file in try SharedData.files("hostile-strings") {
            inputs += try file.readBytes().split(separator: 0x0A).map(Array.init)
        }
        var texts: Set<[UInt8]> = []
        for input in Set(inputs) {
            let text = TerminalText.escaped(input)
            #expect(text.unicodeScalars.allSatisfy(isHarmless), "seed \(seed): \(input)")
            #expect(text.utf8.count <= 6 * input.count)
            #expect(texts.insert(Array(text.utf8)).inserted, "seed \(seed): \(input)")
        }
    }
}
