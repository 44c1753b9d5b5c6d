// Names of stored nodes, and the decomposition of any range that has a hash into them.
//
// Only complete nodes have names: node (l, i) covers entries i · 2^l ..< (i + 1) · 2^l, and is the same in every tree that
// has them all. A node on the right edge changes with each append; it is folded from complete ones whenever it is needed.

package import MunimentFormat

/// A complete interior node, or a leaf (level 0).
package struct NodeID: Hashable, Sendable {
    /// 0 for leaves; a node of level l covers 2^l of them. At most 63.
    package let level: UInt8
    /// Position among the nodes of its level.
    package let index: UInt64

    @inlinable
    package init(level: Int, index: UInt64) {
        self.level = UInt8(truncatingIfNeeded: level)
        self.index = index
    }
}

/// Where complete nodes come from: memory, a file, tiles. One call asks for all that a proof needs.
package protocol NodeReader {
    /// The digests of `ids`, in that order. Throws when it cannot give each of them.
    func nodes(_ ids: [NodeID]) throws -> [Digest]
}

/// The complete nodes that hash to MTH(D[start ..< end]), widest first: what `TreeHash.fold` wants.
/// The range must be a valid subtree or a whole tree (`Subtree.isValid`); O(log n).
func appendCompleteNodes(_ start: UInt64, _ end: UInt64, to ids: inout [NodeID]) {
    var left = start
    while left < end {
        let level = 63 - (end - left).leadingZeroBitCount
        ids.append(NodeID(level: level, index: left >> UInt64(level)))
        left += 1 << UInt64(level)
    }
}

/// Hashes to read and how they fold: element k of a proof joins the next `counts[k]` nodes.
struct ProofPlan {
    private(set) var ids: [NodeID] = []
    private(set) var counts: [UInt8] = []

    /// Adds the element MTH(D[start ..< end]).
    mutating func append(_ start: UInt64, _ end: UInt64) {
        let before = ids.count
        appendCompleteNodes(start, end, to: &ids)
        counts.append(UInt8(ids.count - before))
    }

    /// Adds an element that is one complete node.
    mutating func append(_ node: NodeID) {
        ids.append(node)
        counts.append(1)
    }

    mutating func reserve(_ count: Int) {
        ids.reserveCapacity(count)
        counts.reserveCapacity(count)
    }

    /// The elements, read in one call.
    func hashes(_ reader: some NodeReader) throws -> [Digest] {
        if ids.isEmpty { return [] }
        let nodes = try reader.nodes(ids)
        guard nodes.count == ids.count else {
            throw MerkleError(.missingNodes, "A node reader gave \(nodes.count) digests for \(ids.count) nodes.")
        }
        if ids.count == counts.count { return nodes }
        var hashes: [Digest] = []
        hashes.reserveCapacity(counts.count)
        var at = 0
        for count in counts {
            hashes.append(count == 1 ? nodes[at] : TreeHash.fold(nodes[at..<at + Int(count)]))
            at += Int(count)
        }
        return hashes
    }
}

extension NodeReader {
    /// The root of the first `size` entries. Throws `invalidRange` above 2^63, and what the reader throws. O(log n).
    package func root(size: UInt64) throws -> Digest {
        guard size <= TreeHash.sizeMax else {
            throw MerkleError(.invalidRange, "A tree of \(size) entries is larger than 2^63.")
        }
        var plan = ProofPlan()
        if size > 0 { plan.append(0, size) }
        return try plan.hashes(self).first ?? TreeHash.emptyRoot
    }
}
