// One segment on its way through a verification, and what travels with it: frames in a buffer, on their way to a
// worker.

internal import MunimentCrypto
internal import MunimentFormat

/// A segment that is being verified. Immutable but for the groups' keys, which guard themselves.
final class SegmentPass: Sendable {
    let source: SegmentSource
    /// Nil where it can't be opened.
    let file: ReadOnlyFile?
    /// Nil where it does not decode.
    let header: SegmentHeader?
    /// The keys of its groups; nil where contents are not opened.
    let keys: SegmentKeys?

    init(source: SegmentSource, file: ReadOnlyFile?, header: SegmentHeader?, keys: SegmentKeys?) {
        (self.source, self.file, self.header, self.keys) = (source, file, header, keys)
    }

    /// The file's path below the store.
    var name: String { source.name }

    /// Where frames must end: at the index's pages, at the footer, or at the file's end.
    var framesEnd: UInt64 { source.index?.offset ?? source.byteCount - (source.footerByteCount ?? 0) }
}

/// Memory that holds frames, and their leaf hashes. One thread at a time has it: it moves from the feed to a worker,
/// to the ledger, and back.
final class RunBuffer: @unchecked Sendable {
    /// What a run usually takes at most.
    static let usualByteCount = 1 << 20

    private let memory: PageMemory
    private(set) var leaves: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        memory = PageMemory(byteCount: byteCount)
        leaves = .allocate(byteCount: 0, alignment: 64)
    }

    deinit {
        leaves.deallocate()
    }

    /// What was read.
    var bytes: UnsafeMutableRawBufferPointer { memory.bytes }

    /// Makes room for the leaf hashes of `count` entries. What was there is gone.
    func reserveLeaves(_ count: Int) {
        guard leaves.count < count * Digest.byteCount else { return }
        leaves.deallocate()
        leaves = .allocate(byteCount: count * Digest.byteCount, alignment: 64)
    }
}

/// Frames that follow one another in a segment, read into one buffer.
struct FrameRun: Sendable {
    struct Slot: Sendable {
        let header: FrameHeader
        /// Where the frame starts in the buffer.
        let place: Int
        /// What opening the keys of its group rows gave.
        var findings: Findings
    }

    let pass: SegmentPass
    let buffer: RunBuffer
    var slots: [Slot] = []

    var entryCount: Int { slots.reduce(0) { $0 + $1.header.entryCount } }
    var byteCount: UInt64 { slots.reduce(0) { $0 + UInt64($1.header.frameByteCount) } }
}

/// How the frames of a segment ended.
struct SegmentEnd: Sendable {
    /// What stands after the last frame.
    enum Kind: Sendable {
        /// Nothing, or zeros.
        case clean
        /// A footer, right after it.
        case footer
        /// Bytes that are no frame, with no frame after them.
        case torn
        /// The file could not be read to its end.
        case unreadable
    }

    let kind: Kind
    /// Where the last frame ends.
    let offset: UInt64
}
