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
