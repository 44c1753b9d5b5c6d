// Opening a store: from the files to the state in which the log may be read, and written to. Format/recovery.md has the table of cases; each
// case below carries its name there.
//
// The order is always the same: manifest, checkpoint, what the signing key signed last, segment directory, then the frames of the segments
// that are not sealed (at most two). Nothing is written until everything has been read and judged, and nothing at all when it says
// `readOnlyReason`.

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
    package var unsealed: [ScannedSegment]
    /// The log as far as whole frames go.
    package var committed: Committed
    /// Why nothing may be written; nil for a sound store.
    package var readOnlyReason: ArchiveError?
    /// Files that are no part of the store's present state: unfinished generations, foreign names.
    package var leftovers: [String]

    package var checkpointSize: UInt64 { checkpoint?.checkpoint.size ?? 0 }
}

package struct Recovery {
    private let fileSystem: any FileSystem
    private let paths: StorePaths

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

    // MARK: Segments

    /// The rows of the directory, as far as they are whole and follow one another; made anew from the files where there are none.
    package func rows() throws(ArchiveError) -> [SegmentRow] {
        try translating(paths.directory) {
            var rows: [SegmentRow] = []
            if try fileSystem.status(paths.directory) != nil {
                let bytes = try fileSystem.readFully(paths.directory, maximumByteCount: 1 << 30)
                bytes.withUnsafeBytes { raw in
                    var offset = 0
                    while offset + SegmentRow.byteCount <= raw.count,
                        let row = try? SegmentRow(
                            decoding: UnsafeRawBufferPointer(rebasing: raw[offset..<offset + SegmentRow.byteCount])),
                        row.segment == UInt64(rows.count), row.isSealed
                    {
                        rows.append(row)
                        offset += SegmentRow.byteCount
                    }
                }
            }
            return rows
        }
    }

    /// The generations of a segment that have a file.
    private func generations(of segment: UInt64) throws -> [UInt32] {
        let directory = paths.segmentDirectory(segment)
        guard try fileSystem.status(directory) != nil else { return [] }
        return try fileSystem.names(in: directory).compactMap { name in
            SegmentHeader.parse(fileName: name).flatMap { $0.segment == segment ? $0.generation : nil }
        }
    }

    /// The row of a segment with a valid footer; nil when it has none.
    private func sealedRow(_ segment: UInt64, generation: UInt32) throws -> SegmentRow? {
        let path = paths.segment(segment, generation: generation)
        let file = try fileSystem.open(path, .read)
        defer { file.close() }
        guard let footer = try? SegmentFile.footer(file), footer.segment == segment, footer.generation == generation
        else { return nil }
        return SegmentRow(footer: footer, fileByteCount: try file.byteCount())
    }

    // MARK: The whole

    /// Reads and judges a store. Writes nothing.
    package func recover(keysDirectory: String) throws(ArchiveError) -> RecoveredStore {
        let manifest = try manifest()
        let published = try checkpoint(manifest)
        let checkpointSize = published?.0.checkpoint.size ?? 0
        var rows = try rows()
        return try translating(paths.root) {
            var leftovers: [String] = []
            var unsealed: [ScannedSegment] = []
            var readOnlyReason: ArchiveError?
            var next = UInt64(rows.count)
            var pending: [(row: SegmentRow?, header: SegmentHeader)] = []
            while let found = try segment(next, leftovers: &leftovers) {
                pending.append(found)
                next += 1
            }
            // All but the last two are sealed, whatever the directory remembers.
            while let first = pending.first, let row = first.row, pending.count > 2 {
                rows.append(row)
                pending.removeFirst()
            }
            var frontier = try trustedFrontier(
                rows: rows, pending: pending.map(\.header), checkpoint: published?.0.checkpoint, reason: &readOnlyReason
            )
            for (_, header) in pending {
                let file = try fileSystem.open(paths.segment(header.segment, generation: header.generation), .read)
                defer { file.close() }
                var scanner = TailScanner(file, logID: manifest.logID)
                let scanned = try scanner.scan(header, trusted: checkpointSize, frontier: &frontier)
                readOnlyReason = readOnlyReason ?? damage(scanned, path: file.path)
                unsealed.append(scanned)
            }
            let size = unsealed.last?.treeSize ?? rows.last.map { $0.firstIndex + $0.entryCount } ?? 0
            readOnlyReason = readOnlyReason ?? aheadOfData(size, published?.0.checkpoint, keysDirectory, frontier)
            let chain = ControlChain(last: unsealed.last(where: { !$0.frames.isEmpty })?.frames.last?.lastControl)
            return RecoveredStore(
                manifest: manifest, checkpoint: published?.0, checkpointNote: published?.1, rows: rows,
                unsealed: unsealed,
                committed: Committed(frontier: frontier, root: frontier.root(), chain: chain),
                readOnlyReason: readOnlyReason,
                leftovers: leftovers)
        }
    }

    /// The file of a segment that counts: the newest generation with a valid footer, else generation 0. Case *unfinished generation*: a later
    /// generation without a footer was being written when the process died; it is a leftover.
    private func segment(
        _ segment: UInt64, leftovers: inout [String]
    ) throws -> (row: SegmentRow?, header: SegmentHeader)? {
        let found = try generations(of: segment)
        guard !found.isEmpty else { return nil }
        var chosen: (row: SegmentRow?, header: SegmentHeader)?
        for generation in found.sorted(by: >) {
            let path = paths.segment(segment, generation: generation)
            let row = try sealedRow(segment, generation: generation)
            if chosen == nil && (row != nil || generation == 0) {
                let file = try fileSystem.open(path, .read)
                defer { file.close() }
                let header = try SegmentFile.header(file)
                guard header.segment == segment, header.generation == generation else {
                    throw ArchiveError(.damaged, "\(path) has the header of another segment; run verify.")
                }
                chosen = (row, header)
            } else {
                leftovers.append(path)
            }
        }
        return chosen
    }

    /// The tree at the checkpoint's size, or at the first index of the unsealed segments if that is greater: peaks from stored nodes and from
    /// entries, believed only if they give the checkpoint's root (or the root in the segment's header); otherwise computed again.
    private func trustedFrontier(
        rows: [SegmentRow], pending: [SegmentHeader], checkpoint: Checkpoint?, reason: inout ArchiveError?
    ) throws -> TreeFrontier {
        let start = pending.first?.firstIndex ?? rows.last.map { $0.firstIndex + $0.entryCount } ?? 0
        let size = max(checkpoint?.size ?? 0, start)
        let root = (checkpoint?.size ?? 0) >= start ? checkpoint?.root : pending.first?.root
        guard size > 0, let root else { return TreeFrontier() }
        let reader = try provisionalReader(rows: rows, pending: pending, treeSize: size)
        if let frontier = try? TreeFrontier(size: size, reader: reader), frontier.root() == root { return frontier }
        if let frontier = try recompute(reader, size: size), frontier.root() == root { return frontier }
        reason = ArchiveError(
            .damaged,
            "\(paths.root): the entries up to \(size) do not give the root of the checkpoint, or are not all there; run verify."
        )
        return (try? TreeFrontier(size: size, reader: reader)) ?? TreeFrontier()
    }

    /// A reader over all segments, whose unsealed ones were scanned by headers alone.
    private func provisionalReader(rows: [SegmentRow], pending: [SegmentHeader], treeSize: UInt64) throws -> LogReader {
        let tree = TreeNodes(fileSystem, paths, isWritable: false, treeSize: treeSize)
        let reader = LogReader(fileSystem, paths, logID: pending.first?.logID ?? .zero, tree: tree, keys: nil)
        for row in rows { reader.install(SegmentHandle(fileSystem, paths, row)) }
        for header in pending {
            let path = paths.segment(header.segment, generation: header.generation)
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            var scanner = TailScanner(file, logID: header.logID)
            var frontier = TreeFrontier()
            let scanned = try scanner.scan(header, trusted: .max, frontier: &frontier)
            reader.install(
                SegmentHandle(
                    fileSystem, path, segment: header.segment, generation: header.generation,
                    firstIndex: header.firstIndex,
                    frames: scanned.frames.map { FrameReference($0) }))
        }
        return reader
    }

    /// The tree from all entries: slow, and independent of every derived file.
    private func recompute(_ reader: LogReader, size: UInt64) throws -> TreeFrontier? {
        var frontier = TreeFrontier()
        let hasher = EntryHasher()
        for segment in reader.segments {
            for reference in try segment.frames() where frontier.size < size {
                guard let frame = try? reader.frame(reference, in: segment), frame.header.firstIndex == frontier.size
                else { return nil }
                frontier.append(leaves: frame, hasher)
            }
        }
        return frontier.size == size ? frontier : nil
    }

    /// Case *damage before a valid frame*.
    private func damage(_ scanned: ScannedSegment, path: String) -> ArchiveError? {
        guard case .damaged(let successor) = scanned.tail else { return nil }
        return ArchiveError(
            .damaged,
            "\(path): the frame at offset \(scanned.end) is damaged, but a valid one stands at \(successor): this is no torn tail; restore a "
                + "copy, or run verify.")
    }

    /// Cases *checkpoint ahead of data* and *signer ahead of data*.
    private func aheadOfData(
        _ size: UInt64, _ checkpoint: Checkpoint?, _ keysDirectory: String, _ frontier: TreeFrontier
    ) -> ArchiveError? {
        if let checkpoint, checkpoint.size > size {
            return ArchiveError(
                .damaged,
                "\(paths.root) holds \(size) entries, but its checkpoint is of size \(checkpoint.size): it was cut off or rolled back; "
                    + "restore a newer copy, or begin a successor with init --succeeds.")
        }
        guard let signed = try? CheckpointSigner.lastSigned(fileSystem, keysDirectory), signed.treeSize > size else {
            return nil
        }
        return ArchiveError(
            .damaged,
            "\(paths.root) holds \(size) entries, but its key signed size \(signed.treeSize): it was cut off or rolled back; restore a "
                + "newer copy, or begin a successor with init --succeeds.")
    }
}

extension ScannedSegment {
    package var treeSize: UInt64 { frames.last?.treeSize ?? header.firstIndex }
}

extension SegmentRow {
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
