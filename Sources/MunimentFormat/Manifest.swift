// `muniment.json`: what a store is, for whoever opens it. Leaf 0 holds its SHA-256. Format/manifest.md.
//
// Written once, in exactly one spelling (below), so that it can be read without a JSON parser and compared byte for byte. It only
// bootstraps: the log's own records decide.

/// The values of `muniment.json`.
package struct Manifest: Hashable, Sendable {
    /// The file's bound.
    package static let byteCountMax = 16_384
    /// The bound of the verifier key.
    package static let keyByteCountMax = 4_096

    /// The log's name: origin line and key name of its checkpoints.
    package var origin: String
    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// The log's public key as a C2SP vkey.
    package var verifierKey: String

    /// The values as given: `refusal(origin:)` says what can be written.
    package init(origin: String, logID: Digest, verifierKey: String) {
        (self.origin, self.logID, self.verifierKey) = (origin, logID, verifierKey)
    }

    /// Why `origin` can't name a log, or nil: 1 to 255 bytes of printable ASCII without space, plus, quote and backslash.
    package static func refusal(origin: String) -> String? {
        let isPlain = origin.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2b && $0 != 0x22 && $0 != 0x5c }
        return isPlain && (1...255).contains(origin.utf8.count)
            ? nil : "an origin has 1 to 255 printable ASCII characters, without space, +, \" and \\"
    }

    /// The file's text, in its one spelling.
    package func encoded() -> [UInt8] {
        Array(
            """
            {
              "muniment": \(Limits.formatVersion),
              "features": [],
              "origin": "\(origin)",
              "logID": "\(logID)",
              "key": "\(verifierKey)"
            }

            """.utf8)
    }

    /// Decodes the bytes, all of them; refuses what Format/manifest.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        func failure(_ code: FormatError.Code, _ reason: String) -> FormatError {
            FormatError(code, "manifest", at: 0, reason)
        }
        guard bytes.count <= Manifest.byteCountMax, let text = String(validating: bytes, as: UTF8.self) else {
            throw failure(.outOfBounds, "not a manifest")
        }
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstRange(of: ": ") else { continue }
            let value = line[colon.upperBound...]
            fields[line[..<colon.lowerBound].drop { $0 == " " }] = value.last == "," ? value.dropLast() : value
        }
        guard let version = fields["\"muniment\""].flatMap({ UInt32($0) }) else {
            throw failure(.wrongMagic, "no format version")
        }
        guard version <= Limits.formatVersion else {
            throw failure(.newerVersion, "the store has format version \(version)")
        }
        guard let features = fields["\"features\""], features == "[]" else {
            throw failure(.newerVersion, "the store uses unknown features")
        }
        func quoted(_ name: Substring) throws(FormatError) -> String {
            guard let value = fields[name], value.count >= 2, value.first == "\"", value.last == "\"" else {
                throw failure(.truncated, "\(name) is missing")
            }
            return String(value.dropFirst().dropLast())
        }
        origin = try quoted("\"origin\"")
        verifierKey = try quoted("\"key\"")
        if let refusal = Manifest.refusal(origin: origin) { throw failure(.outOfBounds, refusal) }
        guard (1...Manifest.keyByteCountMax).contains(verifierKey.utf8.count),
            verifierKey.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c })
        else { throw failure(.outOfBounds, "the log's key is not a verifier key") }
        guard let logID = Hexadecimal.bytes(try quoted("\"logID\"")).flatMap({ Digest($0) }) else {
            throw failure(.outOfBounds, "the log's ID is not 64 hexadecimal digits")
        }
        self.logID = logID
        guard encoded().elementsEqual(bytes) else { throw failure(.notCanonical, "not spelt as it was written") }
    }
}
