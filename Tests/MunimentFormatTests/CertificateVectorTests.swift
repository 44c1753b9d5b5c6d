// Certificates against their vectors: what the JSON says is what the bytes say, and no other spelling is accepted.

import MunimentFormat
import Testing

@Suite struct CertificateVectorTests {
    private struct Fields: Decodable {
        var disposition: UInt64
        var lines: [[String]]
        var proofs: [String]
    }

    @Test func spellings() throws {
        let vectors = try VectorFile<Fields>("certificate.json")
        for vector in vectors.good {
            let fields = vector.fields
            let document = CertificateDocument(
                origin: "example.org/muniment", disposition: fields.disposition,
                lines: fields.lines.map { CertificateDocument.Line($0[0], $0[1]) }, proofs: fields.proofs)
            let (decoded, form) = try CertificateDocument.decode(vector.bytes)
            #expect(decoded == document && form.rawValue == vector.name)
            #expect(document.encoded(form) == vector.bytes, "\(vector.name)")
            for other in CertificateDocument.Form.allCases {
                let (again, found) = try CertificateDocument.decode(document.encoded(other))
                #expect(again == document && found == other)
            }
        }
        for vector in vectors.bad {
            let error = #expect(throws: FormatError.self) { try CertificateDocument.decode(vector.bytes) }
            #expect(error?.code.rawValue == vector.error, "\(vector.name)")
        }
    }

    /// A changed byte is refused, or is another document whose every spelling is its own.
    @Test func damagedDocuments() throws {
        let document = try CertificateDocument.decode(
            try #require(try VectorFile<Fields>("certificate.json").good.first).bytes
        ).0
        for form in CertificateDocument.Form.allCases {
            let bytes = document.encoded(form)
            for place in stride(from: 0, to: bytes.count, by: 7) {
                var changed = bytes
                changed[place] ^= 0x21
                guard let other = try? CertificateDocument.decode(changed).0 else { continue }
                #expect(other != document, "\(form), byte \(place)")
            }
            for count in stride(from: 0, to: bytes.count, by: 101) {
                #expect(throws: FormatError.self) { try CertificateDocument.decode(Array(bytes[..<count])) }
            }
        }
    }
}
