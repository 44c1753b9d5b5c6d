// One segment file as readers see it: where its frames are, and a handle to read them with. The writer adds frames as they become
// durable; everyone else only reads.

package import MunimentFormat

/// Where a frame is.
package struct FrameReference: Hashable, Sendable {
    package var offset: UInt64
    package var firstIndex: UInt64
    package var entryCount: UInt32
    package var skeletonByteCount: UInt32

    package init(offset: UInt64, firstIndex: UInt64, entryCount: UInt32, skeletonByteCount: UInt32) {
        (self.offset, self.firstIndex) = (offset, firstIndex)
        (self.entryCount, self.skeletonByteCount) = (entryCount, skeletonByteCount)
    }

    package init(_ header: FrameHeader) {
        self.init(
            offset: header.offset, firstIndex: header.firstIndex, entryCount: UInt32(header.entryCount),
            skeletonByteCount: UInt32(header.skeletonByteCount))
    }

    package init(_ frame: Footer.Frame) {
        self.init(
            offset: frame.offset, firstIndex: frame.firstIndex, entryCount: frame.entryCount,
            skeletonByteCount: frame.skeletonByteCount)
    }
}

package final class SegmentHandle: Sendable {
    private struct State {
        var file: (any File)?
        /// Another generation is in its place: no file is kept for what still reads this one.
        var isReplaced = false
        var frames: [FrameReference]?
        /// Skeletons of frames that this process committed, by their offsets: a seal needs all of them, and what was written past the system's
        /// cache would come back from the device while commits wait for it.
        var skeletons: [UInt64: [UInt8]] = [:]
        var skeletonByteCount = 0
        /// The classes whose contents may have attributes; nil where that is not known. Of the journal that this process
        /// began alone.
        var attributeClasses: Set<UInt32>?
        /// The footer's index, or why its directory can't be read, which is no reason not to read records; nil where there
        /// is none, or no footer is known.
        var index: Result<SegmentIndexPlace, FormatError>?

        /// Returns them: there may be tens of thousands, which are better freed after the lock is let go.
        mutating func takeSkeletons() -> [UInt64: [UInt8]] {
            defer { (skeletons, skeletonByteCount) = ([:], 0) }
            return skeletons
        }
    }

    package let segment: UInt64
    package let generation: UInt32
    package let firstIndex: UInt64
    package let path: String
    private let fileSystem: any FileSystem
    private let state: Guarded<State>

    /// A sealed segment: its frames are read from the footer when first needed.
    package init(_ fileSystem: any FileSystem, _ path: String, segment: UInt64, generation: UInt32, firstIndex: UInt64)
    {
        (self.fileSystem, self.path) = (fileSystem, path)
        (self.segment, self.generation, self.firstIndex) = (segment, generation, firstIndex)
        state = Guarded(State())
    }

    /// An unsealed segment with the frames that are known so far.
    package init(
        _ fileSystem: any FileSystem, _ path: String, segment: UInt64, generation: UInt32, firstIndex: UInt64,
        frames: [FrameReference]
    ) {
        (self.fileSystem, self.path) = (fileSystem, path)
        (self.segment, self.generation, self.firstIndex) = (segment, generation, firstIndex)
        state = Guarded(State(frames: frames, attributeClasses: frames.isEmpty ? [] : nil))
    }

    /// Skeletons of an unsealed segment that are kept, in bytes: those of a segment that was written in bulk.
    private static let skeletonByteCountMax = 12 << 20

    /// Adds a frame that has become durable. `attributeClasses` are those of which it has records with attributes.
    package func append(_ frame: FrameReference, attributeClasses: Set<UInt32>, skeleton: [UInt8]) {
        state.withLock { state in
            state.frames?.append(frame)
            state.attributeClasses?.formUnion(attributeClasses)
            guard state.skeletonByteCount + skeleton.count <= SegmentHandle.skeletonByteCountMax else { return }
            state.skeletons[frame.offset] = skeleton
            state.skeletonByteCount += skeleton.count
        }
    }

    /// The skeleton of a frame, from memory where it is kept; past the reader's caches.
    package func skeleton(_ frame: FrameReference) throws -> [UInt8] {
        try keptSkeleton(at: frame.offset) ?? file().readExactly(Int(frame.skeletonByteCount), at: frame.offset)
    }

    /// The skeleton of the frame at an offset of the file, if it is kept in memory.
    func keptSkeleton(at offset: UInt64) -> [UInt8]? {
        state.withLock { $0.skeletons.isEmpty ? nil : $0.skeletons[offset] }
    }

    /// Whether a content of that class may have an attribute.
    package func mayHaveAttributes(_ classID: UInt32) -> Bool {
        state.withLock { $0.attributeClasses?.contains(classID) ?? true }
    }

    package func file() throws(FileSystemError) -> any File {
        if let file = state.withLock({ $0.file }) { return file }
        let file = try fileSystem.open(path, .read)
        state.withLock { if !$0.isReplaced { $0.file = file } }
        return file
    }

    /// Lets go of the file, which is closed when the last read that is at work with it ends; the next read opens another.
    package func closeFile() {
        // The file's end may wait for the device; it comes after the lock is let go.
        let last = state.withLock { $0.file.take() }
        _ = consume last
    }

    /// Whether another generation is in its place.
    var isReplaced: Bool { state.withLock { $0.isReplaced } }

    /// Lets go of the file for good: once it is removed, its space is the disk's again when the last read ends. A read that begins on it
    /// now opens it for itself, or finds it gone.
    func retire() {
        let last = state.withLock { state in
            state.isReplaced = true
            return state.takeSkeletons()
        }
        _ = consume last
        closeFile()
    }

    package func frames() throws -> [FrameReference] {
        if let frames = state.withLock({ $0.frames }) { return frames }
        guard let footer = try SegmentFile.footer(try file()) else {
            throw ArchiveError(
                .damaged,
                "\(path) has no footer, though its row says that it is sealed; run verify on a copy of the store.")
        }
        guard footer.segment == segment, footer.generation == generation, footer.firstIndex == firstIndex else {
            throw ArchiveError(
                .damaged, "\(path) holds the footer of another segment; run verify on a copy of the store.")
        }
        let frames = footer.frames.map { FrameReference($0) }
        state.withLock { state in
            state.frames = frames
            state.index = SegmentIndexPlace.find(footer)
        }
        return frames
    }

    /// Where the segment's index is; nil where it has none, or is not known to be sealed.
    package func index() throws -> SegmentIndexPlace? {
        _ = try frames()
        return try state.withLock { $0.index }?.get()
    }

    /// Takes the index of a footer that was written to this file.
    func seal(_ footer: Footer) {
        let last = state.withLock { state in
            state.index = SegmentIndexPlace.find(footer)
            return state.takeSkeletons()
        }
        _ = consume last
    }

    /// The frame that holds `index`; nil when none does. O(log frames).
    package func frame(containing index: UInt64) throws -> FrameReference? {
        if let known = state.withLock({ state in state.frames.map { SegmentHandle.find(index, in: $0) } }) {
            return known
        }
        return SegmentHandle.find(index, in: try frames())
    }

    private static func find(_ index: UInt64, in frames: [FrameReference]) -> FrameReference? {
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].firstIndex <= index { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let frame = frames[low - 1]
        return index - frame.firstIndex < UInt64(frame.entryCount) ? frame : nil
    }
}

/// The directory of a segment's index, and where its pages begin in the file.
package struct SegmentIndexPlace: Sendable {
    package let directory: IndexDirectory
    package let offset: UInt64

    /// Nil where the footer has no index.
    static func find(_ footer: Footer) -> Result<SegmentIndexPlace, FormatError>? {
        if footer.index.isEmpty { return nil }
        do throws(FormatError) {
            let directory = try footer.index.decode(IndexDirectory.init(decoding:))
            return .success(SegmentIndexPlace(directory: directory, offset: footer.framesEnd))
        } catch {
            return .failure(error)
        }
    }
}

/// Reading the fixed structures of a segment file.
package enum SegmentFile {
    package static func header(_ file: any File) throws -> SegmentHeader {
        try file.readExactly(Limits.blockByteCount, at: 0).decode(SegmentHeader.init(decoding:))
    }

    /// The footer at the end of the file; nil where the file does not end with one. Throws when it does, but the footer is damaged.
    package static func footer(_ file: any File) throws -> Footer? {
        let end = try file.byteCount()
        guard end >= UInt64(Limits.blockByteCount + Footer.fixedByteCount + Footer.trailerByteCount) else { return nil }
        let trailer = try file.readExactly(Footer.trailerByteCount, at: end - UInt64(Footer.trailerByteCount))
        guard let byteCount = trailer.withUnsafeBytes({ Footer.claimedByteCount(trailer: $0) }), UInt64(byteCount) < end
        else { return nil }
        return try file.readExactly(byteCount, at: end - UInt64(byteCount)).decode(Footer.init(decoding:))
    }
}
