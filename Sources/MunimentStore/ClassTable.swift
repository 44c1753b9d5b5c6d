// The retention classes in force, re-derived from the log's own control records: the chain is walked from its head, seals are skipped by their
// link, and the newest record of each class counts.

package import MunimentFormat

package final class ClassTable: Sendable {
    /// The class that a log has from its beginning: for ever, governance.
    package static let defaultClass = ClassRecord(classID: 1, name: "default")

    private let classes = Guarded<[ClassRecord]>([])
    private let isOpen = Guarded(false)

    package init() {}

    /// Whether the log, when it was loaded, had a disposition without its completed record.
    package var hadOpenDisposition: Bool { isOpen.withLock { $0 } }

    package var all: [ClassRecord] { classes.withLock { $0 } }

    package func named(_ name: String) -> ClassRecord? {
        classes.withLock { $0.first { $0.name.utf8.elementsEqual(name.utf8) } }
    }

    package func record(_ classID: UInt32) -> ClassRecord? { classes.withLock { $0.first { $0.classID == classID } } }

    package func compression(_ classID: UInt32) -> ClassRecord.Compression { record(classID)?.compression ?? .shared }

    /// Puts a class in force.
    package func set(_ record: ClassRecord) {
        classes.withLock { classes in
            classes.removeAll { $0.classID == record.classID }
            classes.append(record)
            classes.sort { $0.classID < $1.classID }
        }
    }

    /// The ID of the next new class.
    package var nextID: UInt32 { classes.withLock { ($0.last?.classID ?? 0) + 1 } }

    /// Walks the chain from `head` and takes what it says. Also returns the chain's heads. O(control records that are not seals).
    package func load(_ reader: LogReader, head: UInt64?) throws(ArchiveError) -> ControlChain {
        var chain = ControlChain(last: head, policy: nil)
        var seen: Set<UInt32> = []
        var newestOfDisposition: ControlRecord.Kind?
        var cursor = ControlCursor(head)
        while let index = cursor.index {
            let record = try ClassTable.control(reader, index)
            if record.kind != .seal {
                if chain.policy == nil { chain.policy = index }
                if chain.clock == nil, record.kind == .clock || record.kind == .identity { chain.clock = index }
                if [.intent, .prepared, .completed].contains(record.kind) {
                    newestOfDisposition = newestOfDisposition ?? record.kind
                }
                if record.kind == .retentionClass {
                    let stated = try translating("record \(index)") {
                        try record.body.decode(ClassRecord.init(decoding:))
                    }
                    if seen.insert(stated.classID).inserted { set(stated) }
                }
            }
            try cursor.advance(past: record, skippingSeals: true)
        }
        let isDispositionOpen = newestOfDisposition.map { $0 != .completed } ?? false
        isOpen.withLock { $0 = isDispositionOpen }
        return chain
    }

    /// The control record at `index`.
    package static func control(_ reader: LogReader, _ index: UInt64) throws(ArchiveError) -> ControlRecord {
        let bytes = try reader.entry(index)
        return try translating("record \(index)") {
            guard let record = try ControlRecord(entry: try bytes.decode(Entry.init(decoding:))) else {
                throw FormatError(
                    .inconsistent, "control record", at: 0, "a user's record stands where the chain leads")
            }
            return record
        }
    }
}
