// Makes the index of a whole segment from what a sealer, a repacker or a compactor reads anyway: the entries of each
// frame, and the contents that are there. Entries whose content is gone are listed by their time alone.
//
// Memory is bounded: a segment whose index would take more than `weightMax`, or more pages than the format allows, gets
// none, and queries look at its records.

package import MunimentCrypto
package import MunimentFormat

/// An index that is ready to be written: its pages directly before the footer, its directory in it.
package struct SegmentIndex: Sendable {
    package let directory: IndexDirectory
    /// The pages of each group, in the directory's order.
    package let pages: [[UInt8]]
}

/// Takes the records of frames, as they come.
protocol RecordSink: AnyObject {
    /// The times of the records of a frame. Frames come in their order, each before its contents.
    func add(entriesOf header: FrameHeader, _ columns: EntryColumns)
    /// The content of the record at `index`. Those of a class come in the order of their indexes.
    func add(
        _ index: UInt64, classID: UInt32, _ layout: ContentLayout, in content: UnsafeRawBufferPointer
    ) throws(FormatError)
}

/// Used by one thread.
package final class SegmentIndexBuilder: RecordSink {
    /// The most memory that terms may take while they are gathered, as `GroupIndexBuilder.weight` counts it.
    private static let weightMax = 64 << 20

    private let firstIndex: UInt64
    private let indexed: (UInt32) -> [String]?
    @exclusivity(unchecked) private var groups: [UInt32: GroupIndexBuilder] = [:]
    @exclusivity(unchecked) private var isRefused = false

    /// `indexed` gives the names of a class's indexed attributes, nil for all.
    package init(firstIndex: UInt64, indexed: @escaping (UInt32) -> [String]?) {
        (self.firstIndex, self.indexed) = (firstIndex, indexed)
    }

    /// Adds the times of the records of a frame. Frames come in their order, each before its contents.
    package func add(entriesOf header: FrameHeader, _ columns: EntryColumns) {
        guard !isRefused else { return }
        if groups.values.reduce(0, { $0 + $1.weight }) > SegmentIndexBuilder.weightMax { return refuse() }
        var next = UInt32(header.firstIndex - firstIndex)
        for run in columns.runs {
            let ordinals = next..<next + UInt32(run.count)
            next = ordinals.upperBound
            guard run.kind == .record else { continue }
            let group = group(run.classID)
            if run.occurred.isEmpty { group.add(run.recorded, ordinals) }
            for (ordinal, time) in zip(ordinals, run.occurred) { group.add(time, ordinal..<ordinal + 1) }
        }
    }

    /// Adds the content of the record at `index`. Those of a class come in the order of their indexes.
    package func add(
        _ index: UInt64, classID: UInt32, _ layout: ContentLayout, in content: UnsafeRawBufferPointer
    ) throws(FormatError) {
        guard !isRefused else { return }
        try group(classID).add(UInt32(index - firstIndex), layout, in: content)
    }

    private func group(_ classID: UInt32) -> GroupIndexBuilder {
        if let group = groups[classID] { return group }
        let group = GroupIndexBuilder(classID: classID, names: IndexTop.names(indexed(classID)))
        groups[classID] = group
        return group
    }

    private func refuse() {
        isRefused = true
        groups = [:]
    }

    /// The index; nil where the segment has no record, or the index was refused for its size. `key` gives a group's; nil for one whose
    /// content is all purged.
    package func finish(key: (UInt32) throws -> GroupKey?) throws -> SegmentIndex? {
        var rows: [IndexDirectory.Group] = []
        var pages: [[UInt8]] = []
        var pageCount = 0
        for (classID, builder) in groups.sorted(by: { $0.key < $1.key }) {
            guard let key = try key(classID) else {
                rows.append(builder.purged())
                pages.append([])
                continue
            }
            let made = builder.finish(IndexKey(key))
            groups[classID] = nil
            pageCount += made.group.pageCount
            if pageCount > Limits.indexPageCount { refuse() }
            if isRefused { return nil }
            rows.append(made.group)
            pages.append(made.pages)
        }
        return rows.isEmpty ? nil : SegmentIndex(directory: IndexDirectory(groups: rows), pages: pages)
    }
}

extension LogReader {
    /// Ends an index that is being made, with the keys of the segment's groups.
    func finish(
        _ index: SegmentIndexBuilder, segment: UInt64, generation: UInt32, without gone: Set<UInt32> = []
    ) throws -> SegmentIndex? {
        try index.finish { classID in
            guard let keys else {
                throw ArchiveError(.keyMissing, "An index can't be made without the keys.")
            }
            if gone.contains(classID) { return nil }
            return try keys.group(segment: segment, classID: classID, generation: generation).key
        }
    }

    /// Adds the records of a frame, their contents opened, to an index. Contents of classes that are known to
    /// have no attributes are not looked at.
    func addRecords(of frame: FrameView, in handle: SegmentHandle, to index: some RecordSink) throws {
        index.add(entriesOf: frame.header, frame.columns)
        for (classID, ordinals) in frame.outline.ordinalsByClass
        where classID != ControlRecord.classID && frame.hasParts(ofClass: classID) && handle.mayHaveAttributes(classID)
        {
            let contents = FrameContents(frame.outline, handle, self, classID: classID, ordinals: ordinals)
            try contents.forEach { entry, layout, content throws(FormatError) in
                guard let layout else { return }
                try index.add(entry, classID: classID, layout, in: content)
            }
        }
    }
}
