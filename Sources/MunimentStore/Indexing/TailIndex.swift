// The terms of a segment that is not sealed yet, in memory: made when a query first asks, and carried on with the frames
// that came since at each further one. So appends pay nothing for it, and a query of the tail looks at no record twice.
//
// Terms are in no order: equality is a look-up, and a prefix or a range a pass over the distinct terms.

internal import MunimentCrypto
package import MunimentFormat

/// Used by one thread at a time.
package final class TailIndex: RecordSink, @unchecked Sendable {
    // Sendable: reachable only through `LogReader.withTail`, under its lock.

    /// The terms of one class.
    private struct Group {
        var terms = TermTable()
        /// The last posting of each term; each names the one before it, plus 1.
        var last: ContiguousArray<UInt32> = []
        var postings: ContiguousArray<(ordinal: UInt32, before: UInt32)> = []
        var times: ContiguousArray<(time: Microseconds, ordinals: Range<UInt32>)> = []
        var timeRange: ClosedRange<Microseconds>?

        var weight: Int {
            terms.termByteCount + 16 * terms.count + 8 * postings.count + 16 * times.count
        }

        mutating func add(_ time: Microseconds, _ ordinals: Range<UInt32>) {
            timeRange = timeRange.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
            if let last = times.last, last.time == time, last.ordinals.upperBound == ordinals.lowerBound {
                times[times.count - 1].ordinals = last.ordinals.lowerBound..<ordinals.upperBound
            } else {
                times.append((time, ordinals))
            }
        }

        mutating func add(_ ordinal: UInt32, _ encoded: UnsafeRawBufferPointer) {
            let number = terms.number(ofAttribute: encoded)
            if number == last.count { last.append(0) }
            postings.append((ordinal, last[number]))
            last[number] = UInt32(postings.count)
        }

        func forEachPosting(_ number: Int, _ body: (UInt32) -> Void) {
            var next = last[number]
            while next > 0 {
                let posting = postings[Int(next) - 1]
                body(posting.ordinal)
                next = posting.before
            }
        }
    }

    /// The most memory that terms may take: beyond it the tail's records are looked at one by one.
    private static let weightMax = 64 << 20

    let segment: UInt64
    /// Frames are counted, and another generation has others.
    let generation: UInt32
    private let firstIndex: UInt64
    private var groups: [UInt32: Group] = [:]
    private var frameCount = 0
    /// How many entries of the segment are in it.
    package private(set) var entryCount = 0
    private var isRefused = false

    init(_ handle: SegmentHandle) {
        (segment, generation, firstIndex) = (handle.segment, handle.generation, handle.firstIndex)
    }

    /// The classes that have records.
    package var classes: [UInt32] { groups.keys.sorted() }

    /// The least and the greatest time of a record of the class.
    package func times(_ classID: UInt32) -> ClosedRange<Microseconds>? { groups[classID]?.timeRange }

    /// Calls `body` with the records of the class that have a time in `range`, in no order.
    package func forEach(_ classID: UInt32, timeIn range: ClosedRange<Microseconds>, _ body: (Range<UInt32>) -> Void) {
        for run in groups[classID]?.times ?? [] where range.contains(run.time) { body(run.ordinals) }
    }

    /// Calls `body` with the records of the class that have the term, in no order.
    package func forEach(_ classID: UInt32, term: [UInt8], _ body: (UInt32) -> Void) {
        guard let group = groups[classID], let number = group.terms.number(of: term) else { return }
        group.forEachPosting(number, body)
    }

    /// Calls `body` with the records of the class that have an attribute's term that passes, in no order.
    package func forEach(
        _ classID: UInt32, where passes: (UnsafeRawBufferPointer) -> Bool, _ body: (UInt32) -> Void
    ) {
        guard let group = groups[classID] else { return }
        for number in 0..<group.terms.count where passes(group.terms[number]) { group.forEachPosting(number, body) }
    }

    // MARK: Filling

    package func add(entriesOf header: FrameHeader, _ columns: EntryColumns) {
        var next = UInt32(header.firstIndex - firstIndex)
        for run in columns.runs {
            let ordinals = next..<next + UInt32(run.count)
            next = ordinals.upperBound
            guard run.kind == .record else { continue }
            if run.occurred.isEmpty { groups[run.classID, default: Group()].add(run.recorded, ordinals) }
            for (ordinal, time) in zip(ordinals, run.occurred) {
                groups[run.classID, default: Group()].add(time, ordinal..<ordinal + 1)
            }
        }
    }

    package func add(
        _ index: UInt64, classID: UInt32, _ layout: ContentLayout, in content: UnsafeRawBufferPointer
    ) throws(FormatError) {
        guard layout.attributeCount > 0 else { return }
        let ordinal = UInt32(index - firstIndex)
        try layout.forEachAttribute(in: content) { _, encoded throws(FormatError) in
            groups[classID]?.add(ordinal, encoded)
        }
    }

    /// Adds the frames that came since the last time; false where the index is given up.
    fileprivate func extend(_ reader: LogReader, _ handle: SegmentHandle) throws -> Bool {
        let frames = try handle.frames()
        while frameCount < frames.count, !isRefused {
            let frame = try reader.frame(frames[frameCount], in: handle)
            try reader.addRecords(of: frame, in: handle, to: self)
            frameCount += 1
            entryCount = Int(frame.header.treeSize - firstIndex)
            if groups.values.reduce(0, { $0 + $1.weight }) > TailIndex.weightMax {
                isRefused = true
                groups = [:]
            }
        }
        return !isRefused
    }
}

extension LogReader {
    /// Calls `body` with the terms of a segment that is not sealed; nil where it has too many, or some of its contents can't be
    /// read. Reads what was appended since the last call. One caller at a time goes on; the others wait.
    package func withTail<R>(_ handle: SegmentHandle, _ body: (TailIndex) throws -> R) throws -> R? {
        try indexes.tails.withLock { tails -> R? in
            let tail =
                tails.first { $0.segment == handle.segment && $0.generation == handle.generation }
                ?? TailIndex(handle)
            // What fails half-way is not kept.
            tails.removeAll { $0 === tail }
            let isUsable: Bool
            do {
                isUsable = try tail.extend(self, handle)
            } catch let error as ArchiveError where error.code == .purged || error.code == .keyMissing {
                return nil
            }
            // Nobody drops the terms of a segment that was replaced before they are kept.
            tails = tails.suffix(1) + (handle.isReplaced ? [] : [tail])
            return isUsable ? try body(tail) : nil
        }
    }

    /// Drops the terms of a segment that was sealed or replaced: nothing asks for them again.
    func forgetTail(_ segment: UInt64) {
        indexes.tails.withLock { $0.removeAll { $0.segment == segment } }
    }
}
