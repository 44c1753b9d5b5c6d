// The growing edge of the tree: its size and the roots of the perfect subtrees that make it up, one for each set bit of the
// size. That is all the state that an append needs, whatever the size (the draft calls it a compact range).
//
// A batch climbs level by level in one scratch buffer, each level one kernel call: the run of children, with the peak
// that waits on its left if the run starts at an odd index, becomes the run of parents in place. Slots before the run are
// kept free because each level may reach one slot further left. A child without a right sibling stays behind as the
// level's peak.

import MunimentCrypto
package import MunimentFormat

/// A Merkle tree reduced to what appending and the root need. A value; copying shares storage until the next append.
package struct TreeFrontier: Sendable {
    /// The number of leaves.
    package private(set) var size: UInt64

    /// The peak of level l where bit l of `size` is set; other slots are stale.
    private var peakOfLevel: [Digest]

    /// Leaves that climb together: the scratch of a batch stays within the second-level cache.
    private static let batchCountMax = 4096

    /// The empty tree.
    package init() {
        size = 0
        peakOfLevel = Array(repeating: .zero, count: 64)
    }

    /// The tree of `size` leaves whose perfect subtrees have the roots `peaks`, widest first. Nil unless size ≤ 2^63 and
    /// there is one peak for each of its set bits.
    package init?(size: UInt64, peaks: [Digest]) {
        guard size <= TreeHash.sizeMax, peaks.count == size.nonzeroBitCount else { return nil }
        self.init()
        self.size = size
        for (node, peak) in zip(TreeFrontier.peakIDs(size: size), peaks) { peakOfLevel[Int(node.level)] = peak }
    }

    /// The tree of `size` leaves, its peaks read from complete nodes. Throws `invalidRange` above 2^63, `missingNodes`,
    /// and what the reader throws.
    package init(size: UInt64, reader: some NodeReader) throws {
        guard size <= TreeHash.sizeMax else {
            throw MerkleError(.invalidRange, "A tree of \(size) entries is larger than 2^63.")
        }
        let ids = TreeFrontier.peakIDs(size: size)
        guard let frontier = TreeFrontier(size: size, peaks: ids.isEmpty ? [] : try reader.nodes(ids)) else {
            throw MerkleError(.missingNodes, "A node reader did not give the \(ids.count) peaks of size \(size).")
        }
        self = frontier
    }

    /// The names of the peaks of a tree, widest first. Requires size ≤ 2^63.
    package static func peakIDs(size: UInt64) -> [NodeID] {
        var ids: [NodeID] = []
        appendCompleteNodes(0, size, to: &ids)
        return ids
    }

    /// The roots of the perfect subtrees, widest first.
    package var peaks: [Digest] {
        TreeFrontier.peakIDs(size: size).map { peakOfLevel[Int($0.level)] }
    }

    /// The root of the tree. O(log n) hashes.
    package func root() -> Digest { TreeHash.fold(peaks) }
}

extension TreeFrontier: Equatable {
    package static func == (a: TreeFrontier, b: TreeFrontier) -> Bool { a.size == b.size && a.peaks == b.peaks }
}

extension TreeFrontier {
    /// Appends one leaf hash. O(1) amortised.
    package mutating func append(leaf: Digest) {
        leaf.withUnsafeBytes { append(leaves: $0) }
    }

    /// Appends leaf hashes, 32 bytes each without a gap, and tells `sink` of every node of level ≥ `floor` that becomes
    /// complete, leaves included if `floor` is 0: its level, the index of the first, and the run's 32-byte digests in
    /// index order, valid during the call. Runs of one level arrive in index order.
    /// A count that is no multiple of 32, or a size above 2^63, is a programmer's mistake. O(n), one temporary
    /// allocation for each 4096 leaves.
    package mutating func append(
        leaves: UnsafeRawBufferPointer, reporting floor: Int = 64,
        to sink: (_ level: Int, _ firstIndex: UInt64, _ nodes: UnsafeRawBufferPointer) -> Void = { _, _, _ in }
    ) {
        precondition(leaves.count % Digest.byteCount == 0, "leaf hashes have 32 bytes each")
        let total = leaves.count / Digest.byteCount
        precondition(UInt64(total) <= TreeHash.sizeMax - size, "a tree has at most 2^63 leaves")
        var done = 0
        while done < total {
            let count = min(total - done, TreeFrontier.batchCountMax)
            climb(leaves.baseAddress! + done * Digest.byteCount, count, reporting: floor, to: sink)
            done += count
        }
    }

    /// Appends `count` ≥ 1 leaves that climb together.
    private mutating func climb(
        _ leaves: UnsafeRawPointer, _ count: Int, reporting floor: Int,
        to sink: (Int, UInt64, UnsafeRawBufferPointer) -> Void
    ) {
        let first = size
        let newSize = size + UInt64(count)
        if floor == 0 { sink(0, first, UnsafeRawBufferPointer(start: leaves, count: count * Digest.byteCount)) }
        let slotsBefore = 64 - newSize.leadingZeroBitCount
        let byteCount = (slotsBefore + (count + 1) / 2) * Digest.byteCount
        withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 64) { scratch in
            var parents = scratch.baseAddress! + slotsBefore * Digest.byteCount
            var run = Run(level: 0, first: first, count: count)
            run = joinLeaves(leaves, run, into: parents)
            while run.count > 0 {
                if run.level >= floor {
                    sink(run.level, run.first, .init(start: parents, count: run.count * Digest.byteCount))
                }
                run = joinInPlace(run, at: &parents)
            }
        }
        size = newSize
    }

    /// Neighbouring nodes of one level.
    private struct Run {
        var level: Int
        var first: UInt64
        var count: Int

        /// Whether the run's first node is a right child, whose sibling is the level's peak.
        var startsRight: Bool { first & 1 == 1 }

        /// Whether its last node is a left child, which becomes the level's peak.
        var endsLeft: Bool { (first &+ UInt64(count)) & 1 == 1 }

        var parents: Run { Run(level: level + 1, first: first >> 1, count: (count + (startsRight ? 1 : 0)) / 2) }
    }

    /// The parents of a run of leaves, which are the caller's and are not copied.
    private mutating func joinLeaves(
        _ leaves: UnsafeRawPointer, _ run: Run, into target: UnsafeMutableRawPointer
    ) -> Run {
        var children = leaves
        var target = target
        var whole = run.parents.count
        if run.startsRight {
            TreeHash.node(peakOfLevel[0], Digest(loading: children)).store(to: target)
            children += Digest.byteCount
            target += Digest.byteCount
            whole -= 1
        }
        if whole > 0 { TreeHash.level(children, count: whole, into: target) }
        if run.endsLeft { peakOfLevel[0] = Digest(loading: leaves + (run.count - 1) * Digest.byteCount) }
        return run.parents
    }

    /// The parents of a run take its place; `start` moves left where a peak joins.
    private mutating func joinInPlace(_ run: Run, at start: inout UnsafeMutableRawPointer) -> Run {
        let last = Digest(loading: start + (run.count - 1) * Digest.byteCount)
        if run.startsRight {
            start -= Digest.byteCount
            peakOfLevel[run.level].store(to: start)
        }
        let parents = run.parents
        if parents.count > 0 { TreeHash.level(start, count: parents.count, into: start) }
        if run.endsLeft { peakOfLevel[run.level] = last }
        return parents
    }
}
