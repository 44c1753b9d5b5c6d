// Who wrote the control records that an open found, before anything is made of them. Frames have checksums, which anyone can make, and control records say
// in public what they say: so a frame with a release in it, or a header that leads past a hold, is soon forged by somebody who has no key.
//
// Two questions, and what each protects from
//   - Do the control records past the newest checkpoint open with the keys? Only who has the keys can seal one, and salt its commitment.
//   - Is the newest control record the one that the last frame's header names? The header is in no tree. The next control record would link to the
//     wrong one, and whoever follows the chain would pass over those between them for ever.
//
// What neither finds: a tail that is cut off, or an unsigned control record whose public part is exchanged while its private one stays. No signature
// ever covered those; verify reports them as unattested.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct TailAuthority {
    private let reader: LogReader
    private let committed: Committed

    init(_ reader: LogReader, _ committed: Committed) { (self.reader, self.committed) = (reader, committed) }

    // MARK: Past the checkpoint

    /// Throws `damaged` unless every control record of an unsealed segment from `checkpointSize` on opens to its commitment. O(entries past it).
    func requireOpenable(_ segments: [ScannedSegment], from checkpointSize: UInt64) throws(ArchiveError) {
        for segment in segments {
            for header in segment.frames where header.treeSize > checkpointSize {
                let frame = try reader.frame(containing: header.firstIndex)
                var first = frame.header.firstIndex
                for run in frame.columns.runs {
                    let indexes = first..<first + UInt64(run.count)
                    first = indexes.upperBound
                    guard run.kind == .control else { continue }
                    for index in indexes where index >= checkpointSize { try requireOpenable(index, frame) }
                }
            }
        }
    }

    private func requireOpenable(_ index: UInt64, _ frame: FrameView) throws(ArchiveError) {
        do throws(ArchiveError) {
            let content = try reader.content(index)
            let header = frame.header
            guard let keys = reader.keys else { return }
            let salts = try keys.group(
                segment: header.segment, classID: ControlRecord.classID, generation: header.generation
            ).key.saltStream
            let isOpen = try translating("record \(index)") {
                let entry = try frame.entry(index).decode(Entry.init(decoding:))
                return try content.commitment(index: index, salts: salts, bodyDigest: nil) == entry.commitment
            }
            if isOpen { return }
        } catch {
            guard [.damaged, .purged, .keyMissing, .wrongKey].contains(error.code) else { throw error }
        }
        throw ArchiveError(
            .damaged,
            "Record \(index) of \(reader.paths.root) is a control record past the newest checkpoint, and does not open with the keys: nobody "
                + "who has them wrote it. Run verify on a copy of the store, and restore one from before.")
    }

    // MARK: The head of the chain

    /// Throws `damaged` unless the chain's heads are the newest control record, and the newest that is no seal. O(entries after it), each hashed:
    /// a segment at most, since each begins with the seal of the one before it.
    func requireHead() throws(ArchiveError) {
        let (size, head) = (committed.treeSize, committed.chain.last)
        guard size > 0 else { return }
        let newest = try translating(reader.paths.root) { try newestControl(from: head ?? 0) }
        var policy = newest
        if newest == head, let head {
            let record = try reader.provenControl(head, committed).record
            if record.kind == .seal {
                policy = try translating("record \(head)") {
                    try record.body.decode(SealRecord.init(decoding:)).policy
                }
            }
        }
        guard newest == head, policy == committed.chain.policy else {
            throw ArchiveError(
                .damaged,
                "The newest control record of \(reader.paths.root) is \(newest.map(String.init) ?? "none"), and its last frame's header leads to "
                    + "\(head.map(String.init) ?? "none"): no rule or hold is changed and nothing is purged; run verify on a copy of the store."
            )
        }
    }

    /// The newest control record in the frames from that of `index` on, which are proved to be the end of the tree.
    private func newestControl(from index: UInt64) throws -> UInt64? {
        var newest: UInt64?
        let start = try reader.outline(containing: min(index, committed.treeSize - 1)).header.firstIndex
        var frontier = try TreeFrontier(size: start, reader: reader)
        let hasher = EntryHasher()
        while frontier.size < committed.treeSize {
            let frame = try reader.frame(containing: frontier.size)
            guard frame.header.firstIndex == frontier.size else { throw disagreement }
            var end = frame.header.firstIndex
            for run in frame.columns.runs {
                end += UInt64(run.count)
                if run.kind == .control { newest = end - 1 }
            }
            frontier.append(leaves: frame, upTo: committed.treeSize, hasher)
        }
        guard frontier.root() == committed.root else { throw disagreement }
        return newest
    }

    private var disagreement: ArchiveError {
        ArchiveError(
            .damaged,
            "The records from the newest control record on are not what the tree of size \(committed.treeSize) commits to; run verify on a copy of "
                + "the store.")
    }
}
