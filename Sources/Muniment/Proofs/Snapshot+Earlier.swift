// Going back to an earlier state of the log: to a checkpoint that was kept, and that the present one bears out.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote
public import MunimentStore

extension Snapshot {
    /// The log as its checkpoint of `size` stated it: a signed one that the archive has kept. Throws `absent`, with the
    /// nearest sizes, where none of that size is kept, and `damaged` where a kept one contradicts this snapshot. Reads
    /// the whole journal of checkpoints.
    public func earlier(size: UInt64) throws(ArchiveError) -> Snapshot {
        if size == self.size { return self }
        guard size < self.size else {
            throw ArchiveError(
                .absent, "There is no checkpoint of size \(size) yet: the newest is of size \(self.size).")
        }
        let kept = try keptCheckpoints()
        guard let found = kept.last(where: { $0.checkpoint.size == size }) else {
            throw ArchiveError(.absent, Snapshot.refusal(size, kept.map(\.checkpoint.size) + [self.size]))
        }
        let earlier = try Snapshot(found.note, reader: reader, classes: classes, isNewest: false)
        try requireExtension(of: earlier.checkpoint)
        return earlier
    }

    /// The checkpoints that the archive has kept, oldest first, each signed by the log's key. What follows damage in
    /// their journal is left out: nothing there can be told from anything else.
    func keptCheckpoints() throws(ArchiveError) -> [(note: SignedNote, checkpoint: Checkpoint)] {
        let (fileSystem, path) = (reader.fileSystem, reader.paths.checkpoints)
        let manifest = try Recovery(fileSystem, reader.paths).manifest()
        return try translating(path) {
            guard try fileSystem.status(path) != nil else { return [] }
            let bytes = try fileSystem.readFully(path, maximumByteCount: 1 << 31)
            let keys = try NoteKeys([VerifierKey(manifest.verifierKey)])
            return try bytes.withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }.notes.map { note in
                let note = try SignedNote(note)
                return (note, try VerifiedCheckpoint.verify(note, keys: keys).checkpoint)
            }
        }
    }

    /// Proves that this checkpoint's tree extends the one of `old`.
    func requireExtension(of old: Checkpoint) throws(ArchiveError) {
        if old.size == 0 { return }
        let proof = try consistencyProof(from: old.size)
        do throws(MerkleError) {
            try proof.verify(oldRoot: old.root, newRoot: checkpoint.root)
        } catch {
            throw ArchiveError(
                .damaged,
                "The signed checkpoints of sizes \(old.size) and \(size) contradict each other; run verify on a copy.")
        }
    }

    private static func refusal(_ size: UInt64, _ kept: [UInt64]) -> String {
        let below = kept.filter { $0 < size }.max().map(String.init)
        let above = kept.filter { $0 > size }.min().map(String.init)
        let near = [below, above].compactMap(\.self).joined(separator: " and ")
        return "No signed checkpoint of size \(size) is kept: the nearest sizes are \(near)."
    }
}
