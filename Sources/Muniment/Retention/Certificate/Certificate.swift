// A certificate of destruction: what a disposition destroyed, by which rules and clock, under which holds, in one document with the proofs of it.
// Format/certificate.md.

internal import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// A signed statement of one disposition, to be filed and checked without the archive.
public struct Certificate: Sendable {
    /// How a certificate is spelt.
    public enum Form: Sendable, Hashable {
        /// For a machine.
        case json
        /// For a terminal or a printer; it holds the JSON.
        case text
        /// One page for a browser, self-contained; it holds the JSON.
        case html
    }

    private let document: CertificateDocument

    init(_ document: CertificateDocument) { self.document = document }

    /// The index of the disposition's intent record.
    public var disposition: UInt64 { document.disposition }

    /// The bytes of one spelling.
    public func bytes(_ form: Form) -> [UInt8] {
        switch form {
        case .json: document.encoded(.json)
        case .text: document.encoded(.text)
        case .html: document.encoded(.html)
        }
    }
}

extension Snapshot {
    /// The certificate of a disposition that is over under this checkpoint. Throws `absent` where there is none, and `refused` while it is under way.
    /// O(control records that are no seals).
    public func certificate(of disposition: UInt64) throws(ArchiveError) -> Certificate {
        var search = CertifiedRecords(self, disposition)
        let indexes = try search.find()
        var (records, proofs): ([CertificateFacts.Record], [String]) = ([], [])
        for index in indexes {
            let bytes = try provenEntry(index)
            try translating("record \(index)") {
                let entry = try bytes.decode(Entry.init(decoding:))
                guard let control = try ControlRecord(entry: entry) else {
                    throw FormatError(.inconsistent, "control record", at: 0, "record \(index) is none")
                }
                records.append(CertificateFacts.Record(index: index, entry: entry, control: control))
            }
            proofs.append(String(decoding: try proofFile(of: index), as: UTF8.self))
        }
        let (origin, found) = (checkpoint.origin, records)
        let facts = try translating("disposition \(disposition)") { try CertificateFacts(disposition, found) }
        let lines = facts.lines(
            origin: origin, treeSize: size, root: checkpoint.root.withUnsafeBytes { Base64.string($0) })
        return Certificate(
            CertificateDocument(origin: origin, disposition: disposition, lines: lines, proofs: proofs))
    }
}

/// Which control records a certificate proves, found by walking their chain from the newest back.
private struct CertifiedRecords {
    private let snapshot: Snapshot
    private let disposition: UInt64
    /// Prepared records, and then what the intent names, that have not been met yet.
    private var wanted: Set<UInt64> = []
    private var matters: Set<UInt64> = []
    private var found: [UInt64] = []
    private var isOver = false

    init(_ snapshot: Snapshot, _ disposition: UInt64) { (self.snapshot, self.disposition) = (snapshot, disposition) }

    /// The indexes, ascending.
    mutating func find() throws(ArchiveError) -> [UInt64] {
        guard disposition < snapshot.size else { throw CertifiedRecords.absent(disposition) }
        var cursor = ControlCursor(try snapshot.reader.newestControl(size: snapshot.size))
        while let index = cursor.index {
            let record = try ClassTable.control(snapshot.reader, index)
            if index < snapshot.size { try take(record, index) }
            try cursor.advance(past: record, skippingSeals: true)
            if index == disposition, record.kind != .intent { throw CertifiedRecords.absent(disposition) }
        }
        guard found.contains(disposition) else { throw CertifiedRecords.absent(disposition) }
        guard isOver else {
            throw ArchiveError(
                .refused,
                "Disposition \(disposition) is not over under the checkpoint of size \(snapshot.size): open the archive for writing first."
            )
        }
        return found.reversed()
    }

    private mutating func take(_ record: ControlRecord, _ index: UInt64) throws(ArchiveError) {
        let matter = matters
        let (disposition, wanted) = (disposition, wanted)
        let isWanted: Bool = try translating("record \(index)") {
            switch record.kind {
            case .completed:
                return try record.body.decode(CompletedRecord.init(decoding:)).disposition == disposition
            case .hold where index < disposition:
                let hold = try record.body.decode(HoldRecord.init(decoding:))
                return matter.contains(hold.matter ?? index)
            default: return index == disposition || wanted.contains(index)
            }
        }
        guard isWanted else { return }
        found.append(index)
        if record.kind == .completed {
            isOver = true
            let body = try translating("record \(index)") { try record.body.decode(CompletedRecord.init(decoding:)) }
            self.wanted.formUnion(body.prepared)
        }
        guard index == disposition, record.kind == .intent else { return }
        let intent = try translating("record \(index)") { try record.body.decode(IntentRecord.init(decoding:)) }
        self.wanted.formUnion(intent.rules.map(\.record) + intent.erasures + [intent.clockRecord])
        matters = Set(intent.holds.map(\.matter))
    }

    private static func absent(_ disposition: UInt64) -> ArchiveError {
        ArchiveError(
            .absent, "No disposition is record \(disposition): `dispositions` lists those that there are.")
    }
}
