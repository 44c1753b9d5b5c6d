// Reads the JSON of a certificate: this one shape, line by line. That it is spelt as it must be is checked by spelling it again.

struct CertificateReader {
    /// How every certificate's JSON begins.
    static let head = "{\n  \"certificate\": 1,\n"

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    private func refusal(_ reason: String) -> FormatError {
        FormatError(.notCanonical, "certificate", at: rest.startIndex, reason)
    }

    /// Takes the whole object, to its closing brace.
    mutating func document() throws(FormatError) -> CertificateDocument {
        try take(Self.head)
        try take("  \"origin\": ")
        let origin = try string()
        try take(",\n  \"disposition\": ")
        let disposition = try number()
        try take(",\n  \"lines\": [\n")
        var lines: [CertificateDocument.Line] = []
        while skip("    [") {
            let label = try string()
            try take(", ")
            lines.append(CertificateDocument.Line(label, try string()))
            try take("]")
            if !skip(",\n") { try take("\n") }
        }
        try take("  ],\n  \"proofs\": [\n")
        var proofs: [String] = []
        while skip("    ") {
            proofs.append(try string())
            if !skip(",\n") { try take("\n") }
        }
        try take("  ]\n}\n")
        return CertificateDocument(origin: origin, disposition: disposition, lines: lines, proofs: proofs)
    }

    private mutating func skip(_ text: String) -> Bool {
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    private mutating func take(_ text: String) throws(FormatError) {
        guard skip(text) else { throw refusal("something else than \(text) stands there") }
    }

    private mutating func number() throws(FormatError) -> UInt64 {
        let digits = rest.prefix(20).prefix { (0x30...0x39).contains($0) }
        guard let value = UInt64(String(decoding: digits, as: UTF8.self)), value < Limits.treeSize else {
            throw refusal("no index of a record")
        }
        rest = rest.dropFirst(digits.count)
        return value
    }

    private mutating func string() throws(FormatError) -> String {
        try take("\"")
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw refusal("text that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                if skip("n") {
                    bytes.append(0x0a)
                } else {
                    try take("u00")
                    guard let value = Hexadecimal.bytes(String(decoding: rest.prefix(2), as: UTF8.self))?.first,
                        value < 0x80
                    else { throw refusal("an escape that no certificate has") }
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                }
            default: bytes.append(byte)
            }
        }
        throw refusal("a string without an end")
    }
}
