// Tiles of C2SP tlog-tiles: the tree cut into pieces of 256 hashes, each a file that never changes once it is full.
//
// Hash tile (L, N) holds nodes 256 N ..< 256 N + width of level 8 L; level 0 has the leaf hashes. Entry bundles are cut
// the same way. A name carries the index in base 1000, `x001/x234/067`, and `.p/W` where the tile is not full.

/// A tile's place: what it holds, where it starts, how much of it exists.
package struct Tile: Hashable, Sendable {
    /// Hashes in a full tile.
    package static let widthMax = 256
    /// Levels of the tree that a tile spans.
    package static let height = 8
    /// The highest tile level that a path may name.
    package static let levelMax = 63
    /// Tiles with this index or a higher one would hold nodes of a tree larger than 2^63.
    package static let indexEnd: UInt64 = 1 << 55

    package enum Kind: Hashable, Sendable {
        /// Hashes of this tile level, 0 ... 63.
        case hashes(Int)
        /// Entries, each after its length in two bytes, big-endian.
        case entries
    }

    package let kind: Kind
    package let index: UInt64
    /// 1 ... 256; 256 is a full tile.
    package let width: Int

    /// Nil for a level, index or width outside the bounds above.
    package init?(_ kind: Kind, index: UInt64, width: Int = Tile.widthMax) {
        if case .hashes(let level) = kind, !(0...Tile.levelMax).contains(level) { return nil }
        guard index < Tile.indexEnd, (1...Tile.widthMax).contains(width) else { return nil }
        self.kind = kind
        self.index = index
        self.width = width
    }

    /// Whether it can still grow.
    package var isPartial: Bool { width < Tile.widthMax }

    /// The names of the nodes of a hash tile, in file order; empty for entries and for levels above 7, which no tree has.
    package var nodes: [NodeID] {
        guard case .hashes(let level) = kind, level < 8 else { return [] }
        return (0..<UInt64(width)).map { NodeID(level: level * Tile.height, index: index << 8 + $0) }
    }

    /// Where to find `node` in the tree of `treeSize`: the hash tile, as wide as that tree has it, and the slots that hash
    /// to the node. Nil where the tree does not have the node.
    package static func locate(_ node: NodeID, treeSize: UInt64) -> (tile: Tile, slots: Range<Int>)? {
        guard node.level < 64, treeSize <= TreeHash.sizeMax else { return nil }
        guard node.index < treeSize >> UInt64(node.level) else { return nil }
        let level = Int(node.level) / height
        let depth = Int(node.level) % height
        let firstSlot = node.index << UInt64(depth)
        let index = firstSlot >> 8
        let available = treeSize >> UInt64(level * height) - index << 8
        guard let tile = Tile(.hashes(level), index: index, width: Int(min(available, 256))) else { return nil }
        let slot = Int(firstSlot & 255)
        return (tile, slot..<slot + 1 << depth)
    }
}

// MARK: - Paths

extension Tile {
    /// The path below the log's prefix: `tile/0/x001/234.p/56`.
    package var path: String {
        let place =
            switch kind {
            case .hashes(let level): String(level)
            case .entries: "entries"
            }
        return "tile/\(place)/\(Tile.groups(index))" + (isPartial ? ".p/\(width)" : "")
    }

    /// Base 1000, three digits a group, all but the last marked with an `x`.
    private static func groups(_ index: UInt64) -> String {
        var text = digits(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            text = "x" + digits(rest % 1000) + "/" + text
            rest /= 1000
        }
        return text
    }

    private static func digits(_ group: UInt64) -> String {
        (group < 10 ? "00" : group < 100 ? "0" : "") + String(group)
    }

    /// Reads a path. Exactly the form that `path` writes is accepted; throws `malformedTile` for any other bytes.
    package init(path: String) throws(MerkleError) {
        guard let tile = Tile.parse(path), tile.path.utf8.elementsEqual(path.utf8) else {
            throw MerkleError(.malformedTile, "This is not the path of a tile.")
        }
        self = tile
    }

    /// The tile that `path` may name. Lenient where comparing with the canonical form decides; bounded by the length.
    private static func parse(_ path: String) -> Tile? {
        guard path.utf8.count <= 64 else { return nil }
        var parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)[...]
        guard parts.count >= 3, parts.removeFirst().elementsEqual("tile".utf8) else { return nil }
        let place = parts.removeFirst()
        let kind: Kind
        if place.elementsEqual("entries".utf8) {
            kind = .entries
        } else {
            guard let level = number(place) else { return nil }
            kind = .hashes(Int(level))
        }
        var width = UInt64(widthMax)
        if parts.count >= 2, parts[parts.endIndex - 2].suffix(2).elementsEqual(".p".utf8) {
            guard let last = parts.popLast(), let partial = number(last) else { return nil }
            width = partial
            parts[parts.endIndex - 1] = parts[parts.endIndex - 1].dropLast(2)
        }
        var index: UInt64 = 0
        for part in parts {
            let group = part.first == UInt8(ascii: "x") ? part.dropFirst() : part
            guard index <= indexEnd / 1000, let value = number(group), value < 1000 else { return nil }
            index = index * 1000 + value
        }
        return Tile(kind, index: index, width: Int(width))
    }

    /// One to four decimal digits.
    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value
    }
}

// MARK: - The tiles of a size

/// Neighbouring tiles of one level: full ones, then perhaps a partial one.
package struct TileRun: Hashable, Sendable {
    /// The tile level. Entry bundles are cut as level 0.
    package let level: Int
    /// The indexes of the full tiles.
    package let full: Range<UInt64>
    /// The width of the partial tile at `full.upperBound`; 0 where there is none.
    package let partialWidth: Int

    /// The hash tiles of the run, first to last; lazily, since a big log has many.
    package var tiles: some Sequence<Tile> {
        let end = full.upperBound + (partialWidth > 0 ? 1 : 0)
        return (full.lowerBound..<end).lazy.compactMap {
            Tile(.hashes(level), index: $0, width: $0 < full.upperBound ? Tile.widthMax : partialWidth)
        }
    }

    /// The runs, level 0 first, of the tiles that the tree of `newSize` has and the tree of `oldSize` has not: full tiles
    /// that were partial or absent, and partial tiles of a new width. From `oldSize` 0 these are all tiles of a tree.
    /// Throws `invalidRange` unless oldSize ≤ newSize ≤ 2^63. At most eight.
    package static func added(from oldSize: UInt64 = 0, to newSize: UInt64) throws(MerkleError) -> [TileRun] {
        guard oldSize <= newSize, newSize <= TreeHash.sizeMax else {
            throw MerkleError(.invalidRange, "A tree of \(newSize) entries cannot extend one of \(oldSize).")
        }
        var runs: [TileRun] = []
        for level in 0..<8 {
            let shift = UInt64(level * Tile.height)
            let old = oldSize >> shift
            let new = newSize >> shift
            if old == new { break }  // Higher levels grow only where this one does.
            runs.append(TileRun(level: level, full: old >> 8..<new >> 8, partialWidth: Int(new & 255)))
        }
        return runs
    }
}
