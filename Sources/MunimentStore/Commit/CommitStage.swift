// The ordered step: takes frames in the order in which they were formed, adds their leaves to the tree, assembles their bytes, writes and syncs.
// One thread at a time owns it. What it publishes (`Committed`) is durable.

import Synchronization

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
    private let takePrepared: () -> UInt64
    private let segmentEnded: (SegmentHandle, JournalFile) -> Void
    private(set) var journal: JournalFile
    private var handle: SegmentHandle
    private var buffer = AlignedBuffer(byteCount: 256 << 10)
    private(set) var committed: Committed

    init(
        reader: LogReader, clock: any WallClock, journal: JournalFile, handle: SegmentHandle, committed: Committed,
        takePrepared: @escaping () -> UInt64, segmentEnded: @escaping (SegmentHandle, JournalFile) -> Void
    ) {
        (fileSystem, paths, self.reader, logID) = (reader.fileSystem, reader.paths, reader, reader.logID)
        (self.clock, self.journal, self.handle, self.committed) = (clock, journal, handle, committed)
        (self.takePrepared, self.segmentEnded) = (takePrepared, segmentEnded)
    }

    /// Commits a frame whose blocks are processed; returns the frame's length. When this throws, nothing of it counts.
    func commit(_ plan: FramePlan) throws -> UInt64 {
        if plan.segment.segment != journal.header.segment { try beginSegment(plan.segment) }
        var frontier = committed.frontier
        precondition(frontier.size == plan.firstIndex, "frames are committed in the order of their indexes")
        var runs: [(level: Int, first: UInt64, nodes: [UInt8])] = []
        frontier.append(
            leaves: UnsafeRawBufferPointer(start: plan.leaves, count: plan.entryCount * Digest.byteCount), reporting: TreeNodes.floor
        ) { level, first, nodes in runs.append((level, first, Array(nodes))) }
        let root = frontier.root()
        let header = assemble(plan, root: root)
        try journal.commit(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[..<header.frameByteCount]))
        for run in runs {
            run.nodes.withUnsafeBytes { reader.tree.append(level: run.level, firstIndex: run.first, nodes: $0) }
        }
        handle.append(FrameReference(header))
        committed = Committed(frontier: frontier, root: root, chain: plan.chain)
        plan.releaseOutputs()
        return UInt64(header.frameByteCount)
    }

    private func beginSegment(_ plan: SegmentPlan) throws {
        let header = SegmentHeader(
            generation: 0, logID: logID, segment: plan.segment, firstIndex: plan.firstIndex, root: committed.root,
            created: clock.microsecondsSinceEpoch())
        let next = try JournalFile.create(fileSystem, paths, header: header, preparedByteCount: takePrepared())
        segmentEnded(handle, journal)
        journal = next
        handle = SegmentHandle(
            fileSystem, paths.segment(plan.segment, generation: 0), segment: plan.segment, generation: 0, firstIndex: plan.firstIndex,
            frames: [])
        reader.install(handle)
    }

    /// Puts the frame's bytes into the buffer: entries, part rows, ciphertext, then the header that sums them up, then zeros.
    private func assemble(_ plan: FramePlan, root: Digest) -> FrameHeader {
        let runs = EntryColumns.encodedRuns(plan.runs)
        let entriesByteCount = runs.count + plan.entryCount * Digest.byteCount
        let ciphertextByteCount = plan.outputs.reduce(0) { $0 + $1.byteCount }
        let bodyByteCount = entriesByteCount + plan.blocks.count * PartRow.byteCount + ciphertextByteCount
        var header = FrameHeader(
            session: plan.blocks[0].place.session, offset: journal.end, segment: plan.segment.segment, generation: 0,
            entryCount: plan.entryCount, firstIndex: plan.firstIndex, root: root, firstPart: plan.firstPart,
            entriesByteCount: entriesByteCount, partCount: plan.blocks.count, bodyByteCount: bodyByteCount)
        header.groups = plan.newGroups.map { GroupRow(classID: $0.classID, slot: $0.slot, keyCommitment: $0.commitment) }
        header.lastControl = plan.chain.last
        header.tokens = plan.tokens
        header.bodyFiles = plan.bodyFiles
        if buffer.byteCount < header.frameByteCount { buffer = AlignedBuffer(byteCount: header.frameByteCount * 3 / 2) }
        var writer = RawWriter(buffer.bytes, at: header.headerByteCount)
        writer.append(runs)
        writer.append(UnsafeRawBufferPointer(start: plan.commitments, count: plan.entryCount * Digest.byteCount))
        var rows: [UInt8] = []
        rows.reserveCapacity(plan.blocks.count * PartRow.byteCount)
        for (block, output) in zip(plan.blocks, plan.outputs) {
            PartRow(
                classID: block.place.classID, recordCount: block.recordCount, ciphertextByteCount: UInt32(output.byteCount),
                flags: block.place.flags, digest: output.digest
            ).append(to: &rows)
        }
        writer.append(rows)
        for output in plan.outputs {
            if let memory = output.buffer?.memory { writer.append(UnsafeRawBufferPointer(start: memory, count: output.byteCount)) }
        }
        writer.zero(upTo: header.frameByteCount)
        header.bodyCRC = Checksum.crc32c(
            UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(buffer.bytes)[header.headerByteCount..<header.headerByteCount + bodyByteCount]))
        var front = RawWriter(buffer.bytes, at: 0)
        front.append(header.encoded())
        return header
    }
}

/// Fills a buffer from front to back.
struct RawWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeMutableRawBufferPointer, at position: Int) { (self.bytes, self.position) = (bytes, position) }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        precondition(position + source.count <= bytes.count)
        (bytes.baseAddress! + position).copyMemory(from: base, byteCount: source.count)
        position += source.count
    }

    mutating func append(_ source: [UInt8]) { source.withUnsafeBytes { append($0) } }

    mutating func zero(upTo end: Int) {
        precondition(end <= bytes.count)
        if end > position { (bytes.baseAddress! + position).initializeMemory(as: UInt8.self, repeating: 0, count: end - position) }
        position = end
    }
}
