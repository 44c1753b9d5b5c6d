// Proofs as texts that other programs check: C2SP tlog-proof and tlog-witness add-checkpoint. Each is checked here
// before it is handed out.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote
public import MunimentStore

extension Snapshot {
    /// A c2sp.org/tlog-proof@v1 that the entry at `index` is under this checkpoint, with the entry's bytes as its
    /// `extra`. Throws `absent` where the checkpoint does not cover the index.
    public func proofFile(of index: UInt64) throws(ArchiveError) -> [UInt8] {
        let entry = try provenEntry(index)
        let path = try inclusionProof(of: index).path
        return try translating("record \(index)") {
            try TlogProof(index: index, path: path, note: try SignedNote(checkpointNote), extra: entry).bytes
        }
    }

    /// The index of the control record that binds the file of segment `number` to the log, under this checkpoint: its seal, or what prepared the
    /// newest disposition that put another file in its place. Throws `absent` where there is none. O(control records after it).
    public func statement(ofSegment number: UInt64) throws(ArchiveError) -> UInt64 {
        // The frame in which the checkpoint ends may name records behind it.
        var cursor = ControlCursor(try reader.newestControl(size: size))
        // A disposition's end is met before what it carried out.
        var carriedOut: Set<UInt64> = []
        while let index = cursor.index {
            let record = try ClassTable.control(reader, index)
            let found = try translating("record \(index)") { () throws(FormatError) -> UInt64? in
                guard index < size else { return nil }
                switch record.kind {
                case .seal: return try record.body.decode(SealRecord.init(decoding:)).segment
                case .completed:
                    let completed = try record.body.decode(CompletedRecord.init(decoding:))
                    if completed.outcome == .completed { carriedOut.formUnion(completed.prepared) }
                case .prepared where carriedOut.contains(index):
                    let segment = try record.body.decode(PreparedRecord.init(decoding:)).seal.segment
                    return segment == number ? segment : nil
                default: break
                }
                return nil
            }
            if found == number { return index }
            // Seals ascend.
            if let found, found < number { break }
            try cursor.advance(past: record)
        }
        throw ArchiveError(
            .absent, "Segment \(number) is not sealed under the checkpoint of size \(size): stat tells how many are.")
    }

    /// The body of a C2SP tlog-witness add-checkpoint request: this checkpoint, with the proof that its tree extends
    /// that of `oldSize`, which a witness has cosigned. Throws `absent` for an old size above this one.
    public func addCheckpointRequest(from oldSize: UInt64) throws(ArchiveError) -> [UInt8] {
        guard oldSize <= size else {
            throw ArchiveError(.absent, "The checkpoint is of size \(size): nothing leads there from size \(oldSize).")
        }
        let proof = try consistencyProof(from: oldSize)
        return try translating("checkpoint") {
            if oldSize > 0 {
                let oldRoot = try TreeFrontier(size: oldSize, reader: reader).root()
                try proof.verify(oldRoot: oldRoot, newRoot: checkpoint.root)
            }
            return try AddCheckpointRequest(oldSize: oldSize, path: proof.path, note: try SignedNote(checkpointNote))
                .bytes
        }
    }
}
