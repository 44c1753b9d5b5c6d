// Queries over a snapshot, by scan.

internal import MunimentFormat
internal import MunimentStore

extension Snapshot {
    /// Calls `body` with the records that `selection` selects, in the order of their indexes, or the other way round;
    /// stops when it returns false. Each is proved against the checkpoint, and its content opened against its entry,
    /// before it is handed out; the payload of a large one is proved too, and then left where it is. The engine's own
    /// records are never selected. Records whose content was destroyed are, where what is known of them suffices to
    /// tell.
    ///
    /// `after` goes on behind an index that was handed out before. Throws `unknownClass` for a class that does not
    /// exist, `damaged` for what does not verify, `keyMissing`. O(records); contents are read only where entries don't
    /// decide.
    public func forEachRecord(
        matching selection: Selection, after: UInt64? = nil, isReversed: Bool = false,
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        try requireClasses(selection)
        let scan = RecordScan(self, selection.predicate, needsContents: true)
        let bounds = bounds(selection, after, isReversed)
        try scan.run(bounds, isReversed: isReversed) { frame, hits in
            for hit in isReversed ? hits.reversed() : hits {
                guard bounds.contains(frame.header.firstIndex + UInt64(hit.ordinal)) else { continue }
                if try !body(try stored(hit, frame)) { return false }
            }
            return true
        }
    }

    /// The number of records that `selection` selects. As `forEachRecord(matching:)`, but contents are read only where
    /// attributes decide.
    public func recordCount(matching selection: Selection) throws -> UInt64 {
        try requireClasses(selection)
        var count: UInt64 = 0
        let scan = RecordScan(self, selection.predicate, needsContents: false)
        try scan.run(selection.bounds(size: size), isReversed: false) { _, hits in
            count += UInt64(hits.count)
            return true
        }
        return count
    }

    private func bounds(_ selection: Selection, _ after: UInt64?, _ isReversed: Bool) -> Range<UInt64> {
        let bounds = selection.bounds(size: size)
        guard let after else { return bounds }
        return isReversed
            ? bounds.clamped(to: 0..<after) : bounds.clamped(to: after == .max ? after..<after : after + 1..<UInt64.max)
    }

    private func requireClasses(_ selection: Selection) throws(ArchiveError) {
        for name in selection.classes where classes.named(name) == nil {
            throw ArchiveError(
                .unknownClass, "There is no retention class \"\(name)\": class list shows those that exist.")
        }
    }

    func name(ofClass classID: UInt32) -> String { classes.record(classID)?.name ?? "class \(classID)" }

    private func stored(_ hit: RecordScan.Hit, _ frame: FrameView) throws(ArchiveError) -> StoredRecord {
        let index = frame.header.firstIndex + UInt64(hit.ordinal)
        let bytes = frame.entry(index)
        return try translating("record \(index)") {
            let entry = try bytes.decode(Entry.init(decoding:))
            guard let (part, range) = hit.content else {
                return stored(index, entry, bytes, attributes: [], content: .purged)
            }
            let content = try RecordContent(Array(part[range]))
            let payload = hit.bodyByteCount.map { StoredRecord.Content.large($0) } ?? .payload(Array(content.payload))
            return stored(index, entry, bytes, attributes: try content.attributes(), content: payload)
        }
    }
}
