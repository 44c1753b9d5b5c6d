// Stores to take evidence out of, and evidence files taken apart and put together again, as somebody would who can write every byte.

import Foundation
import Muniment
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Testing

@testable import MunimentVerify

/// A store of records with attributes, and exports from it.
final class EvidenceFixture {
    let directory: TemporaryDirectory
    let archivePath: String
    let verifierKey: String

    /// `count` records, of which each third has no attributes; every other one is of class `default` with an occurred time.
    init(_ count: Int, seed: UInt64 = 7) throws {
        directory = try TemporaryDirectory()
        archivePath = directory.path + "/archive"
        let archive = try Archive.createBlocking(at: archivePath, origin: "example.com/evidence")
        verifierKey = archive.verifierKey
        var numbers = SystemRandomNumberGenerator()
        let buffer = archive.makeBuffer()
        for number in 0..<count {
            let attributes =
                number % 3 == 2
                ? []
                : [
                    Attribute("from", .text("person\(number)@example.com")), Attribute("to", .text("list@example.org")),
                    Attribute("level", .integer(Int64(number))), Attribute("secret", .text("hush-\(number)-hush")),
                ]
            let noise = UInt64.random(in: 0...UInt64.max, using: &numbers)
            try buffer.append(
                Record(
                    "payload \(number) \(noise)", attributes: attributes, stream: number % 4 == 0 ? "ward" : nil,
                    occurredAt: number % 2 == 0 ? Int64(number) * 1_000_000 : nil))
        }
        _ = try archive.appendBlocking(buffer)
        try archive.closeBlocking()
    }

    func path(_ name: String) -> String { directory.path + "/" + name }

    func options(_ disclosure: EvidenceCustody.Disclosure = .whole) -> EvidenceOptions {
        var options = EvidenceOptions(exporter: "examiner", tool: "tests 1", selectionText: "what the test selects")
        options.disclosure = disclosure
        return options
    }

    /// Exports and logs; gives the file's bytes.
    func export(
        _ indexes: ClosedRange<UInt64>..., disclosure: EvidenceCustody.Disclosure = .whole, isLogged: Bool = true,
        name: String = "evidence"
    ) throws -> [UInt8] {
        var selection = Selection()
        selection.indexes = indexes
        return try export(selection, disclosure: disclosure, isLogged: isLogged, name: name)
    }

    /// As above, of any selection.
    func export(
        _ selection: Selection, disclosure: EvidenceCustody.Disclosure = .whole, isLogged: Bool = true,
        name: String = "evidence"
    ) throws -> [UInt8] {
        let path = path(name)
        try? FileManager.default.removeItem(atPath: path)
        if isLogged {
            let archive = try Archive.openBlocking(at: archivePath)
            defer { try? archive.closeBlocking() }
            _ = try archive.exportEvidenceBlocking(matching: selection, to: path, options: options(disclosure))
        } else {
            let snapshot = try ArchiveReader(at: archivePath).snapshot
            _ = try snapshot.exportUnloggedEvidence(matching: selection, to: path, options: options(disclosure))
        }
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    /// Verifies bytes, with the log's key unless others are given.
    func verify(_ bytes: [UInt8], keys: [String]? = nil) throws -> VerifyReport {
        let path = path("verified")
        try Data(bytes).write(to: URL(filePath: path))
        var options = VerifyOptions()
        options.trustedKeys = try (keys ?? [verifierKey]).map { try VerifierKey($0) }
        options.jobs = 1
        return try Verifier(options).verify(path)
    }

    /// Whether the bytes pass for sound: intact, and nothing said against them but notices.
    func passes(_ bytes: [UInt8]) -> Bool {
        guard let report = try? verify(bytes) else { return false }
        return report.verdict == .intact
    }

    /// A proof as somebody would make it who can read the store's tree.
    func proof(_ indexes: [UInt64], treeSize: UInt64) throws -> [UInt8] {
        let store = try LogStore.open(POSIXFileSystem(), archivePath)
        defer { try? store.close() }
        return try MultiProof.make(indexes: indexes.sorted(), treeSize: treeSize, reader: store.reader).nodes.flatMap(
            \.bytes)
    }
}

/// An evidence file in chunks.
struct TakenApart {
    struct Chunk {
        var kind: EvidenceChunk
        var body: [UInt8]
    }

    var chunks: [Chunk] = []

    init(_ bytes: [UInt8]) throws {
        var found: [Chunk] = []
        try bytes.decode { raw throws(FormatError) in
            try EvidenceFile.forEachChunk(in: raw) { kind, body in found.append(Chunk(kind: kind, body: Array(body))) }
        }
        chunks = found
    }

    /// The places of the chunks of a type.
    func places(_ kind: EvidenceChunk) -> [Int] { chunks.indices.filter { chunks[$0].kind == kind } }

    func place(_ kind: EvidenceChunk) throws -> Int { try #require(places(kind).first) }

    /// The index of a record or control record.
    func index(_ place: Int) -> UInt64 {
        let start = chunks[place].kind == .record ? 4 : 0
        return chunks[place].body[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The indexes of all entries.
    var indexes: [UInt64] {
        var all = (places(.record) + places(.control)).map { index($0) }
        if let log = places(.log).first, chunks[log].body.count > 1,
            case .logged(let control, _) = try? chunks[log].body.decode(EvidenceLogging.init(decoding:))
        {
            all.append(control.index)
        }
        return all
    }

    mutating func setIndex(_ place: Int, _ index: UInt64) {
        let start = chunks[place].kind == .record ? 4 : 0
        withUnsafeBytes(of: index.littleEndian) {
            chunks[place].body.replaceSubrange(start..<start + 8, with: Array($0))
        }
    }

    /// The file, with the digest at its end made right.
    var bytes: [UInt8] {
        var bytes = EvidenceHeader.encoded()
        for chunk in chunks where chunk.kind != .end {
            bytes += EvidenceHeading(chunk.kind, bodyByteCount: UInt64(chunk.body.count)).encoded() + chunk.body
        }
        let digest = SHA256.hash(bytes)
        return bytes + EvidenceHeading(.end, bodyByteCount: 32).encoded() + digest.bytes
    }
}
