// The nodes of the tree that a log commits to: stored ones, and those below them from the entries.

internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle

extension LogReader: NodeReader {
    /// Complete nodes: stored ones from the files, lower ones hashed from entries. Throws when the log does not hold them.
    package func nodes(_ ids: [NodeID]) throws -> [Digest] {
        var found = [Digest?](repeating: nil, count: ids.count)
        try tree.read(ids, into: &found)
        return try ids.indices.map { place in
            if let node = found[place] { return node }
            let id = ids[place]
            if Int(id.level) >= TreeNodes.floor { return try recomputed(id) }
            let index = id.index << UInt64(id.level)
            let first = LeafGroup.first(index)
            // One that is kept may be of a time when the log ended in it.
            if let node = leafGroups.value(first)?.node(id) { return node }
            guard let node = try leafGroup(first).node(id) else { throw LogReader.absent(index) }
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

    /// The leaves of the entries from `first`, a multiple of 8, to the next one, as far as the log goes.
    private func leafGroup(_ first: UInt64) throws(ArchiveError) -> LeafGroup {
        let group = LeafGroup(first: first)
        var index = first
        while index < first + 8 {
            do throws(ArchiveError) {
                index = try inSegment(containing: index) { handle in
                    let frame = try outline(containing: index, in: handle)
                    let end = min(first + 8, frame.indexes.upperBound)
                    try group.append(frame, index..<end) { ordinal, buffer in
                        try readCommitments(from: ordinal, of: frame, in: handle, into: buffer)
                    }
                    return end
                }
            } catch  where error.code == .absent && index > first {
                break
            }
        }
        group.finish()
        leafGroups.insert(group, for: first, cost: 1)
        return group
    }
}
