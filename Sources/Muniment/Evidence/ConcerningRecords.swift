// Which control records go into an evidence file with the records that it discloses: what the log is, its keys, the classes of the records.
// Public parts only. Found by walking the chain from the newest back to entry 0; seals are skipped by their link.

internal import MunimentFormat
internal import MunimentStore

struct ConcerningRecords {
    private let snapshot: Snapshot
    /// Classes of disclosed records whose newest class record has not been met yet.
    private var classes: Set<UInt32>

    init(_ snapshot: Snapshot, classes: Set<UInt32>) { (self.snapshot, self.classes) = (snapshot, classes) }

    /// The control records under the snapshot's checkpoint, ascending, each proved against it. O(control records that are no seals).
    mutating func find() throws(ArchiveError) -> [EvidenceControl] {
        var found: [EvidenceControl] = []
        var next = try snapshot.reader.frame(containing: snapshot.size - 1).header.lastControl
        while let index = next {
            let record = try ClassTable.control(snapshot.reader, index)
            if index < snapshot.size, try concerns(record, index) {
                found.append(EvidenceControl(index: index, entry: try snapshot.provenEntry(index)))
            }
            next = record.previous
            if record.kind == .seal {
                next = try translating("record \(index)") { try record.body.decode(SealRecord.init(decoding:)).policy }
            }
            guard next.map({ $0 < index }) ?? true else {
                throw ArchiveError(
                    .damaged,
                    "The chain of control records runs forward at \(index); run verify on a copy of the store.")
            }
        }
        guard found.count <= EvidenceChunk.control.countMax else {
            throw ArchiveError(.refused, "Too many control records concern these records: export fewer of them.")
        }
        return found.reversed()
    }

    private mutating func concerns(_ record: ControlRecord, _ index: UInt64) throws(ArchiveError) -> Bool {
        switch record.kind {
        case .identity, .key: return true
        case .retentionClass:
            let stated = try translating("record \(index)") { try record.body.decode(ClassRecord.init(decoding:)) }
            return classes.remove(stated.classID) != nil
        case .event, .hold, .release, .erasure, .intent, .prepared, .completed:
            // Their bodies say which records they cover; a file holds those that cover one of its own. None exists while no code writes them.
            return false
        case .seal, .export, .clock: return false
        }
    }
}
