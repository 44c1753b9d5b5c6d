// Which control records go into an evidence file with the records that it discloses: what the log is, its keys, the classes of the records, and
// what holds, releases, events, erasures and dispositions say of one of them. Public parts only. Found by walking the chain from the newest
// back to entry 0, twice: before the export for the scopes of holds, which each record is compared with, and after it for the rest.

internal import MunimentFormat
internal import MunimentStore

/// Told of each record of a file, it finds the control records that concern them.
struct ConcerningRecords {
    private struct Hold {
        let index: UInt64
        let matter: UInt64
        let scope: HoldScope
    }

    private let snapshot: Snapshot
    /// Holds that cover none of the records so far.
    private var holds: [Hold] = []
    private var records = IndexSet()
    private var purged = IndexSet()
    /// Classes of the records whose newest class record has not been met yet.
    private var classes: Set<UInt32> = []
    private var found: Set<UInt64> = []
    private var matters: Set<UInt64> = []

    /// Reads the scopes of all holds under the snapshot's checkpoint, released ones too. O(control records that are no seals).
    init(_ snapshot: Snapshot) throws(ArchiveError) {
        self.snapshot = snapshot
        var holds: [Hold] = []
        try ConcerningRecords.walk(snapshot) { record, index throws(FormatError) in
            guard record.kind == .hold else { return }
            let hold = try record.body.decode(HoldRecord.init(decoding:))
            holds.append(Hold(index: index, matter: hold.matter ?? index, scope: hold.scope))
        }
        self.holds = holds
    }

    /// Notes a record of the file; the indexes ascend.
    mutating func note(_ index: UInt64, _ entry: Entry, isPurged: Bool) {
        records.append(index..<index + 1)
        if isPurged { purged.append(index..<index + 1) }
        classes.insert(entry.classID)
        guard !holds.isEmpty else { return }
        holds.removeAll { hold in
            let time = entry.occurred ?? entry.recorded
            guard hold.scope.covers(index: index, classID: entry.classID, time: time) else { return false }
            found.insert(hold.index)
            matters.insert(hold.matter)
            return true
        }
    }

    /// The control records under the snapshot's checkpoint, ascending, each proved against it. O(control records that are no seals).
    mutating func find() throws(ArchiveError) -> [EvidenceControl] {
        var walk = Walk(records: records, purged: purged, used: classes, matters: matters)
        walk.found = found
        try ConcerningRecords.walk(snapshot) { record, index throws(FormatError) in try walk.take(record, index) }
        guard walk.found.count <= EvidenceChunk.control.countMax else {
            throw ArchiveError(.refused, "Too many control records concern these records: export fewer of them.")
        }
        var controls: [EvidenceControl] = []
        for index in walk.found.sorted() {
            controls.append(EvidenceControl(index: index, entry: try snapshot.provenEntry(index)))
        }
        return controls
    }

    /// Calls `body` with the control records that are no seals, newest first.
    private static func walk(
        _ snapshot: Snapshot, _ body: (ControlRecord, UInt64) throws(FormatError) -> Void
    ) throws(ArchiveError) {
        var cursor = ControlCursor(try snapshot.reader.newestControl(size: snapshot.size))
        while let index = cursor.index {
            let record = try ClassTable.control(snapshot.reader, index)
            if record.kind != .seal, index < snapshot.size {
                try translating("record \(index)") { try body(record, index) }
            }
            try cursor.advance(past: record, skippingSeals: true)
        }
    }
}

/// The walk after an export. Newest first, so what cites another record is met before that one.
private struct Walk {
    let records: IndexSet
    let purged: IndexSet
    let used: Set<UInt32>
    let matters: Set<UInt64>
    var found: Set<UInt64> = []
    private var classesMet: Set<UInt32> = []
    /// Of dispositions that were carried out: by the index of each of its prepared records, that of its completed one.
    private var completed: [UInt64: UInt64] = [:]
    /// Cited by a record that was found.
    private var cited: Set<UInt64> = []

    init(records: IndexSet, purged: IndexSet, used: Set<UInt32>, matters: Set<UInt64>) {
        (self.records, self.purged, self.used, self.matters) = (records, purged, used, matters)
    }

    mutating func take(_ record: ControlRecord, _ index: UInt64) throws(FormatError) {
        if try concerns(record, index) || cited.contains(index) { found.insert(index) }
        guard record.kind == .intent, found.contains(index) else { return }
        // By which rules, and by which clock.
        let intent = try record.body.decode(IntentRecord.init(decoding:))
        cited.insert(intent.clockRecord)
        for rule in intent.rules where used.contains(rule.classID) { cited.insert(rule.record) }
    }

    private mutating func concerns(_ record: ControlRecord, _ index: UInt64) throws(FormatError) -> Bool {
        switch record.kind {
        case .identity, .key: return true
        case .retentionClass:
            let classID = try record.body.decode(ClassRecord.init(decoding:)).classID
            return used.contains(classID) && classesMet.insert(classID).inserted
        case .release: return matters.contains(try record.body.decode(ReleaseRecord.init(decoding:)).matter)
        case .event:
            let event = try record.body.decode(EventRecord.init(decoding:))
            return !event.indexes.intersection(records).isEmpty
        case .erasure: return records.contains(try record.body.decode(ErasureRecord.init(decoding:)).index)
        case .completed:
            for prepared in try record.body.decode(CompletedRecord.init(decoding:)).prepared {
                completed[prepared] = index
            }
            return false
        case .prepared: return try isCarriedOut(record, index)
        // Holds were found as the records went by; an intent is cited, or concerns nothing.
        case .hold, .intent, .seal, .export, .clock: return false
        }
    }

    /// Of a prepared record: whether it lists a purged record, and was carried out. Then the whole disposition is found.
    private mutating func isCarriedOut(_ record: ControlRecord, _ index: UInt64) throws(FormatError) -> Bool {
        guard let end = completed[index] else { return false }
        let prepared = try record.body.decode(PreparedRecord.init(decoding:))
        guard !prepared.purged.intersection(purged).isEmpty else { return false }
        found.insert(end)
        cited.insert(prepared.disposition)
        return true
    }
}
