import MunimentFormat
import MunimentMerkle
import MunimentNote
import Testing

struct ProofFileTests {
    let seed = UInt64.random(in: 0 ... .max)

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func note() throws -> SignedNote { try SignedNote(bytes(Fixture.note15)) }

    private func proof(_ index: UInt64, extra: [UInt8]? = nil) throws -> TlogProof {
        let path = try InclusionProof.make(index: index, treeSize: 15, reader: Fixture.tree).path
        return try TlogProof(index: index, path: path, note: note(), extra: extra)
    }

    static let proof6 =
        """
        c2sp.org/tlog-proof@v1
        index 6
        ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=
        ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4=
        zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=
        5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=


        """

    static let request5 =
        """
        old 5
        zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvA=
        yiM+eia4w1wsk/Ukx7kF56IQVkDW3MWUaUz/VtJu+yU=
        nk9gCR+floFqznAPtqjjcnnV64dge2jQB95D5t164Hg=
        zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=
        5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=


        """

    @Test func theFixturesProof() throws {
        let made = try proof(6)
        #expect(made.bytes == bytes(Self.proof6 + Fixture.note15))
        #expect(sha256(made.bytes) == "25d90ac4aacc32f4d292ac6a80b940e537b1b1f2fd738bd465849a47c07d3ecb")
        let read = try TlogProof(made.bytes)
        #expect(read == made)
        let verified = try read.verify(leafHash: Fixture.tree.leaves[6], keys: Fixture.keys(Fixture.logKey))
        #expect(verified.checkpoint.size == 15)
    }

    @Test func everyEntryWithItsTextAsExtra() throws {
        let keys = try Fixture.keys(Fixture.logKey)
        for index in 0..<15 {
            let entry = bytes(Fixture.entries[index])
            let read = try TlogProof(proof(UInt64(index), extra: entry).bytes)
            #expect(read.extra == entry)
            let leaf = TreeHash.leaf(try #require(read.extra))
            #expect(refusal { _ = try read.verify(leafHash: leaf, keys: keys) } == nil, "entry \(index)")
            let other = Fixture.tree.leaves[(index + 1) % 15]
            #expect(throws: MerkleError.self) { try read.verify(leafHash: other, keys: keys) }
            #expect(throws: NoteError.self) { try read.verify(leafHash: leaf, keys: Fixture.keys(Fixture.witnessKey)) }
        }
    }

    @Test func extraData() throws {
        #expect(try proof(0, extra: []).extra == nil)
        #expect(try proof(0, extra: []) == proof(0))
        let most = [UInt8](repeating: 3, count: TlogProof.extraCountMax)
        #expect(try TlogProof(proof(0, extra: most).bytes).extra == most)
        #expect(refusal { _ = try proof(0, extra: most + [3]) } == .tooLarge)
        let path = [Digest](repeating: .zero, count: 64)
        #expect(refusal { _ = try TlogProof(index: 0, path: path, note: note()) } == .tooLarge)
    }

    @Test func malformedProofFiles() throws {
        let hash = "ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=\n"
        let head = "c2sp.org/tlog-proof@v1\n"
        let bad = [
            "", "\n", head, head + "\n", "c2sp.org/tlog-proof@v2\nindex 6\n\n", head + "index 6\n",
            head + "\n" + Fixture.note15,
            head + "index\n\n" + Fixture.note15, head + "index \n\n" + Fixture.note15,
            head + "index -1\n\n" + Fixture.note15,
            head + "index 06\n\n" + Fixture.note15, head + "index 18446744073709551616\n\n" + Fixture.note15,
            head + "extra\nindex 6\n\n" + Fixture.note15, head + "extra \nindex 6\n\n" + Fixture.note15,
            head + "extra A\nindex 6\n\n" + Fixture.note15, head + "extra AB==\nindex 6\n\n" + Fixture.note15,
            head + "index 6\nextra AA==\n\n" + Fixture.note15,
            head + "extra AA==\nextra AA==\nindex 6\n\n" + Fixture.note15,
            head + "index 6\nAAAA\n\n" + Fixture.note15,
            head + "index 6\n" + hash.dropLast(2) + "\n\n" + Fixture.note15,
            head + "index 6\n" + hash + hash.dropLast() + " \n\n" + Fixture.note15,
            " " + head + "index 6\n\n" + Fixture.note15,
            head + "index 6\n" + String(repeating: hash, count: 64) + "\n" + Fixture.note15,
            head + "index 6\n" + String(repeating: hash, count: 500) + "\n" + Fixture.note15,
        ]
        for file in bad { #expect(refusal { _ = try TlogProof(bytes(file)) } == .malformedProof, "\(file.prefix(90))") }
        #expect(refusal { _ = try TlogProof(bytes(head + "index 6\n\n")) } == .malformedNote)
        #expect(refusal { _ = try TlogProof(bytes(Self.proof6 + "\n" + Fixture.note15)) } == nil)
        #expect(refusal { _ = try TlogProof([UInt8](repeating: 10, count: TlogProof.byteCountMax + 1)) } == .tooLarge)
        let most = head + "index 6\n" + String(repeating: hash, count: 63) + "\n" + Fixture.note15
        #expect(try TlogProof(bytes(most)).path.count == 63)
    }

    @Test func theFixturesRequest() throws {
        let path = try ConsistencyProof.make(oldSize: 5, newSize: 15, reader: Fixture.tree).path
        let made = try AddCheckpointRequest(oldSize: 5, path: path, note: note())
        #expect(made.bytes == bytes(Self.request5 + Fixture.note15))
        #expect(sha256(made.bytes) == "c3544ac88c67b647e270e2bc599992df216f4467cd9c1de9e5419630d3643fec")
        let read = try AddCheckpointRequest(made.bytes)
        #expect(read == made)
        let keys = try Fixture.keys(Fixture.logKey)
        #expect(try read.verify(oldRoot: Fixture.root(5), keys: keys).checkpoint.size == 15)
        #expect(throws: MerkleError.self) { try read.verify(oldRoot: Fixture.root(6), keys: keys) }
        let first = try AddCheckpointRequest(oldSize: 0, path: [], note: note())
        #expect(
            try AddCheckpointRequest(first.bytes).verify(oldRoot: TreeHash.emptyRoot, keys: keys).checkpoint.size == 15)
    }

    @Test func malformedRequests() throws {
        let hash = "zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvA=\n"
        let bad = [
            "", "\n", "old 5\n", "\n" + Fixture.note15, "old\n\n" + Fixture.note15, "old x\n\n" + Fixture.note15,
            "old 05\n\n" + Fixture.note15, "old -5\n\n" + Fixture.note15, "Old 5\n\n" + Fixture.note15,
            "old 5\n" + hash.dropLast(2) + "\n\n" + Fixture.note15, "old 5\nAAAA\n\n" + Fixture.note15,
            "old 5\n" + String(repeating: hash, count: 64) + "\n" + Fixture.note15,
        ]
        for body in bad {
            #expect(refusal { _ = try AddCheckpointRequest(bytes(body)) } == .malformedRequest, "\(body.prefix(60))")
        }
        #expect(refusal { _ = try AddCheckpointRequest(bytes("old 5\n\nno note")) } == .malformedNote)
        let path = [Digest](repeating: .zero, count: 64)
        #expect(refusal { _ = try AddCheckpointRequest(oldSize: 5, path: path, note: note()) } == .tooLarge)
        let big = [UInt8](repeating: 10, count: AddCheckpointRequest.byteCountMax + 1)
        #expect(refusal { _ = try AddCheckpointRequest(big) } == .tooLarge)
    }

    /// Whatever is read comes back to the byte, and nothing traps: files spoiled by random edits.
    @Test func spoiledFilesAreRefusedOrComeBack() throws {
        var generator = SeededGenerator(seed: seed)
        let files = [
            bytes(Self.proof6 + Fixture.note15 + Fixture.witnessLine), bytes(Self.request5 + Fixture.note15),
            try proof(3, extra: [1, 2, 3, 4]).bytes, bytes(Fixture.note15 + Fixture.witnessLine),
        ]
        var accepted = 0
        for _ in 0..<5_000 {
            var file = files.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...3, using: &generator) { edit(&file, &generator) }
            if let proof = try? TlogProof(file) {
                #expect(proof.bytes == file, "seed \(seed)")
                accepted += 1
            }
            if let request = try? AddCheckpointRequest(file) { #expect(request.bytes == file, "seed \(seed)") }
            if let note = try? SignedNote(file) {
                #expect(note.bytes == file, "seed \(seed)")
                if let checkpoint = try? Checkpoint(text: note.text) {
                    #expect(checkpoint.text == note.text, "seed \(seed)")
                }
            }
        }
        #expect(accepted > 0, "the edits never left a readable file, seed \(seed)")
    }

    private func edit(_ file: inout [UInt8], _ generator: inout SeededGenerator) {
        let position = Int.random(in: 0..<file.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: file[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: file.remove(at: position)
        case 2: file.insert(file[Int.random(in: 0..<file.count, using: &generator)], at: position)
        case 3: file[position] = [0x0a, 0x20, 0x2b, 0x3d, 0x30, 0xe2, 0xff].randomElement(using: &generator)!
        default:
            let end = min(file.count, position + Int.random(in: 1...60, using: &generator))
            file.insert(contentsOf: file[position..<end], at: Int.random(in: 0...file.count, using: &generator))
        }
    }
}
