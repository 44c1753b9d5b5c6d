// Segments side by side, with the worst that was found in each. The strip has a fixed number of cells: where a log has
// more segments, a cell stands for several neighbours, always the same number.

internal import MunimentFormat

/// How many findings concern each stretch of segments. Kept while findings are made, so that those beyond the bound on
/// kept findings count too.
struct SegmentMarks: Sendable {
    static let cellCountMax = 256

    struct Tally: Sendable, Hashable {
        var errors: UInt64 = 0
        var unattested: UInt64 = 0
        var notices: UInt64 = 0

        static func + (a: Tally, b: Tally) -> Tally {
            Tally(
                errors: a.errors + b.errors, unattested: a.unattested + b.unattested, notices: a.notices + b.notices)
        }

        mutating func add(_ severity: Finding.Severity) {
            switch severity {
            case .error: errors += 1
            case .unattested: unattested += 1
            case .notice: notices += 1
            }
        }
    }

    /// Segments to a cell: a power of two.
    private(set) var width: UInt64 = 1
    private var tallies: [Tally] = []

    /// Counts a finding, if its file is that of a segment.
    mutating func add(_ finding: Finding) {
        guard let name = finding.file.split(separator: "/").last,
            let segment = SegmentHeader.parse(fileName: String(name))?.segment
        else { return }
        reserve(segment)
        let place = Int(segment / width)
        if tallies.count <= place {
            tallies += Array(repeating: Tally(), count: place + 1 - tallies.count)
        }
        tallies[place].add(finding.severity)
    }

    /// Makes cells so wide that `segment` has one.
    mutating func reserve(_ segment: UInt64) {
        while segment / width >= UInt64(SegmentMarks.cellCountMax) {
            width *= 2
            tallies = stride(from: 0, to: tallies.count, by: 2).map { place in
                place + 1 < tallies.count ? tallies[place] + tallies[place + 1] : tallies[place]
            }
        }
    }

    /// What was found in the segments of a cell.
    subscript(cell: Int) -> Tally { cell < tallies.count ? tallies[cell] : Tally() }

    /// Cells that have findings, or stand before one that has.
    var count: Int { tallies.count }
}

/// The strip as it is drawn.
struct SegmentStrip: Sendable {
    struct Cell: Sendable {
        /// The numbers of its segments.
        var segments: Range<UInt64>
        /// How many of them are there.
        var presentCount: UInt64 = 0
        var entryCount: UInt64 = 0
        var byteCount: UInt64 = 0
        var sealedCount: UInt64 = 0
        /// Those whose file was written anew since it was sealed, as purges do.
        var rewrittenCount: UInt64 = 0
        var firstIndex: UInt64?
        /// The record that binds the file of its last segment: the seal, or the prepared record of a disposition.
        var bindingIndex: UInt64?
        var found = SegmentMarks.Tally()

        var missingCount: UInt64 { UInt64(segments.count) - presentCount }
    }

    /// Segments to a cell.
    let width: UInt64
    private(set) var cells: [Cell] = []
    private(set) var segmentCount: UInt64 = 0

    /// The strip of the segments that went by, in the order of the log.
    init(_ summaries: [SegmentSummary], _ marks: SegmentMarks) {
        var marks = marks
        let last = summaries.map(\.segment).max()
        if let last { marks.reserve(last) }
        width = marks.width
        let count = max(marks.count, last.map { Int($0 / marks.width) + 1 } ?? 0)
        for place in 0..<count {
            let start = UInt64(place) * width
            let end = place == count - 1 ? min(start + width, max(start, last ?? start) + 1) : start + width
            cells.append(Cell(segments: start..<end, found: marks[place]))
        }
        for summary in summaries { add(summary) }
    }

    /// Notes the records by which dispositions put a new file in a segment's place. Where cells are single segments.
    mutating func bind(_ dispositions: [Disposition], _ summaries: [SegmentSummary]) {
        guard width == 1 else { return }
        var generations: [UInt64: UInt32] = [:]
        for summary in summaries { generations[summary.segment] = summary.generation }
        for prepared in dispositions.flatMap(\.prepared)
        where generations[prepared.seal.segment] == prepared.seal.generation {
            cells[Int(prepared.seal.segment)].bindingIndex = prepared.index
        }
    }

    private mutating func add(_ summary: SegmentSummary) {
        let place = Int(summary.segment / width)
        segmentCount += 1
        cells[place].presentCount += 1
        cells[place].entryCount += summary.entryCount
        cells[place].byteCount += summary.fileByteCount
        cells[place].firstIndex = cells[place].firstIndex ?? summary.firstIndex
        cells[place].bindingIndex = summary.seal.flatMap { $0.record.generation == summary.generation ? $0.index : nil }
        if summary.footerOffset != nil { cells[place].sealedCount += 1 }
        if let seal = summary.seal, summary.generation > seal.record.generation { cells[place].rewrittenCount += 1 }
    }
}
