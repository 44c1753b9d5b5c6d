// One segment as its frames go by in order: what they give for the footer, and the rules that span frames of a file.
// At its end the footer is read and compared field by field. Format/segment.md, Format/footer.md.

internal import MunimentCrypto
internal import MunimentFormat

/// What is left of a segment once it has gone by: what its seal record and its directory row must say.
struct SegmentSummary: Sendable {
    let segment: UInt64
    let generation: UInt32
    let name: String
    let firstIndex: UInt64
    var entryCount: UInt64 = 0
    var recordedFirst = Microseconds.max
    var recordedLast = Microseconds.min
    let fileByteCount: UInt64
    /// Where the footer starts; nil where there is none.
    var footerOffset: UInt64?
    /// The digest of the footer as it stands in the file; nil where it does not decode.
    var footerDigest: Digest?
    /// The digest that the footer would have if it were what the frames give and had no index.
    var derivedDigest: Digest?
    var groups: [SealRecord.Group] = []
    /// The index root that the seal record must state; zero where the footer has no index.
    var indexRoot = Digest.zero
    /// Whether all contents that are there were opened and are what the entries commit to, so that it is known which are
    /// not there.
    var isOpened = true
    /// The records whose content is not there.
    var missing: StoredSet?
    /// Those whose content is there under a key that was destroyed.
    var keyless: StoredSet?
    /// Contents of which it is known already that no disposition can explain that they are gone.
    var unexplainedCount: UInt64 = 0
    var frameCount = 0
    var tokenCount = 0
    /// Pages of the index that were read.
    var indexPageCount: UInt64 = 0
    /// The seal record, once it has gone by.
    var seal: SealFact?
}

struct SegmentLedger {
    /// A group as the frames give it.
    private struct Group {
        let row: GroupRow
        var recordCount: UInt64 = 0
        var partCount: UInt64 = 0
        var digest = SHA256.Hasher()

        init(_ row: GroupRow) {
            self.row = row
            digest.update([Footer.groupTag])
        }
    }

    let pass: SegmentPass
    private(set) var summary: SegmentSummary
    private var frames: [Footer.Frame] = []
    private var groups: [UInt32: Group] = [:]
    private var bodyFiles: [Footer.BodyFile] = []
    private var skeleton = SHA256.Hasher()
    private var index = IndexLedger()
    private var root: Digest
    private var missing = IndexSet()
    private var keyless = IndexSet()
    /// The sessions of this file, and how many parts each has sealed.
    private var sessions: [[UInt8]: UInt64] = [:]
    /// Whether every byte up to here was a frame, so that the footer can be held to what was seen.
    private var isWhole = true

    init(_ pass: SegmentPass, firstIndex: UInt64) {
        self.pass = pass
        root = pass.header?.root ?? .zero
        skeleton.update([Footer.skeletonTag])
        skeleton.update(pass.header?.encoded() ?? [])
        summary = SegmentSummary(
            segment: pass.source.segment, generation: pass.source.generation, name: pass.name, firstIndex: firstIndex,
            fileByteCount: pass.source.byteCount)
    }

    /// Bytes were no frame: what the footer says of them can't be compared.
    mutating func loseFrames() {
        isWhole = false
        summary.isOpened = false
    }

    // MARK: Frames

    mutating func take(_ outcome: FrameOutcome, _ findings: inout Findings) {
        let header = outcome.header
        checkSession(header, &findings)
        checkGroups(outcome, &findings)
        frames.append(
            Footer.Frame(
                offset: header.offset, frameByteCount: UInt64(header.frameByteCount), firstIndex: header.firstIndex,
                entryCount: UInt32(header.entryCount), skeletonByteCount: UInt32(header.skeletonByteCount),
                partCount: UInt32(header.partCount), digest: outcome.digest))
        outcome.digest.withUnsafeBytes { skeleton.update($0) }
        for row in outcome.rows ?? [] {
            groups[row.classID]?.recordCount += UInt64(row.recordCount)
            groups[row.classID]?.partCount += 1
            row.digest.withUnsafeBytes { groups[row.classID]?.digest.update($0) }
        }
        for file in header.bodyFiles {
            bodyFiles.append(
                Footer.BodyFile(
                    id: file.id, index: header.firstIndex + UInt64(file.ordinal), fileByteCount: file.fileByteCount,
                    digest: file.digest))
        }
        if outcome.rows == nil || outcome.leavesPlace == nil { isWhole = false }
        index.take(outcome)
        root = header.root
        summary.entryCount += UInt64(header.entryCount)
        summary.recordedFirst = min(summary.recordedFirst, outcome.recordedFirst)
        summary.recordedLast = max(summary.recordedLast, outcome.recordedLast)
        summary.frameCount += 1
        summary.tokenCount += header.tokens.count
        SegmentLedger.append(outcome.lost, to: &missing)
        SegmentLedger.append(outcome.keyless, to: &keyless)
        if !outcome.isOpened { summary.isOpened = false }
    }

    /// Frames come in order, and an entry is lost once.
    private static func append(_ ranges: [Range<UInt64>], to set: inout IndexSet) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound })
        where set.last.map({ $0 < range.lowerBound }) ?? true { set.append(range) }
    }

    /// A nonce must not recur: a session counts its parts on from frame to frame. Numbers may be left out, where a
    /// commit failed.
    private mutating func checkSession(_ header: FrameHeader, _ findings: inout Findings) {
        if let next = sessions[header.session], header.firstPart < next {
            findings.append(
                Finding(
                    .frameSession, .error, pass.name, offset: header.offset, index: header.firstIndex,
                    "The frame counts its parts from \(header.firstPart), but its session has sealed \(next) in this segment."
                ))
        }
        sessions[header.session] = header.firstPart + UInt64(header.partCount)
    }

    private mutating func checkGroups(_ outcome: FrameOutcome, _ findings: inout Findings) {
        let header = outcome.header
        func finding(_ what: String) -> Finding {
            Finding(.frameGroups, .error, pass.name, offset: header.offset, index: header.firstIndex, what)
        }
        for row in header.groups {
            if groups[row.classID] != nil {
                findings.append(
                    finding("The group of class \(row.classID) is announced for a second time in this segment."))
            } else {
                groups[row.classID] = Group(row)
            }
            if row.classID != ControlRecord.classID, outcome.leavesPlace != nil, outcome.classes[row.classID] == nil {
                findings.append(
                    finding("The group of class \(row.classID) is announced by a frame that has no record of it."))
            }
        }
        if frames.isEmpty, isWhole, groups[ControlRecord.classID] == nil {
            findings.append(finding("The segment's first frame does not announce the group of control records."))
        }
        // After a gap a group may have been announced in it.
        guard isWhole else { return }
        // A later generation may have lost all contents of a class, and its group with them.
        let isJournal = header.generation == 0
        let classes = outcome.classes.filter { isJournal || $0.value.contentCount > 0 }
        for classID in classes.keys.sorted() where groups[classID] == nil {
            findings.append(
                finding("The frame has records of class \(classID), whose group this segment has not announced."))
        }
    }

    // MARK: The footer

    /// Ends the segment: reads its footer, if it has one, and compares it with what the frames gave.
    mutating func finish(_ end: SegmentEnd, _ findings: inout Findings) {
        if end.kind == .torn || end.kind == .unreadable { loseFrames() }
        summary.missing = StoredSet(missing)
        summary.keyless = StoredSet(keyless)
        if summary.missing == nil, let first = missing.first {
            // More than a segment may have entries.
            summary.unexplainedCount = missing.count
            findings.append(
                Finding(
                    .contentMissing, .error, pass.name, index: first,
                    "\(missing.count) contents of segment \(summary.segment) are gone: more than a segment has."))
        }
        if frames.isEmpty { (summary.recordedFirst, summary.recordedLast) = (0, 0) }
        let derived = derivedFooter()
        summary.groups = derived.groups.map { SealRecord.Group(classID: $0.classID, digest: $0.digest) }
        summary.derivedDigest = isWhole ? SegmentLedger.digest(derived.encoded()) : nil
        guard let footerByteCount = pass.source.footerByteCount, let file = pass.file else { return }
        let offset = pass.source.byteCount - footerByteCount
        summary.footerOffset = offset
        do throws(FileFailure) {
            let bytes = try file.bytes(Int(footerByteCount), at: offset)
            switch bytes.withUnsafeBytes({ decoding($0, Footer.init(decoding:)) }) {
            case .success(let footer):
                summary.footerDigest = SegmentLedger.digest(bytes)
                summary.indexRoot = IndexLedger.root(footer.index)
                compare(footer, derived, offset, &findings)
                try index.check(
                    footer.index, pass, offset: offset, isWhole: isWhole, isOpened: summary.isOpened,
                    present: Set(groups.filter { $0.value.recordCount > 0 }.keys), &findings)
                summary.indexPageCount =
                    pass.source.index.map { $0.directory.regionByteCount / UInt64(IndexPage.byteCount) } ?? 0
            case .failure(let error):
                findings.append(Finding(error, .footerMalformed, checksum: .footerChecksum, pass.name, offset: offset))
            }
        } catch {
            findings.append(Finding(unreadable: pass.name, error, offset: offset))
        }
    }

    private static func digest(_ footer: [UInt8]) -> Digest {
        footer.withUnsafeBytes { SHA256.hash(tag: Footer.footerTag, body: $0) }
    }

    private func derivedFooter() -> Footer {
        Footer(
            generation: pass.source.generation, segment: pass.source.segment, firstIndex: summary.firstIndex,
            entryCount: summary.entryCount, root: root, recordedFirst: summary.recordedFirst,
            recordedLast: summary.recordedLast,
            skeletonDigest: skeleton.finalize(), frames: frames,
            groups: groups.values.sorted { $0.row.classID < $1.row.classID }.map { group in
                Footer.Group(
                    classID: group.row.classID, slot: group.row.slot, keyCommitment: group.row.keyCommitment,
                    recordCount: group.recordCount, partCount: group.partCount, digest: group.digest.finalize())
            }, bodyFiles: bodyFiles, index: [])
    }

    private func compare(_ footer: Footer, _ derived: Footer, _ offset: UInt64, _ findings: inout Findings) {
        func mismatch(_ code: Finding.Code, _ what: String, index: UInt64? = nil) {
            findings.append(Finding(code, .error, pass.name, offset: offset, index: index, what))
        }
        if footer.segment != derived.segment || footer.generation != derived.generation {
            mismatch(
                .footerMismatch, "The footer is that of segment \(footer.segment), generation \(footer.generation).")
        }
        compareFrames(footer, derived, offset, &findings)
        // What was lost has been reported; what it would have added to the footer is unknown.
        guard isWhole else { return }
        if footer.firstIndex != derived.firstIndex || footer.entryCount != derived.entryCount {
            mismatch(
                .footerMismatch,
                "The footer speaks of \(footer.entryCount) entries from \(footer.firstIndex) on; the frames hold \(derived.entryCount) from "
                    + "\(derived.firstIndex) on.")
        }
        if footer.root != derived.root {
            mismatch(.footerMismatch, "The footer has another root than the segment's last frame.")
        }
        if footer.recordedFirst != derived.recordedFirst || footer.recordedLast != derived.recordedLast {
            mismatch(.footerMismatch, "The footer has other first or last recorded times than the entries.")
        }
        if footer.skeletonDigest != derived.skeletonDigest {
            mismatch(.footerFrameDigest, "The footer's digest of all frames is not that of the frames.")
        }
        if footer.groups != derived.groups {
            let classes = Set(footer.groups).symmetricDifference(derived.groups).map(\.classID)
            let names = Set(classes).sorted().prefix(8).map(String.init).joined(separator: ", ")
            mismatch(.footerGroups, "The footer's group rows are not what the frames give, of class \(names).")
        }
        if footer.bodyFiles != derived.bodyFiles {
            let first = Set(footer.bodyFiles).symmetricDifference(derived.bodyFiles).map(\.index).min()
            mismatch(.footerBodyFiles, "The footer's body file rows are not what the frames give.", index: first)
        }
    }

    /// The rows of frames, paired by offset.
    private func compareFrames(_ footer: Footer, _ derived: Footer, _ offset: UInt64, _ findings: inout Findings) {
        var (ours, theirs) = (derived.frames[...], footer.frames[...])
        while let row = theirs.first ?? ours.first {
            guard let found = ours.first, let stated = theirs.first, found.offset == stated.offset else {
                // Where frames were lost, the walk has said so; a frame without a row is one that was added.
                if let found = ours.first, theirs.first.map({ found.offset < $0.offset }) ?? true {
                    findings.append(
                        Finding(
                            .footerFrameDigest, .error, pass.name, offset: found.offset, index: found.firstIndex,
                            "The footer has no row for the frame at offset \(found.offset)."))
                    ours.removeFirst()
                } else {
                    if isWhole {
                        findings.append(
                            Finding(
                                .footerFrameDigest, .error, pass.name, offset: row.offset, index: row.firstIndex,
                                "The footer has a row for offset \(row.offset), where no frame stands."))
                    }
                    theirs.removeFirst()
                }
                continue
            }
            if found != stated {
                findings.append(
                    Finding(
                        .footerFrameDigest, .error, pass.name, offset: found.offset, index: found.firstIndex,
                        "The footer's row, or its digest, is not that of the frame of entries from \(found.firstIndex) on."
                    ))
            }
            ours.removeFirst()
            theirs.removeFirst()
        }
    }
}
