// A certificate of destruction: one document in three spellings, for a machine, a terminal and a browser. Format/certificate.md.
//
// The text and the HTML hold the JSON, and nothing else that they do not derive from it. A decoder finds the JSON, and then demands that spelling
// it again gives every byte that it was given: so no word of a document can differ from what its proofs are checked against.

/// What a certificate says, and the proofs of it.
package struct CertificateDocument: Hashable, Sendable {
    /// Something said, under what heading.
    package struct Line: Hashable, Sendable {
        package var label: String
        package var value: String
        package init(_ label: String, _ value: String) { (self.label, self.value) = (label, value) }
    }

    /// The spellings of a certificate.
    package enum Form: String, Sendable, CaseIterable { case json, text, html }

    /// The longest document that is read.
    package static let byteCountMax = 64 << 20

    /// The log's name.
    package var origin: String
    /// The index of the intent record.
    package var disposition: UInt64
    /// For a person. They follow from the records that the proofs prove (`CertificateFacts`).
    package var lines: [Line]
    /// A c2sp.org/tlog-proof@v1 for each record, with its entry as `extra`, ascending by index.
    package var proofs: [String]

    /// The fields as given.
    package init(origin: String, disposition: UInt64, lines: [Line], proofs: [String]) {
        (self.origin, self.disposition, self.lines, self.proofs) = (origin, disposition, lines, proofs)
    }

    /// The bytes of one spelling.
    package func encoded(_ form: Form) -> [UInt8] {
        switch form {
        case .json: Array(json.utf8)
        case .text: Array((text + json).utf8)
        case .html: Array((CertificatePage.head(self) + json + CertificatePage.tail).utf8)
        }
    }

    // MARK: Spelling

    private var json: String {
        var rows = [
            "{", "  \"certificate\": 1,", "  \"origin\": \(Self.quoted(origin)),", "  \"disposition\": \(disposition),",
        ]
        rows.append("  \"lines\": [")
        for (place, line) in lines.enumerated() {
            let comma = place + 1 < lines.count ? "," : ""
            rows.append("    [\(Self.quoted(line.label)), \(Self.quoted(line.value))]\(comma)")
        }
        rows += ["  ],", "  \"proofs\": ["]
        for (place, proof) in proofs.enumerated() {
            rows.append("    \(Self.quoted(proof))" + (place + 1 < proofs.count ? "," : ""))
        }
        return (rows + ["  ]", "}", ""]).joined(separator: "\n")
    }

    private var text: String {
        var rows = [CertificatePage.title, ""]
        for line in lines { rows.append("\(line.label): \(line.value)") }
        return (rows + ["", CertificatePage.note, "", ""]).joined(separator: "\n")
    }

    /// A JSON string without a byte that means something to a terminal or to HTML.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\"", "\\", "<", ">", "&", "\u{0}"..."\u{1f}": result += escape(scalar)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        "\\u00" + Hexadecimal.string([UInt8(truncatingIfNeeded: scalar.value)])
    }

    // MARK: Reading

    /// Reads a document in any spelling; refuses what is not spelt as this program spells it.
    package static func decode(_ bytes: [UInt8]) throws(FormatError) -> (CertificateDocument, Form) {
        func refusal(_ code: FormatError.Code, _ reason: String) -> FormatError {
            FormatError(code, "certificate", at: 0, reason)
        }
        guard bytes.count <= byteCountMax else { throw refusal(.outOfBounds, "it is longer than any certificate") }
        guard let form = Self.form(bytes), let start = Self.start(of: form, bytes) else {
            throw refusal(.wrongMagic, "it is none")
        }
        var reader = CertificateReader(bytes[start...])
        let document = try reader.document()
        guard document.encoded(form) == bytes else {
            throw refusal(.notCanonical, "it says something else than it would if it were spelt again")
        }
        return (document, form)
    }

    /// Which spelling the bytes begin like; nil for none.
    package static func form(_ bytes: [UInt8]) -> Form? {
        if bytes.starts(with: CertificateReader.head.utf8) { return .json }
        if bytes.starts(with: CertificatePage.title.utf8) { return .text }
        return bytes.starts(with: CertificatePage.start.utf8) ? .html : nil
    }

    /// Where the JSON begins.
    private static func start(of form: Form, _ bytes: [UInt8]) -> Int? {
        let mark = Array((form == .text ? "\n\n" : CertificatePage.mark).utf8) + Array(CertificateReader.head.utf8)
        guard form != .json else { return 0 }
        // The lines before are few.
        var place = 0
        while place + mark.count <= min(bytes.count, 1 << 20) {
            if bytes[place..<place + mark.count].elementsEqual(mark) {
                return place + mark.count - CertificateReader.head.utf8.count
            }
            place += 1
        }
        return nil
    }
}
