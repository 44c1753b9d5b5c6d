// Which file of a segment counts, where there is more than one generation, and how far it goes. A store that is open
// for writing may put a new generation in the place of one, so this is asked again when the segment's turn comes.

internal import MunimentFormat

/// A segment's file that counts.
struct SegmentSource: Sendable {
    let segment: UInt64
    let generation: UInt32
    let byteCount: UInt64
    /// The length of the footer that the file's end claims; nil where it claims none.
    let footerByteCount: UInt64?
    /// The index whose pages stand before the footer; nil where there is none, or its directory does not decode.
    let index: IndexPlace?

    /// The path below the store, or below the directory of a segment that was given alone.
    let name: String

    /// Looks at the end of an open file.
    private init(
        _ file: ReadOnlyFile, segment: UInt64, generation: UInt32, name: String? = nil
    ) throws(FileFailure) {
        (self.segment, self.generation, byteCount) = (segment, generation, file.byteCount)
        self.name = name ?? SegmentHeader.path(segment: segment, generation: generation)
        let block = UInt64(Limits.blockByteCount)
        let trailerByteCount = UInt64(Footer.trailerByteCount)
        guard byteCount >= block + trailerByteCount else {
            (footerByteCount, index) = (nil, nil)
            return
        }
        let trailer = try file.bytes(Footer.trailerByteCount, at: byteCount - trailerByteCount)
        let claimed = trailer.withUnsafeBytes { Footer.claimedByteCount(trailer: $0) }.map { UInt64($0) }
        guard let claimed, claimed <= file.byteCount - block, (file.byteCount - claimed) % block == 0 else {
            (footerByteCount, index) = (nil, nil)
            return
        }
        footerByteCount = claimed
        index = try IndexPlace.find(file, footerByteCount: claimed)
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

    /// Opens a segment that was given alone, whatever its name.
    static func alone(
        _ files: StoreFiles, _ name: String, segment: UInt64, generation: UInt32
    ) throws(FileFailure) -> Opened {
        let file = try ReadOnlyFile(files.path(name), followsLinks: true)
        return Opened(
            source: try SegmentSource(file, segment: segment, generation: generation, name: name), file: file)
    }

    /// The one that counts: the newest generation with a footer, else the journal itself, else the newest. The others
    /// are leftovers, of a rewrite that was cut off or of one whose last step is due.
    static func chosen(_ sources: [SegmentSource]) -> SegmentSource? {
        let newest = sources.sorted { $0.generation > $1.generation }
        return newest.first { $0.footerByteCount != nil } ?? newest.first { $0.generation == 0 } ?? newest.first
    }

    /// Opens the file of a segment that counted a moment ago, or the one that took its place since.
    static func reopen(_ files: StoreFiles, _ source: SegmentSource) throws(FileFailure) -> Opened {
        if files.isAlone {
            return try alone(files, source.name, segment: source.segment, generation: source.generation)
        }
        do throws(FileFailure) {
            return try open(files, segment: source.segment, generation: source.generation)
        } catch {
            guard error == .missing, let now = chosen(generations(files, segment: source.segment)) else { throw error }
            return try open(files, segment: now.segment, generation: now.generation)
        }
    }

    /// The generations of a segment that are there now. A listing may miss a file that is replaced meanwhile, since
    /// the new one is made before the old one goes: so the likely ones are also asked for by name, newest first, and
    /// all of it more than once if nothing is found.
    static func generations(_ files: StoreFiles, segment: UInt64) -> [SegmentSource] {
        let directory = files.path("segments/" + SegmentHeader.directoryName(segment: segment))
        for _ in 0..<3 {
            guard let items = try? DirectoryListing.items(directory) else { return [] }
            let listed = items.compactMap { SegmentHeader.parse(fileName: $0.name) }.filter { $0.segment == segment }
            let next = listed.map { $0.generation }.max().map { $0 &+ 1 } ?? 0
            let asked = Set(listed.map { $0.generation } + [0, 1, next]).sorted(by: >)
            let sources = asked.compactMap { try? open(files, segment: segment, generation: $0).source }
            if !sources.isEmpty { return sources }
        }
        return []
    }
}
