// One proof for many entries of one tree, in which siblings that several paths would share appear once.
//
// Canonical order. Walk the RFC 6962 tree of `treeSize` leaves from the root, left subtree before right. A subtree that
// holds none of the proven entries gives its hash to the proof and is not entered; a proven leaf gives nothing, because the
// verifier computes it; any other subtree is entered. So the proof is a function of indexes and size alone, it has exactly
// one valid length, and verification is the same walk. At most one hash for each level and proven entry.

public import MunimentFormat

/// A proof that a set of leaves is in a tree.
public struct MultiProof: Hashable, Sendable {
    /// The leaves' indexes, ascending, each once.
    public let indexes: [UInt64]
    /// The number of leaves of the tree.
    public let treeSize: UInt64
    /// The hashes of the subtrees without a proven leaf, from left to right.
    public let nodes: [Digest]

    /// Any values; `verify` is what judges them.
    public init(indexes: [UInt64], treeSize: UInt64, nodes: [Digest]) {
        self.indexes = indexes
        self.treeSize = treeSize
        self.nodes = nodes
    }

    /// Throws unless the leaves with `leafHashes`, in the order of `indexes`, are in the tree with `root`:
    /// `invalidRange` (no index, one out of order, twice, or not below the size), `malformedProof` (a number of hashes
    /// that does not fit) or `rootMismatch`. O(k log n) for k indexes, memory O(log n).
    public func verify(leafHashes: [Digest], root: Digest) throws(MerkleError) {
        try MultiProof.check(indexes, treeSize)
        var expected = 0
        MultiProof.walk(indexes, treeSize) { _, _ in expected += 1 }
        guard nodes.count == expected, leafHashes.count == indexes.count else {
            throw MerkleError(
                .malformedProof,
                "A proof of \(indexes.count) entries at size \(treeSize) needs as many leaf hashes and \(expected) nodes, "
                    + "not \(leafHashes.count) and \(nodes.count).")
        }
        var next = 0
        let computed = try MultiProof.root(indexes: indexes, treeSize: treeSize, leafHashes: leafHashes) {
            next += 1
            return nodes[next - 1]
        }
        guard computed == root else {
            throw MerkleError(
                .rootMismatch, "The proof of \(indexes.count) entries does not lead to the root at size \(treeSize).")
        }
    }

    /// The number of hashes in the proof of `indexes`. Throws `invalidRange` as `verify` does.
    package static func length(indexes: [UInt64], treeSize: UInt64) throws(MerkleError) -> Int {
        try check(indexes, treeSize)
        var count = 0
        walk(indexes, treeSize) { _, _ in count += 1 }
        return count
    }

    /// The root that follows from the leaves with `leafHashes` and the proof's hashes, which `node` gives one after another, `length` of
    /// them: for proofs that are not held in memory. Throws `invalidRange`, and `malformedProof` for another number of leaves. O(k log n).
    package static func root(
        indexes: [UInt64], treeSize: UInt64, leafHashes: [Digest], node: () -> Digest
    ) throws(MerkleError) -> Digest {
        try check(indexes, treeSize)
        guard leafHashes.count == indexes.count else {
            throw MerkleError(.malformedProof, "\(indexes.count) indexes go with \(leafHashes.count) leaf hashes.")
        }
        return withoutActuallyEscaping(node) { node in
            Reader(indexes: indexes, leafHashes: leafHashes, node: node).hash(0, treeSize, 0..<indexes.count)
        }
    }

    /// The proof of the leaves at `indexes`, from complete nodes. Throws `invalidRange`, and what the reader throws.
    /// O(k log n), one call of the reader.
    package static func make(indexes: [UInt64], treeSize: UInt64, reader: some NodeReader) throws -> MultiProof {
        try check(indexes, treeSize)
        var plan = ProofPlan()
        walk(indexes, treeSize) { plan.append($0, $1) }
        return MultiProof(indexes: indexes, treeSize: treeSize, nodes: try plan.hashes(reader))
    }
}

extension MultiProof {
    private static func check(_ indexes: [UInt64], _ treeSize: UInt64) throws(MerkleError) {
        guard let last = indexes.last, last < treeSize, treeSize <= TreeHash.sizeMax else {
            throw MerkleError(
                .invalidRange, "A proof at size \(treeSize) needs at least one index, and all below the size.")
        }
        for (index, next) in zip(indexes, indexes.dropFirst()) where index >= next {
            throw MerkleError(.invalidRange, "Entry \(next) follows entry \(index) in a proof; indexes must ascend.")
        }
    }

    /// The boundary between the two children of the node over [low, high), which has at least two leaves.
    private static func middle(_ low: UInt64, _ high: UInt64) -> UInt64 {
        low + 1 << UInt64(63 - (high - low - 1).leadingZeroBitCount)
    }

    /// How many of the `targets` lie left of `middle`, by bisection.
    private static func split(_ indexes: [UInt64], _ targets: Range<Int>, at middle: UInt64) -> Int {
        var low = targets.lowerBound
        var high = targets.upperBound
        while low < high {
            let probe = low + (high - low) / 2
            if indexes[probe] < middle { low = probe + 1 } else { high = probe }
        }
        return low
    }

    /// Calls `body` with each subtree whose hash is in the proof, in order.
    private static func walk(_ indexes: [UInt64], _ treeSize: UInt64, _ body: (UInt64, UInt64) -> Void) {
        func enter(_ low: UInt64, _ high: UInt64, _ targets: Range<Int>) {
            if targets.isEmpty { return body(low, high) }
            if UInt64(targets.count) == high - low { return }  // Every leaf is proven: nothing below is given.
            let middle = middle(low, high)
            let boundary = split(indexes, targets, at: middle)
            enter(low, middle, targets.lowerBound..<boundary)
            enter(middle, high, boundary..<targets.upperBound)
        }
        enter(0, treeSize, 0..<indexes.count)
    }

    /// The walk that hashes. It asks for as many nodes as `length` says.
    private struct Reader {
        let indexes: [UInt64]
        let leafHashes: [Digest]
        let node: () -> Digest

        /// The hash over [low, high). Recursion is as deep as the tree: at most 64.
        func hash(_ low: UInt64, _ high: UInt64, _ targets: Range<Int>) -> Digest {
            if targets.isEmpty { return node() }
            if targets.count == 1, high - low == 1 { return leafHashes[targets.lowerBound] }
            if targets.count >= 8, UInt64(targets.count) == high - low { return hashOfAll(targets) }
            let middle = MultiProof.middle(low, high)
            let boundary = MultiProof.split(indexes, targets, at: middle)
            let left = hash(low, middle, targets.lowerBound..<boundary)
            return TreeHash.node(left, hash(middle, high, boundary..<targets.upperBound))
        }

        /// The hash of a subtree whose leaves are all proven, whole levels at a time.
        private func hashOfAll(_ targets: Range<Int>) -> Digest {
            var frontier = TreeFrontier()
            leafHashes[targets].withUnsafeBytes { frontier.append(leaves: $0) }
            return frontier.root()
        }
    }
}
