// Bringing the stored tree nodes up to the log's size: what the files hold is kept where it gives the roots that the
// segments' headers state; the rest is computed from entries and stays in memory until the next flush.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct TreeCatchUp {
    private let reader: LogReader
    private let paths: StorePaths

    init(_ reader: LogReader, _ paths: StorePaths) { (self.reader, self.paths) = (reader, paths) }

    /// Makes the nodes of the tree of `size` available. Those beyond `sealedSize`, up to which a seal has made certain
    /// of the files, are taken into memory if `recalls`, for a writer to write again.
    func run(size: UInt64, sealedSize: UInt64, recalls: Bool) throws(ArchiveError) {
        try translating(paths.tree) {
            let start = try trustedSize(size)
            reader.tree.reset(treeSize: start)
            if recalls { try reader.tree.recall(beyond: sealedSize) }
            var frontier = try TreeFrontier(size: start, reader: reader)
            let hasher = EntryHasher()
            while frontier.size < size {
                let frame = try reader.frame(containing: frontier.size)
                let count = frame.header.entryCount
                try withUnsafeTemporaryAllocation(byteCount: count * Digest.byteCount, alignment: 64) { leaves in
                    frame.leafHashes(hasher, to: leaves.baseAddress!)
                    let skipped = Int(frontier.size - frame.header.firstIndex) * Digest.byteCount
                    frontier.append(
                        leaves: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(leaves)[skipped...]),
                        reporting: TreeNodes.floor
                    ) { level, first, nodes in reader.tree.append(level: level, firstIndex: first, nodes: nodes) }
                    guard frontier.root() == frame.header.root else {
                        throw FormatError(
                            .inconsistent, "stored tree nodes", at: 0,
                            "they do not give the root of size \(frontier.size)")
                    }
                }
            }
        }
    }

    /// The greatest size, at a segment's first index or at the end, whose nodes the files hold in full and whose peaks
    /// give its root.
    private func trustedSize(_ size: UInt64) throws -> UInt64 {
        var candidates = reader.segments.map { ($0.firstIndex, $0) }.filter { $0.0 <= size && $0.0 > 0 }
        if size > 0 { candidates.append((size, reader.segments[reader.segments.count - 1])) }
        for (candidate, _) in candidates.reversed() where try filesReach(candidate) {
            reader.tree.reset(treeSize: candidate)
            let root = try reader.outline(containing: candidate - 1).header.root
            if let frontier = try unlessWrong({ try TreeFrontier(size: candidate, reader: reader) }),
                frontier.root() == root
            {
                return candidate
            }
        }
        return 0
    }

    private func filesReach(_ size: UInt64) throws -> Bool {
        for level in TreeNodes.floor..<64 where size >> UInt64(level) > 0 {
            if try reader.tree.fileNodeCount(level: level) < size >> UInt64(level) { return false }
        }
        return true
    }
}
