// Which file of a segment counts, where there is more than one generation, and how far it goes. A store that is open for writing may put a new
// generation in the place of one, so this is asked again when the segment's turn comes.

internal import MunimentFormat

/// A segment's file that counts.
struct SegmentSource: Sendable {
    let segment: UInt64
    let generation: UInt32
    let byteCount: UInt64
    /// The length of the footer that the file's end claims; nil where it claims none.
    let footerByteCount: UInt64?

    /// The path below the store.
    var name: String { SegmentHeader.path(segment: segment, generation: generation) }

    /// Looks at the end of an open file.
    private init(_ file: ReadOnlyFile, segment: UInt64, generation: UInt32) throws(FileFailure) {
        (self.segment, self.generation, byteCount) = (segment, generation, file.byteCount)
        let block = UInt64(Limits.blockByteCount)
        let trailerByteCount = UInt64(Footer.trailerByteCount)
        guard byteCount >= block + trailerByteCount else {
            footerByteCount = nil
            return
        }
        let trailer = try file.bytes(Footer.trailerByteCount, at: byteCount - trailerByteCount)
        let claimed = trailer.withUnsafeBytes { Footer.claimedByteCount(trailer: $0) }.map { UInt64($0) }
        guard let claimed, claimed <= file.byteCount - block, (file.byteCount - claimed) % block == 0 else {
            footerByteCount = nil
            return
        }
        footerByteCount = claimed
    }

    /// A segment's file as it is now.
    struct Opened {
        let source: SegmentSource
        let file: ReadOnlyFile
    }

    /// Opens one generation of a segment.
    static func open(_ files: StoreFiles, segment: UInt64, generation: UInt32) throws(FileFailure) -> Opened {
        let file = try ReadOnlyFile(files.path(SegmentHeader.path(segment: segment, generation: generation)))
        return Opened(source: try SegmentSource(file, segment: segment, generation: generation), file: file)
    }

    /// The one that counts: the newest generation with a footer, else the journal itself, else the newest. The others are leftovers, of a rewrite
    /// that was cut off or of one whose last step is due.
    static func chosen(_ sources: [SegmentSource]) -> SegmentSource? {
        let newest = sources.sorted { $0.generation > $1.generation }
        return newest.first { $0.footerByteCount != nil } ?? newest.first { $0.generation == 0 } ?? newest.first
    }

    /// Opens the file of a segment that counted a moment ago, or the one that took its place since.
    static func reopen(_ files: StoreFiles, _ source: SegmentSource) throws(FileFailure) -> Opened {
        do throws(FileFailure) {
            return try open(files, segment: source.segment, generation: source.generation)
        } catch  where error == .missing {
            let directory = files.path("segments/" + SegmentHeader.directoryName(segment: source.segment))
            var sources: [SegmentSource] = []
            for item in try DirectoryListing.items(directory) {
                guard let parsed = SegmentHeader.parse(fileName: item.name), parsed.segment == source.segment else {
                    continue
                }
                if let opened = try? open(files, segment: source.segment, generation: parsed.generation) {
                    sources.append(opened.source)
                }
            }
            guard let now = chosen(sources) else { throw .missing }
            return try open(files, segment: now.segment, generation: now.generation)
        }
    }
}
