// The records of one segment that a query has to look at.

internal import MunimentFormat
internal import MunimentStore

/// For each class of a segment the records that its index does not rule out.
struct SegmentCandidates {
    /// The segment's indexes; to the end of all where it is not sealed.
    private let indexes: Range<UInt64>
    /// By class; nil where there is no index, and so everything is to be looked at.
    private let sets: [UInt32: OrdinalSet]?

    /// Of no segment.
    static let nowhere = SegmentCandidates(indexes: 0..<0, sets: nil)

    /// Of the segment that holds `index`. Reads what the predicate asks of the index: nothing where the directory's times,
    /// classes and the indexes decide, else a page of the filter for each value, and terms where that lets it pass.
    static func find(_ index: UInt64, _ predicate: Predicate, in snapshot: Snapshot) throws -> SegmentCandidates {
        try snapshot.reader.inSegment(containing: index) { handle in
            guard let place = try handle.index(), let last = try handle.frames().last else {
                return try ofTail(index, predicate, handle, snapshot)
            }
            let indexes = handle.firstIndex..<last.firstIndex + UInt64(last.entryCount)
            var sets: [UInt32: OrdinalSet] = [:]
            for group in place.directory.groups {
                let plan = SegmentPlan(
                    firstIndex: indexes.lowerBound, size: indexes.count,
                    className: snapshot.name(ofClass: group.classID), span: group.timeFirst...group.timeLast,
                    access: { try access(group.classID, handle, place, snapshot.reader) })
                let set = try plan.candidates(predicate)
                if !set.isNone { sets[group.classID] = set }
            }
            return SegmentCandidates(indexes: indexes, sets: sets)
        }
    }

    /// Of a segment without an index: by the tail's terms where attributes decide, else all that is there.
    private static func ofTail(
        _ index: UInt64, _ predicate: Predicate, _ handle: SegmentHandle, _ snapshot: Snapshot
    ) throws -> SegmentCandidates {
        let next = snapshot.reader.firstIndex(after: handle) ?? .max
        let everything = SegmentCandidates(indexes: handle.firstIndex..<next, sets: nil)
        guard predicate.testsAttributes, snapshot.reader.keys != nil else { return everything }
        let found = try snapshot.reader.withTail(handle) { tail in
            var sets: [UInt32: OrdinalSet] = [:]
            for classID in tail.classes {
                guard let span = tail.times(classID) else { continue }
                let plan = SegmentPlan(
                    firstIndex: handle.firstIndex, size: tail.entryCount,
                    className: snapshot.name(ofClass: classID), span: span, access: { .tail(tail, classID) })
                let set = try plan.candidates(predicate)
                if !set.isNone { sets[classID] = set }
            }
            let end = handle.firstIndex + UInt64(tail.entryCount)
            return SegmentCandidates(indexes: handle.firstIndex..<end, sets: sets)
        }
        guard let found, found.covers(index) else { return everything }
        return found
    }

    private static func access(
        _ classID: UInt32, _ handle: SegmentHandle, _ place: SegmentIndexPlace, _ reader: LogReader
    ) throws(ArchiveError) -> SegmentPlan.Access {
        guard reader.keys != nil else { return .locked }
        if let (group, _) = place.directory.group(classID), group.isPurged { return .destroyed }
        do throws(ArchiveError) {
            return try reader.index(classID, in: handle, at: place).map { .index($0) } ?? .locked
        } catch  where error.code == .purged || error.code == .keyMissing {
            // The index of a newer generation is asked instead, where there is one.
            if try reader.isReplaced(handle) { throw error }
            // Whether contents are needed, and so the key, and whether they may be gone, is for the scan to say.
            return .locked
        }
    }

    /// Whether this is the segment that holds `index`.
    func covers(_ index: UInt64) -> Bool { indexes.contains(index) }

    /// The first index behind the segment, and the last before it.
    var after: UInt64 { indexes.upperBound }
    var before: UInt64? { indexes.lowerBound.predecessor }

    /// The first candidate at `index` or behind it, or the last at it or before it; nil where the segment has none there.
    func nearest(_ index: UInt64, isReversed: Bool) -> UInt64? {
        guard let sets else { return index }
        let ordinal = Int(index - indexes.lowerBound)
        let found = sets.values.compactMap { isReversed ? $0.previous(ordinal) : $0.next(ordinal) }
        return (isReversed ? found.max() : found.min()).map { indexes.lowerBound + UInt64($0) }
    }

    /// Whether no record of that class is a candidate.
    func rulesOut(_ classID: UInt32) -> Bool { sets.map { $0[classID] == nil } ?? false }

    /// Whether the record at `index`, of that class, is a candidate.
    func contains(_ index: UInt64, _ classID: UInt32) -> Bool {
        guard let sets else { return true }
        return sets[classID]?.contains(Int(index - indexes.lowerBound)) ?? false
    }
}

extension UInt64 {
    /// The number before; nil for 0.
    var predecessor: UInt64? { self == 0 ? nil : self - 1 }
}
