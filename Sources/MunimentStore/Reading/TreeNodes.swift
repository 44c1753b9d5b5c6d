// Stored tree nodes: one file a level from level 3 up, a flat array of digests. Format/tree.md.
//
// Derived data. The nodes of the segments that are not sealed stay in memory, at most some 2 MiB for each; they are
// written and synced before a seal and at a close. A node is believed only as far as a root that is proved with it:
// whoever reads nodes checks what comes out.
//
// Levels are written and synced one after the other, the lowest first. The highest level that gets a node gets one
// only, a peak: so where a tree's peaks are in the files, everything below them is on the device. What a sync that
// failed left in the cache alone is written again at the next flush, since all of it is still, or again, in memory.

package import MunimentFormat
package import MunimentMerkle

package final class TreeNodes: Sendable {
    /// The lowest level that is stored; lower ones are hashed from entries.
    package static let floor = 3

    private struct Level {
        var file: (any File)?
        /// Nodes that are in the file for certain; `tail` has those after them.
        var storedCount: UInt64 = 0
        var tail: [UInt8] = []
        /// Whether `tail` has nodes that are not in the file.
        var isDirty = false
    }

    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let isWritable: Bool
    private let levels: Guarded<[Level]>
    private let cache = Guarded(NodeCache())

    package init(_ fileSystem: any FileSystem, _ paths: StorePaths, isWritable: Bool, treeSize: UInt64) {
        (self.fileSystem, self.paths, self.isWritable) = (fileSystem, paths, isWritable)
        levels = Guarded((0..<64).map { Level(storedCount: treeSize >> UInt64($0)) })
    }

    /// How many nodes of `level` the file really holds; the caller decides what to believe of them.
    package func fileNodeCount(level: Int) throws(FileSystemError) -> UInt64 {
        guard let status = try fileSystem.status(paths.level(level)) else { return 0 }
        return status.byteCount / UInt64(Digest.byteCount)
    }

    /// Takes the complete nodes that an append produced. Runs of one level arrive in order.
    package func append(level: Int, firstIndex: UInt64, nodes: UnsafeRawBufferPointer) {
        levels.withLock { levels in
            precondition(firstIndex == levels[level].storedCount + UInt64(levels[level].tail.count / Digest.byteCount))
            levels[level].tail.append(contentsOf: nodes)
            levels[level].isDirty = true
        }
    }

    /// Takes into memory the nodes that the files hold beyond `size`, so that they are written again with the next new
    /// ones.
    package func recall(beyond size: UInt64) throws(FileSystemError) {
        for level in TreeNodes.floor..<64 {
            let start = size >> UInt64(level)
            let stored = levels.withLock { $0[level].storedCount }
            guard start < stored else { continue }
            let nodes = try handle(level).readArray(
                Int(stored - start) * Digest.byteCount, at: start * UInt64(Digest.byteCount))
            guard nodes.count == Int(stored - start) * Digest.byteCount else { continue }
            levels.withLock { levels in
                levels[level].storedCount = start
                levels[level].tail = nodes
            }
        }
    }

    /// Forgets everything from `treeSize` on, files included in memory's view; used before the tail is computed again.
    package func reset(treeSize: UInt64) {
        levels.withLock { levels in
            for level in levels.indices {
                levels[level].storedCount = treeSize >> UInt64(level)
                levels[level].tail = []
                levels[level].isDirty = false
            }
        }
        cache.withLock { $0.removeAll() }
    }

    /// Writes what is in memory and makes it durable; does nothing when there is nothing new. What lies past the tree,
    /// the trace of a crash, is cut.
    package func flush() throws(FileSystemError) {
        precondition(isWritable)
        guard levels.withLock({ $0.contains(where: \.isDirty) }) else { return }
        // Commits go on meanwhile, and add to the tails.
        var written: [Int: Int] = [:]
        for level in TreeNodes.floor..<64 {
            let (tail, start) = levels.withLock { levels in (levels[level].tail, levels[level].storedCount) }
            if tail.isEmpty { continue }
            let file = try handle(level)
            let offset = start * UInt64(Digest.byteCount)
            try file.writeAll(tail, at: offset)
            if try file.byteCount() > offset + UInt64(tail.count) { try file.truncate(to: offset + UInt64(tail.count)) }
            try file.synchronize()
            written[level] = tail.count
        }
        try fileSystem.synchronizeDirectory(paths.tree)
        levels.withLock { levels in
            for (level, byteCount) in written {
                levels[level].storedCount += UInt64(byteCount / Digest.byteCount)
                levels[level].tail.removeFirst(byteCount)
                levels[level].isDirty = !levels[level].tail.isEmpty
            }
        }
    }

    private func handle(_ level: Int) throws(FileSystemError) -> any File {
        if let file = levels.withLock({ $0[level].file }) { return file }
        let file = try fileSystem.open(paths.level(level), isWritable ? .createOrOpen : .read)
        levels.withLock { $0[level].file = file }
        return file
    }

    /// Puts the stored nodes of `wanted` into `found`, at the same places; leaves nil what neither memory nor the files
    /// hold.
    package func read(_ wanted: [NodeID], into found: inout [Digest?]) throws(FileSystemError) {
        var isComplete = true
        levels.withLock { levels in
            for (place, id) in wanted.enumerated() where Int(id.level) >= TreeNodes.floor {
                let stored = levels[Int(id.level)].storedCount
                if id.index >= stored {
                    found[place] = TreeNodes.fromTail(levels[Int(id.level)].tail, id.index - stored)
                }
                if found[place] == nil { isComplete = false }
            }
        }
        if isComplete { return }
        isComplete = true
        cache.withLock { cache in
            for (place, id) in wanted.enumerated() where found[place] == nil && Int(id.level) >= TreeNodes.floor {
                found[place] = cache.node(id)
                if found[place] == nil { isComplete = false }
            }
        }
        if isComplete { return }
        for (place, id) in wanted.enumerated() where found[place] == nil && Int(id.level) >= TreeNodes.floor {
            guard let chunk = try readChunk(id) else { continue }
            cache.withLock { cache in
                cache.insert(chunk, for: wanted[place])
                found[place] = cache.node(wanted[place])
            }
        }
    }

    private static func fromTail(_ tail: [UInt8], _ place: UInt64) -> Digest? {
        let offset = Int(clamping: place) &* Digest.byteCount
        guard place < UInt64(tail.count / Digest.byteCount) else { return nil }
        return tail.withUnsafeBytes { Digest(loading: $0.baseAddress! + offset) }
    }

    private func readChunk(_ id: NodeID) throws(FileSystemError) -> [UInt8]? {
        let file: any File
        do throws(FileSystemError) {
            file = try handle(Int(id.level))
        } catch  where error.code == .notFound {
            return nil
        }
        let stored = levels.withLock { $0[Int(id.level)].storedCount }
        let start = id.index / NodeCache.chunkNodeCount * NodeCache.chunkNodeCount
        guard id.index < stored else { return nil }
        let count = Int(min(NodeCache.chunkNodeCount, stored - start)) * Digest.byteCount
        return try file.readArray(count, at: start * UInt64(Digest.byteCount))
    }
}

/// Chunks of levels. The place of a chunk hashes to a set of four slots: no list to keep, no allocation for a hit, and as good as no chunk that
/// goes while there is room.
struct NodeCache: Sendable {
    /// Nodes in a chunk of 4 KiB.
    static let chunkNodeCount: UInt64 = 128
    private static let wayCount = 4
    private static let slotCount = 4_096

    private var keys: [UInt64]
    private var chunks: [[UInt8]]
    /// Where the next chunk of a full set goes.
    private var turn = 0

    init() {
        keys = Array(repeating: .max, count: NodeCache.slotCount)
        chunks = Array(repeating: [], count: NodeCache.slotCount)
    }

    private static func key(_ id: NodeID) -> UInt64 { UInt64(id.level) << 56 | id.index / chunkNodeCount }

    /// The slots of a key's set.
    private static func slots(_ key: UInt64) -> Range<Int> {
        let set = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 54)
        return set * wayCount..<(set + 1) * wayCount
    }

    func node(_ id: NodeID) -> Digest? {
        let key = NodeCache.key(id)
        for slot in NodeCache.slots(key) where keys[slot] == key {
            let offset = Int(id.index % NodeCache.chunkNodeCount) * Digest.byteCount
            guard chunks[slot].count >= offset + Digest.byteCount else { return nil }
            return chunks[slot].withUnsafeBytes { Digest(loading: $0.baseAddress! + offset) }
        }
        return nil
    }

    mutating func insert(_ chunk: [UInt8], for id: NodeID) {
        let key = NodeCache.key(id)
        let slots = NodeCache.slots(key)
        let slot = slots.first { keys[$0] == key } ?? slots.first { keys[$0] == .max }
        turn = (turn + 1) % NodeCache.wayCount
        keys[slot ?? slots.lowerBound + turn] = key
        chunks[slot ?? slots.lowerBound + turn] = chunk
    }

    mutating func removeAll() { self = NodeCache() }
}
