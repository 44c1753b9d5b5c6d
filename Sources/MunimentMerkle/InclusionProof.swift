// Audit paths: RFC 6962 section 2.1.1, RFC 9162 sections 2.1.3.1 and 2.1.3.2.
//
// Verification uses the equivalent closed form: below the level where the paths of the index and of the last leaf part, bit
// i of the index says on which side sibling i stands; above it, every remaining sibling stands on the left. So the length
// of the path is known before a hash is computed, and a hostile path costs nothing.

import MunimentCrypto
public import MunimentFormat

/// A proof that a leaf is in a tree: the siblings from the leaf to the root.
public struct InclusionProof: Hashable, Sendable {
    /// The leaf's index.
    public let index: UInt64
    /// The number of leaves of the tree.
    public let treeSize: UInt64
    /// The siblings, the leaf's own first.
    public let path: [Digest]

    /// Any values; `verify` is what judges them.
    public init(index: UInt64, treeSize: UInt64, path: [Digest]) {
        self.index = index
        self.treeSize = treeSize
        self.path = path
    }

    /// Throws unless the path leads from `leafHash` to `root`: `invalidRange`, `malformedProof` or `rootMismatch`.
    /// O(log n) hashes; none for a path of the wrong length.
    public func verify(leafHash: Digest, root: Digest) throws(MerkleError) {
        let reached = try self.root(leafHash: leafHash)
        guard reached == root else {
            throw MerkleError(
                .rootMismatch, "The path of entry \(index) does not lead to the root at size \(treeSize).")
        }
    }

    /// The root to which the path leads from `leafHash`. Throws `invalidRange` or `malformedProof`.
    package func root(leafHash: Digest) throws(MerkleError) -> Digest {
        guard let length = InclusionProof.length(index: index, treeSize: treeSize) else {
            throw MerkleError(.invalidRange, "A tree of \(treeSize) entries has no entry \(index).")
        }
        guard path.count == length else {
            throw MerkleError(
                .malformedProof,
                "The path of entry \(index) at size \(treeSize) has \(path.count) hashes, not \(length).")
        }
        let inner = InclusionProof.innerLength(index: index, treeSize: treeSize)
        let left = index & (1 << UInt64(inner) - 1) | ~0 << UInt64(inner)
        return path.withUnsafeBufferPointer { SHA256.climb(from: leafHash, siblings: $0, left: left) }
    }

    /// The number of hashes in the path; nil where the tree has no such leaf, or is larger than 2^63.
    package static func length(index: UInt64, treeSize: UInt64) -> Int? {
        guard index < treeSize, treeSize <= TreeHash.sizeMax else { return nil }
        let inner = innerLength(index: index, treeSize: treeSize)
        return inner + (index >> UInt64(inner)).nonzeroBitCount
    }

    /// How many siblings stand below the level where the leaf's path joins the right edge. At most 63.
    private static func innerLength(index: UInt64, treeSize: UInt64) -> Int {
        64 - (index ^ (treeSize - 1)).leadingZeroBitCount
    }
}

extension InclusionProof {
    /// The proof of leaf `index` in the tree of `treeSize`, from complete nodes. Throws `invalidRange`, and what the
    /// reader throws. O(log n), one call of the reader.
    package static func make(index: UInt64, treeSize: UInt64, reader: some NodeReader) throws -> InclusionProof {
        guard let length = length(index: index, treeSize: treeSize) else {
            throw MerkleError(.invalidRange, "A tree of \(treeSize) entries has no entry \(index).")
        }
        var plan = ProofPlan()
        plan.reserve(length + 8)
        planPath(index: index, size: treeSize, offset: 0, into: &plan)
        return InclusionProof(index: index, treeSize: treeSize, path: try plan.hashes(reader))
    }

    /// The path of leaf `index` in the tree of the `size` leaves from `offset` on, leaf's sibling first. `offset` is a
    /// multiple of the smallest power of two that is not below `size`.
    static func planPath(index: UInt64, size: UInt64, offset: UInt64, into plan: inout ProofPlan) {
        var level: UInt64 = 0
        while level < 64, 1 << level < size {
            let sibling = index >> level ^ 1
            let start = sibling << level
            if start < size {
                let end = start + 1 << level
                if end <= size {
                    plan.append(NodeID(level: Int(level), index: (offset + start) >> level))
                } else {
                    plan.append(offset + start, offset + size)
                }
            }
            level += 1
        }
    }
}
