// The nodes of the tree that a log commits to: stored ones, and those below them from the entries.

internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle

extension LogReader: NodeReader {
    /// Complete nodes: stored ones from the files, lower ones hashed from entries. Throws when the log does not hold them.
    package func nodes(_ ids: [NodeID]) throws -> [Digest] {
        var found = [Digest?](repeating: nil, count: ids.count)
        try tree.read(ids, into: &found)
        var group = LeafGroup()
        return try ids.indices.map { place in
            if let node = found[place] { return node }
            let id = ids[place]
            if Int(id.level) >= TreeNodes.floor { return try recomputed(id) }
            let first = id.index << UInt64(id.level)
            if group.first != first & ~7 { group = try leafGroup(first & ~7) }
            guard let node = group.node(id) else { throw LogReader.absent(first) }
            return node
        }
    }

    /// A node that the derived files do not hold, from the level below it.
    private func recomputed(_ id: NodeID) throws -> Digest {
        let below = Int(id.level) - 1
        let children = try nodes([
            NodeID(level: below, index: id.index * 2), NodeID(level: below, index: id.index * 2 + 1),
        ])
        return TreeHash.node(children[0], children[1])
    }

    /// The leaf hashes of the entries from `first`, a multiple of 8, to the next one, as far as the log goes.
    private func leafGroup(_ first: UInt64) throws(ArchiveError) -> LeafGroup {
        var group = LeafGroup(first: first)
        var index = first
        while index < first + 8 {
            let frame: FrameView
            do throws(ArchiveError) {
                frame = try self.frame(containing: index)
            } catch  where error.code == .absent && index > first {
                break
            }
            let end = min(first + 8, frame.header.treeSize)
            group.append(frame, index..<end)
            index = end
        }
        group.finish()
        return group
    }
}

/// Eight leaves and the nodes above them, below the lowest stored level.
private struct LeafGroup {
    private(set) var first: UInt64 = .max
    private var count = 0
    /// 8 leaves, 4 nodes of level 1, 2 of level 2.
    private var hashes = InlineArray<14, Digest>(repeating: .zero)

    init() {}

    init(first: UInt64) { self.first = first }

    mutating func append(_ frame: FrameView, _ indexes: Range<UInt64>) {
        let start = count * Digest.byteCount
        withUnsafeMutableBytes(of: &hashes) { raw in
            frame.leafHashes(
                of: Int(indexes.lowerBound - frame.header.firstIndex), count: indexes.count,
                to: raw.baseAddress! + start)
        }
        count += indexes.count
    }

    mutating func finish() {
        for place in 0..<count / 2 { hashes[8 + place] = TreeHash.node(hashes[2 * place], hashes[2 * place + 1]) }
        for place in 0..<count / 4 { hashes[12 + place] = TreeHash.node(hashes[8 + 2 * place], hashes[9 + 2 * place]) }
    }

    /// A node of level 0, 1 or 2 of the group; nil when its leaves are not all there.
    func node(_ id: NodeID) -> Digest? {
        let level = Int(id.level)
        let place = Int(id.index - first >> UInt64(level))
        guard (place + 1) << level <= count else { return nil }
        // They begin at 0, 8 and 12.
        return hashes[(16 - 16 >> level) + place]
    }
}
