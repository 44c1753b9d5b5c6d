import MunimentNote
import Testing

struct Base64Tests {
    @Test func standardVectors() {
        let vectors = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (text, digits) in vectors {
            #expect(Base64.string(Array(text.utf8)) == digits)
            #expect(Base64.decode(digits.utf8) == Array(text.utf8))
        }
        #expect(Base64.string([0xfb, 0xef, 0xff]) == "++//")
    }

    @Test func randomBytesComeBack() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes, "seed \(seed)")
        }
    }

    @Test func whatIsNotCanonicalIsRefused() {
        let bad = [
            "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm9v=", "Zg==Zg==", "Zg==\n", "Zm 9v",
            "Zm9v\n", "Zm-_", "Z=g=", "Zm=v", "Zm9vYg=a", "Zm9\u{00f6}", "===Z",
        ]
        for digits in bad { #expect(Base64.decode(digits.utf8) == nil, "\(digits)") }
    }

    /// Of all texts of four bytes in a small alphabet, those that decode are the ones that encoding gives back.
    @Test func decodingIsTheInverseOfEncodingOnly() {
        let alphabet = Array("AQgwz/+=\n".utf8)
        for a in alphabet {
            for b in alphabet {
                for c in alphabet {
                    for d in alphabet {
                        guard let bytes = Base64.decode([a, b, c, d]) else { continue }
                        #expect(Base64.encode(bytes) == [a, b, c, d])
                    }
                }
            }
        }
    }
}
