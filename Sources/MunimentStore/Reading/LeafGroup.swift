// Eight entries in a row, from a multiple of 8 on: their commitments, their leaf hashes, and the nodes above them that are below the lowest stored
// level. What a proof needs of entries comes from one group.

internal import MunimentFormat
internal import MunimentCrypto
internal import MunimentMerkle

/// Filled by one thread, then finished; from then on it never changes, which makes it Sendable.
final class LeafGroup: @unchecked Sendable {
    static let leafCount = 8

    /// The first index of the group that holds `index`.
    static func first(_ index: UInt64) -> UInt64 { index & ~UInt64(leafCount - 1) }

    let first: UInt64
    private var count = 0
    private var commitments = InlineArray<8, Digest>(repeating: .zero)
    /// 8 leaves, 4 nodes of level 1, 2 of level 2.
    private var hashes = InlineArray<14, Digest>(repeating: .zero)

    init(first: UInt64) { self.first = first }

    /// Takes the next leaves, which are those of `indexes` and one frame's; `read` gives the commitments from an ordinal on.
    func append(
        _ frame: FrameOutline, _ indexes: Range<UInt64>, _ read: (Int, UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        let ordinal = Int(indexes.lowerBound - frame.indexes.lowerBound)
        let start = count * Digest.byteCount
        try withUnsafeMutablePointer(to: &commitments) { commitments in
            let wanted = UnsafeMutableRawPointer(commitments) + start
            try read(ordinal, UnsafeMutableRawBufferPointer(start: wanted, count: indexes.count * Digest.byteCount))
            withUnsafeMutablePointer(to: &hashes) { hashes in
                frame.leafHashes(
                    of: ordinal, count: indexes.count, commitments: wanted,
                    to: UnsafeMutableRawPointer(hashes) + start)
            }
        }
        count += indexes.count
    }

    /// Hashes the nodes above the leaves that are there.
    func finish() {
        withUnsafeMutablePointer(to: &hashes) { hashes in
            let base = UnsafeMutableRawPointer(hashes)
            for (children, count, parents) in [(0, count / 2, 8), (8, count / 4, 12)] where count > 0 {
                TreeHash.level(
                    UnsafeRawPointer(base + children * Digest.byteCount), count: count,
                    into: base + parents * Digest.byteCount)
            }
        }
    }

    /// What the entry at `index`, which is from `first` on, commits to; nil when it is not there.
    func commitment(_ index: UInt64) -> Digest? {
        let place = Int(index - first)
        return place < count ? commitments[place] : nil
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
