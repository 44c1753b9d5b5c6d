// What is refused, and why: a handle that is closed or failed, a segment that must be sealed before the log goes on, a disk that is nearly full.
// Control records pass the last two: purging must stay possible.

import Synchronization

extension CommitPipeline {
    /// Refuses everything from now on: behind the appends something went wrong that only reopening sets right.
    package func refuse(because reason: ArchiveError) {
        let waiting = monitor.change { state in
            state.failure = state.failure ?? reason
            return state.takeWaiting()
        }
        fail(waiting, reason)
    }

    // MARK: A segment that waits for its seal

    /// Whether `append`, first in its frame, begins a segment. While one that ended is not sealed yet, it may not. Called under the lock by
    /// whoever may use the former.
    func beginsSegment(_ append: PendingAppend) -> Bool {
        if append.isSeal { return false }
        if append.beginsSegment { return former.segment.entryCount > 0 }
        if append.isControl { return former.isFull(forControl: append.count) }
        return former.wantsNewSegment(count: append.count, byteCount: append.byteCount)
    }

    /// Waits until every segment that ended is sealed. Throws why one can't be.
    package func waitForSeals() throws(ArchiveError) {
        let reason = monitor.wait { state -> ArchiveError?? in
            if let failure = state.failure ?? state.sealRefusal { return .some(failure) }
            return state.unsealedCount == 0 ? .some(nil) : nil
        }
        if let reason { throw reason }
    }

    /// How many segments ended and are not sealed yet.
    package var unsealedCount: Int { monitor.read { $0.unsealedCount } }

    /// Says that an ended segment is sealed, so that another may end.
    package func segmentSealed() {
        monitor.change { state in
            state.unsealedCount -= 1
            state.sealRefusal = nil
            isSealPostponed.store(false, ordering: .relaxed)
        }
    }

    /// Says that the segment that ended could not be sealed for lack of space: appends that must wait for that are refused until it is.
    package func sealPostponed(_ reason: ArchiveError) {
        let available = (try? fileSystem.availableByteCount(paths.root)) ?? 0
        monitor.change { state in
            (state.sealRefusal, state.byteCountAtSealRefusal) = (reason, available)
            isSealPostponed.store(true, ordering: .relaxed)
        }
    }

    /// Lets the seal be tried again if space was freed since it was postponed.
    func resumeSeal() {
        guard isSealPostponed.load(ordering: .relaxed) else { return }
        guard let known = monitor.read({ $0.sealRefusal == nil ? nil : $0.byteCountAtSealRefusal }) else { return }
        guard let available = try? fileSystem.availableByteCount(paths.root), available > known else { return }
        monitor.change { state in
            state.sealRefusal = nil
            isSealPostponed.store(false, ordering: .relaxed)
        }
        sealResumed()
    }

    // MARK: Space

    /// Whether the disk has to be looked at before users' records are taken.
    var mayBeFull: Bool {
        monitor.read { state in
            state.isFull || state.byteCountSinceSpaceCheck > max(limits.reserveByteCount / 4, 1)
        }
    }

    /// Refuses a user's append when it would eat into the reserve.
    func spaceRefusal(_ append: PendingAppend) -> ArchiveError? {
        guard !append.isControl, mayBeFull else { return nil }
        let available = (try? fileSystem.availableByteCount(paths.root)) ?? .max
        // Frames that are on their way take theirs first.
        let isFull = available < limits.reserveByteCount + former.plannedByteCount + UInt64(append.byteCount)
        monitor.change { state in
            state.isFull = isFull
            state.byteCountSinceSpaceCheck = 0
        }
        return isFull
            ? ArchiveError(
                .full,
                "\(paths.root): only \(available) bytes are free and \(limits.reserveByteCount) are kept for purging: free some space.",
                appendOutcome: .failed) : nil
    }
}
