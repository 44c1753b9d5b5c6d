// The commit pipeline: appends in, durable frames out, in order.
//
//   callers ─> queue ─> former: indexes, keys, blocks ─> workers: hash, compress, seal ─> committer: tree, write, fdatasync ─> receipts
//
// The former gathers what waits into one frame; while that frame is written, the next is hashed and sealed. When nothing else is under way, a
// frame is formed, processed and committed on one thread, the caller's own if it can wait: a hop between threads costs more than the work.
//
// Invariants (those of the shared state are in PipelineState.swift)
//   - At most one frame is unsynced at any time, so after a crash only the last can be bad.
//   - A receipt is given only after fdatasync. An append that was never written says *failed*; the one that was being written says *unknown*.
//   - After an I/O error nothing more is written through this pipeline. Only a full disk, when the write could be withdrawn, is survivable.
//   - Without threads (`isSynchronous`) nothing happens but in a step: the same work in an order that the caller, a simulator, decides.
//   - `former` is used by whoever set `isForming` or `isInline`, `stage` by the committer, or by whoever set `isInline` while no frame is in
//     flight.
//
// Each side has a file: +Submitting (callers), +Forming, +Committing, +Answers (to callers), +Refusals. What they use here is theirs alone.

import Synchronization

internal import MunimentCrypto
internal import MunimentFormat

package final class CommitPipeline: @unchecked Sendable {
    /// Content up to which one thread does everything for a frame.
    static let inlineByteCountMax = 64 << 10
    /// How long the former waits for as many appends as came together last time: clients that were answered together come back together, and a
    /// frame for the first of them alone would cost the others a sync.
    static let companyMicroseconds: Int64 = 200
    /// Frames between forming and durability.
    static let inFlightMax = 3

    let monitor: Monitor<PipelineState>
    let former: FrameFormer
    let stage: CommitStage
    let limits: StoreLimits
    let fileSystem: any FileSystem
    let paths: StorePaths
    let workers: WorkerPool
    let isSynchronous: Bool
    /// Whether the shared state has a `sealRefusal`: every append asks, and few are ever told yes.
    let isSealPostponed = Atomic(false)
    let inlineWorker = BlockWorker()
    let committedNews: @Sendable (Committed) -> Void
    let sealResumed: @Sendable () -> Void
    private var threads: [OwnThread] = []

    init(
        former: FrameFormer, stage: CommitStage, limits: StoreLimits, reader: LogReader, unsealedCount: Int,
        workerCount: Int, isSynchronous: Bool, committedNews: @escaping @Sendable (Committed) -> Void,
        sealResumed: @escaping @Sendable () -> Void
    ) {
        (self.former, self.stage, self.limits) = (former, stage, limits)
        (fileSystem, paths) = (reader.fileSystem, reader.paths)
        (self.committedNews, self.sealResumed) = (committedNews, sealResumed)
        monitor = Monitor(PipelineState(committed: stage.committed, unsealedCount: unsealedCount))
        self.isSynchronous = isSynchronous
        workers = WorkerPool(count: isSynchronous ? 0 : workerCount)
        if isSynchronous { return }
        threads = [
            OwnThread { [unowned self] in while self.formNext() {} },
            OwnThread { [unowned self] in while self.commitNext() {} },
        ]
    }

    package var committed: Committed { monitor.read { $0.committed } }
    package var failure: ArchiveError? { monitor.read { $0.failure } }
    /// Whether appends wait to be formed.
    package var isWaiting: Bool { monitor.read { !$0.queue.isEmpty } }
    /// How many appends stand in line for room.
    package var lineCount: Int { monitor.read { $0.line.count } }

    // MARK: The end

    /// Takes no more appends from users.
    package func beginClosing() {
        let line = monitor.change { state in
            state.isClosing = true
            defer { state.line = [] }
            return state.line
        }
        for append in line { append.completion(.failure(PipelineState.closed)) }
    }

    /// Waits until everything that was handed over is answered.
    package func waitUntilIdle() {
        monitor.wait { state -> Void? in state.queue.isEmpty && state.isIdle ? () : nil }
    }

    /// Commits what waits, then stops.
    package func close() {
        monitor.change { state in
            state.isClosing = true
            state.isEnding = true
        }
        while isSynchronous, commitStep() || formStep() {}
        for thread in threads { thread.join() }
        threads = []
        workers.stop()
    }

    /// After `close`: cuts and closes the segment file.
    package func finishJournal() throws(ArchiveError) {
        if failure == nil {
            try translating(stage.journal.path) { try stage.journal.finish() }
        } else {
            stage.journal.close()
        }
    }
}
