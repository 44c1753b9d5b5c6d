// What is under way and what has become durable: shared by the thread that reads input, the archive's threads that
// report commits, and the one that prints acknowledgements.

import Muniment
import MunimentInput

final class AppendLedger: Sendable {
    /// The durable part of the input.
    struct Total: Sendable {
        var recordCount: UInt64 = 0
        var byteCount: UInt64 = 0
        var firstIndex: UInt64?
        var isRepeat = false
        /// The newest receipt.
        var last: AppendReceipt?
        /// When it came.
        var end: ContinuousClock.Instant?
    }

    private struct State: Sendable {
        var total = Total()
        var inFlight = 0
        var failure: ArchiveError?
        /// Commits that are not yet printed.
        var acknowledgements: [(committed: UInt64, receipt: AppendReceipt)] = []
        var isFinished = false
        var outputFailure: (any Error)?
    }

    private let monitor = Monitor(State())
    private let keepsAcknowledgements: Bool

    init(keepsAcknowledgements: Bool) { self.keepsAcknowledgements = keepsAcknowledgements }

    var total: Total { monitor.read { $0.total } }
    var failure: ArchiveError? { monitor.read { $0.failure } }

    /// Waits until fewer than `inFlightMax` commits are under way, then counts one more. Throws what has failed since.
    func begin(inFlightMax: Int) throws {
        let problem = monitor.wait { state -> (any Error)?? in
            if let problem = state.failure ?? state.outputFailure { return .some(problem) }
            guard state.inFlight < inFlightMax else { return nil }
            state.inFlight += 1
            return .some(nil)
        }
        if let problem { throw problem }
    }

    /// Takes the outcome of a commit that was begun.
    func end(_ result: Result<AppendReceipt, ArchiveError>, byteCount: UInt64) {
        let now = ContinuousClock.now
        monitor.change { state in
            state.inFlight -= 1
            switch result {
            case .success(let receipt):
                state.total.recordCount += UInt64(receipt.count)
                state.total.byteCount += byteCount
                state.total.firstIndex = state.total.firstIndex ?? receipt.firstIndex
                state.total.isRepeat = receipt.isRepeat
                state.total.last = receipt
                state.total.end = now
                if keepsAcknowledgements { state.acknowledgements.append((state.total.recordCount, receipt)) }
            case .failure(let error):
                // The first cause; what follows from it says only that the archive is closed to writes.
                state.failure = state.failure ?? error
            }
        }
    }

    /// Waits until nothing is under way, and ends the printing of acknowledgements. Throws what has failed.
    func finish() throws {
        let problem = monitor.wait { state -> (any Error)?? in
            guard state.inFlight == 0 else { return nil }
            return .some(state.failure ?? state.outputFailure)
        }
        monitor.change { $0.isFinished = true }
        if let problem { throw problem }
    }

    /// Prints acknowledgements until `finish`; on a thread of its own, so that a slow reader of them holds up no
    /// commit.
    func printAcknowledgements() {
        var json = JSONWriter()
        while true {
            let next = monitor.wait { state -> [(committed: UInt64, receipt: AppendReceipt)]? in
                if state.acknowledgements.isEmpty { return state.isFinished ? [] : nil }
                defer { state.acknowledgements = [] }
                return state.acknowledgements
            }
            if next.isEmpty { return }
            for acknowledgement in next {
                json.beginObject()
                json.key("committed")
                json.integer(acknowledgement.committed)
                json.key("firstIndex")
                json.integer(acknowledgement.receipt.firstIndex)
                json.key("treeSize")
                json.integer(acknowledgement.receipt.treeSize)
                json.endObject()
                json.endLine()
            }
            do {
                try Output.standard.write(json.bytes)
                try Output.standard.flush()
            } catch {
                monitor.change { $0.outputFailure = $0.outputFailure ?? error }
                return
            }
            json.removeAll()
        }
    }
}
