// Stored tree nodes: one file a level from level 3 up, a flat array of digests. Format/tree.md.
//
// Derived data. Nodes that are not yet in the files stay in memory; they are written when enough have gathered, and synced before a seal.
// A node is believed only as far as a root that is proved with it: whoever reads nodes checks what comes out.


package import MunimentFormat
package import MunimentMerkle

package final class TreeNodes: Sendable {
    /// The lowest level that is stored; lower ones are hashed from entries.
    package static let floor = 3
    private static let chunkNodeCount: UInt64 = 128
    private static let flushByteCount = 256 << 10

    private struct Level {
        var file: (any File)?
        /// Nodes in the file that belong to the tree.
        var storedCount: UInt64 = 0
        var tail: [UInt8] = []
    }

    private struct ChunkKey: Hashable {
        var level: Int
        var chunk: UInt64
    }

    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let isWritable: Bool
    private let levels: Guarded<[Level]>
    private let chunks = BoundedCache<ChunkKey, [UInt8]>(costMax: 16 << 20)

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
        }
    }

    /// Forgets everything from `treeSize` on, files included in memory's view; used before the tail is computed again.
    package func reset(treeSize: UInt64) {
        levels.withLock { levels in
            for level in levels.indices {
                levels[level].storedCount = treeSize >> UInt64(level)
                levels[level].tail = []
            }
        }
        chunks.removeAll()
    }

    /// Whether enough nodes have gathered to be worth a write.
    package var wantsFlush: Bool { levels.withLock { $0[TreeNodes.floor].tail.count >= TreeNodes.flushByteCount } }

    /// Writes what is in memory; with `synchronize`, makes it durable.
    package func flush(synchronize: Bool) throws(FileSystemError) {
        precondition(isWritable)
        for level in TreeNodes.floor..<64 {
            let (tail, start) = levels.withLock { levels in (levels[level].tail, levels[level].storedCount) }
            if tail.isEmpty && !(synchronize && start > 0) { continue }
            let file = try handle(level)
            try file.writeAll(tail, at: start * UInt64(Digest.byteCount))
            if synchronize { try file.synchronize() }
            levels.withLock { levels in
                levels[level].storedCount += UInt64(tail.count / Digest.byteCount)
                levels[level].tail.removeFirst(tail.count)
            }
        }
        if synchronize { try fileSystem.synchronizeDirectory(paths.tree) }
    }

    /// Cuts from each file what lies past the tree: the trace of a crash.
    package func trimFiles() throws(FileSystemError) {
        for level in TreeNodes.floor..<64 {
            let stored = levels.withLock { $0[level].storedCount }
            guard try fileNodeCount(level: level) > stored else { continue }
            let file = try handle(level)
            try file.truncate(to: stored * UInt64(Digest.byteCount))
        }
    }

    private func handle(_ level: Int) throws(FileSystemError) -> any File {
        if let file = levels.withLock({ $0[level].file }) { return file }
        let file = try fileSystem.open(paths.level(level), isWritable ? .createOrOpen : .read)
        levels.withLock { $0[level].file = file }
        return file
    }

    /// One stored node, from memory or through the cache; nil when the files do not hold it.
    package func node(_ id: NodeID) throws(FileSystemError) -> Digest? {
        let level = Int(id.level)
        let inMemory = levels.withLock { levels -> Digest? in
            let stored = levels[level].storedCount
            guard id.index >= stored else { return nil }
            let offset = Int(clamping: id.index - stored) * Digest.byteCount
            guard offset + Digest.byteCount <= levels[level].tail.count else { return nil }
            return levels[level].tail.withUnsafeBytes { Digest(loading: $0.baseAddress! + offset) }
        }
        if let inMemory { return inMemory }
        let key = ChunkKey(level: level, chunk: id.index / TreeNodes.chunkNodeCount)
        let offset = Int(id.index % TreeNodes.chunkNodeCount) * Digest.byteCount
        if let chunk = chunks.value(key), chunk.count >= offset + Digest.byteCount {
            return chunk.withUnsafeBytes { Digest(loading: $0.baseAddress! + offset) }
        }
        guard let chunk = try readChunk(key), chunk.count >= offset + Digest.byteCount else { return nil }
        return chunk.withUnsafeBytes { Digest(loading: $0.baseAddress! + offset) }
    }

    private func readChunk(_ key: ChunkKey) throws(FileSystemError) -> [UInt8]? {
        let file: any File
        do throws(FileSystemError) {
            file = try handle(key.level)
        } catch where error.code == .notFound {
            return nil
        }
        let stored = levels.withLock { $0[key.level].storedCount }
        let start = key.chunk * TreeNodes.chunkNodeCount
        guard start < stored else { return nil }
        let count = Int(min(TreeNodes.chunkNodeCount, stored - start)) * Digest.byteCount
        let chunk = try file.readArray(count, at: start * UInt64(Digest.byteCount))
        chunks.insert(chunk, for: key, cost: chunk.count)
        return chunk
    }
}
