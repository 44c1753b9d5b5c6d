// The way back along the chain of control records. Format/control.md, "The chain".

package import MunimentFormat

/// Where a walk along the chain stands. Each record names the one before it; a seal names the newest before it that is none, too, so that whoever
/// looks for policy need not read the seals. A cursor only goes down: a chain that is forged to run in a circle ends the walk with an error.
package struct ControlCursor: Sendable {
    /// The record to be read next; nil at the chain's end.
    package private(set) var index: UInt64?

    /// A walk that begins with the record at `head`.
    package init(_ head: UInt64?) { index = head }

    /// Goes on from `record`, which is the one at `index`; at the end does nothing. Throws `damaged` where the chain does not go down.
    package mutating func advance(past record: ControlRecord, skippingSeals: Bool = false) throws(ArchiveError) {
        guard let index else { return }
        var next = record.previous
        if skippingSeals, record.kind == .seal {
            next = try translating("record \(index)") { try record.body.decode(SealRecord.init(decoding:)).policy }
        }
        if let next, next >= index {
            throw ArchiveError(
                .damaged, "The chain of control records runs forward at \(index); run verify on a copy of the store.")
        }
        self.index = next
    }
}

extension LogReader {
    /// The newest control record of the log of `size` entries, as its last frame says: the head of the chain. The frame must be the last of that
    /// log.
    package func newestControl(size: UInt64) throws(ArchiveError) -> UInt64? {
        size > 0 ? try outline(containing: size - 1).header.lastControl : nil
    }
}
