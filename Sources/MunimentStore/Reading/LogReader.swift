// Reading a log: from an index to its segment, frame, entry, content and tree nodes. Used by writer and readers alike; holds no lock while it
// reads, and believes nothing that it hands out for proved: proofs are checked by whoever asked for them.

internal import MunimentCrypto
package import MunimentFormat

package final class LogReader: Sendable {
    struct FrameKey: Hashable {
        var segment: UInt64
        var generation: UInt32
        var offset: UInt64
    }

    struct PartKey: Hashable {
        var frame: FrameKey
        var row: Int
    }

    struct SessionKey: Hashable {
        var segment: UInt64
        var classID: UInt32
        var generation: UInt32
        var session: [UInt8]
    }

    /// Segment files that are kept open.
    private static let openFileCountMax = 64

    package let fileSystem: any FileSystem
    package let paths: StorePaths
    package let logID: Digest
    package let tree: TreeNodes
    package let keys: KeyRing?
    private let table = Guarded<[SegmentHandle]>([])
    private let replacements = Guarded(0)
    private let openFiles = Guarded<[SegmentHandle]>([])
    /// For reading on; and for reading here and there.
    let frames = BoundedCache<FrameKey, FrameView>(costMax: 8 << 20)
    let outlines = BoundedCache<FrameKey, FrameOutline>(costMax: 8 << 20)
    /// By their first index. Whatever generation their entries are read from, they are the same.
    let leafGroups = BoundedCache<UInt64, LeafGroup>(costMax: 4_096)
    private let touched = Guarded(RecentParts())
    let partKeys = BoundedCache<SessionKey, SealingKey>(costMax: 512)
    let parts = BoundedCache<PartKey, [UInt8]>(costMax: 8 << 20)
    let indexes = IndexCache()

    package init(_ fileSystem: any FileSystem, _ paths: StorePaths, logID: Digest, tree: TreeNodes, keys: KeyRing?) {
        (self.fileSystem, self.paths, self.logID) = (fileSystem, paths, logID)
        (self.tree, self.keys) = (tree, keys)
    }

    // MARK: Segments

    package var segments: [SegmentHandle] { table.withLock { $0 } }

    /// Adds the next segment, or puts another generation in a segment's place.
    package func install(_ handle: SegmentHandle) {
        let replaced = table.withLock { table -> SegmentHandle? in
            let place = LogReader.place(in: table) { $0.segment >= handle.segment }
            guard place < table.count else {
                table.append(handle)
                return nil
            }
            precondition(table[place].segment == handle.segment, "segments are added in order")
            defer { table[place] = handle }
            return table[place]
        }
        guard let replaced else { return }
        replacements.withLock { $0 += 1 }
        if replaced !== handle { retire(replaced) }
    }

    /// Lets go of the file of a generation that is not in force any more, and drops what was read of it. Whoever is at work with the file keeps
    /// it for that long; what they put into a cache afterwards, they take out again (`keep`).
    private func retire(_ handle: SegmentHandle) {
        handle.retire()
        openFiles.withLock { open in open.removeAll { $0 === handle } }
        let (segment, generation) = (handle.segment, handle.generation)
        frames.removeAll { $0.segment == segment && $0.generation <= generation }
        outlines.removeAll { $0.segment == segment && $0.generation <= generation }
        parts.removeAll { $0.frame.segment == segment && $0.frame.generation <= generation }
        partKeys.removeAll { $0.segment == segment && $0.generation <= generation }
        indexes.forget(segment, upToGeneration: generation)
        forgetTail(segment)
    }

    /// Puts something that was read of a segment into a cache, unless the segment was replaced meanwhile. Looking after putting leaves no gap:
    /// a handle is marked as replaced before the caches are swept.
    func keep<Key, Value>(
        _ value: Value, for key: Key, cost: Int, in cache: BoundedCache<Key, Value>, of handle: SegmentHandle
    ) {
        cache.insert(value, for: key, cost: cost)
        if handle.isReplaced { cache.remove(key) }
    }

    /// The first place in the ascending table that satisfies `isReached`, as all after it do; the end where none does. O(log segments).
    private static func place(in table: [SegmentHandle], where isReached: (SegmentHandle) -> Bool) -> Int {
        var (low, high) = (0, table.count)
        // What is looked for is mostly the end: segments are added there.
        if let last = table.last, !isReached(last) { return high }
        while low < high {
            let middle = (low + high) / 2
            if isReached(table[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How often a generation was put in another's place. Where it has changed since, the files may lack contents that the log did not say
    /// were purged.
    package var replacementCount: Int { replacements.withLock { $0 } }

    package func segment(containing index: UInt64) throws(ArchiveError) -> SegmentHandle {
        let found = table.withLock { table -> SegmentHandle? in
            let place = LogReader.place(in: table) { $0.firstIndex > index }
            return place > 0 ? table[place - 1] : nil
        }
        guard let found else { throw LogReader.absent(index) }
        return found
    }

    /// Where the segment after `handle` begins; nil for the last.
    package func firstIndex(after handle: SegmentHandle) -> UInt64? {
        table.withLock { table in
            let place = LogReader.place(in: table) { $0.segment > handle.segment }
            return place < table.count ? table[place].firstIndex : nil
        }
    }

    package static func absent(_ index: UInt64) -> ArchiveError {
        ArchiveError(.absent, "Record \(index) is not in this archive.")
    }

    private static func purged(_ index: UInt64) -> ArchiveError {
        ArchiveError(.purged, "The content of record \(index) was purged.")
    }

    /// Runs `body` on the segment that holds `index`, and again on its newer generation if its file or a key of it has gone meanwhile: a seal or a
    /// compaction, of this process or another, has put that in its place. `body` throws `.purged` for a key that was destroyed, not for a record.
    package func inSegment<T>(containing index: UInt64, _ body: (SegmentHandle) throws -> T) throws(ArchiveError) -> T {
        var handle = try segment(containing: index)
        while true {
            do throws(ArchiveError) {
                return try translating(handle.path) { try body(handle) }
            } catch  where error.code == .absent || error.code == .purged || error.code == .keyMissing {
                // A file that is open stays readable, and one that is not removed yet is there, when its keys are destroyed.
                guard let newer = try successor(of: handle, isFileGone: error.code == .absent) else { throw error }
                handle = newer
            }
        }
    }

    /// Whether a newer generation of the segment is there. For whoever meets a destroyed key: what it sealed may be purged, or sealed anew.
    package func isReplaced(_ handle: SegmentHandle) throws(ArchiveError) -> Bool {
        try successor(of: handle, isFileGone: false) != nil
    }

    /// The newer generation of a segment; nil when nothing newer is there, or the file is that should be gone.
    private func successor(of handle: SegmentHandle, isFileGone: Bool) throws(ArchiveError) -> SegmentHandle? {
        guard isFileGone || keys != nil else { return nil }
        let present = try segment(containing: handle.firstIndex)
        if present !== handle && present.segment == handle.segment { return present }
        return try translating(handle.path) {
            if isFileGone, try fileSystem.status(handle.path) != nil { return nil }
            let generations = try fileSystem.names(in: paths.segmentDirectory(handle.segment)).compactMap { name in
                SegmentHeader.parse(fileName: name).flatMap { $0.segment == handle.segment ? $0.generation : nil }
            }
            guard let newest = generations.max(), newest > handle.generation else { return nil }
            let newer = SegmentHandle(
                fileSystem, paths.segment(handle.segment, generation: newest), segment: handle.segment,
                generation: newest,
                firstIndex: handle.firstIndex)
            install(newer)
            return newer
        }
    }

    func file(_ handle: SegmentHandle) throws -> any File {
        let file = try handle.file()
        let last = openFiles.withLock { open -> SegmentHandle? in
            if open.last === handle { return nil }
            open.removeAll { $0 === handle }
            if handle.isReplaced { return nil }
            open.append(handle)
            return open.count > LogReader.openFileCountMax ? open.removeFirst() : nil
        }
        last?.closeFile()
        return file
    }

    /// Drops opened contents and index pages, and the keys that opened them.
    package func forgetContents() {
        partKeys.removeAll()
        parts.removeAll()
        forgetIndexes()
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
        let skeleton =
            try handle.keptSkeleton(at: reference.offset)
            ?? file(handle).readExactly(Int(reference.skeletonByteCount), at: reference.offset)
        let frame = try FrameView(skeleton)
        try LogReader.require(frame.header, at: reference, in: handle)
        keep(frame, for: key, cost: frame.byteCount, in: frames, of: handle)
        return frame
    }

    /// What the frame that holds `index` consists of, without the commitments.
    package func outline(containing index: UInt64) throws(ArchiveError) -> FrameOutline {
        try inSegment(containing: index) { handle in try outline(containing: index, in: handle) }
    }

    func outline(containing index: UInt64, in handle: SegmentHandle) throws -> FrameOutline {
        guard let reference = try handle.frame(containing: index) else { throw LogReader.absent(index) }
        let key = FrameKey(segment: handle.segment, generation: handle.generation, offset: reference.offset)
        if let outline = outlines.value(key) { return outline }
        let outline =
            try handle.keptSkeleton(at: reference.offset).map { try FrameView($0).outline }
            ?? FrameOutline(reference, in: file(handle))
        try LogReader.require(outline.header, at: reference, in: handle)
        keep(outline, for: key, cost: outline.byteCount, in: outlines, of: handle)
        return outline
    }

    private static func require(_ header: FrameHeader, at reference: FrameReference, in handle: SegmentHandle)
        throws(FormatError)
    {
        guard header.segment == handle.segment, header.generation == handle.generation,
            header.offset == reference.offset, header.firstIndex == reference.firstIndex,
            header.entryCount == Int(reference.entryCount)
        else { throw FormatError(.inconsistent, "frame", at: 0, "the frame belongs elsewhere") }
    }

    /// Reads the commitments of the entries from `ordinal` on into `buffer`, 32 bytes each, as many as it has room for.
    func readCommitments(
        from ordinal: Int, of frame: FrameOutline, in handle: SegmentHandle, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let start = frame.commitmentOffset(ofEntry: ordinal)
        if let kept = handle.keptSkeleton(at: frame.offset) {
            kept.withUnsafeBytes { bytes in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + buffer.count]))
            }
            return
        }
        guard try file(handle).read(into: buffer, at: frame.offset + UInt64(start)) == buffer.count else {
            throw FormatError(.truncated, "frame", at: start, "the file ends within the commitments")
        }
    }

    package func entry(_ index: UInt64) throws(ArchiveError) -> [UInt8] {
        try inSegment(containing: index) { handle in
            let frame = try outline(containing: index, in: handle)
            let ordinal = Int(index - frame.indexes.lowerBound)
            if let commitment = leafGroups.value(LeafGroup.first(index))?.commitment(index) {
                return frame.columns.entry(ordinal, commitment: commitment)
            }
            var commitment = Digest.zero
            try withUnsafeMutableBytes(of: &commitment) { bytes in
                try readCommitments(from: ordinal, of: frame, in: handle, into: bytes)
            }
            return frame.columns.entry(ordinal, commitment: commitment)
        }
    }

    // MARK: Contents

    /// The content of a record: its decoded layout and bytes. `.purged` or `.keyMissing` when its key is not there.
    package func content(_ index: UInt64) throws(ArchiveError) -> RecordContent {
        guard let content = try presentContent(index) else { throw LogReader.purged(index) }
        return content
    }

    /// Nil where the frame says that the content is purged, which no newer generation takes back.
    private func presentContent(_ index: UInt64) throws(ArchiveError) -> RecordContent? {
        try inSegment(containing: index) { handle -> RecordContent? in
            let frame = try outline(containing: index, in: handle)
            guard let (row, skip) = try frame.part(ofEntry: Int(index - frame.header.firstIndex)) else { return nil }
            let key = partKey(row, of: frame, in: handle)
            // A part that was opened before its key was destroyed can't be checked any more.
            _ = try sealingKey(classID: frame.rows[row].classID, frame.header, handle)
            if let opened = parts.value(key) { return try content(index, opened, skip: skip, row: row, frame, handle) }
            // A part that is asked for twice is worth keeping whole; the first time, only what is wanted of it is decoded.
            guard touched.withLock({ $0.insert(key) }) else {
                return try content(index, part(row, of: frame, in: handle), skip: skip, row: row, frame, handle)
            }
            return try withPart(row, of: frame, in: handle, recordCount: skip + 1) { opened -> RecordContent? in
                var offset = 0
                for _ in 0..<skip { offset += try LogReader.claimedByteCount(opened, at: offset) }
                let whole = try LogReader.claimedByteCount(opened, at: offset)
                guard whole > ContentLayout.purgedByteCount else { return nil }
                guard offset + whole <= opened.count else {
                    return try RecordContent(
                        try continued(Array(opened), byteCount: whole, from: row, of: frame, in: handle))
                }
                return try RecordContent(Array(opened[offset..<offset + whole]))
            }
        }
    }

    private func content(
        _ index: UInt64, _ opened: [UInt8], skip: Int, row: Int, _ frame: FrameOutline, _ handle: SegmentHandle
    ) throws -> RecordContent? {
        try opened.withUnsafeBytes { raw -> RecordContent? in
            var offset = 0
            for _ in 0..<skip { offset += try LogReader.claimedByteCount(raw, at: offset) }
            let whole = try LogReader.claimedByteCount(raw, at: offset)
            guard whole > ContentLayout.purgedByteCount else { return nil }
            guard offset + whole <= raw.count else {
                return try RecordContent(try continued(opened, byteCount: whole, from: row, of: frame, in: handle))
            }
            return try RecordContent(Array(raw[offset..<offset + whole]))
        }
    }

    private func continued(
        _ first: [UInt8], byteCount: Int, from row: Int, of frame: FrameOutline, in handle: SegmentHandle
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
        guard bytes.count == byteCount else {
            throw FormatError(.inconsistent, "content", at: 0, "the parts hold more than the content")
        }
        return bytes
    }

    /// The opened contents of one part.
    package func part(_ row: Int, of frame: FrameOutline, in handle: SegmentHandle, isCached: Bool = true) throws
        -> [UInt8]
    {
        let key = partKey(row, of: frame, in: handle)
        if isCached, let opened = parts.value(key) { return opened }
        let opened = try withPart(row, of: frame, in: handle) { Array($0) }
        if isCached { keep(opened, for: key, cost: opened.count, in: parts, of: handle) }
        return opened
    }

    /// The contents that begin in part `row`, with the parts that continue it; past the cache.
    package func contents(_ row: Int, of frame: FrameOutline, in handle: SegmentHandle) throws -> [UInt8] {
        var bytes = try part(row, of: frame, in: handle, isCached: false)
        var next = row + 1
        while next < frame.rows.count, frame.rows[next].flags & PartRow.continues != 0 {
            bytes += try part(next, of: frame, in: handle, isCached: false)
            next += 1
        }
        return bytes
    }

    private func partKey(_ row: Int, of frame: FrameOutline, in handle: SegmentHandle) -> PartKey {
        PartKey(
            frame: FrameKey(segment: handle.segment, generation: handle.generation, offset: frame.header.offset),
            row: row)
    }

    /// Reads and opens one part, and lends its contents: at least the first `recordCount` of them, where that is given.
    private func withPart<T>(
        _ row: Int, of frame: FrameOutline, in handle: SegmentHandle, recordCount: Int? = nil,
        _ body: (UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        let description = frame.rows[row]
        let byteCount = Int(description.ciphertextByteCount)
        let key = try sealingKey(classID: description.classID, frame.header, handle)
        let place = PartPlace(logID: logID, header: frame.header, row: description, ordinal: row)
        let codec = LogReader.codecs.take()
        defer { LogReader.codecs.give(codec) }
        let ciphertext = UnsafeMutableRawBufferPointer(rebasing: codec.ciphertext[..<byteCount])
        guard try file(handle).read(into: ciphertext, at: frame.partOffsets[row]) == byteCount else {
            throw FormatError(.truncated, "part", at: 0, "the file ends within the part")
        }
        let sealed = UnsafeRawBufferPointer(ciphertext)
        guard let recordCount else { return try body(try codec.value.open(sealed, key: key, place: place)) }
        return try body(try codec.value.open(sealed, key: key, place: place, firstContents: recordCount))
    }

    /// The key of a class's parts in the session of a frame, derived once and kept for a while.
    private func sealingKey(
        classID: UInt32, _ header: FrameHeader, _ handle: SegmentHandle
    ) throws(ArchiveError) -> SealingKey {
        guard let keys else {
            throw ArchiveError(.keyMissing, "Contents can't be read without the keys directory: name it with --keys.")
        }
        let group = try keys.group(segment: header.segment, classID: classID, generation: header.generation).key
        let place = SessionKey(
            segment: header.segment, classID: classID, generation: header.generation, session: header.session)
        if let key = partKeys.value(place) { return key }
        let key = group.partKey(generation: header.generation, session: header.session)
        keep(key, for: place, cost: 1, in: partKeys, of: handle)
        return key
    }

    private static func claimedByteCount(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FormatError) -> Int {
        guard offset < bytes.count else {
            throw FormatError(.truncated, "content", at: offset, "the part ends before the content")
        }
        let first = bytes[offset]
        if first < 0x80 { return 1 + Int(first) }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[offset...]), "content")
        let count = try reader.count(atMost: Limits.contentByteCount)
        return reader.position + count
    }

    private static let codecs = ObjectPool { CodecBox() }
}

/// A codec on loan from a pool. One borrower at a time.
private final class CodecBox: @unchecked Sendable {
    let value = PartCodec()
    let ciphertext = UnsafeMutableRawBufferPointer.allocate(byteCount: PartRow.ciphertextByteCountMax, alignment: 64)
    deinit { ciphertext.deallocate() }
}

/// The parts that were asked for lately, to tell a second time from a first.
private struct RecentParts: Sendable {
    private var recent: Set<LogReader.PartKey> = []

    /// True if the key was not there.
    mutating func insert(_ key: LogReader.PartKey) -> Bool {
        if recent.count >= 1_024 { recent.removeAll(keepingCapacity: true) }
        return recent.insert(key).inserted
    }
}
