// An append that waits for its commit.

public import MunimentFormat

/// What an append got.
public struct AppendReceipt: Hashable, Sendable {
    /// The index of the first record; the others follow it without a gap.
    public let firstIndex: UInt64
    public let count: Int
    /// Size and root of the tree once these records were in it.
    public let treeSize: UInt64
    public let root: Digest
    /// True when the token was known: the records had been appended before, and were not again.
    public let isRepeat: Bool

    package init(firstIndex: UInt64, count: Int, treeSize: UInt64, root: Digest, isRepeat: Bool = false) {
        (self.firstIndex, self.count, self.treeSize, self.root) = (firstIndex, count, treeSize, root)
        self.isRepeat = isRepeat
    }
}

/// Batches that go into one frame together, in order, with what to tell the caller afterwards.
package final class PendingAppend: Sendable {
    package let batches: [RecordBatch]
    package let token: [UInt8]?
    /// Commits in a frame of its own, even when others wait.
    package let isAlone: Bool
    /// The engine's own: may use the reserve of a full disk, and is never refused for space.
    package let isControl: Bool
    /// Stands first in a segment: the one before ends, so that it can be sealed. Such an append has a frame of its own.
    package let beginsSegment: Bool
    /// Whether it is a seal record: that begins no segment, for it must stand in the one that follows the sealed one.
    let isSeal: Bool
    /// Whether it is a clock record.
    let isClock: Bool
    package let completion: @Sendable (Result<AppendReceipt, ArchiveError>) -> Void
    package let count: Int
    package let byteCount: Int

    package init(
        _ batches: [RecordBatch], token: [UInt8]? = nil, isAlone: Bool = false, isControl: Bool = false,
        beginsSegment: Bool = false,
        completion: @escaping @Sendable (Result<AppendReceipt, ArchiveError>) -> Void
    ) {
        (self.batches, self.token, self.isControl) = (batches, token, isControl)
        (self.beginsSegment, self.completion) = (beginsSegment, completion)
        self.isAlone = isAlone || beginsSegment
        let kind = batches.first?.drafts.first?.kind
        (isSeal, isClock) = (kind == .seal, kind == .clock)
        count = batches.reduce(0) { $0 + $1.count }
        byteCount = batches.reduce(0) { $0 + $1.byteCount }
    }
}
