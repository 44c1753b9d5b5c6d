// Tile directories and proof files. The tiles are written here, level by level from the leaf hashes, by code that
// shares nothing with the engine's own.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

/// A tile directory of given entries.
final class TileFixture {
    let directory: TemporaryDirectory
    let entries: [[UInt8]]
    let signer: NoteSigner
    var path: String { directory.path }

    init(_ entries: [[UInt8]], size: Int? = nil, name: String = "example.com/tiles") throws {
        directory = try TemporaryDirectory()
        self.entries = entries
        signer = try NoteSigner(name: name) { body in [UInt8](repeating: 3, count: 32).withUnsafeBytes(body) }
        try write(size: size ?? entries.count)
    }

    /// Writes the tiles and the checkpoint of the first `size` entries; what is there stays.
    func write(size: Int) throws {
        for start in stride(from: 0, to: size, by: 256) {
            let bundle = entries[start..<min(start + 256, size)].flatMap {
                [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0
            }
            try write("tile/entries/" + TileFixture.name(start / 256, width: min(256, size - start)), bundle)
        }
        var nodes = entries[..<size].map { TreeHash.leaf($0) }
        for level in 0..<8 where !nodes.isEmpty {
            for start in stride(from: 0, to: nodes.count, by: 256) {
                let tile = nodes[start..<min(start + 256, nodes.count)]
                try write("tile/\(level)/" + TileFixture.name(start / 256, width: tile.count), tile.flatMap(\.bytes))
            }
            for _ in 0..<8 {
                nodes = (0..<nodes.count / 2).map { TreeHash.node(nodes[2 * $0], nodes[2 * $0 + 1]) }
            }
        }
        try write("checkpoint", try note(size: size))
    }

    /// The signed checkpoint of the first `size` entries; the root is that of RFC 6962's definition.
    func note(size: Int) throws -> [UInt8] {
        func root(_ range: Range<Int>) -> Digest {
            if range.isEmpty { return SHA256.hash([]) }
            if range.count == 1 { return TreeHash.leaf(entries[range.lowerBound]) }
            var split = 1
            while split * 2 < range.count { split *= 2 }
            return TreeHash.node(
                root(range.lowerBound..<range.lowerBound + split), root(range.lowerBound + split..<range.upperBound))
        }
        return try signer.note(Checkpoint(origin: signer.key.name, size: UInt64(size), root: root(0..<size))).bytes
    }

    static func name(_ index: Int, width: Int) -> String {
        var digits = String(index)
        while digits.count % 3 != 0 { digits = "0" + digits }
        var groups: [String] = []
        while !digits.isEmpty {
            groups.append(String(digits.prefix(3)))
            digits = String(digits.dropFirst(3))
        }
        return groups.dropLast().map { "x" + $0 + "/" }.joined() + groups[groups.count - 1]
            + (width < 256 ? ".p/\(width)" : "")
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))) }

    func verify(against: [UInt8]? = nil) throws -> VerifyReport {
        var options = VerifyOptions()
        options.trustedKeys = [signer.key]
        options.against = against
        return try Verifier(options).verify(path)
    }
}

@Suite struct TileTests {
    private static func entries(_ count: Int) -> [[UInt8]] { (0..<count).map { Array("entry \($0)".utf8) } }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 511, 512, 1_000, 66_000]) func intact(size: Int) throws {
        let fixture = try TileFixture(TileTests.entries(size))
        try FileManager.default.createDirectory(atPath: fixture.path + "/tile", withIntermediateDirectories: true)
        let report = try fixture.verify()
        #expect(report.verdict == .intact, "\(report.summary)")
        #expect(report.findings.isEmpty && report.treeSize == UInt64(size) && report.records == UInt64(size))
        #expect(report.subject == .tiles && report.checkpointSize == UInt64(size))
    }

    @Test func grownInPlace() throws {
        let fixture = try TileFixture(TileTests.entries(1_300), size: 700)
        let before = try fixture.read("checkpoint")
        try fixture.write(size: 1_300)
        let grown = try fixture.verify()
        #expect(grown.findings.isEmpty, "\(grown.summary)")
        #expect(try fixture.verify(against: before).verdict == .intact)
        // A tree that lies back: its partial tile is there, and tiles past it are reported.
        try fixture.write("checkpoint", before)
        let report = try fixture.verify()
        #expect(report.verdict == .notEstablished, "\(report.summary)")
        #expect(Set(report.findings.map(\.code)) == [.tileUnattested], "\(report.summary)")
        let ahead = try fixture.verify(against: try fixture.note(size: 1_300))
        #expect(ahead.verdict == .tampered && ahead.findings.contains { $0.code == .checkpointAhead })
        // A note of another history.
        let other = try TileFixture(TileTests.entries(600).reversed())
        let contradicted = try fixture.verify(against: try other.read("checkpoint"))
        #expect(contradicted.findings.contains { $0.code == .checkpointInconsistent }, "\(contradicted.summary)")
    }

    @Test func everyByteChanged() throws {
        let fixture = try TileFixture(TileTests.entries(300), size: 280)
        try fixture.write(size: 300)
        let names = try FileManager.default.subpathsOfDirectory(atPath: fixture.path).filter { name in
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: fixture.path + "/" + name, isDirectory: &isDirectory)
            return !isDirectory.boolValue
        }
        #expect(names.count == 8)
        var generator = SeededGenerator(seed: TestRun.seed)
        for name in names.sorted() {
            let bytes = try fixture.read(name)
            let places =
                TestRun.isNightly
                ? Array(bytes.indices) : (0..<40).map { _ in Int.random(in: bytes.indices, using: &generator) }
            for place in places {
                var changed = bytes
                changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                try fixture.write(name, changed)
                let report = try fixture.verify()
                #expect(report.verdict == .tampered, "seed \(TestRun.seed), \(name)@\(place): \(report.summary)")
                #expect(
                    report.findings.contains { $0.file == name },
                    "seed \(TestRun.seed), \(name)@\(place): \(report.summary)")
            }
            try fixture.write(name, Array(bytes.dropLast()))
            #expect(try fixture.verify().findings.contains { $0.file == name && $0.severity == .error })
            try fixture.write(name, bytes + [0])
            #expect(try fixture.verify().findings.contains { $0.file == name && $0.severity == .error })
            try FileManager.default.removeItem(atPath: fixture.path + "/" + name)
            let isOld = name.hasSuffix(".p/24")
            let report = try fixture.verify()
            #expect(isOld == report.findings.isEmpty, "\(name): \(report.summary)")
            try fixture.write(name, bytes)
        }
        try fixture.write("tile/0/x001/x", [1])
        try fixture.write("index.html", [1])
        let report = try fixture.verify()
        #expect(report.verdict == .notEstablished)
        #expect(report.findings.filter { $0.code == .fileForeign }.map(\.file) == ["index.html", "tile/0/x001/x"])
    }

    @Test func aForgedCheckpointOfAbsurdSizeEnds() throws {
        let fixture = try TileFixture(TileTests.entries(300))
        let note = try fixture.signer.note(Checkpoint(origin: fixture.signer.key.name, size: 1 << 62, root: .zero))
            .bytes
        try fixture.write("checkpoint", note)
        let report = try fixture.verify()
        #expect(report.verdict == .tampered && report.root == nil)
        #expect(
            report.findings.contains { $0.code == .tileMissing } && report.findings.contains { $0.code == .treeLost })
    }

    // MARK: Muniment's own entries

    /// The entries of a store, and the store.
    private func storeEntries() throws -> (StoreFixture, [[UInt8]]) {
        var entries: [[UInt8]] = []
        let fixture = try StoreFixture { store in
            _ = try store.append([batch((0..<400).map { Array("record \($0)".utf8) })])
            entries = try (0..<store.committed.treeSize).map { try store.reader.entry($0) }
        }
        return (fixture, entries)
    }

    @Test func theRulesOfEntries() throws {
        let (_, entries) = try storeEntries()
        let report = try TileFixture(entries).verify()
        #expect(report.verdict == .intact, "\(report.summary)")
        #expect(report.records == 400 && report.controlRecords == 2)
        // A tree that is right, of a log that is not: a record before its class was declared.
        var wrong = entries
        wrong.swapAt(1, 2)
        let swapped = try TileFixture(wrong).verify()
        #expect(swapped.verdict == .tampered)
        #expect(swapped.findings.contains { $0.code == .entryMalformed && $0.index == 1 }, "\(swapped.summary)")
        wrong = entries
        wrong[5].append(0)
        #expect(try TileFixture(wrong).verify().findings.contains { $0.code == .entryMalformed && $0.index == 5 })
    }

    @Test func proofFiles() throws {
        let (store, entries) = try storeEntries()
        let checkpoint = try SignedNote(try store.read("checkpoint"))
        let tree = LeafReader(entries.map { TreeHash.leaf($0) })
        let index: UInt64 = 17
        let proof = try InclusionProof.make(index: index, treeSize: UInt64(entries.count), reader: tree)
        let file = try TlogProof(index: index, path: proof.path, note: checkpoint, extra: entries[17]).bytes
        let path = store.directory.path + "/17.proof"
        func verify(_ bytes: [UInt8], trusts: Bool = true) throws -> VerifyReport {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return try Verifier(store.options(trusts: trusts)).verify(path)
        }
        let report = try verify(file)
        #expect(report.verdict == .intact && report.subject == .proof && report.records == 1, "\(report.summary)")
        #expect(try verify(file, trusts: false).findings.map(\.code) == [.verifierNotTrusted])
        let bare = try verify(try TlogProof(index: index, path: proof.path, note: checkpoint).bytes)
        #expect(bare.verdict == .notEstablished && bare.findings.map(\.code) == [.proofNoEntry])
        let moved = try verify(
            try TlogProof(index: index + 1, path: proof.path, note: checkpoint, extra: entries[17]).bytes)
        #expect(moved.verdict == .tampered && moved.findings.map(\.code) == [.proofPath])
        for place in 0..<file.count {
            var changed = file
            changed[place] ^= 2
            let report = try? verify(changed)
            // A file that does not even begin like a proof is none.
            #expect(
                report.map { $0.verdict == .tampered } ?? (place < 23), "byte \(place): \(report?.summary ?? "refused")"
            )
        }
    }

    /// Complete nodes from leaf hashes, the plain way.
    private struct LeafReader: NodeReader {
        let leaves: [Digest]
        init(_ leaves: [Digest]) { self.leaves = leaves }

        func nodes(_ ids: [NodeID]) throws -> [Digest] {
            ids.map { id in
                var nodes = Array(leaves[Int(id.index) << Int(id.level)..<(Int(id.index) + 1) << Int(id.level)])
                while nodes.count > 1 {
                    nodes = (0..<nodes.count / 2).map { TreeHash.node(nodes[2 * $0], nodes[2 * $0 + 1]) }
                }
                return nodes[0]
            }
        }
    }

    // MARK: What is nothing

    @Test func pathsThatAreNothing() throws {
        let directory = try TemporaryDirectory()
        func code(_ path: String) -> VerifyError.Code? {
            do throws(VerifyError) {
                _ = try Verifier(VerifyOptions()).verify(path)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(directory.path + "/none") == .absent)
        #expect(code(directory.path) == .usage)
        #expect(code("/dev/null") == .usage)
        let file = directory.path + "/file"
        try Data("c2sp.org/tlog-proof".utf8).write(to: URL(fileURLWithPath: file))
        #expect(code(file) == .usage)
    }
}
