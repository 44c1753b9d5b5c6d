// From the log to the policy: the chain of control records, walked back from its newest and taken in order. Every record is proved before it
// counts, and that none is newer than where the walk begins is proved too.

internal import MunimentFormat
package import MunimentStore

extension RetentionPolicy {
    /// The policy at the end of the log. O(control records that are not seals), and the frames after the newest control record are looked at.
    package static func load(_ log: ProvenLog) throws(ArchiveError) -> RetentionPolicy {
        var policy = RetentionPolicy()
        try policy.update(log, head: try log.newestControl())
        return policy
    }

    /// Takes the control records up to `head`, which is one, that came after those it has. `head` must be from a source that can be believed, as the
    /// chain of the store's commits is.
    package mutating func update(_ log: ProvenLog, head: UInt64?) throws(ArchiveError) {
        var found: [(index: UInt64, record: ControlRecord, entry: Entry)] = []
        var cursor = ControlCursor(head)
        while let index = cursor.index, newest.map({ index > $0 }) ?? true {
            let (record, entry) = try log.control(index)
            if record.kind != .seal { found.append((index, record, entry)) }
            try cursor.advance(past: record, skippingSeals: true)
        }
        for (index, record, entry) in found.reversed() {
            let privatePart = record.kind == .hold ? try log.content(index, entry).map { Array($0.payload) } : nil
            try apply(record, at: index, entry: entry, privatePart: privatePart)
        }
    }
}
