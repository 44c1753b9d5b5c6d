// What a worker says of one frame: everything that needs no neighbour. The ledger, which sees the frames in order,
// does the rest.

internal import MunimentFormat

struct FrameOutcome: Sendable {
    /// A control entry as it stands in a frame.
    struct Control: Sendable {
        let index: UInt64
        let offset: UInt64
        /// The record; or why it can't be had.
        let record: Result<ControlRecord, FormatError>
        /// The entry's wall clock.
        let recorded: Microseconds
        /// The entry's compliance time, where it has one.
        let compliance: Microseconds?
        /// What the newest entries before it tell of the compliance clock; nil for none in the log so far.
        var plainBefore: Microseconds?
        var flaggedBefore: Microseconds?

        /// With what entries before its frame tell, where no entry of the frame does.
        func after(plain: Microseconds?, flagged: Microseconds?) -> Control {
            var control = self
            control.plainBefore = plainBefore ?? plain
            control.flaggedBefore = flaggedBefore ?? flagged
            return control
        }

        /// When it was appended: the compliance time where there is one.
        var time: Microseconds { compliance ?? recorded }
    }

    let header: FrameHeader
    var findings = Findings()
    /// Whether the body's checksum is wrong, or what fills the frame's last block is not zero.
    var isBodyDamaged = false
    /// SHA-256(0x20 ‖ skeleton).
    var digest = Digest.zero
    /// Where the frame's leaf hashes are in the run's buffer; nil where the entries do not decode.
    var leavesPlace: Int?
    /// Nil where they do not decode.
    var rows: [PartRow]?
    var controls: [Control] = []
    /// Entries of each class.
    var classes: [UInt32: ClassTally] = [:]
    /// The recorded time of the newest entry without compliance time, and the compliance time of the newest with one.
    var newestPlain: Microseconds?
    var newestFlagged: Microseconds?
    var recordedFirst = Microseconds.max
    var recordedLast = Microseconds.min
    /// Entries of kind 0.
    var recordCount = 0
    /// Records whose content is gone, in no order. Whether that was a purge is known once the whole log has been read.
    private(set) var lost: [Range<UInt64>] = []
    private(set) var lostCount = 0
    /// Records whose content is there under a key that was destroyed.
    private(set) var keyless: [Range<UInt64>] = []
    /// Contents that are gone where nobody can say whose they were.
    var unknownMissingCount = 0
    /// Contents that were opened and hashed to their commitments; those of control records included.
    var openedCount = 0

    init(_ header: FrameHeader) { self.header = header }

    /// Notes that the contents of these entries are not there.
    mutating func lose(_ ordinals: [Range<Int>]) {
        for range in ordinals {
            lost.append(indexes(range))
            lostCount += range.count
        }
    }

    /// Notes that nobody can open the contents of these entries any more.
    mutating func loseKey(_ ordinals: [Range<Int>]) { keyless += ordinals.map(indexes) }

    private func indexes(_ ordinals: Range<Int>) -> Range<UInt64> {
        header.firstIndex + UInt64(ordinals.lowerBound)..<header.firstIndex + UInt64(ordinals.upperBound)
    }

    /// Whether every content of the frame was opened and is what its entry commits to, or is not there.
    var isOpened: Bool { openedCount + lostCount == header.entryCount }
}

/// The entries and contents of one class in one frame.
struct ClassTally: Sendable {
    var entryCount = 0
    var contentCount = 0
    /// The least and the greatest time of its records.
    var times: ClosedRange<Microseconds>?
    /// What an index of the class lists of the frame's records; as far as their contents were opened.
    var indexSum = IndexSum()
    /// The ordinals of the class's entries, ascending.
    var ordinals: [Range<Int>] = []
    /// Where among them the next content belongs: the range, and how much of it has gone by.
    private var cursor = (range: 0, passed: 0)

    mutating func append(_ range: Range<Int>) {
        entryCount += range.count
        if let last = ordinals.last, last.upperBound == range.lowerBound {
            ordinals[ordinals.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ordinals.append(range)
        }
    }

    mutating func append(time: Microseconds) {
        times = times.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
    }

    /// The ordinals of the entries that the next `count` contents belong to, as far as there are entries.
    mutating func take(_ count: Int) -> [Range<Int>] {
        var taken: [Range<Int>] = []
        var rest = count
        while rest > 0, cursor.range < ordinals.count {
            let range = ordinals[cursor.range]
            let start = range.lowerBound + cursor.passed
            let end = min(range.upperBound, start + rest)
            taken.append(start..<end)
            rest -= end - start
            cursor = end == range.upperBound ? (cursor.range + 1, 0) : (cursor.range, cursor.passed + end - start)
        }
        return taken
    }
}
