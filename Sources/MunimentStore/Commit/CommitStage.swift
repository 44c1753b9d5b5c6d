// The ordered step: takes frames in the order in which they were formed, adds their leaves to the tree, assembles their bytes, writes and syncs.
// One thread at a time owns it. What it publishes (`Committed`) is durable.

internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle

/// The durable state of a log.
package struct Committed: Sendable {
    package var frontier: TreeFrontier
    package var root: Digest
    package var chain: ControlChain
    package var treeSize: UInt64 { frontier.size }
}

final class CommitStage {
    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let reader: LogReader
    private let logID: Digest
    private let clock: any WallClock
    /// Runs the making of a segment's file with the length of the prepared one.
    private let withPrepared: ((UInt64) throws -> JournalFile) throws -> JournalFile
    private let segmentEnded: (SegmentHandle, JournalFile) -> Void
    private(set) var journal: JournalFile
    private var handle: SegmentHandle
    private let assembler = FrameAssembler()
    private(set) var committed: Committed

    init(
        reader: LogReader, clock: any WallClock, journal: JournalFile, handle: SegmentHandle, committed: Committed,
        withPrepared: @escaping ((UInt64) throws -> JournalFile) throws -> JournalFile,
        segmentEnded: @escaping (SegmentHandle, JournalFile) -> Void
    ) {
        (fileSystem, paths, self.reader, logID) = (reader.fileSystem, reader.paths, reader, reader.logID)
        (self.clock, self.journal, self.handle, self.committed) = (clock, journal, handle, committed)
        (self.withPrepared, self.segmentEnded) = (withPrepared, segmentEnded)
    }

    /// Commits a frame whose blocks are processed; returns the frame's length. When this throws, nothing of it counts.
    func commit(_ plan: FramePlan) throws -> UInt64 {
        if plan.segment.segment != journal.header.segment { try beginSegment(plan.segment) }
        var frontier = committed.frontier
        precondition(frontier.size == plan.firstIndex, "frames are committed in the order of their indexes")
        var runs: [(level: Int, first: UInt64, nodes: [UInt8])] = []
        frontier.append(
            leaves: UnsafeRawBufferPointer(start: plan.leaves, count: plan.entryCount * Digest.byteCount),
            reporting: TreeNodes.floor
        ) { level, first, nodes in runs.append((level, first, Array(nodes))) }
        let root = frontier.root()
        let header = assemble(plan, root: root)
        try journal.commit(assembler.bytes(of: header))
        for run in runs {
            run.nodes.withUnsafeBytes { reader.tree.append(level: run.level, firstIndex: run.first, nodes: $0) }
        }
        handle.append(
            FrameReference(header), attributeClasses: plan.attributeClasses,
            skeleton: Array(assembler.bytes(of: header)[..<header.skeletonByteCount]))
        committed = Committed(frontier: frontier, root: root, chain: plan.chain)
        plan.releaseOutputs()
        return UInt64(header.frameByteCount)
    }

    private func beginSegment(_ plan: SegmentPlan) throws {
        let header = SegmentHeader(
            generation: 0, logID: logID, segment: plan.segment, firstIndex: plan.firstIndex, root: committed.root,
            created: clock.microsecondsSinceEpoch())
        let next = try withPrepared { byteCount in
            try JournalFile.create(fileSystem, paths, header: header, preparedByteCount: byteCount)
        }
        segmentEnded(handle, journal)
        journal = next
        handle = SegmentHandle(
            fileSystem, paths.segment(plan.segment, generation: 0), segment: plan.segment, generation: 0,
            firstIndex: plan.firstIndex,
            frames: [])
        reader.install(handle)
    }

    private func assemble(_ plan: FramePlan, root: Digest) -> FrameHeader {
        var header = FrameHeader(
            session: plan.session, offset: journal.end, segment: plan.segment.segment, generation: 0,
            entryCount: plan.entryCount,
            firstIndex: plan.firstIndex, root: root, firstPart: plan.firstPart, entriesByteCount: 0, partCount: 0,
            bodyByteCount: 0)
        header.groups = plan.newGroups.map {
            GroupRow(classID: $0.classID, slot: $0.slot, keyCommitment: $0.commitment)
        }
        header.lastControl = plan.chain.last
        header.tokens = plan.tokens
        header.bodyFiles = plan.bodyFiles
        let parts = zip(plan.blocks, plan.outputs).map { block, output -> FrameAssembler.Part in
            let row = PartRow(
                classID: block.place.classID, recordCount: block.recordCount,
                ciphertextByteCount: UInt32(output.byteCount),
                flags: block.place.flags, digest: output.digest)
            return FrameAssembler.Part(row: row, ciphertext: UnsafeRawPointer(output.buffer!.memory))
        }
        return assembler.assemble(header, runs: plan.runs, commitments: plan.commitments, parts: parts)
    }
}
