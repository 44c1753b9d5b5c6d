// Walks the segments from the first byte to the last and cuts them into runs of frames. Only frame headers are looked
// at here, so that walking is cheap and everything else can be done by many threads. A place where no frame stands is
// reported, and the walk goes on at the next place where one does: one damaged frame hides no other.

internal import MunimentCrypto
internal import MunimentFormat

/// What comes next in a store.
enum FeedStep: Sendable {
    case begin(SegmentPass, Findings)
    case frames(FrameRun)
    /// What the walk found; a gap if there are bytes where frames should be.
    case findings(Findings, isGap: Bool)
    case end(SegmentPass, SegmentEnd)
}

/// Used by one thread at a time.
final class SegmentFeed {
    /// What a step needs before it can be taken.
    enum Answer {
        case step(FeedStep)
        /// A frame that needs a buffer of this many bytes.
        case needs(Int)
        case finished
    }

    private struct Current {
        let pass: SegmentPass
        var offset = UInt64(Limits.blockByteCount)
    }

    private let files: StoreFiles
    private let sources: [SegmentSource]
    private let keys: KeyBook?
    private let logID: Digest?
    private var position = 0
    private var current: Current?

    /// `logID` is the manifest's, if it has one; `keys` open the groups' keys.
    init(_ files: StoreFiles, _ sources: [SegmentSource], logID: Digest?, keys: KeyBook?) {
        (self.files, self.sources, self.logID, self.keys) = (files, sources, logID, keys)
    }

    /// The next step, its frames in `buffer`, which must have at least `RunBuffer.usualByteCount`.
    func next(_ buffer: RunBuffer) -> Answer {
        guard let current else {
            guard position < sources.count else { return .finished }
            return .step(begin(sources[position]))
        }
        guard let file = current.pass.file else { return .step(end(.unreadable, at: current.offset)) }
        do throws(FileFailure) {
            return try frames(current, file, buffer)
        } catch {
            var findings = Findings()
            findings.append(Finding(unreadable: current.pass.name, error, offset: current.offset))
            self.current?.offset = current.pass.framesEnd
            return .step(.findings(findings, isGap: true))
        }
    }

    private func begin(_ listed: SegmentSource) -> FeedStep {
        position += 1
        var findings = Findings()
        var source = listed
        var file: ReadOnlyFile?
        var header: SegmentHeader?
        do throws(FileFailure) {
            let opened = try SegmentSource.reopen(files, listed)
            (source, file) = (opened.source, opened.file)
            let block = try opened.file.bytes(Limits.blockByteCount)
            switch block.withUnsafeBytes({ decoding($0, SegmentHeader.init(decoding:)) }) {
            case .success(let decoded): header = decoded
            case .failure(let error): findings.append(Finding(error, .segmentHeader, source.name))
            }
        } catch {
            findings.append(Finding(unreadable: source.name, error, offset: 0))
        }
        let log = logID ?? header?.logID
        let segmentKeys = log.flatMap { log in keys.map { SegmentKeys($0, logID: log, source: source, file: file) } }
        let pass = SegmentPass(source: source, file: file, header: header, keys: segmentKeys)
        current = Current(pass: pass)
        return .begin(pass, findings)
    }

    private func end(_ kind: SegmentEnd.Kind, at offset: UInt64) -> FeedStep {
        guard let pass = current?.pass else { preconditionFailure("no segment is under way") }
        current = nil
        return .end(pass, SegmentEnd(kind: kind, offset: offset))
    }

    // MARK: Frames

    private func frames(_ current: Current, _ file: ReadOnlyFile, _ buffer: RunBuffer) throws(FileFailure) -> Answer {
        let pass = current.pass
        let rest = pass.framesEnd - min(current.offset, pass.framesEnd)
        let wanted = Int(min(UInt64(buffer.bytes.count), rest))
        let count = try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted]), at: current.offset)
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
        var run = FrameRun(pass: pass, buffer: buffer)
        var place = 0
        while place < count {
            let here = current.offset + UInt64(place)
            switch look(at: bytes.slice(place..<count), pass, offset: here, available: rest - UInt64(place)) {
            case .frame(let header):
                run.slots.append(
                    FrameRun.Slot(header: header, place: place, findings: pass.keys?.open(header) ?? Findings()))
                place += header.frameByteCount
                continue
            case .needs(let byteCount):
                // The first frame of a run decides on the buffer; a later one begins the next run.
                if run.slots.isEmpty { return .needs(byteCount) }
            case .none(let error):
                if run.slots.isEmpty {
                    return .step(
                        try gap(current, file, error, UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[...])))
                }
            }
            break
        }
        guard !run.slots.isEmpty else {
            return .step(end(pass.source.footerByteCount == nil ? .clean : .footer, at: current.offset))
        }
        self.current?.offset += UInt64(place)
        return .step(.frames(run))
    }

    private enum Look {
        case frame(FrameHeader)
        case needs(Int)
        /// No frame that belongs here.
        case none(FormatError)
    }

    /// What stands at `offset`, where `bytes` were read; `available` bytes are left for frames.
    private func look(at bytes: UnsafeRawBufferPointer, _ pass: SegmentPass, offset: UInt64, available: UInt64) -> Look
    {
        guard let claimed = FrameHeader.claimedByteCount(bytes) else {
            return .none(FormatError(.wrongMagic, "frame header", at: 0, "no frame starts here"))
        }
        guard UInt64(claimed) <= available else {
            return .none(
                FormatError(.truncated, "frame header", at: 8, "the header reaches past the end of the segment"))
        }
        guard claimed <= bytes.count else { return .needs(claimed.rounded(upToMultipleOf: Limits.blockByteCount)) }
        switch decoding(bytes, FrameHeader.init(decoding:)) {
        case .failure(let error): return .none(error)
        case .success(let header):
            guard header.offset == offset, header.segment == pass.source.segment,
                header.generation == pass.source.generation
            else {
                return .none(
                    FormatError(
                        .inconsistent, "frame header", at: 32,
                        "a frame of segment \(header.segment), generation \(header.generation), offset \(header.offset) stands here"
                    ))
            }
            guard UInt64(header.frameByteCount) <= available else {
                return .none(FormatError(.truncated, "frame", at: 40, "the frame reaches past the end of the segment"))
            }
            return header.frameByteCount <= bytes.count ? .frame(header) : .needs(header.frameByteCount)
        }
    }

    // MARK: Where no frame stands

    /// Judges bytes that are no frame, and finds where to go on.
    private func gap(
        _ current: Current, _ file: ReadOnlyFile, _ error: FormatError, _ scratch: UnsafeMutableRawBufferPointer
    ) throws(FileFailure) -> FeedStep {
        let pass = current.pass
        let isSealed = pass.source.footerByteCount != nil
        if !isSealed, try file.firstNonZero(in: current.offset..<pass.framesEnd, scratch: scratch) == nil {
            return end(.clean, at: current.offset)
        }
        var between = Findings()
        let successor = try successor(of: current, file, scratch, &between)
        if successor == nil, !isSealed { return end(.torn, at: current.offset) }
        // Of a store that is open for writing, the frame may have been written since it was looked for: what follows
        // it was written later.
        if stands(at: current.offset, file, pass) { return .findings(Findings(), isGap: false) }
        let what =
            successor.map { "The next frame stands at offset \($0)." } ?? "No frame stands between here and the footer."
        var findings = Findings()
        findings.append(finding(error, pass, current.offset, what))
        findings += between
        self.current?.offset = successor ?? pass.framesEnd
        return .findings(findings, isGap: true)
    }

    /// Whether the header of a frame of this segment stands at `offset` now.
    private func stands(at offset: UInt64, _ file: ReadOnlyFile, _ pass: SegmentPass) -> Bool {
        guard let bytes = try? file.bytes(SegmentFeed.soughtHeaderByteCountMax, at: offset) else { return false }
        return bytes.withUnsafeBytes { raw in
            guard let claimed = FrameHeader.claimedByteCount(raw), claimed <= raw.count else { return false }
            if case .none = look(at: raw, pass, offset: offset, available: pass.framesEnd - offset) { return false }
            return true
        }
    }

    private func finding(_ error: FormatError, _ pass: SegmentPass, _ offset: UInt64, _ what: String) -> Finding {
        let code: Finding.Code =
            switch error.code {
            case .checksum: .frameHeaderChecksum
            case .inconsistent where error.offset == 32: .framePlace
            default: .frameMalformed
            }
        return Finding(code, .error, pass.name, offset: offset, "\(error.reason) (\(error.code.rawValue)). \(what)")
    }

    /// Headers longer than this are not looked for in a gap: a file full of such claims must not cost more than a few
    /// passes over it.
    private static let soughtHeaderByteCountMax = 64 << 10

    /// The next offset at which a frame of this segment stands. What begins like one on the way, and is none, is
    /// reported.
    private func successor(
        of current: Current, _ file: ReadOnlyFile, _ scratch: UnsafeMutableRawBufferPointer, _ findings: inout Findings
    ) throws(FileFailure) -> UInt64? {
        let pass = current.pass
        var offset = current.offset + UInt64(Limits.blockByteCount)
        while offset < pass.framesEnd {
            let wanted = Int(min(UInt64(scratch.count), pass.framesEnd - offset))
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted]), at: offset)
            if count == 0 { return nil }
            let isLast = offset + UInt64(count) >= pass.framesEnd || count < wanted
            // The last places of a chunk are looked at again at the start of the next, where their headers lie whole.
            let step = isLast ? count : count - SegmentFeed.soughtHeaderByteCountMax
            let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
            for place in stride(from: 0, to: step, by: Limits.blockByteCount) {
                let header = bytes.slice(place..<count)
                guard let claimed = FrameHeader.claimedByteCount(header),
                    claimed <= SegmentFeed.soughtHeaderByteCountMax
                else { continue }
                let here = offset + UInt64(place)
                switch look(at: header, pass, offset: here, available: pass.framesEnd - here) {
                case .frame, .needs: if claimed <= header.count { return here }
                case .none(let error):
                    findings.append(finding(error, pass, here, "It is left out."))
                }
            }
            if isLast { return nil }
            offset += UInt64(step)
        }
        return nil
    }
}
