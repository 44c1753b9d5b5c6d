// What goes on behind the appends, on a thread of its own: sealing segments that ended, signing on a cadence, filling
// the next segment file with zeros.

internal import MunimentCrypto
internal import MunimentFormat

final class Housekeeper: @unchecked Sendable {
    /// A segment that ended, with its journal still open.
    final class Ended: @unchecked Sendable {
        // The journal is handed over: the committer does not use it any more. All of it belongs to whoever seals.
        let handle: SegmentHandle
        let journal: JournalFile
        /// What only lacks its record, once there is that: a seal that is tried again goes on from there.
        var sealed: SegmentSealer.Sealed?

        init(handle: SegmentHandle, journal: JournalFile) { (self.handle, self.journal) = (handle, journal) }
    }

    private struct State {
        var ended: [Ended] = []
        var committed: Committed?
        var isStopping = false
        var preparedByteCount: UInt64 = 0
        var isPreparing = false
        /// The committer wants the prepared file, or is at work with it: nothing is prepared, and better none than a
        /// stall.
        var isPreparedWanted = false
        /// The first of `ended` could not be sealed for lack of space; the cadence tries again.
        var isSealPostponed = false
        var signingFailure: ArchiveError?
    }

    /// How often the open segment is looked at, in microseconds.
    private static let lookInterval: Microseconds = 50_000

    private let monitor = Monitor(State())
    /// When the last turn of the cadence was; the thread's own.
    private var lastTick: Microseconds = 0
    private let cadence: Microseconds
    private let limits: StoreLimits
    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let reader: LogReader
    private let seal: (Ended) throws(ArchiveError) -> Void
    private let sealFailed: (ArchiveError) -> Void
    private let sign: (Committed) throws(ArchiveError) -> Void
    private var thread: OwnThread?

    init(
        reader: LogReader, limits: StoreLimits, cadence: Microseconds,
        seal: @escaping (Ended) throws(ArchiveError) -> Void,
        sealFailed: @escaping (ArchiveError) -> Void, sign: @escaping (Committed) throws(ArchiveError) -> Void
    ) {
        (fileSystem, paths, self.reader, self.limits) = (reader.fileSystem, reader.paths, reader, limits)
        (self.cadence, self.seal, self.sealFailed, self.sign) = (cadence, seal, sealFailed, sign)
    }

    func start() {
        thread = OwnThread { [unowned self] in while self.round() {} }
    }

    /// Why the last checkpoint of the cadence could not be signed; nil when it could. The next turn tries again.
    var signingFailure: ArchiveError? { monitor.read { $0.signingFailure } }

    func segmentEnded(_ ended: Ended) { monitor.change { $0.ended.append(ended) } }

    /// Tries at once to seal what had to be put off.
    func resumeSeal() { monitor.change { $0.isSealPostponed = false } }

    /// Called after each commit: cheap, wakes nobody; the cadence looks.
    func news(_ committed: Committed) { monitor.read { $0.committed = committed } }

    /// Calls `body` with how many bytes of the prepared file are zeros on the device; 0 when there is none. Until it
    /// returns, the file's name is the caller's: a preparation that began meanwhile would remove the file under the
    /// caller's hands, or fill with zeros what has become the open segment.
    func withPrepared<R>(_ body: (UInt64) throws -> R) rethrows -> R {
        monitor.read { $0.isPreparedWanted = true }
        defer { monitor.read { $0.isPreparedWanted = false } }
        let byteCount = monitor.wait { state -> UInt64? in
            if state.isPreparing { return nil }
            defer { state.preparedByteCount = 0 }
            return state.preparedByteCount
        }
        return try body(byteCount)
    }

    /// Seals what has ended, then stops.
    func stop() {
        monitor.change { $0.isStopping = true }
        if thread == nil { while sealStep() {} }
        thread?.join()
        thread = nil
    }

    /// Without a thread: seals the oldest segment that ended; false when none did.
    func sealStep() -> Bool {
        guard let ended = monitor.read({ $0.ended.first }) else { return false }
        finish(ended)
        return true
    }

    /// Without a thread: what is done at each turn of the cadence.
    func cadenceStep() {
        tick()
        prepare()
    }

    private func round() -> Bool {
        let ended = monitor.wait(microseconds: min(cadence, Housekeeper.lookInterval)) { state -> Ended?? in
            if let first = state.ended.first, !state.isSealPostponed || state.isStopping { return .some(first) }
            return state.isStopping ? .some(nil) : nil
        }
        switch ended {
        case .some(.some(let ended)): finish(ended)
        case .some(.none): return false
        case .none: prepare()
        }
        // Not only when nothing else happened: a store that seals without pause is signed on time all the same.
        let now = SystemClock().bootMicroseconds()
        if now - lastTick >= cadence {
            lastTick = now
            monitor.read { $0.isSealPostponed = false }
            tick()
        }
        return true
    }

    /// Seals a segment. Without space it is tried again later, by the next open at the latest; any other failure ends
    /// the pipeline, because the segment after the next could never begin.
    private func finish(_ ended: Ended) {
        var failure: ArchiveError?
        do throws(ArchiveError) { try seal(ended) } catch { failure = error }
        monitor.read { state in
            if failure?.code == .full && !state.isStopping {
                state.isSealPostponed = true
            } else {
                state.isSealPostponed = false
                state.ended.removeFirst()
            }
        }
        if let failure { sealFailed(failure) }
    }

    private func tick() {
        let committed = monitor.read { state in
            defer { state.committed = nil }
            return state.committed
        }
        guard let committed else { return }
        var failure: ArchiveError?
        do throws(ArchiveError) { try sign(committed) } catch { failure = error }
        monitor.read { state in
            state.signingFailure = failure
            if failure != nil { state.committed = state.committed ?? committed }
        }
    }

    /// Fills the next segment's file with zeros, once the present one is well under way.
    private func prepare() {
        guard limits.preparesSegments, let wanted = preparedByteCountWanted() else { return }
        let isFree = monitor.read { state -> Bool in
            guard state.preparedByteCount == 0, !state.isStopping, !state.isPreparedWanted else { return false }
            state.isPreparing = true
            return true
        }
        guard isFree else { return }
        let byteCount = (try? fill(wanted)) ?? 0
        monitor.change { state in
            state.preparedByteCount = byteCount
            state.isPreparing = false
        }
    }

    /// The length to prepare: what the last segment took, if the present one has used a quarter of that; nil otherwise.
    private func preparedByteCountWanted() -> UInt64? {
        let segments = reader.segments
        guard let present = segments.last, let used = try? fileSystem.status(present.path)?.byteCount else {
            return nil
        }
        let last =
            segments.dropLast().last.flatMap { try? fileSystem.status($0.path)?.byteCount } ?? limits.segmentByteCount
            / 2
        let wanted = min(last, limits.segmentByteCount).rounded(upToMultipleOf: UInt64(Limits.blockByteCount))
        let available = (try? fileSystem.availableByteCount(paths.root)) ?? 0
        return used > wanted / 4 && available > limits.reserveByteCount + 4 * wanted ? wanted : nil
    }

    private func fill(_ byteCount: UInt64) throws -> UInt64 {
        if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
        let file = try fileSystem.open(paths.prepared, .create(direct: true))
        defer { file.close() }
        let zeros = AlignedBuffer(byteCount: 1 << 20)
        var offset: UInt64 = 0
        while offset < byteCount {
            if monitor.read({ $0.isStopping || $0.isPreparedWanted }) { return 0 }
            let count = min(UInt64(zeros.byteCount), byteCount - offset)
            try file.write(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(zeros.bytes)[..<Int(count)]), at: offset)
            offset += count
        }
        try file.synchronize()
        return byteCount
    }
}
