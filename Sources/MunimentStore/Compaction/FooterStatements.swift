// What the log says of the footers of its sealed segments. A footer says where frames stand, how many there are, and which body files belong to
// them; nothing in the tree covers it, and whoever may write the file may write its checksum. So whoever destroys by a footer first asks here
// whether it is the one that a seal record or a prepared record states. Every record is proved before it counts.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

/// The digests of the footers that are stated, by segment and generation. Follows the log by the chain of control records; one for each open store.
final class FooterStatements: Sendable {
    private struct Place: Hashable {
        var segment: UInt64
        var generation: UInt32
    }

    private struct State: Sendable {
        var digests: [Place: Digest] = [:]
        /// Prepared records of a disposition that is not over, by index.
        var prepared: [UInt64: SealRecord] = [:]
        /// The newest control record that is included.
        var newest: UInt64?
    }

    private let reader: LogReader
    private let state = Guarded(State())

    init(_ reader: LogReader) { self.reader = reader }

    /// Whether the log states `footer`: the segment was sealed with it, or a disposition that was carried out, or is being, put it in the place of
    /// another. `committed` is the log as it is now. O(control records since the last call), each with its proof.
    func state(_ footer: Footer, _ committed: Committed) throws(ArchiveError) -> Bool {
        let place = Place(segment: footer.segment, generation: footer.generation)
        let digest = footer.digest
        return try state.withLock { state throws(ArchiveError) in
            try update(&state, committed)
            if state.digests[place] == digest { return true }
            return state.prepared.values.contains { seal in
                seal.segment == place.segment && seal.generation == place.generation && seal.footerDigest == digest
            }
        }
    }

    private func update(_ state: inout State, _ committed: Committed) throws(ArchiveError) {
        var found: [(index: UInt64, record: ControlRecord)] = []
        var cursor = ControlCursor(committed.chain.last)
        while let index = cursor.index, state.newest.map({ index > $0 }) ?? true {
            let record = try reader.provenControl(index, committed).record
            if [.seal, .intent, .prepared, .completed].contains(record.kind) { found.append((index, record)) }
            try cursor.advance(past: record)
        }
        for (index, record) in found.reversed() {
            try translating("record \(index)") { try FooterStatements.take(record, index, &state) }
        }
        state.newest = committed.chain.last
    }

    private static func take(_ record: ControlRecord, _ index: UInt64, _ state: inout State) throws(FormatError) {
        func add(_ seal: SealRecord) {
            state.digests[Place(segment: seal.segment, generation: seal.generation)] = seal.footerDigest
        }
        switch record.kind {
        case .seal: add(try record.body.decode(SealRecord.init(decoding:)))
        case .intent: state.prepared = [:]
        case .prepared: state.prepared[index] = try record.body.decode(PreparedRecord.init(decoding:)).seal
        case .completed:
            let completed = try record.body.decode(CompletedRecord.init(decoding:))
            // What was prepared and is not named here was given up.
            if completed.outcome == .completed { for index in completed.prepared { state.prepared[index].map(add) } }
            state.prepared = [:]
        default: break
        }
    }
}

extension LogReader {
    /// The control record at `index`, proved against `committed`, and its entry. Throws `damaged` for what the tree does not commit to. O(log n).
    func provenControl(_ index: UInt64, _ committed: Committed) throws(ArchiveError) -> (
        record: ControlRecord, entry: Entry
    ) {
        guard index < committed.treeSize else { throw LogReader.absent(index) }
        let bytes = try entry(index)
        let size = committed.treeSize
        let proof = try translating("tree") { try InclusionProof.make(index: index, treeSize: size, reader: self) }
        do throws(MerkleError) {
            try proof.verify(leafHash: TreeHash.leaf(bytes), root: committed.root)
        } catch {
            throw ArchiveError(
                .damaged,
                "Control record \(index) is not what the tree of size \(size) commits to; run verify on a copy of the store."
            )
        }
        return try translating("record \(index)") {
            let entry = try bytes.decode(Entry.init(decoding:))
            guard let record = try ControlRecord(entry: entry) else {
                throw FormatError(
                    .inconsistent, "control record", at: 0, "a user's record stands where the chain leads")
            }
            return (record, entry)
        }
    }
}
