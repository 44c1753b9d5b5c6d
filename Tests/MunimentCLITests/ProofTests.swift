import Foundation
import Muniment
import Testing

/// Checkpoints, proofs and tiles: each is checked here with the log's public key alone.
@Suite struct ProofTests {
    /// An archive with 700 records and kept checkpoints of sizes 2, 302 and 702.
    private struct Fixture {
        let workspace: Workspace
        let archive: String
        let keys: NoteKeys

        init() throws {
            workspace = try Workspace()
            let (path, key) = try workspace.archive()
            archive = path
            keys = try NoteKeys([VerifierKey(key)])
            try append(300)
            try append(400)
        }

        func append(_ count: Int) throws {
            let lines = Samples.lines((0..<count).map { Array("line \($0) of \(count)".utf8) })
            let result = try Command.run(["append", archive, "--format", "lines", "--batch", "100"], input: lines)
            #expect(result.status == 0, "\(result.errors)")
        }

        func checkpoint() throws -> VerifiedCheckpoint {
            let result = try Command.run(["checkpoint", archive])
            #expect(result.status == 0, "\(result.errors)")
            return try VerifiedCheckpoint.verify(SignedNote(result.output), keys: keys)
        }
    }

    @Test func checkpointsAreSignedNotes() throws {
        let fixture = try Fixture()
        let first = try fixture.checkpoint()
        #expect(first.checkpoint.size == 702 && first.checkpoint.origin == "example.com/test")
        // Without news the same note is printed again.
        #expect(try fixture.checkpoint().noteBytes == first.noteBytes)
        try fixture.append(1)
        #expect(try fixture.checkpoint().checkpoint.size == 703)
    }

    @Test func recordsAreProved() throws {
        let fixture = try Fixture()
        for (index, size) in [(0, nil), (2, nil), (701, nil), (2, 302), (301, 302), (0, 2), (1, 2)]
            as [(UInt64, UInt64?)]
        {
            let options = size.map { ["--at", "\($0)"] } ?? []
            let result = try Command.run(["prove", fixture.archive, "\(index)"] + options)
            #expect(result.status == 0, "\(result.errors)")
            let proof = try TlogProof(result.output)
            #expect(proof.index == index)
            let entry = try #require(proof.extra)
            let verified = try proof.verify(leafHash: TreeHash.leaf(entry), keys: fixture.keys)
            #expect(verified.checkpoint.size == size ?? 702)
            // The entry is the one that the archive holds, and no other leaf passes.
            #expect(throws: (any Error).self) {
                try proof.verify(leafHash: TreeHash.leaf(entry + [0]), keys: fixture.keys)
            }
        }
    }

    @Test func whatCannotBeProvedIsSaid() throws {
        let fixture = try Fixture()
        for (arguments, words) in [
            (["702"], "checkpoint"), (["1", "--at", "303"], "302 and "), (["1", "--at", "9000"], "newest"),
            (["302", "--at", "302"], "302"),
        ] {
            let result = try Command.run(["prove", fixture.archive] + arguments)
            #expect(result.status == 66 && result.output.isEmpty && result.errors.contains(words), "\(result.errors)")
        }
        let result = try Command.run(["prove", fixture.archive, "--from", "800"])
        #expect(result.status == 66, "\(result.errors)")
    }

    @Test func growthIsProvedToWitnesses() throws {
        let fixture = try Fixture()
        let roots: [UInt64: Digest] = [
            2: try TlogProof(Command.run(["prove", fixture.archive, "0", "--at", "2"]).output).note,
            302: try TlogProof(Command.run(["prove", fixture.archive, "0", "--at", "302"]).output).note,
            702: try TlogProof(Command.run(["prove", fixture.archive, "0"]).output).note,
        ].mapValues { try! VerifiedCheckpoint.verify($0, keys: fixture.keys).checkpoint.root }
        for (from, at) in [(2, nil), (302, nil), (702, nil), (2, 302), (302, 302)] as [(UInt64, UInt64?)] {
            let options = at.map { ["--at", "\($0)"] } ?? []
            let result = try Command.run(["prove", fixture.archive, "--from", "\(from)"] + options)
            #expect(result.status == 0, "\(result.errors)")
            let request = try AddCheckpointRequest(result.output)
            let verified = try request.verify(oldRoot: try #require(roots[from]), keys: fixture.keys)
            #expect(verified.checkpoint.size == at ?? 702)
        }
        // From nothing there is nothing to prove.
        let first = try AddCheckpointRequest(Command.run(["prove", fixture.archive, "--from", "0"]).output)
        #expect(first.path.isEmpty && first.oldSize == 0)
        // Any other size may be the one that a witness has seen.
        #expect(
            try AddCheckpointRequest(Command.run(["prove", fixture.archive, "--from", "555"]).output).oldSize == 555)
    }

    // MARK: Tiles

    /// Reads a tile directory as a client would, and requires that it leads to its signed checkpoint. Returns the size.
    private func check(_ directory: String, _ keys: NoteKeys) throws -> UInt64 {
        let checkpoint = try VerifiedCheckpoint.verify(SignedNote(Samples.bytes(directory + "/checkpoint")), keys: keys)
            .checkpoint
        let size = checkpoint.size
        var frontier = TreeFrontier()
        var nodes: [Int: [UInt64: Digest]] = [:]
        for bundle in 0..<(size + 255) / 256 {
            let width = Int(min(256, size - bundle * 256))
            let tile = try #require(Tile(.entries, index: bundle, width: width))
            var bytes = try Samples.bytes(directory + "/" + tile.path)[...]
            var count = 0
            while let high = bytes.popFirst(), let low = bytes.popFirst() {
                let entry = Array(bytes.prefix(Int(high) << 8 | Int(low)))
                bytes = bytes.dropFirst(entry.count)
                count += 1
                TreeHash.leaf(entry).withUnsafeBytes { leaf in
                    frontier.append(leaves: leaf, reporting: 0) { level, first, run in
                        nodes[level, default: [:]][first] = Digest(Array(run.prefix(32)))
                    }
                }
            }
            #expect(count == width)
        }
        #expect(frontier.root() == checkpoint.root)
        for run in try TileRun.added(to: size) {
            for tile in run.tiles {
                let expected = tile.nodes.flatMap { nodes[Int($0.level)]?[$0.index]?.bytes ?? [] }
                #expect(try Samples.bytes(directory + "/" + tile.path) == expected, "\(tile.path)")
            }
        }
        return size
    }

    @Test func tilesLeadToTheCheckpoint() throws {
        let fixture = try Fixture()
        let directory = fixture.workspace.file("tiles")
        #expect(try Command.run(["tiles", fixture.archive, directory]).status == 0)
        #expect(try check(directory, fixture.keys) == 702)
        let full = directory + "/tile/entries/001"
        let before = try FileManager.default.attributesOfItem(atPath: full)[.systemFileNumber] as? Int
        // Level 1 grows past what it held; full tiles stay as they are.
        try fixture.append(500)
        let result = try Command.run(["tiles", fixture.archive, directory])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try check(directory, fixture.keys) == 1_202)
        #expect(try FileManager.default.attributesOfItem(atPath: full)[.systemFileNumber] as? Int == before)
        // A tile that has gone missing comes back with the next growth; nothing else needs doing without news.
        try FileManager.default.removeItem(atPath: full)
        try fixture.append(1)
        #expect(try Command.run(["tiles", fixture.archive, directory]).status == 0)
        #expect(try check(directory, fixture.keys) == 1_203)
        #expect(try Command.run(["tiles", fixture.archive, directory]).text.contains("0 files written"))
    }

    @Test func tilesOfAnotherLogAreNotTouched() throws {
        let fixture = try Fixture()
        let (other, _) = try fixture.workspace.archive("other")
        let directory = fixture.workspace.file("tiles")
        #expect(try Command.run(["tiles", other, directory]).status == 0)
        let result = try Command.run(["tiles", fixture.archive, directory])
        #expect(result.status == 64 && result.errors.contains("another"), "\(result.errors)")
    }

    // MARK: Succession

    @Test func aSuccessorNamesItsPredecessor() throws {
        let fixture = try Fixture()
        let successor = fixture.workspace.file("successor")
        let result = try Command.run(["init", successor, "--origin", "example.com/next", "--succeeds", fixture.archive])
        #expect(result.status == 0, "\(result.errors)")
        let proof = try TlogProof(Command.run(["prove", successor, "0"]).output)
        let entry = try #require(proof.extra).decode(Entry.init(decoding:))
        let record = try #require(try ControlRecord(entry: entry))
        let identity = try record.body.decode(IdentityRecord.init(decoding:))
        let last = try VerifiedCheckpoint.verify(SignedNote(identity.predecessor), keys: fixture.keys)
        #expect(last.checkpoint.size == 702)
    }
}
