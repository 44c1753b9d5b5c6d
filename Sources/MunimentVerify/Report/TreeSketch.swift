// The top of a tree, for a drawing: of each level the first few nodes, and the roots of the perfect subtrees that make
// up the whole. A tree of any size leaves no more than 64 KiB of it behind.

internal import MunimentFormat
internal import MunimentMerkle

/// Nodes near the root of a tree.
struct TreeSketch: Sendable {
    /// Of each level so many nodes are kept, from the left. A drawing needs no more: where the tree has more of a level,
    /// the level above fills the page.
    static let nodeCountMax = 16

    /// A node that was completed.
    struct Node: Sendable {
        let level: Int
        let index: UInt64
        let hash: Digest
    }

    /// By level, then by index; what is missing was never seen.
    private var nodes: [[Digest?]] = Array(repeating: [], count: 64)
    private(set) var size: UInt64 = 0
    /// The roots of the perfect subtrees, widest first.
    private(set) var peaks: [Digest] = []

    /// Those of a run of neighbouring nodes that a sketch keeps.
    static func kept(level: Int, first: UInt64, _ bytes: UnsafeRawBufferPointer) -> [Node] {
        guard first < UInt64(nodeCountMax), let base = bytes.baseAddress else { return [] }
        let count = min(bytes.count / Digest.byteCount, nodeCountMax - Int(first))
        return (0..<count).map { place in
            Node(level: level, index: first + UInt64(place), hash: Digest(loading: base + place * Digest.byteCount))
        }
    }

    mutating func append(_ node: Node) {
        let place = Int(node.index)
        if nodes[node.level].count <= place {
            nodes[node.level] += Array(repeating: nil, count: place + 1 - nodes[node.level].count)
        }
        nodes[node.level][place] = node.hash
    }

    /// The tree has this size and these perfect subtrees.
    mutating func finish(_ frontier: TreeFrontier) { (size, peaks) = (frontier.size, frontier.peaks) }

    /// A subtree of the drawing: the entries from `start` to before `end`.
    struct Part: Hashable, Sendable {
        let start: UInt64
        let end: UInt64
        var count: UInt64 { end - start }
        /// Whether it has a power of two of entries, and so stays what it is however the log grows.
        var isComplete: Bool { count.nonzeroBitCount == 1 }
        /// Where its two children meet.
        var middle: UInt64 { start + 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }
        var left: Part { Part(start: start, end: middle) }
        var right: Part { Part(start: middle, end: end) }
    }

    /// The whole tree; nil for the empty one.
    var whole: Part? { size == 0 ? nil : Part(start: 0, end: size) }

    /// The perfect subtrees, widest first.
    var frontier: [(part: Part, hash: Digest)] {
        var start: UInt64 = 0
        return zip(TreeFrontier.peakIDs(size: size), peaks).map { id, hash in
            let part = Part(start: start, end: start + 1 << UInt64(id.level))
            start = part.end
            return (part, hash)
        }
    }

    /// The hash of a subtree; nil where it was not kept.
    func hash(_ part: Part) -> Digest? {
        if part.end == size, let first = frontier.firstIndex(where: { $0.part.start == part.start }) {
            return TreeHash.fold(frontier[first...].map(\.hash))
        }
        guard part.isComplete else { return nil }
        if let peak = frontier.first(where: { $0.part == part }) { return peak.hash }
        let level = part.count.trailingZeroBitCount
        let index = part.start >> UInt64(level)
        guard index < UInt64(nodes[level].count) else { return nil }
        return nodes[level][Int(index)]
    }

    /// The lowest subtrees that a drawing with room for `countMax` of them shows, from the left: the frontier, its widest
    /// parts opened as far as there is room and their hashes are known. Where the frontier alone is more, its end is one
    /// part.
    func bottom(countMax: Int) -> [Part] {
        var parts = frontier.map(\.part)
        if parts.count > countMax {
            parts.removeLast(parts.count - countMax + 1)
            parts.append(Part(start: parts.last?.end ?? 0, end: size))
        }
        while parts.count < countMax {
            let open = parts.filter { $0.count > 1 && $0.isComplete && hash($0.left) != nil && hash($0.right) != nil }
            guard let widest = open.max(by: { $0.count < $1.count || $0.count == $1.count && $0.start > $1.start }),
                let place = parts.firstIndex(of: widest)
            else { break }
            parts.replaceSubrange(place...place, with: [widest.left, widest.right])
        }
        return parts
    }
}
