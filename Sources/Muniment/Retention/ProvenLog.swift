// The log as its root commits to it. What decides on destruction is read through this alone: entries are proved against the root before
// anything is made of them, contents are opened against their entries. The files that were edited, or a derived file that lies, can then
// make a reader fail, but not believe.

internal import MunimentCrypto
package import MunimentFormat
internal import MunimentMerkle
package import MunimentStore

/// A log with the size and root that its entries are proved against.
package struct ProvenLog: Sendable {
    package let reader: LogReader
    package let size: UInt64
    package let root: Digest

    /// The root is one that the caller trusts: of a verified checkpoint, or of what recovery or the commits of this process built upon one.
    package init(_ reader: LogReader, size: UInt64, root: Digest) {
        (self.reader, self.size, self.root) = (reader, size, root)
    }

    /// The durable state of an open store.
    package init(_ store: LogStore) {
        let committed = store.committed
        self.init(store.reader, size: committed.treeSize, root: committed.root)
    }

    /// Throws `damaged` unless all entries of the frame, as far as the log goes, are in the tree. O(entries).
    package func prove(_ frame: FrameView) throws(ArchiveError) {
        let first = frame.header.firstIndex
        let count = Int(min(frame.header.treeSize, size) - first)
        let leaves = withUnsafeTemporaryAllocation(byteCount: count * Digest.byteCount, alignment: 64) { output in
            guard let base = output.baseAddress else { return [Digest]() }
            frame.leafHashes(of: 0, count: count, to: base)
            return (0..<count).map { Digest(loading: base + $0 * Digest.byteCount) }
        }
        try translating("tree") {
            let proof = try MultiProof.make(
                indexes: Array(first..<first + UInt64(count)), treeSize: size, reader: reader)
            do throws(MerkleError) {
                try proof.verify(leafHashes: leaves, root: root)
            } catch {
                throw ArchiveError(
                    .damaged,
                    "The records from \(first) on are not what the tree of size \(size) commits to; run verify on a copy."
                )
            }
        }
    }

    /// The entry at `index`, proved. O(log n).
    package func entry(_ index: UInt64) throws(ArchiveError) -> Entry {
        guard index < size else { throw LogReader.absent(index) }
        let bytes = try reader.entry(index)
        let proof = try translating("tree") {
            try InclusionProof.make(index: index, treeSize: size, reader: reader)
        }
        do throws(MerkleError) {
            try proof.verify(leafHash: TreeHash.leaf(bytes), root: root)
        } catch {
            throw ArchiveError(
                .damaged, "Record \(index) is not what the tree of size \(size) commits to; run verify on a copy.")
        }
        return try translating("record \(index)") { try bytes.decode(Entry.init(decoding:)) }
    }

    /// The control record at `index`, proved.
    package func control(_ index: UInt64) throws(ArchiveError) -> (record: ControlRecord, entry: Entry) {
        let entry = try entry(index)
        return try translating("record \(index)") {
            guard let record = try ControlRecord(entry: entry) else {
                throw FormatError(
                    .inconsistent, "control record", at: 0, "a user's record stands where the chain leads")
            }
            return (record, entry)
        }
    }

    /// The newest control record, found in the entries themselves; nil in an empty log. Everything after it is proved to be users' records.
    package func newestControl() throws(ArchiveError) -> UInt64? {
        var end = size
        while end > 0 {
            let frame = try reader.frame(containing: end - 1)
            try prove(frame)
            var first = frame.header.firstIndex
            var found: UInt64?
            for run in frame.columns.runs {
                if run.kind == .control, first < size { found = min(first + UInt64(run.count), size) - 1 }
                first += UInt64(run.count)
            }
            if let found { return found }
            end = frame.header.firstIndex
        }
        return nil
    }

    /// The content of a record whose entry was proved, opened and equal to what the entry commits to; nil where it can't be: purged, damaged, or
    /// sealed under a key that is not here. Only failures of the disk are thrown.
    package func content(_ index: UInt64, _ entry: Entry) throws(ArchiveError) -> RecordContent? {
        do throws(ArchiveError) {
            let content = try reader.content(index)
            let header = try reader.outline(containing: index).header
            guard let keys = reader.keys else { return nil }
            let salts = try keys.group(
                segment: header.segment, classID: entry.classID, generation: header.generation
            ).key.saltStream
            let commitment = try translating("record \(index)") {
                let digest = try content.body().map { reference throws(ArchiveError) in
                    try BodyFileReader.read(
                        reader.fileSystem, reader.paths.body(reference.id), logID: reader.logID, reference: reference
                    ) { _ in }
                }
                return try content.commitment(index: index, salts: salts, bodyDigest: digest)
            }
            return commitment == entry.commitment ? content : nil
        } catch {
            switch error.code {
            case .purged, .damaged, .keyMissing, .absent, .wrongKey: return nil
            default: throw error
            }
        }
    }
}
