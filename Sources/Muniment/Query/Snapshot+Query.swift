// Queries over a snapshot: candidates from the segments' indexes, every hit proved before it is handed out.

internal import MunimentFormat
internal import MunimentStore

extension Snapshot {
    /// Calls `body` with the records that `predicate` chooses, in the order of their indexes, or the other way round;
    /// stops when it returns false. Each is proved against the checkpoint, and its content opened against its entry,
    /// before it is handed out; the payload of a large one is proved too, and then left where it is. The engine's own
    /// records are never chosen. Records whose content was destroyed are, where what is known of them suffices to
    /// tell.
    ///
    /// `after` goes on behind an index that was handed out before: a cursor that stays right whatever is appended.
    /// Throws `damaged` for what does not verify, `keyMissing`. Memory does not grow with the number of hits. In a sealed
    /// segment O(candidates), which its index tells, or one read where it tells that there are none; in an unsealed one, or
    /// one without an index, O(records).
    public func forEachRecord(
        matching predicate: Predicate, after: UInt64? = nil, isReversed: Bool = false,
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        try forEach(predicate, within: 0..<size, after, isReversed, body)
    }

    /// As `forEachRecord(matching:)` with a predicate. Also throws `unknownClass` for a class that does not exist.
    public func forEachRecord(
        matching selection: Selection, after: UInt64? = nil, isReversed: Bool = false,
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        try requireClasses(selection)
        try forEach(selection.predicate, within: selection.bounds(size: size), after, isReversed, body)
    }

    /// The number of records that `predicate` chooses. As `forEachRecord(matching:)`, but contents are read only where
    /// attributes decide.
    public func recordCount(matching predicate: Predicate) throws -> UInt64 {
        try count(predicate, within: 0..<size)
    }

    /// The number of records that `selection` selects. Also throws `unknownClass` for a class that does not exist.
    public func recordCount(matching selection: Selection) throws -> UInt64 {
        try requireClasses(selection)
        return try count(selection.predicate, within: selection.bounds(size: size))
    }

    private func forEach(
        _ predicate: Predicate, within bounds: Range<UInt64>, _ after: UInt64?, _ isReversed: Bool,
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        let scan = RecordScan(self, predicate, needsContents: true)
        let bounds = Snapshot.bounds(bounds, after, isReversed)
        try scan.run(bounds, isReversed: isReversed) { frame, hits in
            for hit in isReversed ? hits.reversed() : hits {
                guard bounds.contains(frame.header.firstIndex + UInt64(hit.ordinal)) else { continue }
                if try !body(try stored(hit, frame)) { return false }
            }
            return true
        }
    }

    private func count(_ predicate: Predicate, within bounds: Range<UInt64>) throws -> UInt64 {
        var count: UInt64 = 0
        let scan = RecordScan(self, predicate, needsContents: false)
        try scan.run(bounds, isReversed: false) { _, hits in
            count += UInt64(hits.count)
            return true
        }
        return count
    }

    /// The indexes of the records that `selection` selects. As `recordCount(matching:)`.
    package func indexes(matching selection: Selection) throws -> IndexSet {
        try requireClasses(selection)
        var indexes = IndexSet()
        let bounds = selection.bounds(size: size)
        let scan = RecordScan(self, selection.predicate, needsContents: false)
        try scan.run(bounds, isReversed: false) { frame, hits in
            for hit in hits {
                let index = frame.header.firstIndex + UInt64(hit.ordinal)
                if bounds.contains(index) { indexes.append(index..<index + 1) }
            }
            return true
        }
        return indexes
    }

    private static func bounds(_ bounds: Range<UInt64>, _ after: UInt64?, _ isReversed: Bool) -> Range<UInt64> {
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
                return try purged(index, entry, bytes)
            }
            let content = try RecordContent(Array(part[range]))
            let payload = hit.bodyByteCount.map { StoredRecord.Content.large($0) } ?? .payload(Array(content.payload))
            return stored(index, entry, bytes, attributes: try content.attributes(), content: payload)
        }
    }
}
