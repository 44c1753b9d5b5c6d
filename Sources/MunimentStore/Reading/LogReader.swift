// Reading a log: from an index to its segment, frame, entry, content and tree nodes. Used by writer and readers alike; holds no lock while it
// reads, and believes nothing that it hands out for proved: proofs are checked by whoever asked for them.


internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle

package final class LogReader: Sendable {
    private struct FrameKey: Hashable {
        var segment: UInt64
        var generation: UInt32
        var offset: UInt64
    }

    private struct PartKey: Hashable {
        var frame: FrameKey
        var row: Int
    }

    /// Segment files that are kept open.
    private static let openFileCountMax = 64

    package let fileSystem: any FileSystem
    package let paths: StorePaths
    package let logID: Digest
    package let tree: TreeNodes
    package let keys: KeyRing?
    private let table = Guarded<[SegmentHandle]>([])
    private let openFiles = Guarded<[SegmentHandle]>([])
    private let frames = BoundedCache<FrameKey, FrameView>(costMax: 8 << 20)
    private let parts = BoundedCache<PartKey, [UInt8]>(costMax: 8 << 20)

    package init(_ fileSystem: any FileSystem, _ paths: StorePaths, logID: Digest, tree: TreeNodes, keys: KeyRing?) {
        (self.fileSystem, self.paths, self.logID) = (fileSystem, paths, logID)
        (self.tree, self.keys) = (tree, keys)
    }

    // MARK: Segments

    package var segments: [SegmentHandle] { table.withLock { $0 } }

    /// Adds the next segment, or puts another generation in a segment's place.
    package func install(_ handle: SegmentHandle) {
        table.withLock { table in
            if let place = table.firstIndex(where: { $0.segment == handle.segment }) {
                table[place] = handle
            } else {
                precondition(table.last.map { $0.segment < handle.segment } ?? true)
                table.append(handle)
            }
        }
    }

    package func segment(containing index: UInt64) throws(ArchiveError) -> SegmentHandle {
        let found = table.withLock { table -> SegmentHandle? in
            var low = 0
            var high = table.count
            while low < high {
                let middle = (low + high) / 2
                if table[middle].firstIndex <= index { low = middle + 1 } else { high = middle }
            }
            return low > 0 ? table[low - 1] : nil
        }
        guard let found else { throw LogReader.absent(index) }
        return found
    }

    package static func absent(_ index: UInt64) -> ArchiveError {
        ArchiveError(.absent, "Record \(index) is not in this archive.")
    }

    /// Runs `body` on the segment that holds `index`, and again on its newer generation if its file has gone meanwhile: a seal or a compaction, of this
    /// process or another, has put that in its place.
    private func inSegment<T>(containing index: UInt64, _ body: (SegmentHandle) throws -> T) throws(ArchiveError) -> T {
        var handle = try segment(containing: index)
        while true {
            do throws(ArchiveError) {
                return try translating(handle.path) { try body(handle) }
            } catch where error.code == .absent {
                guard let newer = try successor(of: handle) else { throw error }
                handle = newer
            }
        }
    }

    /// The newer generation of a segment whose file is gone; nil when the file is there, or nothing newer is.
    private func successor(of handle: SegmentHandle) throws(ArchiveError) -> SegmentHandle? {
        let present = try segment(containing: handle.firstIndex)
        if present !== handle && present.segment == handle.segment { return present }
        return try translating(handle.path) {
            guard try fileSystem.status(handle.path) == nil else { return nil }
            let generations = try fileSystem.names(in: paths.segmentDirectory(handle.segment)).compactMap { name in
                SegmentHeader.parse(fileName: name).flatMap { $0.segment == handle.segment ? $0.generation : nil }
            }
            guard let newest = generations.max(), newest > handle.generation else { return nil }
            let newer = SegmentHandle(
                fileSystem, paths.segment(handle.segment, generation: newest), segment: handle.segment, generation: newest,
                firstIndex: handle.firstIndex)
            install(newer)
            return newer
        }
    }

    private func file(_ handle: SegmentHandle) throws -> any File {
        let file = try handle.file()
        openFiles.withLock { open in
            if open.last === handle { return }
            open.removeAll { $0 === handle }
            open.append(handle)
            if open.count > LogReader.openFileCountMax { open.removeFirst().closeFile() }
        }
        return file
    }

    // MARK: Frames and entries

    package func frame(containing index: UInt64) throws(ArchiveError) -> FrameView {
        try inSegment(containing: index) { handle in
            guard let reference = try handle.frame(containing: index) else { throw LogReader.absent(index) }
            return try frame(reference, in: handle)
        }
    }

    package func frame(_ reference: FrameReference, in handle: SegmentHandle) throws -> FrameView {
        let key = FrameKey(segment: handle.segment, generation: handle.generation, offset: reference.offset)
        if let frame = frames.value(key) { return frame }
        let skeleton = try file(handle).readExactly(Int(reference.skeletonByteCount), at: reference.offset)
        let frame = try FrameView(skeleton)
        guard frame.header.segment == handle.segment, frame.header.generation == handle.generation,
            frame.header.offset == reference.offset, frame.header.firstIndex == reference.firstIndex
        else { throw FormatError(.inconsistent, "frame", at: 0, "the frame belongs elsewhere") }
        frames.insert(frame, for: key, cost: skeleton.count)
        return frame
    }

    package func entry(_ index: UInt64) throws(ArchiveError) -> [UInt8] { try frame(containing: index).entry(index) }

    /// The leaf hashes of the entries from `first`, a multiple of 8, to the next one, as far as the log goes.
    private func leafGroup(_ first: UInt64) throws(ArchiveError) -> [Digest] {
        var leaves: [Digest] = []
        var index = first
        while index < first + 8 {
            let frame: FrameView
            do throws(ArchiveError) {
                frame = try self.frame(containing: index)
            } catch where error.code == .absent && index > first {
                return leaves
            }
            let end = min(first + 8, frame.header.treeSize)
            for next in index..<end { leaves.append(TreeHash.leaf(frame.entry(next))) }
            index = end
        }
        return leaves
    }

    // MARK: Contents

    /// The content of a record: its decoded layout and bytes. `.purged` or `.keyMissing` when its key is not there.
    package func content(_ index: UInt64) throws(ArchiveError) -> RecordContent {
        try inSegment(containing: index) { handle in
            guard let reference = try handle.frame(containing: index) else { throw LogReader.absent(index) }
            let frame = try frame(reference, in: handle)
            let (row, skip) = try frame.part(ofEntry: Int(index - frame.header.firstIndex))
            let opened = try part(row, of: frame, in: handle)
            var offset = 0
            for _ in 0..<skip { offset += try LogReader.contentByteCount(opened, at: offset) }
            let whole = try LogReader.claimedContentByteCount(opened, at: offset)
            if offset + whole <= opened.count { return try RecordContent(Array(opened[offset..<offset + whole])) }
            return try RecordContent(try continued(opened, byteCount: whole, from: row, of: frame, in: handle))
        }
    }

    private func continued(
        _ first: [UInt8], byteCount: Int, from row: Int, of frame: FrameView, in handle: SegmentHandle
    ) throws -> [UInt8] {
        var bytes = first
        bytes.reserveCapacity(byteCount)
        var next = row + 1
        while bytes.count < byteCount {
            guard next < frame.rows.count, frame.rows[next].flags & PartRow.continues != 0 else {
                throw FormatError(.truncated, "content", at: bytes.count, "the parts end before the content does")
            }
            bytes.append(contentsOf: try part(next, of: frame, in: handle, isCached: false))
            next += 1
        }
        guard bytes.count == byteCount else { throw FormatError(.inconsistent, "content", at: 0, "the parts hold more than the content") }
        return bytes
    }

    /// The opened contents of one part.
    package func part(_ row: Int, of frame: FrameView, in handle: SegmentHandle, isCached: Bool = true) throws -> [UInt8] {
        let key = PartKey(
            frame: FrameKey(segment: handle.segment, generation: handle.generation, offset: frame.header.offset), row: row)
        if isCached, let opened = parts.value(key) { return opened }
        guard let keys else { throw ArchiveError(.keyMissing, "Contents can't be read without the keys directory: name it with --keys.") }
        let description = frame.rows[row]
        let group = try keys.group(segment: handle.segment, classID: description.classID).key
        let ciphertext = try file(handle).readExactly(Int(description.ciphertextByteCount), at: frame.partOffsets[row])
        let place = PartPlace(logID: logID, header: frame.header, row: description, ordinal: row)
        let codec = LogReader.codecs.take()
        defer { LogReader.codecs.give(codec) }
        let partKey = group.partKey(generation: frame.header.generation, session: frame.header.session)
        let opened = try ciphertext.withUnsafeBytes { Array(try codec.value.open($0, key: partKey, place: place)) }
        if isCached { parts.insert(opened, for: key, cost: opened.count) }
        return opened
    }

    private static func claimedContentByteCount(_ bytes: [UInt8], at offset: Int) throws(FormatError) -> Int {
        try bytes.decode { raw throws(FormatError) in
            guard offset < raw.count else { throw FormatError(.truncated, "content", at: offset, "the part ends before the content") }
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[offset...]), "content")
            let count = try reader.count(atMost: Limits.contentByteCount)
            return reader.position + count
        }
    }

    private static func contentByteCount(_ bytes: [UInt8], at offset: Int) throws(FormatError) -> Int {
        let count = try claimedContentByteCount(bytes, at: offset)
        guard offset + count <= bytes.count else { throw FormatError(.truncated, "content", at: offset, "a content is cut off") }
        return count
    }

    private static let codecs = ObjectPool { CodecBox() }
}

/// A codec on loan from a pool. One borrower at a time.
private final class CodecBox: @unchecked Sendable {
    let value = PartCodec()
}

extension LogReader: NodeReader {
    /// Complete nodes: stored ones from the files, lower ones hashed from entries. Throws when the log does not hold them.
    package func nodes(_ ids: [NodeID]) throws -> [Digest] {
        var groups: [UInt64: [Digest]] = [:]
        return try ids.map { id in
            if Int(id.level) >= TreeNodes.floor {
                if let node = try tree.node(id) { return node }
                return try recomputed(id)
            }
            let first = id.index << UInt64(id.level)
            let group = first & ~7
            if groups[group] == nil { groups[group] = try leafGroup(group) }
            let start = Int(first - group)
            let count = 1 << Int(id.level)
            guard let leaves = groups[group], start + count <= leaves.count else { throw LogReader.absent(first) }
            return LogReader.root(ofPowerOfTwo: leaves[start..<start + count])
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

    private static func root(ofPowerOfTwo leaves: ArraySlice<Digest>) -> Digest {
        var level = Array(leaves)
        while level.count > 1 {
            level = (0..<level.count / 2).map { TreeHash.node(level[2 * $0], level[2 * $0 + 1]) }
        }
        return level[0]
    }
}
