// The vector files of Format/vectors, computed by implementations that are not the engine's (Format/vectors/make_crypto.py).

import Foundation
import MunimentFormat

/// Bytes as a vector file spells them: hexadecimal, with `00x40` between spaces for 40 zero bytes.
struct Spelt: Decodable, Hashable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        var bytes: [UInt8] = []
        for word in try container.decode(String.self).split(separator: " ") {
            if word.hasPrefix("00x"), let count = Int(word.dropFirst(3)) {
                bytes.append(contentsOf: repeatElement(0, count: count))
            } else if let piece = Hexadecimal.bytes(String(word)) {
                bytes.append(contentsOf: piece)
            } else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal")
            }
        }
        self.bytes = bytes
    }

    /// The bytes as a digest; they must be 32.
    var digest: Digest { Digest(bytes)! }
}

enum Vectors {
    /// Decodes a file of Format/vectors.
    static func load<T: Decodable>(_ file: String, as _: T.Type = T.self) throws -> T {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSONDecoder().decode(
            T.self, from: Data(contentsOf: folder.appending(path: "Format/vectors").appending(path: file)))
    }
}
