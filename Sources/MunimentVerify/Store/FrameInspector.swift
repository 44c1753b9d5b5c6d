// Checks frames one by one, each while it is in the cache: checksums, padding, entries and their rules, part rows and
// digests, leaf hashes, body files; and with keys the contents. Each worker has one; nothing here depends on another
// frame.

internal import CMunimentKernels
internal import MunimentCrypto
internal import MunimentFormat

/// One thread at a time uses an instance.
final class FrameInspector {
    private let files: StoreFiles
    private let entryHasher = EntryHasher()
    private let contents: ContentInspector
    private let bodies: BodyFileInspector
    private var jobs: [mk_hash_job] = []
    private var digests: [Digest] = []

    /// `memory` has pieces that hold any content.
    init(_ files: StoreFiles, _ memory: ContentMemory) {
        self.files = files
        bodies = BodyFileInspector(files)
        contents = ContentInspector(memory)
    }

    /// Inspects the frames of a run; their leaf hashes are in its buffer afterwards.
    func inspect(_ run: FrameRun) -> [FrameOutcome] {
        run.buffer.reserveLeaves(run.entryCount)
        var outcomes: [FrameOutcome] = []
        outcomes.reserveCapacity(run.slots.count)
        var leaf = 0
        for slot in run.slots {
            var outcome = inspect(slot, run, leavesPlace: leaf)
            // Of a store that is open for writing the last frame may have been read while it was written: look again
            // before accusing.
            if outcome.isBodyDamaged, rereads(slot, run) { outcome = inspect(slot, run, leavesPlace: leaf) }
            outcomes.append(outcome)
            leaf += slot.header.entryCount
        }
        return outcomes
    }

    /// Reads a frame's bytes again; false where they can't be read, or its header is another now.
    private func rereads(_ slot: FrameRun.Slot, _ run: FrameRun) -> Bool {
        let frame = UnsafeMutableRawBufferPointer(
            rebasing: run.buffer.bytes[slot.place..<slot.place + slot.header.frameByteCount])
        guard let file = run.pass.file, (try? file.read(into: frame, at: slot.header.offset)) == frame.count else {
            return false
        }
        return (try? FrameHeader(decoding: UnsafeRawBufferPointer(frame))) == slot.header
    }

    private func inspect(_ slot: FrameRun.Slot, _ run: FrameRun, leavesPlace: Int) -> FrameOutcome {
        let header = slot.header
        let frame = UnsafeRawBufferPointer(run.buffer.bytes).slice(slot.place..<slot.place + header.frameByteCount)
        var outcome = FrameOutcome(header)
        outcome.findings = slot.findings
        checkBytes(frame, run.pass, &outcome)
        let entries = frame.slice(header.headerByteCount..<header.partRowsOffset)
        let name = run.pass.name
        let columns: EntryColumns?
        switch decoding(
            entries, { bytes throws(FormatError) in try EntryColumns(decoding: bytes, count: header.entryCount) })
        {
        case .success(let decoded): columns = decoded
        case .failure(let error):
            columns = nil
            outcome.findings.append(
                Finding(
                    error, .frameMalformed, unknown: .entryUnknown, name,
                    offset: header.offset + UInt64(header.headerByteCount),
                    index: header.firstIndex))
        }
        switch decoding(frame, { bytes throws(FormatError) in try PartRow.rows(of: header, in: bytes) }) {
        case .success(let rows): outcome.rows = rows
        case .failure(let error):
            outcome.findings.append(
                Finding(error, .frameMalformed, name, offset: header.offset, index: header.firstIndex))
        }
        checkDigests(frame, name, &outcome)
        guard let columns else { return outcome }
        let leaves = run.buffer.leaves.baseAddress! + leavesPlace * Digest.byteCount
        entryHasher.hash(columns.runs, commitments: entries.baseAddress! + columns.commitmentsOffset, to: leaves)
        outcome.leavesPlace = leavesPlace
        EntryRules.check(columns, header, name, &outcome)
        guard let rows = outcome.rows else { return outcome }
        tally(rows, name, &outcome)
        if let keys = run.pass.keys {
            let firstIndex = run.pass.header?.firstIndex ?? header.firstIndex
            IndexedTerms.addTimes(columns, header, firstIndex: firstIndex, keys, &outcome)
            contents.open(
                frame, rows: rows, columns: columns, entries: entries, keys: keys, name: name, bodies: bodies,
                firstIndex: firstIndex, &outcome)
        } else {
            for row in header.bodyFiles { bodies.check(row, logID: run.pass.header?.logID, &outcome) }
        }
        return outcome
    }

    /// The body's checksum, and the zeros after it.
    private func checkBytes(_ frame: UnsafeRawBufferPointer, _ pass: SegmentPass, _ outcome: inout FrameOutcome) {
        let header = outcome.header
        let bodyEnd = header.headerByteCount + header.bodyByteCount
        if Checksum.crc32c(frame.slice(header.headerByteCount..<bodyEnd)) != header.bodyCRC {
            outcome.isBodyDamaged = true
            outcome.findings.append(
                Finding(
                    .frameBodyChecksum, .error, pass.name, offset: header.offset + UInt64(header.headerByteCount),
                    index: header.firstIndex,
                    "The checksum of the frame of entries \(header.firstIndex) to \(header.treeSize - 1) does not match its bytes."
                ))
        }
        if let place = frame.slice(bodyEnd..<frame.count).firstNonZero {
            outcome.isBodyDamaged = true
            outcome.findings.append(
                Finding(
                    .framePadding, .error, pass.name, offset: header.offset + UInt64(bodyEnd + place),
                    index: header.firstIndex,
                    "The bytes that fill the frame's last block are not zero."))
        }
    }

    // MARK: Digests

    /// The frame's digest, and those of its parts against their rows: hashed together, so that two messages are always
    /// under way.
    private func checkDigests(_ frame: UnsafeRawBufferPointer, _ name: String, _ outcome: inout FrameOutcome) {
        let header = outcome.header
        let rows = outcome.rows ?? []
        if digests.count < rows.count + 1 { digests = [Digest](repeating: .zero, count: rows.count + 1) }
        let base = frame.baseAddress!.assumingMemoryBound(to: UInt8.self)
        digests.withUnsafeMutableBytes { digests in
            jobs.removeAll(keepingCapacity: true)
            var out = digests.baseAddress!.assumingMemoryBound(to: UInt8.self)
            jobs.append(
                mk_hash_job(
                    head: nil, body: base, head_count: 0, body_count: header.skeletonByteCount, out: out,
                    tag: Footer.frameTag))
            var place = header.skeletonByteCount
            for row in rows {
                out += Digest.byteCount
                let count = Int(row.ciphertextByteCount)
                // The hash of the ciphertext has no tag: its own first byte takes that place.
                jobs.append(
                    mk_hash_job(
                        head: nil, body: base + place + 1, head_count: 0, body_count: count - 1, out: out,
                        tag: base[place]))
                place += count
            }
            mk_sha256_jobs(jobs, jobs.count)
        }
        outcome.digest = digests[0]
        var offset = header.offset + UInt64(header.skeletonByteCount)
        for (ordinal, row) in rows.enumerated() {
            if digests[ordinal + 1] != row.digest {
                outcome.findings.append(
                    Finding(
                        .partDigest, .error, name, offset: offset, index: header.firstIndex,
                        "The ciphertext of part \(ordinal) has another digest than its row."))
            }
            offset += UInt64(row.ciphertextByteCount)
        }
    }

    // MARK: Contents by number

    /// The numbers of contents against those of entries. In a journal each entry has one; in a later generation a class
    /// that lost all of its contents has no part in the frame, and one that lost some has a place for each.
    private func tally(_ rows: [PartRow], _ name: String, _ outcome: inout FrameOutcome) {
        let header = outcome.header
        for row in rows { outcome.classes[row.classID, default: ClassTally()].contentCount += Int(row.recordCount) }
        for (classID, tally) in outcome.classes.sorted(by: { $0.key < $1.key }) {
            if tally.contentCount > tally.entryCount {
                outcome.findings.append(
                    Finding(
                        .partRecords, .error, name, offset: header.offset, index: header.firstIndex,
                        "The frame has \(tally.contentCount) contents of class \(classID) for \(tally.entryCount) entries."
                    ))
            } else if tally.contentCount == 0 {
                outcome.lose(tally.ordinals)
            } else if tally.contentCount < tally.entryCount {
                let missing = tally.entryCount - tally.contentCount
                outcome.unknownMissingCount += missing
                outcome.findings.append(
                    Finding(
                        .contentMissing, .error, name, offset: header.offset, index: header.firstIndex,
                        "\(missing) of \(tally.entryCount) contents of class \(classID) are gone, and their places too: no disposition does that."
                    ))
            }
        }
    }
}
