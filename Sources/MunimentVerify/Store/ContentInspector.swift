// Opens the parts of a frame with its groups' keys, and hashes the contents to the commitments of their entries.
// Format/frame.md, Format/content.md, Format/commitment.md.

internal import Glibc
internal import MunimentCrypto
internal import MunimentFormat

/// One thread at a time uses an instance.
final class ContentInspector {
    private let codec = PartCodec()
    private let hasher = ContentHasher()
    private let memory: ContentMemory
    private var commitments = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)

    /// `memory` has pieces that hold any content.
    init(_ memory: ContentMemory) { self.memory = memory }

    deinit { commitments.deallocate() }

    /// A frame whose parts are being opened.
    private struct Work {
        let frame: UnsafeRawBufferPointer
        let rows: [PartRow]
        let columns: EntryColumns
        let entries: UnsafeRawBufferPointer
        let keys: SegmentKeys
        let name: String
        let bodies: BodyFileInspector
        /// The segment's first index.
        let firstIndex: UInt64
        /// Body file rows by the ordinal of their record, as long as no content referred to them.
        var bodyFiles: [Int: BodyFileRow]
        /// Ordinals whose body file has a finding of its own, so that the commitment is none.
        var refused: Set<Int> = []
    }

    /// Opens all parts of `frame`; says in `outcome` how many contents are what their entries commit to.
    func open(
        _ frame: UnsafeRawBufferPointer, rows: [PartRow], columns: EntryColumns, entries: UnsafeRawBufferPointer,
        keys: SegmentKeys,
        name: String, bodies: BodyFileInspector, firstIndex: UInt64, _ outcome: inout FrameOutcome
    ) {
        let files = outcome.header.bodyFiles.map { (Int($0.ordinal), $0) }
        var work = Work(
            frame: frame, rows: rows, columns: columns, entries: entries, keys: keys, name: name, bodies: bodies,
            firstIndex: firstIndex, bodyFiles: Dictionary(files, uniquingKeysWith: { first, _ in first }))
        var place = outcome.header.skeletonByteCount
        var ordinal = 0
        while ordinal < rows.count {
            var end = ordinal + 1
            while end < rows.count, rows[end].flags & PartRow.continues != 0 { end += 1 }
            open(ordinal..<end, at: place, &work, &outcome)
            place += rows[ordinal..<end].reduce(0) { $0 + Int($1.ciphertextByteCount) }
            ordinal = end
        }
        for row in outcome.header.bodyFiles where work.bodyFiles[Int(row.ordinal)] != nil {
            bodies.check(row, logID: keys.logID, &outcome)
            // Where contents were not opened, nobody knows whether they refer to it.
            guard outcome.isOpened else { continue }
            outcome.findings.append(
                Finding(
                    .bodyReference, .error, name, offset: outcome.header.offset,
                    index: outcome.header.firstIndex + UInt64(row.ordinal),
                    "A body file is listed for a record that does not refer to it."))
        }
    }

    /// Opens one part, or those of one long content.
    private func open(_ range: Range<Int>, at place: Int, _ work: inout Work, _ outcome: inout FrameOutcome) {
        let header = outcome.header
        let first = work.rows[range.lowerBound]
        let ordinals = outcome.classes[first.classID]?.take(Int(first.recordCount)) ?? []
        guard let tally = outcome.classes[first.classID], tally.contentCount == tally.entryCount else { return }
        guard let group = work.keys.group(first.classID) else {
            if work.keys.isDestroyed(first.classID) { outcome.loseKey(ordinals) }
            return
        }
        let key = group.partKey(session: header.session)
        var place = place
        // A content that takes more than one part is gathered.
        let whole = range.count > 1 ? memory.take() : nil
        defer { if let whole { memory.give(whole) } }
        var gathered = 0
        for ordinal in range {
            let row = work.rows[ordinal]
            let ciphertext = work.frame.slice(place..<place + Int(row.ciphertextByteCount))
            let offset = header.offset + UInt64(place)
            place += ciphertext.count
            do throws(FormatError) {
                let opened = try codec.open(
                    ciphertext, key: key,
                    place: PartPlace(logID: work.keys.logID, header: header, row: row, ordinal: ordinal))
                if range.count == 1 {
                    verify(opened, ordinals, group, offset, &work, &outcome)
                    return
                }
                guard ordinal == range.upperBound - 1 || opened.count == Limits.partContentByteCount else {
                    throw FormatError(.notCanonical, "part", at: 0, "a part of a long content is not full")
                }
                guard let whole, gathered + opened.count <= whole.bytes.count else {
                    throw FormatError(.outOfBounds, "content", at: 0, "a content exceeds its bound")
                }
                UnsafeMutableRawBufferPointer(rebasing: whole.bytes[gathered...]).copyMemory(from: opened)
                gathered += opened.count
            } catch {
                let isKey = error.code == .checksum
                outcome.findings.append(
                    Finding(
                        isKey ? .partSealed : .contentMalformed, .error, work.name, offset: offset,
                        index: header.firstIndex + UInt64(ordinals.first?.lowerBound ?? 0),
                        "Part \(ordinal) of the frame does not open: \(error.reason)."))
                return
            }
        }
        let offset = header.offset + UInt64(place)
        guard let whole else { return }
        verify(UnsafeRawBufferPointer(whole.bytes).slice(0..<gathered), ordinals, group, offset, &work, &outcome)
    }

    /// Checks the contents of the entries `ordinals`, which must fill `opened`, and compares their commitments with
    /// the entries'.
    private func verify(
        _ opened: UnsafeRawBufferPointer, _ ordinals: [Range<Int>], _ group: OpenedGroup, _ offset: UInt64,
        _ work: inout Work,
        _ outcome: inout FrameOutcome
    ) {
        do throws(FormatError) {
            var place = 0
            for range in ordinals {
                guard outcome.header.generation > 0 else {
                    place += try commit(opened.slice(place..<opened.count), range, group, &work, &outcome)
                    compare(range, offset, &work, &outcome)
                    continue
                }
                // Among contents there may be places of purged ones.
                for run in try PurgedPlaces.runs(opened, from: place, range) {
                    place = run.bytes.upperBound
                    if run.isPurged {
                        outcome.lose([run.ordinals])
                    } else {
                        _ = try commit(opened.slice(run.bytes), run.ordinals, group, &work, &outcome)
                        compare(run.ordinals, offset, &work, &outcome)
                    }
                }
            }
            // Hashing found where each content is; what it does not look at comes second.
            try checkRules(opened, ordinals, byteCount: place, group, &work, &outcome)
        } catch {
            outcome.findings.append(
                Finding(
                    error, .contentMalformed, work.name, offset: offset,
                    index: outcome.header.firstIndex + UInt64(ordinals.first?.lowerBound ?? 0)))
        }
    }

    /// What hashing does not look at; and, on the way, what an index lists of the contents.
    private func checkRules(
        _ opened: UnsafeRawBufferPointer, _ ordinals: [Range<Int>], byteCount: Int, _ group: OpenedGroup,
        _ work: inout Work, _ outcome: inout FrameOutcome
    ) throws(FormatError) {
        let start = UInt32(truncatingIfNeeded: outcome.header.firstIndex &- work.firstIndex)
        var sum = IndexSum()
        var terms = IndexedTerms(group.indexed, ordinals)
        try ContentRules.check(opened, count: ordinals.reduce(0) { $0 + $1.count }, byteCount: byteCount) {
            place, attribute in
            terms.add(attribute, place, start, to: &sum)
        }
        guard let first = ordinals.first else { return }
        let classID = work.columns.runs[work.columns.locate(first.lowerBound).0].classID
        outcome.classes[classID]?.indexSum += sum
    }

    /// The commitments of the contents at the start of `contents`; returns how many bytes these fill.
    private func commit(
        _ contents: UnsafeRawBufferPointer, _ ordinals: Range<Int>, _ group: OpenedGroup, _ work: inout Work,
        _ outcome: inout FrameOutcome
    ) throws(FormatError) -> Int {
        if commitments.count < ordinals.count * Digest.byteCount {
            commitments.deallocate()
            commitments = .allocate(byteCount: ordinals.count * Digest.byteCount, alignment: 64)
        }
        return try hasher.commit(
            contents: contents, count: ordinals.count,
            firstIndex: outcome.header.firstIndex + UInt64(ordinals.lowerBound),
            salts: group.salts,
            bodyDigest: { place, bytes throws(FormatError) in
                try self.body(bytes, ordinals.lowerBound + place, &work, &outcome)
            }, to: commitments.baseAddress!)
    }

    /// P of a record whose payload is a body file. Where the file is not right, that is the finding, not the
    /// commitment.
    private func body(
        _ bytes: UnsafeRawBufferPointer, _ ordinal: Int, _ work: inout Work, _ outcome: inout FrameOutcome
    ) throws(FormatError) -> Digest {
        let reference = try BodyReference(decoding: bytes)
        guard let row = work.bodyFiles.removeValue(forKey: ordinal), row.id == reference.id else {
            work.refused.insert(ordinal)
            outcome.findings.append(
                Finding(
                    .bodyReference, .error, work.name, offset: outcome.header.offset,
                    index: outcome.header.firstIndex + UInt64(ordinal),
                    "The record refers to a body file that the frame does not list."))
            return .zero
        }
        guard let digest = work.bodies.open(row, reference, logID: work.keys.logID, &outcome) else {
            work.refused.insert(ordinal)
            return .zero
        }
        return digest
    }

    private func compare(_ ordinals: Range<Int>, _ offset: UInt64, _ work: inout Work, _ outcome: inout FrameOutcome) {
        let start = work.columns.commitmentsOffset + ordinals.lowerBound * Digest.byteCount
        let (ours, theirs) = (UnsafeRawPointer(commitments.baseAddress!), work.entries.baseAddress! + start)
        if memcmp(ours, theirs, ordinals.count * Digest.byteCount) == 0 {
            outcome.openedCount += ordinals.count
            return
        }
        for (place, ordinal) in ordinals.enumerated() {
            let offsetInRun = place * Digest.byteCount
            if Digest(loading: ours + offsetInRun) == Digest(loading: theirs + offsetInRun) {
                outcome.openedCount += 1
            } else if !work.refused.contains(ordinal) {
                let index = outcome.header.firstIndex + UInt64(ordinal)
                outcome.findings.append(
                    Finding(
                        .contentCommitment, .error, work.name, offset: offset, index: index,
                        "The content of record \(index) is not the one that its entry commits to."))
            }
        }
    }
}
