// From a recovered store to running threads: the journal, the former's view of the open segment, and the loops.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct StoreAssembly {
    let reader: LogReader
    let keys: KeyRing
    let classes: ClassTable
    let options: StoreOptions
    let clock: ComplianceClock
    let recovered: RecoveredStore

    /// Makes the pipeline and the housekeeper, who has the segments that ended before and still want their seal.
    /// Nothing that runs is left behind when this throws.
    func start(_ committed: Committed, _ signer: CheckpointSigner) throws(ArchiveError) -> (CommitPipeline, Housekeeper)
    {
        let (reader, options, classes, clock) = (reader, options, classes, clock)
        let paths = reader.paths
        let (journal, handle) = try openJournal(committed)
        let unfinished = try unfinishedSegments(before: journal.header.segment)
        let box = PipelineBox()
        let housekeeper = Housekeeper(
            reader: reader, limits: options.limits, cadence: options.checkpointCadence,
            seal: { ended throws(ArchiveError) in
                guard let pipeline = box.pipeline else { return }
                try LogStore.seal(ended, reader: reader, paths: paths, classes: classes, pipeline: pipeline)
            },
            sealFailed: { error in
                if error.code == .full {
                    box.pipeline?.sealPostponed(error)
                } else {
                    box.pipeline?.refuse(because: error)
                }
            },
            sign: { committed throws(ArchiveError) in
                guard let pipeline = box.pipeline, pipeline.failure == nil else { return }
                // Should it fail, the next turn tries again, or the pipeline has failed.
                _ = try? pipeline.appendClock(clock) { clock.catchUpRecord() }
                _ = try signer.sign(
                    size: committed.treeSize, root: committed.root, reader: reader, occasion: .cadence,
                    now: options.clock.microsecondsSinceEpoch())
            })
        let stage = CommitStage(
            reader: reader, clock: options.clock, journal: journal, handle: handle, committed: committed,
            withPrepared: { try housekeeper.withPrepared($0) },
            segmentEnded: { handle, journal in
                housekeeper.segmentEnded(Housekeeper.Ended(handle: handle, journal: journal))
            })
        let former = FrameFormer(
            logID: reader.logID, session: RandomBytes.array(16), keys: keys, clock: clock,
            limits: options.limits,
            segment: try plan(journal, committed), previous: previousPlan(journal.header.segment),
            nextIndex: committed.treeSize,
            chain: committed.chain, compression: { classes.compression($0) })
        former.requireChain = { () throws(ArchiveError) in try TailAuthority(reader, committed).requireHead() }
        let pipeline = CommitPipeline(
            former: former, stage: stage, limits: options.limits, reader: reader, unsealedCount: unfinished.count,
            workerCount: options.workerCount, isSynchronous: options.isSynchronous,
            committedNews: { housekeeper.news($0) },
            sealResumed: { housekeeper.resumeSeal() })
        box.pipeline = pipeline
        for segment in unfinished { housekeeper.segmentEnded(segment) }
        // What was recovered beyond the newest checkpoint wants one.
        housekeeper.news(committed)
        return (pipeline, housekeeper)
    }

    /// Lets the housekeeper's closures reach the pipeline, which is made after them. Set once, before the housekeeper
    /// starts.
    private final class PipelineBox: @unchecked Sendable {
        weak var pipeline: CommitPipeline?
    }

    /// The journal of the last segment, or of a new one where the last has a footer or there is none.
    private func openJournal(_ committed: Committed) throws(ArchiveError) -> (JournalFile, SegmentHandle) {
        let (fileSystem, paths) = (reader.fileSystem, reader.paths)
        return try translating(paths.segments) {
            if let last = recovered.unsealed.last, last.tail != .sealed, let handle = reader.segments.last {
                let journal = try JournalFile.open(
                    fileSystem, paths, header: last.header, end: last.end, preparedEnd: 0)
                return (journal, handle)
            }
            let segment = (recovered.unsealed.last?.header.segment ?? recovered.rows.last?.segment).map { $0 + 1 } ?? 0
            let header = SegmentHeader(
                generation: 0, logID: reader.logID, segment: segment, firstIndex: committed.treeSize,
                root: committed.root, created: options.clock.microsecondsSinceEpoch())
            let journal = try JournalFile.create(fileSystem, paths, header: header, preparedByteCount: 0)
            let handle = SegmentHandle(
                fileSystem, paths.segment(segment, generation: 0), segment: segment, generation: 0,
                firstIndex: committed.treeSize,
                frames: [])
            reader.install(handle)
            return (journal, handle)
        }
    }

    /// The former's view of the open segment.
    private func plan(_ journal: JournalFile, _ committed: Committed) throws(ArchiveError) -> SegmentPlan {
        let header = journal.header
        let plan = SegmentPlan(
            segment: header.segment, firstIndex: header.firstIndex, created: header.created, byteCount: journal.end)
        plan.entryCount = Int(committed.treeSize - header.firstIndex)
        if let scanned = recovered.unsealed.last(where: { $0.header.segment == header.segment }) {
            for frame in scanned.frames { for group in frame.groups { plan.announced.insert(group.classID) } }
            StoreAssembly.add(scanned.frames, to: &plan.tokens)
        }
        if committed.treeSize > 0 {
            let newest = try reader.outline(containing: committed.treeSize - 1).columns.runs.last
            plan.durable.lastRecorded = newest?.recorded ?? .min
        }
        plan.durable.entryCount = plan.entryCount
        plan.durable.announced = plan.announced
        return plan
    }

    /// Of the segment before, only the tokens matter, and those only to an append that has one.
    private func previousPlan(_ segment: UInt64) -> SegmentPlan? {
        guard segment > 0, let handle = reader.segments.last(where: { $0.segment == segment - 1 }) else { return nil }
        let plan = SegmentPlan(segment: handle.segment, firstIndex: handle.firstIndex, created: 0)
        plan.readTokens = { [reader] () throws(ArchiveError) in
            try StoreAssembly.tokens(reader, segment: segment - 1)
        }
        return plan
    }

    /// The tokens in the frames of a segment. Its file may be replaced meanwhile: then those of the newer one.
    private static func tokens(_ reader: LogReader, segment: UInt64) throws(ArchiveError) -> [[UInt8]: TokenTrace] {
        var last: SegmentHandle?
        while let handle = reader.segments.last(where: { $0.segment == segment }) {
            do throws(ArchiveError) {
                return try translating(handle.path) { try tokens(handle) }
            } catch {
                guard error.code == .absent, handle !== last else { throw error }
                last = handle
            }
        }
        return [:]
    }

    private static func tokens(_ handle: SegmentHandle) throws -> [[UInt8]: TokenTrace] {
        var tokens: [[UInt8]: TokenTrace] = [:]
        let file = try handle.file()
        for reference in try handle.frames() {
            let block = try file.readExactly(Limits.blockByteCount, at: reference.offset)
            guard let count = block.withUnsafeBytes({ FrameHeader.claimedByteCount($0) }) else { continue }
            let bytes = count <= block.count ? block : try file.readExactly(count, at: reference.offset)
            add([try bytes.decode(FrameHeader.init(decoding:))], to: &tokens)
        }
        return tokens
    }

    private static func add(_ frames: [FrameHeader], to tokens: inout [[UInt8]: TokenTrace]) {
        for frame in frames {
            for token in frame.tokens {
                tokens[token.tokenHash] = TokenTrace(
                    classID: token.classID, contentHash: token.contentHash,
                    firstIndex: frame.firstIndex + UInt64(token.firstOrdinal), count: Int(token.recordCount))
            }
        }
    }

    /// Segments before the open one that are not known to be sealed: case *footer without seal record*, and those that
    /// ended just before a crash. Those that are, and whose row is not in the directory, get it now.
    private func unfinishedSegments(before segment: UInt64) throws(ArchiveError) -> [Housekeeper.Ended] {
        var ended: [Housekeeper.Ended] = []
        var missing = Array(recovered.rows[recovered.rowsOnFile...])
        defer { for row in missing { try? SegmentDirectoryFile.write(reader.fileSystem, reader.paths, row) } }
        for scanned in recovered.unsealed where scanned.header.segment < segment {
            if try hasSealRecord(scanned.header.segment) {
                if let row = scanned.row { missing.append(row) }
                continue
            }
            guard let handle = reader.segments.first(where: { $0.segment == scanned.header.segment }) else { continue }
            let journal = try translating(handle.path) {
                try JournalFile.open(
                    reader.fileSystem, reader.paths, header: scanned.header, end: scanned.end, preparedEnd: 0)
            }
            ended.append(Housekeeper.Ended(handle: handle, journal: journal))
        }
        return ended
    }

    /// Whether the control chain holds the seal of `segment`.
    private func hasSealRecord(_ segment: UInt64) throws(ArchiveError) -> Bool {
        var cursor = ControlCursor(try reader.newestControl(size: recovered.committed.treeSize))
        let start = reader.segments.first { $0.segment == segment + 1 }?.firstIndex ?? 0
        while let index = cursor.index, index >= start {
            let record = try ClassTable.control(reader, index)
            if record.kind == .seal, let seal = try? record.body.decode(SealRecord.init(decoding:)),
                seal.segment == segment
            {
                return true
            }
            try cursor.advance(past: record)
        }
        return false
    }
}
