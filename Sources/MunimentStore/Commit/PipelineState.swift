// What the pipeline's threads share, with the invariants that tie it together. All of it is read and changed under the lock of the pipeline's
// monitor.
//
//   - An append is in one place at a time: in `line`, in `queue`, in a frame that is being formed or committed inline, in a frame of `ordered`,
//     or in `repeats`. Whoever takes it out of the last of them answers it, once; what is in `line` its caller may take back instead.
//   - `pendingByteCount` is the content of all that is handed over and not answered. What stands in `line` is not handed over.
//   - `line` is empty while there is room: whoever makes room admits from it under the same lock.
//   - `inFlight` is the count of `ordered`, whose first frame is the only one that may be written and not yet synced.
//   - At most one of `isForming` and `isInline` is set, and `isInline` only while `ordered` is empty: it stands for both sides at once.
//   - `failure` is set once and never taken back; from then on nothing enters `line` or `queue`.

struct PipelineState {
    // Appends on their way.
    var queue: [PendingAppend] = []
    var pendingByteCount = 0
    /// Frames that are formed and not durable yet, oldest first.
    var ordered: [FramePlan] = []
    var inFlight = 0
    /// Retries whose first attempt is not durable yet.
    var repeats: [(append: PendingAppend, trace: TokenTrace)] = []
    /// What is durable.
    var committed: Committed

    // Who waits for room.
    /// Appends of suspended tasks, in the order in which they came.
    var line: [PendingAppend] = []
    /// Threads that block until there is room.
    var roomBlockerCount = 0

    // Whose turn it is.
    var isForming = false
    var isInline = false
    /// Appends in the last frame, and how many the former now waits for.
    var lastAppendCount = 0
    var companyCount = 0

    // How it ends.
    /// No more appends of users; the engine's own still pass.
    var isClosing = false
    /// Nothing more at all: the threads end when everything is done.
    var isEnding = false
    var failure: ArchiveError?

    // What holds users' appends back.
    /// Segments that ended and are not sealed yet.
    var unsealedCount: Int
    /// Why the segment that ended can't be sealed for the time being, and the free space when that was found.
    var sealRefusal: ArchiveError?
    var byteCountAtSealRefusal: UInt64 = 0
    /// Whether the last look at the disk found only the reserve, and what was written since.
    var isFull = false
    var byteCountSinceSpaceCheck: UInt64 = .max

    init(committed: Committed, unsealedCount: Int) { (self.committed, self.unsealedCount) = (committed, unsealedCount) }

    /// Whether no frame is under way; appends may still wait.
    var isIdle: Bool { inFlight == 0 && !isForming && !isInline }

    /// Hands over from the line as much as there is room for, in order; true if any.
    mutating func admit(upTo byteCountMax: Int) -> Bool {
        var count = 0
        while count < line.count, pendingByteCount < byteCountMax {
            pendingByteCount += line[count].byteCount
            count += 1
        }
        queue += line[..<count]
        line.removeFirst(count)
        return count > 0
    }

    /// Empties the queue and the line, for whoever answers what was in them.
    mutating func takeWaiting() -> (queue: [PendingAppend], line: [PendingAppend]) {
        defer { (queue, line) = ([], []) }
        return (queue, line)
    }

    static let closed = ArchiveError(
        .closed, "The archive is closed: open it again to append.", appendOutcome: .failed)

    /// Why `append` may not be handed over; nil if it may.
    func refusal(_ append: PendingAppend) -> ArchiveError? {
        if isEnding || (isClosing && !append.isControl) {
            return PipelineState.closed
        }
        guard let failure else { return nil }
        return ArchiveError(
            .previousFailure, "An earlier write failed (\(failure.message)) Reopen the archive to append.",
            appendOutcome: .failed)
    }
}
