// A whole small store that another implementation made: from the key files to the payloads, and from the entries to the signed root.

import enum Crypto.Curve25519
import Foundation
import MunimentCrypto
import MunimentFormat
import Testing

@Suite struct StoreVectorTests {
    private struct File: Decodable {
        struct Group: Decodable {
            var slot: UInt64
            var segment: UInt64
            var `class`: UInt32
            var key: Spelt
            var keyCommitment: Spelt
        }
        struct Record: Decodable {
            var index: UInt64
            var `class`: UInt32
            var recorded: Int64
            var occurred: Int64?
            var entry: Spelt
            var leaf: Spelt
            var attributes: [Spelt]
            var payload: Spelt
            var commitment: Spelt
        }
        struct Part: Decodable {
            var segment: UInt64
            var frame: UInt64
            var part: UInt64
            var `class`: UInt32
            var associatedData: Spelt
            var ciphertext: Spelt
            var plaintext: Spelt
            var contents: Spelt
        }
        struct Token: Decodable {
            var token: Spelt
            var hash: Spelt
            var contentHash: Spelt
        }
        var origin: String
        var logID: Spelt
        var vkey: String
        var rootKey: Spelt
        var epochKey: Spelt
        var seed: Spelt
        var groups: [Group]
        var records: [Record]
        var parts: [Part]
        var token: Token
        var frameDigests: [Spelt]
        var footerDigest: Spelt
        var root: Spelt
        var files: [String: Spelt]
        var keyFiles: [String: Spelt]

        var logDigest: Digest { logID.digest }

        func segment(_ number: UInt64) throws -> [UInt8] {
            try #require(files[SegmentHeader.path(segment: number, generation: 0)]).bytes
        }
    }

    private let file: File

    init() throws { file = try Vectors.load("store.json") }

    /// One frame of a segment file, decoded.
    private struct Frame {
        var header: FrameHeader
        var bytes: [UInt8]
        var rows: [PartRow]
        var entries: [[UInt8]]

        var skeleton: [UInt8] { Array(bytes[..<header.skeletonByteCount]) }

        init(_ segment: [UInt8], at offset: Int) throws {
            let header = try Array(segment[offset...]).decode(FrameHeader.init(decoding:))
            let bytes = Array(segment[offset..<offset + header.frameByteCount])
            rows = try bytes.decode { raw throws(FormatError) in try PartRow.rows(of: header, in: raw) }
            let block = Array(bytes[header.headerByteCount..<header.partRowsOffset])
            entries = try block.decode { raw throws(FormatError) in
                let columns = try EntryColumns(decoding: raw, count: header.entryCount)
                return (0..<columns.count).map { columns.entry($0, in: raw) }
            }
            (self.header, self.bytes) = (header, bytes)
        }
    }

    private func frames() throws -> [Frame] {
        let (first, second) = (try file.segment(0), try file.segment(1))
        let one = try Frame(first, at: 4_096)
        return [one, try Frame(first, at: 4_096 + one.bytes.count), try Frame(second, at: 4_096)]
    }

    /// The group keys, from the key files alone.
    private func groupKeys() throws -> [GroupKey] {
        let root = try #require(file.keyFiles["root.key"]).bytes.decode(RootKeyFile.init(decoding:)).unlocked(
            passphrase: nil)
        #expect(root == SecretKey(copying: file.rootKey.bytes))
        let groups = try #require(file.keyFiles["groups"]).bytes
        let header = try Array(groups[..<256]).decode(GroupsHeader.init(decoding:))
        let epochKey = try header.epochKey(root: root)
        #expect(epochKey == SecretKey(copying: file.epochKey.bytes))
        let rows = (groups.count - 256) / 128
        return try (0..<rows).map { slot -> GroupKey in
            let offset = 256 + 128 * slot
            let row = try Array(groups[offset..<offset + 128]).decode(GroupKeyRow.init(decoding:))
            return try row.groupKey(logID: file.logDigest, epoch: header.epoch, epochKey: epochKey)
        }
    }

    @Test func keys() throws {
        let keys = try groupKeys()
        #expect(keys.count == file.groups.count)
        for (key, group) in zip(keys, file.groups) {
            #expect(key.key == SecretKey(copying: group.key.bytes))
            #expect(key.place.segment == group.segment && key.place.classID == group.class)
            #expect(key.commitment == group.keyCommitment.digest)
        }
        let root = SecretKey(copying: file.rootKey.bytes)
        let signer = try #require(file.keyFiles["signer"]).bytes
        let block = try Array(signer[..<4_096]).decode(SignerKeyBlock.init(decoding:))
        #expect(try block.seed(root: root) == SecretKey(copying: file.seed.bytes))
        let states = try [1, 2].map {
            try Array(signer[4_096 * $0..<4_096 * ($0 + 1)]).decode(SignerState.init(decoding:))
        }
        let newest = try #require(states.max { $0.sequence < $1.sequence })
        #expect(newest.treeSize == 5 && newest.root == file.root.digest)
    }

    @Test func entriesAndTree() throws {
        let entries = try frames().flatMap(\.entries)
        #expect(entries == file.records.map(\.entry.bytes))
        let leaves = entries.map(Naive.leaf)
        #expect(leaves == file.records.map(\.leaf.bytes))
        #expect(Naive.root(leaves[...]) == file.root.bytes)
        for frame in try frames() {
            #expect(frame.header.root.bytes == Naive.root(leaves[..<Int(frame.header.treeSize)]))
            let body = Array(
                frame.bytes[frame.header.headerByteCount..<frame.header.headerByteCount + frame.header.bodyByteCount])
            #expect(Checksum.crc32c(body) == frame.header.bodyCRC)
        }
    }

    @Test func partsOpen() throws {
        let keys = try groupKeys()
        let codec = PartCodec()
        let hasher = ContentHasher()
        for (frame, part) in zip(try frames(), file.parts) {
            let row = try #require(frame.rows.first)
            let key = try #require(keys.first { $0.place.segment == part.segment && $0.place.classID == part.class })
            let place = PartPlace(logID: file.logDigest, header: frame.header, row: row, ordinal: 0)
            #expect(place.associatedData == part.associatedData.bytes)
            let start = frame.header.skeletonByteCount
            let ciphertext = Array(frame.bytes[start..<start + Int(row.ciphertextByteCount)])
            #expect(ciphertext == part.ciphertext.bytes && row.digest.bytes == Naive.sha256(ciphertext))
            let partKey = key.partKey(generation: 0, session: frame.header.session)
            let contents = try ciphertext.withUnsafeBytes { Array(try codec.open($0, key: partKey, place: place)) }
            #expect(contents == part.contents.bytes)
            // The commitments in the entries follow from the opened contents.
            let records = file.records[Int(frame.header.firstIndex)..<Int(frame.header.treeSize)]
            var output = [UInt8](repeating: 0, count: 32 * records.count)
            _ = try contents.withUnsafeBytes { raw in
                try output.withUnsafeMutableBytes { room in
                    try hasher.commit(
                        contents: raw, count: records.count, firstIndex: frame.header.firstIndex, salts: key.saltStream,
                        bodyDigest: { _, _ throws(FormatError) in .zero }, to: room.baseAddress!)
                }
            }
            #expect(output == records.flatMap(\.commitment.bytes))
        }
    }

    @Test func sealAndFooter() throws {
        let segment = try file.segment(0)
        let trailer = Array(segment.suffix(16))
        let byteCount = try #require(trailer.withUnsafeBytes(Footer.claimedByteCount(trailer:)))
        let bytes = Array(segment.suffix(byteCount))
        let footer = try bytes.decode(Footer.init(decoding:))
        #expect(Naive.sha256([Footer.footerTag], bytes) == file.footerDigest.bytes)
        let frames = try frames()
        #expect(frames.map { Naive.sha256([Footer.frameTag], $0.skeleton) } == file.frameDigests.map(\.bytes))
        #expect(footer.frames.map(\.digest.bytes) == file.frameDigests.prefix(2).map(\.bytes))
        let skeleton = Array(segment.prefix(Limits.blockByteCount)) + footer.frames.flatMap(\.digest.bytes)
        #expect(Naive.sha256([Footer.skeletonTag], skeleton) == footer.skeletonDigest.bytes)
        for group in footer.groups {
            let digests = frames.prefix(2).flatMap(\.rows).filter { $0.classID == group.classID }.flatMap(
                \.digest.bytes)
            #expect(Naive.sha256([Footer.groupTag], digests) == group.digest.bytes)
        }
        let entry = try file.records[4].entry.bytes.decode(Entry.init(decoding:))
        let control = try #require(try ControlRecord(entry: entry))
        let seal = try control.body.decode(SealRecord.init(decoding:))
        #expect(control.kind == .seal && control.previous == 1 && seal.policy == 1)
        #expect(seal.footerDigest == file.footerDigest.digest && seal.entryCount == footer.entryCount)
        #expect(seal.groups.map(\.digest) == footer.groups.map(\.digest))
        #expect(frames.last?.header.lastControl == 4)
    }

    @Test func tokenAndManifest() throws {
        let row = try #require(try frames()[1].header.tokens.first)
        let keys = try groupKeys()
        #expect(TokenHash(tokenKey: keys[0].tokenKey).token(file.token.token.bytes) == row.tokenHash)
        let records = file.records[2...3]
        let content = TokenHash(tokenKey: keys[1].tokenKey).content { feed in
            for record in records {
                var piece: [UInt8] = [record.occurred == nil ? 0 : 1]
                piece.append(littleEndian: record.occurred ?? 0)
                piece += ContentEncoder.head(
                    attributes: record.attributes.map(\.bytes), payloadByteCount: record.payload.bytes.count)
                (piece + record.payload.bytes).withUnsafeBytes { feed($0) }
            }
        }
        #expect(content == row.contentHash && content == file.token.contentHash.bytes)
        let manifest = try #require(file.files["muniment.json"]).bytes
        let identity = try #require(
            try ControlRecord(entry: file.records[0].entry.bytes.decode(Entry.init(decoding:)))
        ).body.decode(IdentityRecord.init(decoding:))
        #expect(identity.manifestDigest.bytes == Naive.sha256(manifest))
        #expect(identity.verifierKey == file.vkey && identity.origin == file.origin)
    }

    @Test func bodyFile() throws {
        struct Body: Decodable {
            var logID: Spelt
            var id: Spelt
            var key: Spelt
            var salt: Spelt
            var payloadByteCount: Int
            var P: Spelt
            var digest: Spelt
            var file: Spelt
        }
        let body: Body = try Vectors.load("body-file.json")
        let bytes = body.file.bytes
        let header = try Array(bytes[..<4_096]).decode(BodyFileHeader.init(decoding:))
        #expect(header.id == body.id.bytes && header.logID == body.logID.digest)
        #expect(Naive.sha256(bytes) == body.digest.bytes)
        let key = SecretKey(copying: body.key.bytes).sealingKey(.body, context: [])
        let codec = PartCodec()
        var (payload, offset, chunk): ([UInt8], Int, UInt64) = ([], 4_096, 0)
        while offset < bytes.count {
            let count = Int(UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16)
            let ciphertext = Array(bytes[offset + 4..<offset + 4 + count])
            offset += 4 + count
            let associated = header.associatedData(chunk: chunk, isLast: offset == bytes.count)
            payload += try ciphertext.withUnsafeBytes {
                Array(try codec.open($0, key: key, nonce: chunk, associatedData: associated))
            }
            chunk += 1
        }
        #expect(payload.count == body.payloadByteCount && chunk == 3)
        #expect(Naive.payloadCommitment(payload, salt: body.salt.bytes) == body.P.bytes)
    }

    /// The signed note, with nothing but the public key.
    @Test func checkpoint() throws {
        let note = String(decoding: try #require(file.files["checkpoint"]).bytes, as: UTF8.self)
        let parts = note.components(separatedBy: "\n\n")
        let text = parts[0] + "\n"
        #expect(text == "\(file.origin)\n5\n\(Data(file.root.bytes).base64EncodedString())\n")
        let words = file.vkey.split(separator: "+", maxSplits: 2)
        let key = try #require(Data(base64Encoded: String(words[2])))
        let line = try #require(parts[1].split(separator: " ").last)
        let signature = try #require(Data(base64Encoded: String(line.dropLast())))
        #expect(Hexadecimal.string(signature.prefix(4)) == words[1])
        let verifier = try Curve25519.Signing.PublicKey(rawRepresentation: key.dropFirst())
        #expect(verifier.isValidSignature(signature.dropFirst(4), for: Data(text.utf8)))
    }
}
