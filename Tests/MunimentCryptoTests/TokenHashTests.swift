// Hashes of idempotency tokens and of what was appended under them, against another implementation's.

import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct TokenHashTests {
    private struct File: Decodable {
        struct Token: Decodable {
            var token: Spelt
            var hash: Spelt
        }
        struct Contents: Decodable {
            struct Record: Decodable {
                var occurred: Int64?
                var attributes: [Spelt]
                var payload: Spelt
                var isBodyFile: Bool
            }
            var records: [Record]
            var hash: Spelt
        }
        var key: Spelt
        var tokens: [Token]
        var contents: [Contents]
    }

    @Test func vectors() throws {
        let file: File = try Vectors.load("token.json")
        let hash = TokenHash(tokenKey: SecretKey(copying: file.key.bytes))
        for vector in file.tokens { #expect(hash.token(vector.token.bytes) == vector.hash.bytes) }
        for vector in file.contents {
            let found = hash.content { feed in
                for record in vector.records { pieces(record).forEach { piece in piece.withUnsafeBytes { feed($0) } } }
            }
            #expect(found == vector.hash.bytes)
        }
    }

    /// How the pieces are cut does not matter.
    @Test func piecesDoNotMatter() {
        let hash = TokenHash(tokenKey: .random())
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let whole = hash.content { feed in message.withUnsafeBytes { feed($0) } }
        let single = hash.content { feed in
            for byte in message { [byte].withUnsafeBytes { feed($0) } }
        }
        #expect(whole == single && whole != hash.token(message))
    }

    private func pieces(_ record: File.Contents.Record) -> [[UInt8]] {
        var head: [UInt8] = [record.occurred == nil ? 0 : 1]
        head.append(littleEndian: record.occurred ?? 0)
        let byteCount = record.isBodyFile ? ContentLayout.bodyReferenceByteCount : record.payload.bytes.count
        head += ContentEncoder.head(
            attributes: record.attributes.map(\.bytes), isBodyFile: record.isBodyFile, payloadByteCount: byteCount)
        return [head, record.isBodyFile ? Naive.sha256(record.payload.bytes) : record.payload.bytes]
    }
}
