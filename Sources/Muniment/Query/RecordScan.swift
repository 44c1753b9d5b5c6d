// Finding records frame by frame, each part decoded once: those that a segment's index does not rule out, or all where it
// has none. What the entries of candidates say is proved against the snapshot's checkpoint before anything is made of it,
// with one proof for those of a frame. What a part's contents say is believed for choosing, and opened against the
// entries' commitments before a hit is handed out.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentStore

/// A scan under one snapshot. Used by one thread.
final class RecordScan {
    /// One chosen record of the frame at hand.
    struct Hit {
        var ordinal: Int
        /// The opened part or parts that hold its content, and where; nil when the content was destroyed, or was not
        /// needed.
        var content: (bytes: [UInt8], range: Range<Int>)?
        var bodyByteCount: UInt64?
    }

    /// What is known of an entry of the frame at hand.
    private enum Verdict: UInt8 {
        case out
        case chosen
        /// Its attributes decide.
        case open
    }

    private let snapshot: Snapshot
    private let predicate: Predicate
    /// Whether contents are wanted of hits that can be chosen without.
    private let needsContents: Bool
    private let hasher = ContentHasher()
    private let entryHasher = EntryHasher()
    private var verdicts: [Verdict] = []
    /// Of the segment at hand.
    private var candidates = SegmentCandidates.nowhere

    init(_ snapshot: Snapshot, _ predicate: Predicate, needsContents: Bool) {
        (self.snapshot, self.predicate, self.needsContents) = (snapshot, predicate, needsContents)
    }

    /// Calls `body` with the hits of each frame that overlaps `bounds`, ascending in each; frames in order, or last
    /// first. Stops when `body` returns false. Hits outside `bounds` are not left out of a frame: the predicate knows
    /// the indexes.
    func run(_ bounds: Range<UInt64>, isReversed: Bool, _ body: (FrameView, [Hit]) throws -> Bool) throws {
        guard !bounds.isEmpty else { return }
        var next: UInt64? = isReversed ? bounds.upperBound - 1 : bounds.lowerBound
        while let index = next, bounds.contains(index) {
            if !candidates.covers(index) { candidates = try .find(index, predicate, in: snapshot) }
            guard let wanted = candidates.nearest(index, isReversed: isReversed) else {
                next = isReversed ? candidates.before : candidates.after
                continue
            }
            guard bounds.contains(wanted) else { return }
            // Frame and contents are of one generation.
            var (frame, hits) = try snapshot.reader.inSegment(containing: wanted) { handle in
                guard let reference = try handle.frame(containing: wanted) else { throw LogReader.absent(wanted) }
                let frame = try snapshot.reader.frame(reference, in: handle)
                return (frame, try found(in: frame, handle))
            }
            // A newer generation may gather what was seen in a frame with what was not.
            let place = Int64(index) - Int64(frame.header.firstIndex)
            hits.removeAll { isReversed ? $0.ordinal > place : $0.ordinal < place }
            if !hits.isEmpty, try !body(frame, hits) { return }
            next = isReversed ? frame.header.firstIndex.predecessor : frame.header.treeSize
        }
    }

    private func found(in frame: FrameView, _ handle: SegmentHandle) throws(ArchiveError) -> [Hit] {
        guard judgeEntries(of: frame) else { return [] }
        try prove(frame)
        return try translating(handle.path) {
            var hits: [Hit] = []
            if verdicts.contains(.open) || needsContents {
                let classes = Set(frame.columns.runs.lazy.filter { $0.kind == .record }.map(\.classID))
                for classID in classes { try appendHits(ofClass: classID, frame, handle, to: &hits) }
                if classes.count > 1 { hits.sort { $0.ordinal < $1.ordinal } }
            } else {
                for ordinal in verdicts.indices where verdicts[ordinal] == .chosen {
                    hits.append(Hit(ordinal: ordinal))
                }
            }
            return hits
        }
    }

    /// Fills `verdicts` from the entries alone; false where none can be a hit.
    private func judgeEntries(of frame: FrameView) -> Bool {
        verdicts.removeAll(keepingCapacity: true)
        var isPossible = false
        var index = frame.header.firstIndex
        for run in frame.columns.runs {
            if run.kind == .control || candidates.rulesOut(run.classID) {
                for _ in 0..<run.count { verdicts.append(.out) }
            } else {
                var facts = RecordFacts(
                    index: index, retentionClass: snapshot.name(ofClass: run.classID), time: run.recorded)
                for place in 0..<run.count {
                    facts.index = index + UInt64(place)
                    if !run.occurred.isEmpty { facts.time = run.occurred[place] }
                    let isPossibleHere = facts.index < snapshot.size && candidates.contains(facts.index, run.classID)
                    let verdict: Verdict =
                        isPossibleHere ? predicate.evaluate(facts).map { $0 ? .chosen : .out } ?? .open : .out
                    isPossible = isPossible || verdict != .out
                    verdicts.append(verdict)
                }
            }
            index += UInt64(run.count)
        }
        return isPossible
    }

    /// Proves the entries of the frame that may be hits against the checkpoint.
    private func prove(_ frame: FrameView) throws(ArchiveError) {
        let first = frame.header.firstIndex
        // A checkpoint stands at a frame's end; if this one did not, only what it covers could be proved.
        let count = Int(min(frame.header.treeSize, snapshot.size) - first)
        let wanted = (0..<count).filter { verdicts[$0] != .out }
        // Where many are wanted, one proof of all is shorter than one of every second.
        let ordinals = wanted.count * 4 > count ? Array(0..<count) : wanted
        let leaves = leafHashes(ordinals, of: frame)
        try translating("tree") {
            let proof = try MultiProof.make(
                indexes: ordinals.map { first + UInt64($0) }, treeSize: snapshot.size, reader: snapshot.reader)
            do throws(MerkleError) {
                try proof.verify(leafHashes: leaves, root: snapshot.checkpoint.root)
            } catch {
                throw ArchiveError(
                    .damaged,
                    "The records from \(first + UInt64(ordinals.first ?? 0)) on are not what the checkpoint of size \(snapshot.size) commits to; run verify on a copy."
                )
            }
        }
    }

    private func leafHashes(_ ordinals: [Int], of frame: FrameView) -> [Digest] {
        let count = frame.header.entryCount
        return withUnsafeTemporaryAllocation(byteCount: count * Digest.byteCount, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return [] }
            if ordinals.count * 4 > count {
                frame.leafHashes(entryHasher, to: base)
            } else {
                for ordinal in ordinals {
                    frame.leafHashes(of: ordinal, count: 1, to: base + ordinal * Digest.byteCount)
                }
            }
            return ordinals.map { Digest(loading: base + $0 * Digest.byteCount) }
        }
    }

    // MARK: Contents

    /// Opens the parts of one class that may hold hits.
    private func appendHits(
        ofClass classID: UInt32, _ frame: FrameView, _ handle: SegmentHandle, to hits: inout [Hit]
    ) throws {
        let isLeftOut = !frame.hasParts(ofClass: classID)
        guard !isLeftOut, let salts = try salts(frame, classID, handle) else {
            for ordinal in ordinals(ofClass: classID, frame) {
                try appendGone(ordinal, frame, isLeftOut: isLeftOut, to: &hits)
            }
            return
        }
        var rest = ordinals(ofClass: classID, frame)[...]
        for (row, part) in frame.rows.enumerated() where part.classID == classID && part.recordCount > 0 {
            guard rest.count >= Int(part.recordCount) else {
                throw FormatError(.inconsistent, "frame", at: 0, "the parts hold more records than the entries")
            }
            let ordinals = rest.prefix(Int(part.recordCount))
            rest = rest.dropFirst(ordinals.count)
            guard ordinals.contains(where: { verdicts[$0] != .out }) else { continue }
            let found = try choose(
                in: try snapshot.reader.contents(row, of: frame.outline, in: handle), ordinals, frame)
            try verify(found, frame, salts)
            hits += found
        }
    }

    /// Takes a record whose content is gone. What its entry alone decides is known, the rest is not: so it is no hit if it was purged, and an
    /// error if nothing says so, since otherwise a destroyed key would hide records.
    private func appendGone(
        _ ordinal: Int, _ frame: FrameView, isLeftOut: Bool, to hits: inout [Hit]
    ) throws(ArchiveError) {
        switch verdicts[ordinal] {
        case .out: return
        case .chosen: hits.append(Hit(ordinal: ordinal))
        case .open:
            let index = frame.header.firstIndex + UInt64(ordinal)
            // A generation that is newer than the snapshot leaves out what its log can't know of.
            if isLeftOut && snapshot.isBehindFiles { return }
            if try snapshot.isPurged(index) { return }
            throw ArchiveError(
                .damaged,
                "The content of record \(index) is gone, and no disposition says why; run verify on a copy of the store."
            )
        }
    }

    /// The frame's entries of one class, as places in the frame, ascending.
    private func ordinals(ofClass classID: UInt32, _ frame: FrameView) -> [Int] {
        var ordinals: [Int] = []
        var start = 0
        for run in frame.columns.runs {
            if run.classID == classID && run.kind == .record { ordinals += start..<start + run.count }
            start += run.count
        }
        return ordinals
    }

    /// Nil where the key was destroyed, and no newer generation has the contents under another.
    private func salts(_ frame: FrameView, _ classID: UInt32, _ handle: SegmentHandle) throws(ArchiveError)
        -> SaltStream?
    {
        guard let keys = snapshot.reader.keys else {
            throw ArchiveError(.keyMissing, "Contents can't be read without the keys directory: name it with --keys.")
        }
        do throws(ArchiveError) {
            let header = frame.header
            return try keys.group(segment: header.segment, classID: classID, generation: header.generation).key
                .saltStream
        } catch  where error.code == .purged {
            if try snapshot.reader.isReplaced(handle) { throw error }
            return nil
        }
    }

    /// Chooses among the contents of a part. `ordinals` are the entries that they belong to.
    private func choose(in bytes: [UInt8], _ ordinals: ArraySlice<Int>, _ frame: FrameView) throws -> [Hit] {
        var gone: [Int] = []
        var hits = try bytes.decode { raw throws(FormatError) in
            var hits: [Hit] = []
            var offset = 0
            for ordinal in ordinals {
                let content = UnsafeRawBufferPointer(rebasing: raw[offset...])
                if content.first == 0 {
                    // Purged, beside contents of its class that are not.
                    gone.append(ordinal)
                    offset += ContentLayout.purgedByteCount
                    continue
                }
                let layout = try ContentLayout(decoding: content)
                defer { offset += layout.byteCount }
                guard
                    verdicts[ordinal] == .chosen
                        || verdicts[ordinal] == .open && isChosen(ordinal, frame, layout, content)
                else { continue }
                var hit = Hit(ordinal: ordinal, content: (bytes, offset..<offset + layout.byteCount))
                if layout.hasBodyFile {
                    let reference = UnsafeRawBufferPointer(rebasing: content[layout.payload])
                    hit.bodyByteCount = try BodyReference(decoding: reference).payloadByteCount
                }
                hits.append(hit)
            }
            return hits
        }
        for ordinal in gone { try appendGone(ordinal, frame, isLeftOut: true, to: &hits) }
        if !gone.isEmpty { hits.sort { $0.ordinal < $1.ordinal } }
        return hits
    }

    private func isChosen(
        _ ordinal: Int, _ frame: FrameView, _ layout: ContentLayout, _ content: UnsafeRawBufferPointer
    ) -> Bool {
        let (position, place) = frame.columns.locate(ordinal)
        let run = frame.columns.runs[position]
        let facts = RecordFacts(
            index: frame.header.firstIndex + UInt64(ordinal), retentionClass: snapshot.name(ofClass: run.classID),
            time: run.occurred.isEmpty ? run.recorded : run.occurred[place],
            attributes: EncodedAttributes(layout, in: content))
        return predicate.evaluate(facts) == true
    }

    /// Opens the contents of hits, which are of one part, against their entries: neighbours in one go.
    private func verify(_ found: [Hit], _ frame: FrameView, _ salts: SaltStream) throws {
        let hits = found.filter { $0.content != nil }
        var start = 0
        while start < hits.count {
            var end = start + 1
            while end < hits.count, hits[end].ordinal == hits[end - 1].ordinal + 1,
                hits[end].content?.range.lowerBound == hits[end - 1].content?.range.upperBound
            {
                end += 1
            }
            try verifyRun(hits[start..<end], frame, salts)
            start = end
        }
    }

    private func verifyRun(_ hits: ArraySlice<Hit>, _ frame: FrameView, _ salts: SaltStream) throws {
        guard let first = hits.first, let (bytes, range) = first.content, let end = hits.last?.content?.range.upperBound
        else { return }
        let firstIndex = frame.header.firstIndex + UInt64(first.ordinal)
        let commitments = try withUnsafeTemporaryAllocation(byteCount: hits.count * Digest.byteCount, alignment: 64) {
            output in
            try bytes.decode { raw throws(FormatError) in
                _ = try hasher.commit(
                    contents: UnsafeRawBufferPointer(rebasing: raw[range.lowerBound..<end]), count: hits.count,
                    firstIndex: firstIndex,
                    salts: salts,
                    bodyDigest: { place, reference throws(FormatError) in try self.bodyDigest(reference) },
                    to: output.baseAddress!)
            }
            return Array(output)
        }
        let isEqual = frame.withEntries { entries in
            commitments.withUnsafeBytes { computed in
                let start = frame.columns.commitmentsOffset + first.ordinal * Digest.byteCount
                return computed.elementsEqual(entries[start..<start + computed.count])
            }
        }
        guard isEqual else {
            throw ArchiveError(
                .damaged,
                "The content of a record from \(firstIndex) on is not what its entry commits to; run verify on a copy.")
        }
    }

    /// P of a payload that is a file of its own: read in full.
    private func bodyDigest(_ bytes: UnsafeRawBufferPointer) throws(FormatError) -> Digest {
        let reader = snapshot.reader
        let reference = try BodyReference(decoding: bytes)
        do throws(ArchiveError) {
            return try BodyFileReader.read(
                reader.fileSystem, reader.paths.body(reference.id), logID: reader.logID, reference: reference
            ) { _ in }
        } catch {
            throw FormatError(.inconsistent, "body file", at: 0, error.message)
        }
    }
}
