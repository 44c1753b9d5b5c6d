// The vector files of Format/vectors, as these tests read them. Their shape is described in Format/README.md, "Vectors".

import Foundation
import MunimentFormat

/// Bytes as a vector file spells them: hexadecimal, with `00x40` between spaces for 40 zero bytes.
struct Spelt: Decodable, Hashable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var bytes: [UInt8] = []
        for word in text.split(separator: " ") {
            if word.hasPrefix("00x"), let count = Int(word.dropFirst(3)) {
                bytes.append(contentsOf: repeatElement(0, count: count))
            } else if let piece = Hexadecimal.bytes(String(word)) {
                bytes.append(contentsOf: piece)
            } else {
                return nil
            }
        }
        self.bytes = bytes
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let spelt = Spelt(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal")
        }
        self = spelt
    }

    /// The bytes as a digest; they must be 32.
    var digest: Digest { Digest(bytes)! }
}

/// Good, bad, and good-with-junk cases of one structure.
struct VectorFile<Fields: Decodable>: Decodable {
    struct Good: Decodable {
        var name: String
        var fields: Fields
        var hex: Spelt
        var bytes: [UInt8] { hex.bytes }
    }

    struct Bad: Decodable {
        var name: String
        var hex: Spelt
        var error: String
        /// Only in entry-columns.json: the entry count that the decoder is told.
        var count: Int?
        var bytes: [UInt8] { hex.bytes }
    }

    struct Junk: Decodable {
        var name: String
        var hex: Spelt
        var byteCount: Int
        var bytes: [UInt8] { hex.bytes }
    }

    var good: [Good]
    var bad: [Bad]
    var goodWithJunk: [Junk]?

    init(_ file: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: Vectors.directory.appending(path: file)))
    }
}

/// For tests that need no fields.
struct NoFields: Decodable {}

enum Vectors {
    /// Format/vectors of this package.
    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Format/vectors")
}
