// Opening a store: from the files to the state in which the log may be read, and written to. Format/recovery.md has the
// table of cases; each case below carries its name there.
//
// The order is always the same: manifest, checkpoint, what the signing key signed last, segment directory, then the
// frames of the segments that are not sealed (at most two). Nothing is written until everything has been read and
// judged, and nothing at all when it says `readOnlyReason`.

internal import MunimentCrypto
package import MunimentFormat
internal import MunimentMerkle
package import MunimentNote

/// What an open found.
package struct RecoveredStore: Sendable {
    package var manifest: Manifest
    package var checkpoint: VerifiedCheckpoint?
    package var checkpointNote: SignedNote?
    /// Sealed segments' rows, then one for each unsealed segment.
    package var rows: [SegmentRow]
    /// How many of the rows the directory holds; the rest were made from footers.
    package var rowsOnFile: Int
    package var unsealed: [ScannedSegment]
    /// The log as far as whole frames go.
    package var committed: Committed
    /// Why nothing may be written; nil for a sound store.
    package var readOnlyReason: ArchiveError?
    /// Files that are no part of the store's present state: unfinished generations, a withdrawn segment.
    package var leftovers: [String]
    /// Generations of which there is a newer one. They go when the log states that one's footer (`GenerationRemains`).
    package var replaced: [String]

    package var checkpointSize: UInt64 { checkpoint?.checkpoint.size ?? 0 }
}

package struct Recovery {
    let fileSystem: any FileSystem
    let paths: StorePaths

    package init(_ fileSystem: any FileSystem, _ paths: StorePaths) {
        (self.fileSystem, self.paths) = (fileSystem, paths)
    }

    // MARK: Manifest and checkpoint

    package func manifest() throws(ArchiveError) -> Manifest {
        guard try translating(paths.manifest, { try fileSystem.status(paths.manifest) }) != nil else {
            throw ArchiveError(
                .absent, "\(paths.root) is not a Muniment store: it has no muniment.json; make one with init.")
        }
        return try translating(paths.manifest) {
            try fileSystem.readFully(paths.manifest, maximumByteCount: Manifest.byteCountMax).decode(
                Manifest.init(decoding:))
        }
    }

    /// The published checkpoint, verified with the manifest's key; nil before the first.
    package func checkpoint(_ manifest: Manifest) throws(ArchiveError) -> (VerifiedCheckpoint, SignedNote)? {
        guard try translating(paths.checkpoint, { try fileSystem.status(paths.checkpoint) }) != nil else { return nil }
        return try translating(paths.checkpoint) {
            let note = try SignedNote(
                try fileSystem.readFully(paths.checkpoint, maximumByteCount: SignedNote.byteCountMax))
            let keys = try NoteKeys([VerifierKey(manifest.verifierKey)])
            let verified = try VerifiedCheckpoint.verify(note, keys: keys)
            guard verified.checkpoint.origin.utf8.elementsEqual(manifest.origin.utf8) else {
                throw ArchiveError(.damaged, "\(paths.checkpoint) is the checkpoint of another log; run verify.")
            }
            return (verified, note)
        }
    }

    // MARK: The whole

    /// Reads and judges a store. Writes nothing. Throws where the disk fails or where nothing can be made of the files;
    /// what can be read, but not be gone on with, is returned with its reason.
    package func recover(keysDirectory: String) throws(ArchiveError) -> RecoveredStore {
        try recover(try manifest(), keysDirectory: keysDirectory)
    }

    func recover(_ manifest: Manifest, keysDirectory: String) throws(ArchiveError) -> RecoveredStore {
        let published = try checkpoint(manifest)
        let checkpoint = published?.0.checkpoint
        return try translating(paths.root) {
            // Before the segments, as the checkpoint: a writer beside this reader may sign more meanwhile, but never
            // less.
            let signed = try lastSigned(keysDirectory)
            var found = try segments()
            var readOnlyReason = gap(found)
            var frontier = try trustedFrontier(&found, checkpoint: checkpoint, reason: &readOnlyReason)
            var unsealed: [ScannedSegment] = []
            for candidate in found.pending {
                let header = candidate.header
                let misfit = contradiction(header, after: unsealed.last, frontier)
                let file = candidate.file
                defer { file.close() }
                var scanner = TailScanner(file, logID: manifest.logID)
                var scanned = try scanner.scan(
                    header, known: candidate.frames, trusted: checkpoint?.size ?? 0, frontier: &frontier)
                scanned.row = candidate.row
                if misfit != nil, isWithdrawn(scanned, after: unsealed.last),
                    header.segment == found.pending.last?.header.segment
                {
                    found.leftovers.append(file.path)
                    break
                }
                readOnlyReason = readOnlyReason ?? misfit
                readOnlyReason = readOnlyReason ?? damage(scanned, path: file.path)
                unsealed.append(scanned)
            }
            let size = unsealed.last?.treeSize ?? found.rows.last?.end ?? 0
            if readOnlyReason == nil { readOnlyReason = unsigned(size, checkpoint, signed) }
            if readOnlyReason == nil { readOnlyReason = aheadOfData(size, checkpoint, signed) }
            if readOnlyReason == nil && frontier.size != size {
                readOnlyReason = ArchiveError(
                    .damaged,
                    "\(paths.root): the tree has \(frontier.size) leaves where the segments have \(size) entries; run verify."
                )
            }
            let chain = ControlChain(last: unsealed.last(where: { !$0.frames.isEmpty })?.frames.last?.lastControl)
            return RecoveredStore(
                manifest: manifest, checkpoint: published?.0, checkpointNote: published?.1, rows: found.rows,
                rowsOnFile: found.rowsOnFile, unsealed: unsealed,
                committed: Committed(frontier: frontier, root: frontier.root(), chain: chain),
                readOnlyReason: readOnlyReason,
                leftovers: found.leftovers, replaced: found.replaced)
        }
    }

    // MARK: The trusted tree

    /// The tree at the checkpoint's size, or at the first index of the unsealed segments if that is greater: peaks from
    /// stored nodes and from entries, believed only if they give the root that the checkpoint, a segment's header or a
    /// footer states; otherwise computed again.
    private func trustedFrontier(
        _ found: inout FoundSegments, checkpoint: Checkpoint?, reason: inout ArchiveError?
    ) throws -> TreeFrontier {
        let start = found.pending.first?.header.firstIndex ?? found.rows.last?.end ?? 0
        var size = start
        var root = try found.pending.first?.header.root ?? lastRoot(found.rows)
        if let checkpoint, checkpoint.size >= start { (size, root) = (checkpoint.size, checkpoint.root) }
        guard size > 0, let root else { return TreeFrontier() }
        let reader = try provisionalReader(&found, treeSize: size)
        let stored = try unlessWrong { try TreeFrontier(size: size, reader: reader) }
        if let stored, stored.root() == root { return stored }
        let computed = try unlessWrong { try recompute(reader, size: size) } ?? nil
        if let computed, computed.root() == root { return computed }
        reason =
            reason
            ?? ArchiveError(
                .damaged,
                "\(paths.root): the entries up to \(size) do not give the root of the checkpoint, or are not all there; run verify."
            )
        return stored ?? TreeFrontier()
    }

    /// The root after the last sealed segment, from its footer; nil where there is none.
    private func lastRoot(_ rows: [SegmentRow]) throws -> Digest? {
        guard let row = rows.last else { return nil }
        let file = try fileSystem.open(paths.segment(row.segment, generation: row.generation), .read)
        defer { file.close() }
        return try unlessWrong { try SegmentFile.footer(file)?.root } ?? nil
    }

    /// A reader over all segments, whose unsealed ones were scanned by headers alone.
    private func provisionalReader(_ found: inout FoundSegments, treeSize: UInt64) throws -> LogReader {
        let tree = TreeNodes(fileSystem, paths, isWritable: false, treeSize: treeSize)
        let reader = LogReader(
            fileSystem, paths, logID: found.pending.first?.header.logID ?? .zero, tree: tree, keys: nil)
        for row in found.rows { reader.install(SegmentHandle(fileSystem, paths, row)) }
        for (place, candidate) in found.pending.enumerated() {
            let header = candidate.header
            let path = paths.segment(header.segment, generation: header.generation)
            var scanner = TailScanner(candidate.file, logID: header.logID)
            var frontier = TreeFrontier()
            let scanned = try scanner.scan(header, trusted: .max, frontier: &frontier)
            found.pending[place].frames = scanned.frames
            reader.install(
                SegmentHandle(
                    fileSystem, path, segment: header.segment, generation: header.generation,
                    firstIndex: header.firstIndex,
                    frames: scanned.frames.map { FrameReference($0) }))
        }
        return reader
    }

    /// The tree from all entries: slow, and independent of every derived file. Nil where the entries are not all there.
    private func recompute(_ reader: LogReader, size: UInt64) throws -> TreeFrontier? {
        var frontier = TreeFrontier()
        let hasher = EntryHasher()
        for segment in reader.segments {
            for reference in try segment.frames() where frontier.size < size {
                let frame = try reader.frame(reference, in: segment)
                guard frame.header.firstIndex == frontier.size else { return nil }
                frontier.append(leaves: frame, upTo: size, hasher)
            }
        }
        return frontier.size == size ? frontier : nil
    }

    // MARK: Refusals

    /// A segment that does not begin where, or with the root with which, the one before it ends.
    private func contradiction(_ header: SegmentHeader, after previous: ScannedSegment?, _ frontier: TreeFrontier)
        -> ArchiveError?
    {
        let isNext = previous.map { $0.treeSize == header.firstIndex } ?? true
        let hasRoot = frontier.size != header.firstIndex || frontier.root() == header.root
        if isNext && hasRoot { return nil }
        let path = paths.segment(header.segment, generation: header.generation)
        return ArchiveError(
            .damaged,
            "\(path) begins at index \(header.firstIndex) with a root that does not follow from the entries before it; run verify."
        )
    }

    /// Case *withdrawn segment*: begun and left empty when the disk was full, after which the segment before it went
    /// on.
    private func isWithdrawn(_ scanned: ScannedSegment, after previous: ScannedSegment?) -> Bool {
        guard let previous else { return false }
        return scanned.frames.isEmpty && scanned.tail == .clean && scanned.header.firstIndex < previous.treeSize
    }

    /// Case *damage before a valid frame*.
    private func damage(_ scanned: ScannedSegment, path: String) -> ArchiveError? {
        guard case .damaged(let successor) = scanned.tail else { return nil }
        return ArchiveError(
            .damaged,
            "\(path): the frame at offset \(scanned.end) is damaged, but a valid one stands at \(successor): this is no torn tail; restore a "
                + "copy, or run verify.")
    }

    /// What the key signed last; nil for who has no keys to ask.
    private func lastSigned(_ keysDirectory: String) throws -> SignerState? {
        guard try fileSystem.status(KeyRing.signerPath(keysDirectory)) != nil else { return nil }
        return try CheckpointSigner.lastSigned(fileSystem, keysDirectory)
    }

    /// Case *no checkpoint*: a store gets its manifest when its first checkpoint is published, and a checkpoint is only ever replaced.
    private func unsigned(_ size: UInt64, _ checkpoint: Checkpoint?, _ signed: SignerState?) -> ArchiveError? {
        guard checkpoint == nil, size > 0 || (signed?.treeSize ?? 0) > 0 else { return nil }
        return ArchiveError(
            .damaged,
            "\(paths.checkpoint) is gone, so nothing tells whether the \(size) entries are those that were signed: restore it from a copy, or the "
                + "newest note of \(paths.checkpoints).")
    }

    /// Cases *checkpoint ahead of data* and *signer ahead of data*.
    private func aheadOfData(_ size: UInt64, _ checkpoint: Checkpoint?, _ signed: SignerState?) -> ArchiveError? {
        if let checkpoint, checkpoint.size > size {
            return ArchiveError(
                .damaged,
                "\(paths.root) holds \(size) entries, but its checkpoint is of size \(checkpoint.size): it was cut off or rolled back; "
                    + "restore a newer copy, or begin a successor with init --succeeds.")
        }
        guard let signed, signed.treeSize > size else { return nil }
        return ArchiveError(
            .damaged,
            "\(paths.root) holds \(size) entries, but its key signed size \(signed.treeSize): it was cut off or rolled back; restore a "
                + "newer copy, or begin a successor with init --succeeds.")
    }
}

/// What `body` returns; nil where the bytes that it read are not what they should be. An error of the disk is never
/// taken for that.
func unlessWrong<T>(_ body: () throws -> T) throws -> T? {
    do {
        return try body()
    } catch let error as FileSystemError where error.code != .notFound {
        throw error
    } catch let error as ArchiveError where error.code != .damaged && error.code != .absent {
        throw error
    } catch {
        return nil
    }
}

extension ScannedSegment {
    package var treeSize: UInt64 { frames.last?.treeSize ?? header.firstIndex }
}

extension SegmentRow {
    /// The index after its last entry.
    package var end: UInt64 { firstIndex + entryCount }

    package init(footer: Footer, fileByteCount: UInt64) {
        self.init(
            segment: footer.segment, generation: footer.generation, isSealed: true, firstIndex: footer.firstIndex,
            entryCount: footer.entryCount, recordedFirst: footer.recordedFirst, recordedLast: footer.recordedLast,
            footerDigest: footer.digest, fileByteCount: fileByteCount)
    }
}

extension Footer {
    /// SHA-256(0x22 ‖ footer): what the seal record holds.
    package var digest: Digest { encoded().withUnsafeBytes { SHA256.hash(tag: Footer.footerTag, body: $0) } }
}

extension SegmentHandle {
    /// A sealed segment, from its row.
    package convenience init(_ fileSystem: any FileSystem, _ paths: StorePaths, _ row: SegmentRow) {
        self.init(
            fileSystem, paths.segment(row.segment, generation: row.generation), segment: row.segment,
            generation: row.generation,
            firstIndex: row.firstIndex)
    }
}
