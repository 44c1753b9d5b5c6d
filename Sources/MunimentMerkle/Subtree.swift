// Subtrees in the sense of the Merkle Tree Certificates draft (draft-ietf-plants-merkle-tree-certs, section 4): ranges
// [start, end) whose hash is part of the tree of any size ≥ end, or folds from such parts. Two of them cover any range, so
// two hashes certify a segment or an exported run. An inclusion proof is the case of one entry and a consistency proof the
// case of start 0; one generator and one verifier serve all three.

package import MunimentFormat

/// A range of entries that may be hashed as a tree of its own.
package struct Subtree: Hashable, Sendable {
    package let start: UInt64
    /// The first index after it.
    package let end: UInt64

    /// Nil unless [start, end) is valid: start ≤ end ≤ 2^63, and start a multiple of the smallest power of two that is
    /// not below the length. Empty ranges are valid.
    package init?(start: UInt64, end: UInt64) {
        guard start <= end, end <= TreeHash.sizeMax else { return nil }
        guard start & (Subtree.bitCeiling(end - start) - 1) == 0 else { return nil }
        self.start = start
        self.end = end
    }

    /// The range is known to be valid.
    private init(validStart start: UInt64, end: UInt64) {
        self.start = start
        self.end = end
    }

    package var count: UInt64 { end - start }
    package var isEmpty: Bool { start == end }

    /// Whether it lies within the tree of `size`.
    package func isValid(in size: UInt64) -> Bool { end <= size && size <= TreeHash.sizeMax }

    /// The smallest power of two that is not below `count`, which is at most 2^63; 1 for 0.
    private static func bitCeiling(_ count: UInt64) -> UInt64 {
        count <= 1 ? 1 : 1 << UInt64(64 - (count - 1).leadingZeroBitCount)
    }

    /// Two subtrees that together cover [start, end), the left one reaching further left by less than half of its
    /// length. The second is empty where the first suffices. Nil unless start ≤ end ≤ 2^63. O(1).
    package static func cover(start: UInt64, end: UInt64) -> (left: Subtree, right: Subtree)? {
        guard start <= end, end <= TreeHash.sizeMax else { return nil }
        if end - start <= 1 { return (Subtree(validStart: start, end: end), Subtree(validStart: end, end: end)) }
        let last = end - 1
        let split = UInt64(63 - (start ^ last).leadingZeroBitCount)
        let mask: UInt64 = 1 << split - 1
        let middle = last & ~mask
        let leftLevel = UInt64(64 - (~start & mask).leadingZeroBitCount)
        let left = Subtree(validStart: start & ~(1 << leftLevel - 1), end: middle)
        return (left, Subtree(validStart: middle, end: end))
    }
}

extension Subtree {
    /// The elements of SUBTREE_PROOF in the tree of `size`, topmost first: the reverse of the proof's order.
    fileprivate func proofRanges(in size: UInt64, _ body: (UInt64, UInt64) -> Void) {
        var low: UInt64 = 0
        var high = size
        var start = start
        var isKnown = true
        while (low, high) != (start, end) {
            let middle = low + 1 << UInt64(63 - (high - low - 1).leadingZeroBitCount)
            if end <= middle {
                body(middle, high)
                high = middle
            } else {
                body(low, middle)
                low = middle
                if start < middle {
                    start = middle
                    isKnown = false
                }
            }
        }
        if !isKnown { body(low, high) }
    }

    /// How many hashes its consistency proof with the tree of `size` has. Requires `isValid(in: size)`.
    func proofLength(in size: UInt64) -> Int {
        if isEmpty { return 0 }
        var count = 0
        proofRanges(in: size) { _, _ in count += 1 }
        return count
    }

    fileprivate func refusal(in size: UInt64) -> MerkleError {
        MerkleError(.invalidRange, "The tree of \(size) entries has no subtree [\(start), \(end)).")
    }
}

extension Subtree {
    /// The hash of the subtree's entries as a tree of their own. Throws what the reader throws. O(log n).
    package func hash(reader: some NodeReader) throws -> Digest {
        var plan = ProofPlan()
        if !isEmpty { plan.append(start, end) }
        return try plan.hashes(reader).first ?? TreeHash.emptyRoot
    }

    /// The path of entry `index` within the subtree. Throws `invalidRange`, and what the reader throws.
    package func inclusionPath(of index: UInt64, reader: some NodeReader) throws -> [Digest] {
        guard index >= start, index < end else {
            throw MerkleError(.invalidRange, "The subtree [\(start), \(end)) has no entry \(index).")
        }
        var plan = ProofPlan()
        InclusionProof.planPath(index: index - start, size: count, offset: start, into: &plan)
        return try plan.hashes(reader)
    }

    /// Throws unless `path` leads from `leafHash`, the hash of entry `index`, to the subtree's `hash`: `invalidRange`,
    /// `malformedProof` or `rootMismatch`.
    package func verifyInclusion(
        of index: UInt64, leafHash: Digest, path: [Digest], hash: Digest
    ) throws(MerkleError) {
        guard index >= start, index < end else {
            throw MerkleError(.invalidRange, "The subtree [\(start), \(end)) has no entry \(index).")
        }
        try InclusionProof(index: index - start, treeSize: count, path: path).verify(leafHash: leafHash, root: hash)
    }

    /// The proof that the subtree is part of the tree of `size`: SUBTREE_PROOF. Throws `invalidRange`, and what the
    /// reader throws. O(log n), one call of the reader.
    package func consistencyPath(size: UInt64, reader: some NodeReader) throws -> [Digest] {
        guard isValid(in: size) else { throw refusal(in: size) }
        if isEmpty { return [] }
        var ranges: [(UInt64, UInt64)] = []
        proofRanges(in: size) { ranges.append(($0, $1)) }
        var plan = ProofPlan()
        plan.reserve(ranges.count + 8)
        for (low, high) in ranges.reversed() { plan.append(low, high) }
        return try plan.hashes(reader)
    }

    /// Throws unless `path` shows that the subtree with `hash` is part of the tree of `size` with `root`:
    /// `invalidRange`, `malformedProof` or `rootMismatch`. An empty subtree is part of every tree, so of `root` it proves
    /// nothing. O(log n).
    package func verifyConsistency(hash: Digest, size: UInt64, path: [Digest], root: Digest) throws(MerkleError) {
        guard isValid(in: size) else { throw refusal(in: size) }
        let length = proofLength(in: size)
        guard path.count == length else {
            throw MerkleError(
                .malformedProof,
                "The proof of subtree [\(start), \(end)) at size \(size) has \(path.count) hashes, not \(length).")
        }
        guard reaches(hash: hash, size: size, path: path, root: root) else {
            throw MerkleError(
                .rootMismatch, "The subtree [\(start), \(end)) is not part of this tree of \(size) entries.")
        }
    }

    /// The draft's verification procedure; the length of `path` is already known to be right, but nothing here relies on
    /// that to stay within bounds.
    private func reaches(hash: Digest, size: UInt64, path: [Digest], root: Digest) -> Bool {
        if isEmpty { return hash == TreeHash.emptyRoot && (size != 0 || root == TreeHash.emptyRoot) }
        var first = start
        var last = end - 1
        var treeLast = size - 1
        var rest = path[...]
        func climb() {
            first >>= 1
            last >>= 1
            treeLast >>= 1
        }
        if last == treeLast {
            while first != last { climb() }
        } else {
            while first != last, last & 1 == 1 { climb() }
        }
        var seed = hash
        if first != last {
            guard let popped = rest.popFirst() else { return false }
            seed = popped
        }
        var subtreeHash = seed
        var treeHash = seed
        for sibling in rest {
            guard treeLast != 0 else { return false }
            if last & 1 == 1 || last == treeLast {
                if first < last { subtreeHash = TreeHash.node(sibling, subtreeHash) }
                treeHash = TreeHash.node(sibling, treeHash)
                while last != 0, last & 1 == 0 { climb() }
            } else {
                treeHash = TreeHash.node(treeHash, sibling)
            }
            climb()
        }
        return treeLast == 0 && subtreeHash == hash && treeHash == root
    }
}
