// Reading here and there: outlines, groups of leaves and cached nodes give what the whole frames and the whole tree give.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import Testing

@testable import MunimentStore

@Suite struct FrameReadingTests {
    /// Frames of all shapes: short and long, with times, attributes, tokens, control records and contents of several parts.
    private func makeStore(_ path: String, segmentEntryCount: Int = 262_144) throws -> LogStore {
        var options = StoreOptions()
        options.isSynchronous = true
        options.limits.segmentEntryCount = segmentEntryCount
        options.limits.preparesSegments = false
        let store = try LogStore.create(POSIXFileSystem(), path, origin: "example.com/log", options: options)
        var number = 0
        for count in [1, 2, 130, 3, 8, 257, 1, 1, 40] {
            let payloads = (0..<count).map { place in Array("record \(number) of \(place)".utf8) }
            number += 1
            let time: Microseconds? = number % 3 == 0 ? 1_700_000_000_000_000 + Microseconds(number) : nil
            let token: [UInt8]? = number % 4 == 0 ? Array("token \(number)".utf8) : nil
            _ = try store.append(
                [batch(payloads, attributes: [Attribute("n", .integer(Int64(number)))], occurred: time)], token: token)
        }
        _ = try store.append([batch([[UInt8](repeating: 9, count: 200_000), [1]])])
        return store
    }

    private func check(_ reader: LogReader, size: UInt64) throws {
        var leaves: [Digest] = []
        for handle in reader.segments {
            for reference in try handle.frames() {
                let whole = try FrameView(
                    handle.file().readExactly(Int(reference.skeletonByteCount), at: reference.offset))
                let outline = try FrameOutline(reference, in: handle.file())
                #expect(outline.header == whole.header)
                #expect(outline.rows == whole.rows)
                #expect(outline.partOffsets == whole.outline.partOffsets)
                #expect(outline.columns.commitmentsOffset == whole.columns.commitmentsOffset)
                for index in whole.indexes {
                    let entry = whole.entry(index)
                    #expect(try reader.entry(index) == entry)
                    leaves.append(TreeHash.leaf(entry))
                }
            }
        }
        #expect(leaves.count == Int(size))
        // Low nodes, several to a call, first fresh and then from what is kept; with those of the group in which the log ends.
        for _ in 0..<2 {
            for index in stride(from: UInt64(0), to: size, by: 3) {
                let ids = (0..<3).map { NodeID(level: $0, index: index >> UInt64($0)) }
                    .filter { ($0.index + 1) << UInt64($0.level) <= size }
                let expected = ids.map { id in
                    let start = Int(id.index) << Int(id.level)
                    return TreeHash.fold(peaks(leaves[start..<start + 1 << Int(id.level)]))
                }
                #expect(try reader.nodes(ids) == expected)
            }
        }
        #expect(throws: (any Error).self) { try reader.nodes([NodeID(level: 0, index: size)]) }
    }

    /// The root of a perfect tree, as a list of one.
    private func peaks(_ leaves: ArraySlice<Digest>) -> [Digest] {
        var level = Array(leaves)
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { TreeHash.node(level[$0], level[$0 + 1]) }
        }
        return level
    }

    @Test(arguments: [262_144, 264]) func outlinesAndGroupsAgreeWithWholeFrames(segmentEntryCount: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/archive"
        let store = try makeStore(path, segmentEntryCount: segmentEntryCount)
        // From memory, and from the file alone.
        try check(store.reader, size: store.committed.treeSize)
        try store.close()
        let reopened = try LogStore.open(POSIXFileSystem(), path)
        try check(reopened.reader, size: reopened.committed.treeSize)
        try reopened.close()
    }

    @Test func aGroupThatGrewIsReadAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/archive"
        let store = try makeStore(path)
        for number in 0..<20 {
            let size = store.committed.treeSize
            #expect(throws: (any Error).self) { try store.reader.entry(size) }
            let last = try InclusionProof.make(index: size - 1, treeSize: size, reader: store.reader)
            try last.verify(leafHash: TreeHash.leaf(store.reader.entry(size - 1)), root: store.committed.root)
            _ = try store.append([batch([Array("more \(number)".utf8)])])
        }
        try check(store.reader, size: store.committed.treeSize)
        try store.close()
    }

    @Test func everyBitOfAnOutlineIsFoundOrProved() throws {
        let directory = try TemporaryDirectory()
        let store = try makeStore(directory.path + "/archive")
        let handle = try #require(store.reader.segments.first)
        let reference = try #require(handle.frames().first { $0.entryCount == 3 })
        let count = Int(reference.skeletonByteCount)
        let whole = try handle.file().readExactly(count, at: reference.offset)
        let before = try FrameOutline(reference, in: handle.file())
        let leaves = (0..<3).map { TreeHash.leaf(before.columns.entry($0, commitment: .zero)) }
        let copy = try POSIXFileSystem().open(directory.path + "/copy", .create)
        for bit in 0..<count * 8 {
            var changed = whole
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            try copy.writeAll(changed, at: reference.offset)
            guard let outline = try? FrameOutline(reference, in: copy) else { continue }
            // Commitments are not looked at here, part rows are proved by what they lead to, and all else shows in the leaves.
            let place = bit / 8
            let isElsewhere = place >= before.commitmentOffset(ofEntry: 0)
            #expect(
                isElsewhere || (0..<3).map { TreeHash.leaf(outline.columns.entry($0, commitment: .zero)) } != leaves,
                "bit \(bit)")
        }
        try store.close()
    }

    @Test func aTruncatedFrameIsRefused() throws {
        let directory = try TemporaryDirectory()
        let store = try makeStore(directory.path + "/archive")
        let handle = try #require(store.reader.segments.first)
        let reference = try #require(handle.frames().first { $0.entryCount == 257 })
        let whole = try handle.file().readExactly(Int(reference.skeletonByteCount), at: reference.offset)
        #expect(whole.count > 4_096)
        let copy = try POSIXFileSystem().open(directory.path + "/copy", .create)
        try copy.writeAll(whole, at: reference.offset)
        _ = try FrameOutline(reference, in: copy)
        // In the part rows, in the runs, in the header.
        for end in [whole.count - 1, 4_095, 200, 1] {
            try copy.truncate(to: reference.offset + UInt64(end))
            #expect(throws: (any Error).self) { try FrameOutline(reference, in: copy) }
        }
        try store.close()
    }

    @Test func aFooterThatGivesAFrameMoreEntriesIsRefused() throws {
        let directory = try TemporaryDirectory()
        let store = try makeStore(directory.path + "/archive")
        let handle = try #require(store.reader.segments.first)
        var frames = try handle.frames()
        let place = try #require(frames.firstIndex { $0.entryCount == 130 })
        let end = frames[place].firstIndex + 130
        frames[place].entryCount += 3
        for next in frames[(place + 1)...].indices { frames[next].firstIndex += 3 }
        let reader = LogReader(
            store.reader.fileSystem, store.reader.paths, logID: store.reader.logID, tree: store.reader.tree,
            keys: store.reader.keys)
        reader.install(
            SegmentHandle(
                POSIXFileSystem(), handle.path, segment: 0, generation: handle.generation, firstIndex: 0, frames: frames
            ))
        for index in end - 1..<end + 6 {
            #expect(throws: ArchiveError.self) { try reader.entry(index) }
            #expect(throws: ArchiveError.self) { try reader.content(index) }
            #expect(throws: (any Error).self) { try reader.nodes([NodeID(level: 0, index: index)]) }
        }
        try store.close()
    }

    @Test func cachedNodesAreThoseThatWereRead() {
        var cache = NodeCache()
        func chunk(_ key: UInt64) -> [UInt8] {
            (0..<NodeCache.chunkNodeCount).flatMap { node in
                (0..<4).flatMap { _ in withUnsafeBytes(of: (key << 8 | node).littleEndian, Array.init) }
            }
        }
        func digest(_ key: UInt64, _ node: UInt64) -> Digest? {
            chunk(key).withUnsafeBytes { Digest(loading: $0.baseAddress! + Int(node) * Digest.byteCount) }
        }
        func id(_ key: UInt64, _ node: UInt64) -> NodeID {
            NodeID(level: 3 + Int(key % 5), index: key * NodeCache.chunkNodeCount + node)
        }
        // As many chunks as a tree of a million has: as good as all of them are kept.
        for key in UInt64(0)..<2_000 { cache.insert(chunk(key), for: id(key, 0)) }
        var keptCount = 0
        for key in UInt64(0)..<2_000 {
            let node = key % NodeCache.chunkNodeCount
            guard let found = cache.node(id(key, node)) else { continue }
            keptCount += 1
            #expect(found == digest(key, node))
        }
        #expect(keptCount > 1_900)
        // Three times more than there is room for: what is there is right, and the newest is there.
        for key in UInt64(2_000)..<12_000 {
            cache.insert(chunk(key), for: id(key, 0))
            #expect(cache.node(id(key, 5)) == digest(key, 5))
        }
        for key in UInt64(0)..<12_000 {
            if let found = cache.node(id(key, 7)) { #expect(found == digest(key, 7)) }
        }
    }
}
