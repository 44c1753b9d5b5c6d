// Scanning the frames of an unsealed segment: which are whole, where they end, and what follows. Reads only.
// Format/recovery.md.

internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle

/// What a scan of one segment found.
package struct ScannedSegment: Sendable {
    package var header: SegmentHeader
    /// The segment's row, if it has a valid footer.
    package var row: SegmentRow?
    package var frames: [FrameHeader] = []
    /// Where the whole frames end.
    package var end: UInt64 = UInt64(Limits.blockByteCount)
    package var fileByteCount: UInt64 = 0
    package var tail: Tail = .clean

    /// What stands after the last whole frame.
    package enum Tail: Hashable, Sendable {
        /// Nothing, or zeros.
        case clean
        /// Bytes that are no whole frame: a commit that was cut off. Nothing valid follows.
        case torn
        /// A damaged frame, and a valid one after it, at this offset: not a torn tail, since only the last frame may be
        /// bad.
        case damaged(successor: UInt64)
        /// A footer.
        case sealed
    }
}

package struct TailScanner {
    private let file: any File
    private let logID: Digest
    private let entryHasher = EntryHasher()
    /// Bytes of the file from `windowStart` on: small frames are many, and are read many at a time.
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private var lastHeader: UInt64 = 0
    private static let windowByteCount = 256 << 10
    /// How close headers follow each other for it to pay.
    private static let denseByteCount: UInt64 = 32 << 10

    package init(_ file: any File, logID: Digest) { (self.file, self.logID) = (file, logID) }

    /// Reads the segment's frames from the first on. Frames that end at or below `trusted`, the checkpoint's size, are
    /// taken by their headers; those beyond are checked in full: checksums, entries, and the root that they claim,
    /// starting from `frontier`, which stands at `trusted` or at the segment's first index, whichever is greater.
    ///
    /// `known` are the frames that a scan by headers alone has found: those that would be taken by them are not read again.
    package mutating func scan(
        _ header: SegmentHeader, known: [FrameHeader] = [], trusted: UInt64, frontier: inout TreeFrontier
    ) throws -> ScannedSegment {
        var result = ScannedSegment(header: header)
        result.frames = Array(known.prefix { $0.treeSize <= trusted })
        if let last = result.frames.last { result.end = last.offset + UInt64(last.frameByteCount) }
        var isSecondLook = false
        while true {
            result.fileByteCount = try file.byteCount()
            try scanFrames(&result, trusted: trusted, &frontier)
            if result.tail != .clean { return result }
            result.tail = try tail(after: result.end, of: header, result.fileByteCount)
            // Beside a writer, a frame that was incomplete at the first look may have been followed by another since.
            guard case .damaged = result.tail, !isSecondLook else { return result }
            (isSecondLook, result.tail) = (true, .clean)
            window = []
        }
    }

    private mutating func scanFrames(_ result: inout ScannedSegment, trusted: UInt64, _ frontier: inout TreeFrontier)
        throws
    {
        let header = result.header
        var index = result.frames.last?.treeSize ?? header.firstIndex
        while let frame = try wholeFrame(at: result.end, of: header, index: index, fileByteCount: result.fileByteCount)
        {
            if frame.treeSize > trusted {
                // A checkpoint always stands at the end of a commit: a trusted size inside one is no size of this log.
                // Repacking joins commits.
                guard frame.firstIndex >= trusted || header.generation > 0 else { break }
                let verdict = try check(frame, &frontier)
                if verdict == .contradiction { result.tail = .damaged(successor: frame.offset) }
                guard verdict == .whole else { break }
            }
            result.frames.append(frame)
            result.end += UInt64(frame.frameByteCount)
            index = frame.treeSize
        }
    }

    /// The header of the frame at `offset`, if one stands there that belongs there.
    private mutating func wholeFrame(
        at offset: UInt64, of segment: SegmentHeader, index: UInt64, fileByteCount: UInt64
    ) throws -> FrameHeader? {
        guard let frame = try nextHeader(at: offset, fileByteCount: fileByteCount), frame.segment == segment.segment,
            frame.generation == segment.generation, frame.offset == offset, frame.firstIndex == index,
            offset + UInt64(frame.frameByteCount) <= fileByteCount
        else { return nil }
        return frame
    }

    /// As `header`, of frames in order.
    private mutating func nextHeader(at offset: UInt64, fileByteCount: UInt64) throws -> FrameHeader? {
        let isDense = offset - lastHeader <= TailScanner.denseByteCount
        lastHeader = offset
        let block = UInt64(Limits.blockByteCount)
        guard isDense, offset + block <= fileByteCount else {
            return try header(at: offset, fileByteCount: fileByteCount)
        }
        if offset < windowStart || offset + block > windowStart + UInt64(window.count) {
            window = try file.readArray(TailScanner.windowByteCount, at: offset)
            windowStart = offset
        }
        // Beside a writer the window shows what was there when it was read: a header that it lacks is looked for in the file.
        return try windowHeader(at: offset) ?? header(at: offset, fileByteCount: fileByteCount)
    }

    /// The header at `offset` as far as the window shows it whole.
    private func windowHeader(at offset: UInt64) -> FrameHeader? {
        let start = Int(offset - windowStart)
        return window.withUnsafeBytes { window in
            let rest = UnsafeRawBufferPointer(rebasing: window[min(start, window.count)...])
            guard let count = FrameHeader.claimedByteCount(rest), count <= rest.count else { return nil }
            return try? FrameHeader(decoding: UnsafeRawBufferPointer(rebasing: rest[..<count]))
        }
    }

    private func header(at offset: UInt64, fileByteCount: UInt64) throws -> FrameHeader? {
        guard offset + UInt64(Limits.blockByteCount) <= fileByteCount else { return nil }
        let block = try file.readArray(Limits.blockByteCount, at: offset)
        guard let count = block.withUnsafeBytes({ FrameHeader.claimedByteCount($0) }) else { return nil }
        let bytes = count <= block.count ? block : try file.readArray(count, at: offset)
        return try? bytes.decode(FrameHeader.init(decoding:))
    }

    private enum Verdict {
        /// Everything fits; the frontier has the frame's leaves.
        case whole
        /// The checksums do not hold: the write was cut off, or the bytes were damaged since.
        case torn
        /// The checksums hold, but the entries do not give the root that the header states: no crash does that.
        case contradiction
    }

    /// Checks a frame in full. The frontier changes only if it is whole.
    private mutating func check(_ frame: FrameHeader, _ frontier: inout TreeFrontier) throws -> Verdict {
        guard frame.firstIndex <= frontier.size, frontier.size < frame.treeSize else { return .contradiction }
        let bytes = try file.readArray(frame.frameByteCount, at: frame.offset)
        guard frame.isBody(of: bytes) else { return .torn }
        guard let view = try? FrameView(Array(bytes[..<frame.skeletonByteCount])) else { return .contradiction }
        var next = frontier
        next.append(leaves: view, entryHasher)
        guard next.root() == frame.root else { return .contradiction }
        frontier = next
        return .whole
    }

    /// Tells apart what follows the last whole frame.
    private func tail(after end: UInt64, of segment: SegmentHeader, _ fileByteCount: UInt64) throws
        -> ScannedSegment.Tail
    {
        if end == fileByteCount { return .clean }
        let first = try file.readArray(Footer.magic.count, at: end)
        if first == Footer.magic { return .sealed }
        // The pages of an index stand before the footer.
        let footer = try unlessWrong { try SegmentFile.footer(file) } ?? nil
        if let footer, footer.segment == segment.segment, footer.framesEnd == end { return .sealed }
        var isZero = true
        var offset = end
        let step = 1 << 20
        while offset < fileByteCount {
            let chunk = try file.readArray(step, at: offset)
            if chunk.isEmpty { break }
            if !chunk.isZero {
                isZero = false
                for start in stride(from: 0, to: chunk.count, by: Limits.blockByteCount)
                where offset + UInt64(start) > end {
                    let isMarked = chunk[start...].starts(with: FrameHeader.magic)
                    if isMarked, try successor(at: offset + UInt64(start), after: end, of: segment, fileByteCount) {
                        return .damaged(successor: offset + UInt64(start))
                    }
                }
            }
            offset += UInt64(chunk.count)
        }
        return isZero ? .clean : .torn
    }

    /// Whether a frame of this segment that was durable stands at `offset`: its own checksums hold.
    private func successor(at offset: UInt64, after end: UInt64, of segment: SegmentHeader, _ fileByteCount: UInt64)
        throws -> Bool
    {
        guard let frame = try header(at: offset, fileByteCount: fileByteCount), frame.offset == offset,
            frame.segment == segment.segment, frame.generation == segment.generation
        else { return false }
        return true
    }
}

extension FrameHeader {
    /// Whether `bytes`, a whole frame, have the body that this header sums up, and zeros after it.
    func isBody(of bytes: [UInt8]) -> Bool {
        guard bytes.count == frameByteCount else { return false }
        let bodyEnd = headerByteCount + bodyByteCount
        return bytes.withUnsafeBytes { raw in
            Checksum.crc32c(UnsafeRawBufferPointer(rebasing: raw[headerByteCount..<bodyEnd])) == bodyCRC
                && raw[bodyEnd...].allSatisfy { $0 == 0 }
        }
    }
}

extension TreeFrontier {
    /// Appends those leaves of a frame that come after the frontier's last, up to the tree size `end` if it is given.
    /// The frame begins at or before the frontier.
    mutating func append(leaves frame: FrameView, upTo end: UInt64 = .max, _ hasher: EntryHasher) {
        let range = size - frame.header.firstIndex..<min(end, frame.header.treeSize) - frame.header.firstIndex
        withUnsafeTemporaryAllocation(byteCount: frame.header.entryCount * Digest.byteCount, alignment: 64) { leaves in
            frame.leafHashes(hasher, to: leaves.baseAddress!)
            let bytes = Int(range.lowerBound) * Digest.byteCount..<Int(range.upperBound) * Digest.byteCount
            append(leaves: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(leaves)[bytes]))
        }
    }
}

extension [UInt8] {
    /// Whether all bytes are zero.
    var isZero: Bool {
        withUnsafeBytes { raw in
            var offset = 0
            while offset + 8 <= raw.count {
                if raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
                offset += 8
            }
            return raw[offset...].allSatisfy { $0 == 0 }
        }
    }
}
