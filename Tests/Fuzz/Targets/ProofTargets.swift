// Proofs with hostile numbers: sizes, indexes and ranges that no honest log has, paths of any length. And honest proofs of small trees
// in which one bit is wrong.

import MunimentFormat
import MunimentMerkle

extension FuzzTarget {
    static let proofTargets: [FuzzTarget] = [inclusion, consistency, subtree, multiProof, honest, tiles]

    /// Three numbers and any digests after them.
    private static func sample(_ numbers: [UInt64], _ digestCount: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in numbers { bytes.append(littleEndian: number) }
        for position in 0..<digestCount { bytes.append(SmallTree.leaf(UInt64(position))) }
        return bytes
    }

    private static let edges: [[UInt64]] = [
        [0, 0, 0], [0, 1, 1], [3, 7, 9], [1 << 32, 1 << 33, 3], [1 << 62, 1 << 63, 1 << 61], [.max, .max, .max],
        [0, .max, 1],
        [(1 << 63) - 1, 1 << 63, (1 << 63) - 2],
    ]

    private static func samples(_ digestCounts: [Int]) -> @Sendable (VectorSamples) -> [[UInt8]] {
        { _ in edges.flatMap { numbers in digestCounts.map { sample(numbers, $0) } } }
    }

    /// What a verifier says of a path, and what must follow from the number of its hashes.
    private static func requireVerdict(_ error: MerkleError?, length: Int?, count: Int, _ what: String) throws {
        switch (length, error?.code) {
        case (nil, MerkleError.Code.invalidRange): return
        case (nil, _): throw FuzzFinding("\(what): impossible numbers were not refused as such")
        case (let length?, MerkleError.Code.malformedProof):
            try require(length != count, "\(what): a path of the right length")
        case (let length?, _): try require(length == count && length <= 128, "\(what): a path of the wrong length")
        }
    }

    private static let inclusion = FuzzTarget("inclusion", samples: samples([0, 1, 4, 63])) { bytes in
        var input = FuzzInput(bytes)
        let (index, size, leaf) = (input.number(), input.number(), input.digest())
        let proof = InclusionProof(index: index, treeSize: size, path: input.digests())
        let length = InclusionProof.length(index: index, treeSize: size)
        let error = refusal { () throws(MerkleError) in try proof.verify(leafHash: leaf, root: leaf) }
        try requireVerdict(error, length: length, count: proof.path.count, "inclusion")
        guard let root = try? proof.root(leafHash: leaf) else { return }
        try require(
            refusal { () throws(MerkleError) in try proof.verify(leafHash: leaf, root: root) } == nil,
            "a path misses its own root")
    }

    private static let consistency = FuzzTarget("consistency", samples: samples([2, 3, 6, 65])) { bytes in
        var input = FuzzInput(bytes)
        let (old, new, oldRoot, newRoot) = (input.number(), input.number(), input.digest(), input.digest())
        let proof = ConsistencyProof(oldSize: old, newSize: new, path: input.digests())
        let length = ConsistencyProof.length(oldSize: old, newSize: new)
        let error = refusal { () throws(MerkleError) in try proof.verify(oldRoot: oldRoot, newRoot: newRoot) }
        try requireVerdict(error, length: length, count: proof.path.count, "consistency")
        if error == nil, old == new { try require(oldRoot == newRoot, "one size has two roots") }
    }

    private static let subtree = FuzzTarget("subtree", samples: samples([2, 3, 6, 65])) { bytes in
        var input = FuzzInput(bytes)
        let (start, end, size) = (input.number(), input.number(), input.number())
        let (hash, root) = (input.digest(), input.digest())
        let path = input.digests()
        if let (left, right) = Subtree.cover(start: start, end: end) {
            try require(left.start <= start && left.end == right.start && right.end == end, "a cover with a gap")
            try require(
                Subtree(start: left.start, end: left.end) == left
                    && Subtree(start: right.start, end: right.end) == right, "an invalid cover")
        } else {
            try require(start > end || end > TreeHash.sizeMax, "a range without a cover")
        }
        guard let subtree = Subtree(start: start, end: end) else { return }
        _ = try? subtree.verifyInclusion(of: size, leafHash: hash, path: path, hash: root)
        let error = refusal { () throws(MerkleError) in
            try subtree.verifyConsistency(hash: hash, size: size, path: path, root: root)
        }
        let isInvalid = error?.code == .invalidRange
        try require(isInvalid == !subtree.isValid(in: size), "the subtree's range was misjudged")
    }

    private static let multiProof = FuzzTarget("multi-proof", samples: samples([0, 3, 8])) { bytes in
        var input = FuzzInput(bytes)
        let (seed, size) = (input.number(), input.number())
        // Mostly ascending, so that the walk is entered: gaps out of one byte each, shifted so that they span the whole tree.
        var indexes = [seed % max(size, 1)]
        let shift = UInt64(input.byte() % 60)
        for _ in 0..<Int(input.byte() % 40) {
            indexes.append(indexes[indexes.count - 1] &+ UInt64(input.byte()) << shift)
        }
        let nodes = input.digests()
        let leaves = indexes.map(SmallTree.leaf)
        let proof = MultiProof(indexes: indexes, treeSize: size, nodes: nodes)
        let length = try? MultiProof.length(indexes: indexes, treeSize: size)
        let error = refusal { () throws(MerkleError) in try proof.verify(leafHashes: leaves, root: .zero) }
        switch length {
        case nil: try require(error?.code == .invalidRange, "impossible indexes were not refused")
        case let length?:
            try require(length <= 64 * indexes.count, "a proof of too many nodes")
            try require((error?.code == .malformedProof) == (length != nodes.count), "a proof of the wrong length")
            guard length < 4_096 else { return }
            // The right number of nodes leads somewhere, and there without a trap.
            let filled = (0..<length).map { $0 < nodes.count ? nodes[$0] : Digest.zero }
            let whole = MultiProof(indexes: indexes, treeSize: size, nodes: filled)
            let verdict = refusal { () throws(MerkleError) in try whole.verify(leafHashes: leaves, root: .zero) }
            try require(verdict?.code == .rootMismatch, "a made-up proof leads to the zero digest")
        }
    }

    /// Honest proofs verify; with one bit changed they don't.
    private static let honest = FuzzTarget("honest-proofs") { _ in
        [[9, 3, 5, 0, 0], [64, 63, 1, 2, 7], [70, 0, 69, 1, 200], [1, 0, 1, 0, 0]]
    } run: { bytes in
        var input = FuzzInput(bytes)
        let tree = SmallTree(1 + UInt64(input.byte()) % 80)
        let (size, root) = (tree.size, tree.root)
        let (index, old) = (UInt64(input.byte()) % size, UInt64(input.byte()) % (size + 1))
        let flip = (position: Int(input.byte()), bit: input.byte() % 8)
        let inclusion = try InclusionProof.make(index: index, treeSize: size, reader: tree)
        try inclusion.verify(leafHash: SmallTree.leaf(index), root: root)
        let oldRoot = try tree.root(size: old)
        let consistency = try ConsistencyProof.make(oldSize: old, newSize: size, reader: tree)
        try consistency.verify(oldRoot: oldRoot, newRoot: root)
        let indexes = Array(Set([index, old % size, size - 1])).sorted()
        let multi = try MultiProof.make(indexes: indexes, treeSize: size, reader: tree)
        try multi.verify(leafHashes: indexes.map(SmallTree.leaf), root: root)

        if let path = flipped(inclusion.path, flip) {
            let forged = InclusionProof(index: index, treeSize: size, path: path)
            try require(
                (try? forged.verify(leafHash: SmallTree.leaf(index), root: root)) == nil,
                "a changed inclusion proof verifies")
        }
        if let path = flipped(consistency.path, flip) {
            let forged = ConsistencyProof(oldSize: old, newSize: size, path: path)
            try require(
                (try? forged.verify(oldRoot: oldRoot, newRoot: root)) == nil, "a changed consistency proof verifies")
        }
        if let nodes = flipped(multi.nodes, flip) {
            let forged = MultiProof(indexes: indexes, treeSize: size, nodes: nodes)
            try require(
                (try? forged.verify(leafHashes: indexes.map(SmallTree.leaf), root: root)) == nil,
                "a changed multi-proof verifies")
        }
    }

    private static func flipped(_ digests: [Digest], _ flip: (position: Int, bit: UInt8)) -> [Digest]? {
        guard !digests.isEmpty else { return nil }
        var digests = digests
        var bytes = digests[flip.position % digests.count].bytes
        bytes[flip.position % Digest.byteCount] ^= 1 << flip.bit
        digests[flip.position % digests.count] = Digest(bytes) ?? .zero
        return digests
    }

    /// Where nodes are among the tiles, and which tiles a size has.
    private static let tiles = FuzzTarget("tiles", samples: samples([0])) { bytes in
        var input = FuzzInput(bytes)
        let (index, old, new) = (input.number(), input.number(), input.number())
        let level = Int(input.byte())
        if let (tile, slots) = Tile.locate(NodeID(level: level, index: index), treeSize: new) {
            try require(slots.lowerBound >= 0 && slots.upperBound <= tile.width, "a node outside of its tile")
            try require(try Tile(path: tile.path) == tile, "a tile's path names another tile")
        }
        if let runs = try? TileRun.added(from: old, to: new) {
            try require(old <= new && runs.count <= 8, "tiles of a tree that can't be")
            for run in runs { for tile in run.tiles.prefix(2) { _ = tile.path } }
        }
        let peakCount = min(new.nonzeroBitCount, 64)
        let frontier = TreeFrontier(size: new, peaks: (0..<peakCount).map { SmallTree.leaf(UInt64($0)) })
        try require((frontier == nil) == (new > TreeHash.sizeMax), "a frontier of an impossible size")
        _ = frontier?.root()
    }
}

/// The error of a verification; nil when it succeeds.
private func refusal(_ body: () throws(MerkleError) -> Void) -> MerkleError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}

/// Takes numbers off the front of an input; zeros once it is used up.
struct FuzzInput {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number() -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(byte()) << UInt64(8 * $1) } }

    mutating func digest() -> Digest { Digest((0..<Digest.byteCount).map { _ in byte() }) ?? .zero }

    /// All whole digests that are left, at most 200.
    mutating func digests() -> [Digest] {
        var digests: [Digest] = []
        while rest.count >= Digest.byteCount, digests.count < 200 { digests.append(digest()) }
        return digests
    }

    /// Everything that is left.
    var remainder: [UInt8] { Array(rest) }
}
