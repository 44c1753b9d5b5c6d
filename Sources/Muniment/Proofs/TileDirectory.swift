// The log as static files in the layout of C2SP tlog-tiles: checkpoint, tile/L/N, tile/entries/N. Any web server can
// publish them, and any client of the format can check them; contents are not among them.
//
// The story: tiles are computed from the entries, bottom up, and written; when the last has led to the checkpoint's
// root they are synced, and only then does the new checkpoint take the old one's place. If we die before that, the
// directory is what its old checkpoint says, and some files more; the next run writes them again. A full tile never
// changes, so those that the old checkpoint covers are kept.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote
public import MunimentStore

/// What writing a tile directory did.
public struct TileReport: Sendable {
    /// The size of the checkpoint that the directory has now.
    public internal(set) var size: UInt64
    /// Files that were written; those that were there already are not among them.
    public internal(set) var writtenCount = 0
}

extension Snapshot {
    /// Writes, or brings up to date, the tiles of this checkpoint's log in `directory`. `progress` is told how many
    /// entries are done. Throws `usage` where the directory holds another log or a newer state, `damaged` where the
    /// entries do not lead to the checkpoint. O(new entries).
    @discardableResult
    public func writeTiles(
        to directory: String, progress: (UInt64) throws -> Void = { _ in }
    ) throws(ArchiveError) -> TileReport {
        let writer = TileDirectoryWriter(self, directory)
        return try translating(directory) { try writer.run(progress) }
    }
}

private final class TileDirectoryWriter {
    /// Files that may wait for their sync.
    private static let unsyncedCountMax = 1_024

    private let snapshot: Snapshot
    private let fileSystem: any FileSystem
    private let directory: String
    private var report: TileReport
    private var unsynced: [String] = []
    private var knownDirectories: Set<String> = []
    private var levels: [TileLevel] = []
    /// Roots of full tiles that began before this run: each must come up as the node above it.
    private var expected: [NodeID: Digest] = [:]

    init(_ snapshot: Snapshot, _ directory: String) {
        (self.snapshot, fileSystem) = (snapshot, snapshot.reader.fileSystem)
        self.directory = StorePaths(directory).root
        report = TileReport(size: snapshot.size)
    }

    func run(_ progress: (UInt64) throws -> Void) throws -> TileReport {
        let oldSize = try publishedSize()
        if oldSize == snapshot.size { return report }
        try makeDirectory(directory)
        let start = try firstMissingEntry(oldSize)
        levels = try (0..<8).map { try TileLevel($0, start: start, reader: snapshot.reader) }
        var frontier = try TreeFrontier(size: start, reader: snapshot.reader)
        var index = start
        while index < snapshot.size {
            let count = Int(min(256, snapshot.size - index))
            let leaves = try writeBundle(index >> 8, count)
            try append(leaves, to: &frontier)
            index += UInt64(count)
            try progress(index)
        }
        try finish(frontier)
        return report
    }

    // MARK: What is there

    /// The size of the checkpoint that the directory has; 0 where it has none.
    private func publishedSize() throws -> UInt64 {
        let path = directory + "/checkpoint"
        guard try fileSystem.status(path) != nil else { return 0 }
        let manifest = try Recovery(fileSystem, snapshot.reader.paths).manifest()
        let keys = try NoteKeys([VerifierKey(manifest.verifierKey)])
        guard let note = try? SignedNote(fileSystem.readFully(path, maximumByteCount: SignedNote.byteCountMax)),
            let old = try? VerifiedCheckpoint.verify(note, keys: keys).checkpoint
        else {
            throw ArchiveError(.usage, "\(path) is no checkpoint of this log: choose another directory.")
        }
        guard old.size <= snapshot.size else {
            throw ArchiveError(
                .usage, "\(path) is of size \(old.size), newer than the archive's checkpoint of size \(snapshot.size).")
        }
        try snapshot.requireExtension(of: old)
        return old.size
    }

    /// Where to begin: behind the full tiles below `oldSize`, as far as none of them is missing.
    private func firstMissingEntry(_ oldSize: UInt64) throws -> UInt64 {
        for tile in 0..<(oldSize >> 8) {
            for kind in [Tile.Kind.hashes(0), .entries] {
                guard let path = Tile(kind, index: tile)?.path else { continue }
                let byteCount = try fileSystem.status("\(directory)/\(path)")?.byteCount ?? 0
                if kind == .entries ? byteCount == 0 : byteCount != UInt64(256 * Digest.byteCount) { return tile << 8 }
            }
        }
        return oldSize & ~255
    }

    // MARK: Tiles

    /// Writes the entry bundle with the index `bundle` and returns the leaf hashes of its entries.
    private func writeBundle(_ bundle: UInt64, _ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var leaves: [UInt8] = []
        leaves.reserveCapacity(count * Digest.byteCount)
        var index = bundle << 8
        let end = index + UInt64(count)
        while index < end {
            let frame = try snapshot.reader.frame(containing: index)
            for next in index..<min(end, frame.header.treeSize) {
                let entry = frame.entry(next)
                bytes.append(contentsOf: [UInt8(entry.count >> 8), UInt8(entry.count & 255)])
                bytes += entry
                TreeHash.leaf(entry).withUnsafeBytes { leaves.append(contentsOf: $0) }
            }
            index = min(end, frame.header.treeSize)
        }
        try write(.entries, bundle, width: count, bytes)
        return leaves
    }

    private func append(_ leaves: [UInt8], to frontier: inout TreeFrontier) throws {
        var nodes: [(level: Int, first: UInt64, bytes: [UInt8])] = []
        leaves.withUnsafeBytes {
            frontier.append(leaves: $0, reporting: 0) { level, first, bytes in
                if level % Tile.height == 0 && level < 64 { nodes.append((level, first, Array(bytes))) }
            }
        }
        for run in nodes {
            try requireExpected(run.level, run.first, run.bytes)
            for full in levels[run.level / Tile.height].append(run.bytes) {
                try writeFull(full, run.level / Tile.height)
            }
        }
    }

    private func writeFull(_ tile: TileLevel.Full, _ level: Int) throws {
        try write(.hashes(level), tile.index, width: 256, tile.bytes)
        guard tile.hasUnprovenStart else { return }
        var frontier = TreeFrontier()
        tile.bytes.withUnsafeBytes { frontier.append(leaves: $0) }
        expected[NodeID(level: (level + 1) * Tile.height, index: tile.index)] = frontier.root()
    }

    private func requireExpected(_ level: Int, _ first: UInt64, _ nodes: [UInt8]) throws {
        guard !expected.isEmpty else { return }
        for place in 0..<nodes.count / Digest.byteCount {
            let node = nodes.withUnsafeBytes { Digest(loading: $0.baseAddress! + place * Digest.byteCount) }
            if let wanted = expected.removeValue(forKey: NodeID(level: level, index: first + UInt64(place))),
                wanted != node
            {
                throw damage()
            }
        }
    }

    /// Writes the partial tiles, requires that everything leads to the checkpoint, and publishes that.
    private func finish(_ frontier: TreeFrontier) throws {
        let peaks = Dictionary(
            uniqueKeysWithValues: zip(TreeFrontier.peakIDs(size: frontier.size).map { Int($0.level) }, frontier.peaks))
        for (level, state) in levels.enumerated() where !state.nodes.isEmpty {
            var part = TreeFrontier()
            state.nodes.withUnsafeBytes { part.append(leaves: $0) }
            for (id, peak) in zip(TreeFrontier.peakIDs(size: part.size), part.peaks)
            where peaks[level * Tile.height + Int(id.level)] != peak { throw damage() }
            try write(.hashes(level), state.tileIndex, width: state.nodes.count / Digest.byteCount, state.nodes)
        }
        guard frontier.root() == snapshot.checkpoint.root, expected.isEmpty else { throw damage() }
        try synchronize()
        for directory in knownDirectories.sorted() { try fileSystem.synchronizeDirectory(directory) }
        try fileSystem.replaceAtomically(directory + "/checkpoint", snapshot.checkpointNote)
    }

    private func damage() -> ArchiveError {
        ArchiveError(
            .damaged,
            "The entries do not lead to the checkpoint of size \(snapshot.size): \(directory) keeps its old one; run verify."
        )
    }

    // MARK: Files

    private func write(_ kind: Tile.Kind, _ index: UInt64, width: Int, _ bytes: [UInt8]) throws {
        guard let tile = Tile(kind, index: index, width: width) else { throw damage() }
        let path = "\(directory)/\(tile.path)"
        if try fileSystem.status(path)?.byteCount == UInt64(bytes.count),
            try fileSystem.readFully(path, maximumByteCount: bytes.count) == bytes
        {
            return
        }
        try makeDirectory(StorePaths.parent(path))
        let temporary = path + TemporaryFile.suffix
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        let file = try fileSystem.open(temporary, .create)
        defer { file.close() }
        try file.writeAll(bytes, at: 0)
        try fileSystem.rename(temporary, to: path)
        report.writtenCount += 1
        unsynced.append(path)
        if unsynced.count >= TileDirectoryWriter.unsyncedCountMax { try synchronize() }
    }

    private func synchronize() throws {
        for path in unsynced {
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            try file.synchronize()
        }
        unsynced = []
    }

    private func makeDirectory(_ path: String) throws {
        if knownDirectories.contains(path) { return }
        if try fileSystem.status(path) == nil {
            if path != directory { try makeDirectory(StorePaths.parent(path)) }
            try fileSystem.createDirectory(path)
        }
        knownDirectories.insert(path)
    }
}

/// The tile of one level that is being filled.
private struct TileLevel {
    struct Full {
        var index: UInt64
        var bytes: [UInt8]
        /// Whether it began with nodes that were read rather than computed.
        var hasUnprovenStart: Bool
    }

    private(set) var nodes: [UInt8] = []
    private(set) var tileIndex: UInt64
    private var hasUnprovenStart: Bool

    /// The state before entry `start`: nodes of a tile that is partly full come from `reader`.
    init(_ level: Int, start: UInt64, reader: some NodeReader) throws {
        let count = start >> UInt64(level * Tile.height)
        tileIndex = count >> 8
        let ids = (tileIndex << 8..<count).map { NodeID(level: level * Tile.height, index: $0) }
        hasUnprovenStart = !ids.isEmpty
        if !ids.isEmpty {
            for node in try reader.nodes(ids) { node.withUnsafeBytes { nodes.append(contentsOf: $0) } }
        }
    }

    /// Takes the nodes that follow; returns the tiles that became full.
    mutating func append(_ bytes: [UInt8]) -> [Full] {
        nodes += bytes
        var full: [Full] = []
        let byteCount = 256 * Digest.byteCount
        while nodes.count >= byteCount {
            full.append(Full(index: tileIndex, bytes: Array(nodes[..<byteCount]), hasUnprovenStart: hasUnprovenStart))
            nodes.removeFirst(byteCount)
            tileIndex += 1
            hasUnprovenStart = false
        }
        return full
    }
}
