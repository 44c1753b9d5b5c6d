// The C2SP formats: notes, keys, checkpoints, proof files, requests to witnesses, base64, paths of tiles.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote

extension FuzzTarget {
    static let noteTargets: [FuzzTarget] = [note, checkpoint, verifierKey, tlogProof, addCheckpoint, base64, tilePath]

    /// The log of the samples: a key whose seed is known, so that proofs of any tree can be signed.
    private static let signer: NoteSigner? = try? NoteSigner(name: "example.org/fuzz") { body in
        FixedKeys.secret.withUnsafeBytes(body)
    }

    /// A signed checkpoint of a tree with `size` leaves.
    private static func signedNote(_ tree: SmallTree) throws -> SignedNote {
        guard let signer else { throw FuzzFinding("the samples' key can't sign") }
        return try signer.note(Checkpoint(origin: signer.key.name, size: tree.size, root: tree.root))
    }

    /// A text format: what is read is written back as the same bytes.
    private static func requireSame(
        _ bytes: UnsafeRawBufferPointer, _ reread: (UnsafeRawBufferPointer) throws -> [UInt8]
    ) throws {
        let written: [UInt8]
        do {
            written = try reread(bytes)
        } catch is NoteError {
            return
        } catch is MerkleError {
            return
        }
        try require(written.elementsEqual(bytes), "another spelling: \(Hexadecimal.string(written))")
    }

    private static let note = FuzzTarget("note", samples: { try $0.notes().notes + [signedNote(SmallTree(5)).bytes] }) {
        bytes in
        try requireSame(bytes) { try SignedNote($0).bytes }
        guard let signer, let note = try? SignedNote(bytes), let keys = try? NoteKeys([signer.key]) else { return }
        guard let verified = try? VerifiedCheckpoint.verify(note, keys: keys) else { return }
        // Only the sample was ever signed.
        try require(verified.checkpoint.size == 5, "a note verified that nobody signed")
    }

    private static let checkpoint = FuzzTarget("checkpoint") { vectors in
        try vectors.notes().notes.map { note in Array(note.prefix(90)) + [0x0a] } + [signedNote(SmallTree(9)).text]
    } run: { bytes in
        try requireSame(bytes) { try Checkpoint(text: Array($0)).text }
    }

    private static let verifierKey = FuzzTarget("vkey") { vectors in
        [
            Array(try vectors.notes().verifierKey.utf8),
            Array("witness+0f4d1e02+BIFw5MhQ9DqzVvvB1o6gkFTXEJ5cOT9JpnN3f4dNIm8x".utf8),
        ]
    } run: { bytes in
        try requireSame(bytes) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return Array(bytes) }
            return Array(try VerifierKey(text).description.utf8)
        }
        _ = try? VerifierKey(String(decoding: bytes, as: UTF8.self))
    }

    private static let tlogProof = FuzzTarget("tlog-proof") { _ in
        try [1, 2, 9, 70].map { (size: UInt64) in
            let tree = SmallTree(size)
            let proof = try InclusionProof.make(index: size / 2, treeSize: size, reader: tree)
            return try TlogProof(
                index: size / 2, path: proof.path, note: signedNote(tree), extra: size == 9 ? SmallTree.entry(4) : nil
            ).bytes
        }
    } run: { bytes in
        try requireSame(bytes) { try TlogProof($0).bytes }
        guard let signer, let proof = try? TlogProof(bytes), let keys = try? NoteKeys([signer.key]) else { return }
        guard let verified = try? proof.verify(leafHash: SmallTree.leaf(proof.index), keys: keys) else { return }
        try require(
            [1, 2, 9, 70].contains(verified.checkpoint.size), "a proof verified under a note that nobody signed")
    }

    private static let addCheckpoint = FuzzTarget("add-checkpoint") { _ in
        try [(0, 1), (3, 9), (64, 70), (9, 9)].map { (old: UInt64, new: UInt64) in
            let tree = SmallTree(new)
            let proof = try ConsistencyProof.make(oldSize: old, newSize: new, reader: tree)
            return try AddCheckpointRequest(oldSize: old, path: proof.path, note: signedNote(tree)).bytes
        }
    } run: { bytes in
        try requireSame(bytes) { try AddCheckpointRequest($0).bytes }
        guard let signer, let request = try? AddCheckpointRequest(bytes), let keys = try? NoteKeys([signer.key]) else {
            return
        }
        let old = SmallTree(min(request.oldSize, 70))
        guard let verified = try? request.verify(oldRoot: old.root, keys: keys) else { return }
        try require(
            request.oldSize <= verified.checkpoint.size && [1, 9, 70].contains(verified.checkpoint.size),
            "a request verified that nobody made")
    }

    private static let base64 = FuzzTarget("base64") { _ in
        ["", "AA==", "AAA=", "AAAA", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="].map { Array($0.utf8) }
    } run: { bytes in
        if let decoded = Base64.decode(bytes) {
            try require(Base64.encode(decoded).elementsEqual(bytes), "two texts of one value")
        }
        try require(
            Base64.decode(Base64.encode(bytes)).map { $0.elementsEqual(bytes) } == true,
            "a value that its text does not give")
    }

    private static let tilePath = FuzzTarget("tile-path") { _ in
        [
            "tile/0/000", "tile/0/x001/x234/067", "tile/1/000.p/56", "tile/entries/x001/000.p/1",
            "tile/63/x036/x028/x797/x018/x963/967",
        ]
        .map { Array($0.utf8) }
    } run: { bytes in
        try requireSame(bytes) { Array(try Tile(path: String(decoding: $0, as: UTF8.self)).path.utf8) }
        guard let tile = try? Tile(path: String(decoding: bytes, as: UTF8.self)) else { return }
        try require(tile.nodes.count <= Tile.widthMax, "a tile of too many nodes")
        for node in tile.nodes.suffix(1) {
            let place = Tile.locate(node, treeSize: TreeHash.sizeMax)
            try require(place == nil || place?.tile.index == tile.index, "a node of this tile is in another")
        }
    }
}

/// A tree of known leaves, all of its complete nodes in memory: the other side of proofs.
struct SmallTree: NodeReader {
    let size: UInt64
    /// Complete nodes by level and index.
    private var levels: [[Digest]]

    init(_ size: UInt64) {
        self.size = size
        levels = [(0..<size).map(SmallTree.leaf)]
        while let below = levels.last, below.count > 1 {
            levels.append((0..<below.count / 2).map { TreeHash.node(below[2 * $0], below[2 * $0 + 1]) })
        }
    }

    var root: Digest { (try? root(size: size)) ?? .zero }

    /// The entry at `index`.
    static func entry(_ index: UInt64) -> [UInt8] {
        Entry(kind: .record, classID: 1, recorded: Int64(truncatingIfNeeded: index), commitment: .zero).encoded()
    }

    static func leaf(_ index: UInt64) -> Digest { TreeHash.leaf(entry(index)) }

    func nodes(_ ids: [NodeID]) throws -> [Digest] {
        try ids.map { id in
            guard Int(id.level) < levels.count, id.index < levels[Int(id.level)].count else {
                throw FuzzFinding("a proof asks for node \(id.level), \(id.index) of a tree of \(size)")
            }
            return levels[Int(id.level)][Int(id.index)]
        }
    }
}
