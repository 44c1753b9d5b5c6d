// A frame between the moment when its records got their indexes and the moment when it is durable. Indexes, nonces and keys are all fixed
// here, so that its blocks can be processed in any order, by any thread, while the frame before it is still being written.

import Synchronization

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

/// Records of one batch that stand next to each other in a block.
struct Piece: Sendable {
    var batch: RecordBatch
    var range: Range<Int>
    /// The place of the first of them among the frame's entries.
    var ordinal: Int
    /// The run of entries that they belong to, and their place in it.
    var run: Int
    var runOrdinal: Int
}

/// What becomes one part.
struct Block: Sendable {
    var pieces: [Piece]
    var byteCount: Int
    var recordCount: UInt32
    /// A slice of one large content; nil for whole contents.
    var slice: Range<Int>?
    var place: PartPlace
    var isCompressed: Bool
    var group: OpenGroup
}

/// A group of the open segment with the keys that its blocks need, derived once.
struct OpenGroup: Sendable {
    var classID: UInt32
    var slot: UInt64
    var key: GroupKey
    var partKey: SealingKey
    var salts: SaltStream
    var commitment: Digest
}

final class FramePlan: @unchecked Sendable {
    // Fields below are set by the forming thread before the plan is handed over. Then each worker writes only to its block's places in
    // `commitments`, `leaves`, `outputs`; `remaining` orders these writes before the committing thread's reads.
    let segment: SegmentPlan
    let session: [UInt8]
    let firstIndex: UInt64
    let entryCount: Int
    let recorded: Microseconds
    let runs: [EntryRun]
    let blocks: [Block]
    let firstPart: UInt64
    let newGroups: [OpenGroup]
    let tokens: [TokenRow]
    let bodyFiles: [BodyFileRow]
    /// The control chain after this frame.
    let chain: ControlChain
    let appends: [PendingAppend]
    let commitments: UnsafeMutableRawPointer
    let leaves: UnsafeMutableRawPointer
    /// One for each block.
    let outputs: UnsafeMutableBufferPointer<BlockOutput>
    private let nextBlock = Atomic<Int>(0)
    private let remaining: Atomic<Int>
    private let done = Monitor(false)

    /// A block's ciphertext.
    struct BlockOutput {
        var buffer: CiphertextBuffer?
        var byteCount = 0
        var digest = Digest.zero
    }

    init(
        segment: SegmentPlan, session: [UInt8], firstIndex: UInt64, recorded: Microseconds, runs: [EntryRun],
        blocks: [Block], firstPart: UInt64,
        newGroups: [OpenGroup], tokens: [TokenRow], bodyFiles: [BodyFileRow], chain: ControlChain,
        appends: [PendingAppend]
    ) {
        (self.segment, self.session, self.firstIndex) = (segment, session, firstIndex)
        (self.recorded, self.runs) = (recorded, runs)
        (self.blocks, self.firstPart, self.newGroups, self.tokens) = (blocks, firstPart, newGroups, tokens)
        (self.bodyFiles, self.chain, self.appends) = (bodyFiles, chain, appends)
        entryCount = runs.reduce(0) { $0 + $1.count }
        commitments = .allocate(byteCount: entryCount * Digest.byteCount, alignment: 64)
        leaves = .allocate(byteCount: entryCount * Digest.byteCount, alignment: 64)
        outputs = .allocate(capacity: blocks.count)
        outputs.initialize(repeating: BlockOutput())
        remaining = Atomic(blocks.count)
    }

    deinit {
        commitments.deallocate()
        leaves.deallocate()
        outputs.deinitialize()
        outputs.deallocate()
    }

    var treeSize: UInt64 { firstIndex + UInt64(entryCount) }

    /// The classes of which the frame has records that may have attributes.
    var attributeClasses: Set<UInt32> {
        Set(blocks.lazy.filter { $0.pieces.contains { $0.batch.hasAttributes } }.map { $0.place.classID })
    }

    /// Takes a block that nobody has taken; nil when all are.
    func takeBlock() -> Int? {
        let block = nextBlock.add(1, ordering: .relaxed).oldValue
        return block < blocks.count ? block : nil
    }

    func finish(_ block: Int, _ output: BlockOutput) {
        outputs[block] = output
        if remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done.change { $0 = true } }
    }

    /// Waits until all blocks are processed.
    func waitForBlocks() {
        if remaining.load(ordering: .acquiring) == 0 { return }
        done.wait { $0 ? () : nil }
    }

    /// Notes in the segment's plan that the frame is durable, `byteCount` bytes long instead of the estimate. Called by the committing thread
    /// under the pipeline's lock.
    func settle(byteCount: UInt64) {
        segment.durableByteCount.add(byteCount, ordering: .relaxed)
        segment.plannedByteCount.subtract(FrameFormer.estimate(self), ordering: .relaxed)
        segment.durable.entryCount += entryCount
        for group in newGroups { segment.durable.announced.insert(group.classID) }
    }

    /// Gives the ciphertext buffers back.
    func releaseOutputs() {
        for place in outputs.indices {
            if let buffer = outputs[place].buffer { CiphertextBuffer.pool.give(buffer) }
            outputs[place].buffer = nil
        }
    }
}

/// Room for one part's ciphertext. Owned by one block at a time.
final class CiphertextBuffer: @unchecked Sendable {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: PartRow.ciphertextByteCountMax, alignment: 64)
    deinit { memory.deallocate() }

    static let pool = ObjectPool { CiphertextBuffer() }
}
