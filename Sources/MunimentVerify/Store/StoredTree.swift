// The stored tree nodes, compared byte for byte with those that the entries give, level by level as they become
// complete. Where entries are lost, the stored nodes are what lets the tree be taken up again after the gap: if they
// lead to a root that something else states, they were the right ones.

internal import Glibc
internal import MunimentFormat
internal import MunimentMerkle

/// The files under `tree/`. Used by one thread at a time.
final class StoredTree: NodeReader {
    /// The levels that have files.
    static let levels = 3..<64
    private static let bufferByteCount = 64 << 10

    /// The file of a level, below the store.
    static func name(level: Int) -> String { level < 10 ? "tree/0\(level)" : "tree/\(level)" }

    /// The inverse of `name`, for the last part of it; nil for the name of no level's file.
    static func level(name: String) -> Int? {
        guard let level = Int(name), levels.contains(level),
            self.name(level: level).utf8.elementsEqual("tree/\(name)".utf8)
        else { return nil }
        return level
    }

    /// A node that differs.
    struct Mismatch: Hashable {
        let level: Int
        let index: UInt64
    }

    private struct Level {
        var file: ReadOnlyFile
        /// Whole nodes in the file.
        var nodeCount: UInt64
        var buffer: [UInt8] = []
        /// Where `buffer` stands in the file.
        var bufferStart: UInt64 = 0
    }

    private var levels: [Int: Level] = [:]
    /// Nodes that were compared with those that the entries give.
    private(set) var comparedCount: UInt64 = 0

    /// No nodes at all.
    init() {}

    /// Opens what is there; what is not is made up for by the entries.
    init(_ files: StoreFiles, _ findings: inout Findings) {
        let names = (try? DirectoryListing.items(files.path("tree"))) ?? []
        for level in names.compactMap({ StoredTree.level(name: $0.name) }) {
            guard let file = files.open(StoredTree.name(level: level), isRequired: false, &findings) else { continue }
            levels[level] = Level(file: file, nodeCount: file.byteCount / UInt64(Digest.byteCount))
        }
    }

    /// Compares a run of nodes of one level with what is stored of it; gives the first few that differ to `mismatches`.
    func compare(level: Int, firstIndex: UInt64, nodes: UnsafeRawBufferPointer, _ mismatches: inout [Mismatch])
        throws(FileFailure)
    {
        guard var stored = levels.removeValue(forKey: level) else { return }
        defer { levels[level] = stored }
        var done = 0
        let total = nodes.count / Digest.byteCount
        while done < total, firstIndex + UInt64(done) < stored.nodeCount {
            let offset = (firstIndex + UInt64(done)) * UInt64(Digest.byteCount)
            let available = try StoredTree.fill(&stored, at: offset) / Digest.byteCount
            let count = min(total - done, available)
            guard count > 0 else { return }
            let start = Int(offset - stored.bufferStart)
            stored.buffer.withUnsafeBytes { buffer in
                let ours = nodes.slice(done * Digest.byteCount..<(done + count) * Digest.byteCount)
                let theirs = buffer.slice(start..<start + ours.count)
                guard let mine = ours.baseAddress, let stored = theirs.baseAddress else { return }
                if memcmp(mine, stored, ours.count) == 0 { return }
                for place in 0..<count {
                    let (a, b) = (
                        mine + place * Digest.byteCount, stored + place * Digest.byteCount
                    )
                    if Digest(loading: a) != Digest(loading: b) {
                        mismatches.append(Mismatch(level: level, index: firstIndex + UInt64(done + place)))
                    }
                }
            }
            done += count
            comparedCount += UInt64(count)
        }
    }

    /// Sees to it that the byte at `offset` is in the buffer; returns how many bytes from there on are.
    private static func fill(_ level: inout Level, at offset: UInt64) throws(FileFailure) -> Int {
        let end = level.bufferStart + UInt64(level.buffer.count)
        if offset >= level.bufferStart, offset < end { return Int(end - offset) }
        level.buffer = try level.file.bytes(bufferByteCount, at: offset)
        level.bufferStart = offset
        return level.buffer.count
    }

    /// The stored nodes; throws where one is not stored. Nothing says that they are right: whoever uses them checks
    /// the root.
    func nodes(_ ids: [NodeID]) throws -> [Digest] {
        var digests: [Digest] = []
        for id in ids {
            guard let level = levels[Int(id.level)], id.index < level.nodeCount else { throw FileFailure.missing }
            let bytes = try level.file.bytes(Digest.byteCount, at: id.index * UInt64(Digest.byteCount))
            guard bytes.count == Digest.byteCount else { throw FileFailure.missing }
            digests.append(bytes.withUnsafeBytes { Digest(loading: $0.baseAddress!) })
        }
        return digests
    }

    /// What the files lack of the tree of `size`, and what they have beyond it.
    func ends(size: UInt64) -> Findings {
        var findings = Findings()
        for level in StoredTree.levels {
            let expected = size >> UInt64(level)
            let name = StoredTree.name(level: level)
            let byteCount = levels[level]?.file.byteCount ?? 0
            let stored = levels[level]?.nodeCount ?? 0
            if stored < expected {
                findings.append(
                    Finding(
                        .treeMissing, .notice, name, offset: stored * UInt64(Digest.byteCount),
                        "\(stored) of \(expected) nodes of level \(level) are stored; the others follow from the entries."
                    ))
            }
            if byteCount > expected * UInt64(Digest.byteCount), stored >= expected {
                findings.append(trailing(name, expected * UInt64(Digest.byteCount)))
            } else if byteCount % UInt64(Digest.byteCount) != 0 {
                findings.append(trailing(name, stored * UInt64(Digest.byteCount)))
            }
        }
        return findings
    }

    private func trailing(_ name: String, _ offset: UInt64) -> Finding {
        Finding(
            .treeTrailing, .unattested, name, offset: offset,
            "Bytes follow the last complete node of the tree; nothing covers them.")
    }
}
