// Repacking: a segment's frames written again as if they had come in bulk, as the next generation. Entries, indexes and
// leaves are the same; parts are filled, sealed anew under a session of their own, with nonces from zero. One reader
// serves both. A purge writes a segment in the same way, and leaves out what it destroys (`Omission`).
//
// The story, and what happens if we die after each step:
//   1. the new file is written under a temporary name, fdatasync   the next open removes it
//   2. rename to the generation's name, sync the directory         the next open goes on with it: whatever has the name is durable

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct Repacker {
    /// Entries that are gathered into one frame; frames of the journal are never divided.
    private static let entryCountMax = 1_024
    private static let contentByteCountMax = 1 << 20

    private let reader: LogReader
    private let source: SegmentHandle
    private let header: SegmentHeader
    private let session = RandomBytes.array(16)
    private let classes: ClassTable
    private let indexer: SegmentIndexBuilder
    private let omission: Omission

    /// What a new generation leaves out, and the keys of what it keeps of the classes concerned.
    struct Omission {
        /// The records whose content is left out.
        var purged = IndexSet()
        /// The new group of each class that loses some of its contents.
        var rekeyed: [UInt32: GroupRow] = [:]
        /// Classes that lose all of their contents.
        var gone: Set<UInt32> = []

        static let nothing = Omission()
    }

    init(
        _ reader: LogReader, _ header: SegmentHeader, _ source: SegmentHandle, omitting omission: Omission = .nothing,
        _ classes: ClassTable
    ) {
        (self.reader, self.source, self.classes, self.omission) = (reader, source, classes, omission)
        indexer = SegmentIndexBuilder(firstIndex: header.firstIndex) { classes.record($0)?.indexed }
        self.header = SegmentHeader(
            generation: header.generation + 1, logID: header.logID, segment: header.segment,
            firstIndex: header.firstIndex,
            root: header.root, created: header.created)
    }

    /// Whether over a tenth of the segment is padding and frame headers, or its parts are so small that they compress
    /// badly.
    static func isWorthwhile(_ frames: [SegmentSealer.Measured]) -> Bool {
        let total = frames.reduce(0) { $0 + $1.frameByteCount }
        let useful = frames.reduce(0) { $0 + $1.usefulByteCount }
        let partCount = frames.reduce(0) { $0 + $1.partCount }
        let ciphertext = frames.reduce(0) { $0 + $1.ciphertextByteCount }
        guard frames.count > 1 else { return false }
        return (total - useful) * 10 > total || (partCount > frames.count / 2 && ciphertext / max(partCount, 1) < 4_096)
    }

    /// Writes the new generation, durably, gives it its name, and returns its footer.
    func run(_ references: [FrameReference]) throws -> Footer {
        let footer = try writeUnnamed(references)
        do {
            try reader.fileSystem.rename(temporaryPath, to: path)
        } catch {
            try? reader.fileSystem.remove(temporaryPath)
            throw error
        }
        // From here on this is the segment's file, so no error may be taken for a reason to seal the old one instead.
        let directory = reader.paths.segmentDirectory(header.segment)
        try translating(directory) { try reader.fileSystem.synchronizeDirectory(directory) }
        return footer
    }

    /// The new generation's path, and what it is called until it is complete.
    var path: String { reader.paths.segment(header.segment, generation: header.generation) }
    var temporaryPath: String { path + TemporaryFile.suffix }

    /// Writes the new generation, durably, under its temporary name, and returns its footer.
    func writeUnnamed(_ references: [FrameReference]) throws -> Footer {
        if try reader.fileSystem.status(temporaryPath) != nil { try reader.fileSystem.remove(temporaryPath) }
        do {
            return try write(references, to: temporaryPath)
        } catch {
            // Above all a full disk gets its space back.
            try? reader.fileSystem.remove(temporaryPath)
            throw error
        }
    }

    private func write(_ references: [FrameReference], to path: String) throws -> Footer {
        let file = try reader.fileSystem.open(path, .create)
        defer { file.close() }
        try file.writeAll(header.encoded(), at: 0)
        var output = Output(
            file: file, frontier: try TreeFrontier(size: header.firstIndex, reader: reader),
            builder: FooterBuilder(header))
        var gathered = Gathered()
        for reference in references {
            let frame = try FrameView(source.skeleton(reference))
            if gathered.isFull(adding: frame) { try flush(&gathered, to: &output) }
            try gather(frame, into: &gathered)
        }
        try flush(&gathered, to: &output)
        let index = try reader.finish(
            indexer, segment: header.segment, generation: header.generation, without: omission.gone)
        let footer = try output.builder.footer(index?.directory)
        _ = try file.write(index, footer, at: output.end)
        try file.synchronize()
        return footer
    }

    /// The new file so far.
    private struct Output {
        let file: any File
        var frontier: TreeFrontier
        var builder: FooterBuilder
        var end = UInt64(Limits.blockByteCount)
        var partCount: UInt64 = 0
        let assembler = FrameAssembler()
        let codec = PartCodec()
        let entryHasher = EntryHasher()
    }

    /// Frames that will become one.
    private struct Gathered {
        var frames: [FrameView] = []
        var runs: [EntryRun] = []
        var commitments: [UInt8] = []
        var batches: [UInt32: RecordBatch] = [:]
        var classes: [UInt32] = []
        /// Classes that keep a content in the frame: the others have no part there.
        var kept: Set<UInt32> = []
        var groups: [GroupRow] = []
        var tokens: [TokenRow] = []
        var bodyFiles: [BodyFileRow] = []
        var entryCount = 0

        var contentByteCount: Int { batches.values.reduce(0) { $0 + $1.byteCount } }

        func isFull(adding frame: FrameView) -> Bool {
            guard entryCount > 0 else { return false }
            return entryCount + frame.header.entryCount > Repacker.entryCountMax
                || contentByteCount > Repacker.contentByteCountMax
        }
    }

    private func gather(_ frame: FrameView, into gathered: inout Gathered) throws {
        let start = gathered.entryCount
        for run in frame.columns.runs {
            if let last = gathered.runs.last, last.sharesRun(with: run) {
                gathered.runs[gathered.runs.count - 1].count += run.count
                gathered.runs[gathered.runs.count - 1].occurred += run.occurred
                gathered.runs[gathered.runs.count - 1].extensions += run.extensions
            } else {
                gathered.runs.append(run)
            }
        }
        frame.withEntries { gathered.commitments.append(contentsOf: $0[frame.columns.commitmentsOffset...]) }
        for group in frame.header.groups where !omission.gone.contains(group.classID) {
            gathered.groups.append(omission.rekeyed[group.classID] ?? group)
        }
        for token in frame.header.tokens {
            var moved = token
            moved.firstOrdinal += UInt32(start)
            gathered.tokens.append(moved)
        }
        for file in frame.header.bodyFiles
        where !omission.purged.contains(frame.header.firstIndex + UInt64(file.ordinal)) {
            var moved = file
            moved.ordinal += UInt32(start)
            gathered.bodyFiles.append(moved)
        }
        try gatherContents(frame, into: &gathered)
        gathered.entryCount += frame.header.entryCount
        gathered.frames.append(frame)
    }

    /// Adds the contents of each class in the order of their entries.
    private func gatherContents(_ frame: FrameView, into gathered: inout Gathered) throws {
        indexer.add(entriesOf: frame.header, frame.columns)
        for (classID, ordinals) in frame.outline.ordinalsByClass {
            if gathered.batches[classID] == nil {
                gathered.batches[classID] = RecordBatch(
                    classID: classID, hasOccurred: false, reservingByteCount: 128 << 10)
                gathered.classes.append(classID)
            }
            guard let batch = gathered.batches[classID] else { continue }
            guard frame.hasParts(ofClass: classID), !omission.gone.contains(classID) else {
                for _ in ordinals { batch.appendPurged() }
                continue
            }
            let contents = FrameContents(frame.outline, source, reader, classID: classID, ordinals: ordinals)
            let salts = omission.rekeyed[classID] == nil ? nil : try saltStream(classID, frame)
            try contents.forEach { index, layout, content throws(FormatError) in
                guard let layout, !omission.purged.contains(index) else { return batch.appendPurged() }
                gathered.kept.insert(classID)
                // Control records have no terms.
                if classID != ControlRecord.classID {
                    try indexer.add(index, classID: classID, layout, in: content)
                }
                guard let salts else { return batch.append(encoded: content) }
                batch.append(
                    encoded: ContentEncoder.withSalts(layout, content) { salts.salt(index: index, slot: $0) })
            }
        }
    }

    /// The salts of a class as they were derived before it gets a new key.
    private func saltStream(_ classID: UInt32, _ frame: FrameView) throws -> SaltStream {
        guard let keys = reader.keys else { throw Repacker.keysWanted }
        return try keys.group(segment: header.segment, classID: classID, generation: frame.header.generation).key
            .saltStream
    }

    private static var keysWanted: ArchiveError {
        ArchiveError(.keyMissing, "A segment can't be packed anew without the keys.")
    }

    private func flush(_ gathered: inout Gathered, to output: inout Output) throws {
        guard let first = gathered.frames.first, let last = gathered.frames.last else { return }
        for frame in gathered.frames { output.frontier.append(leaves: frame, output.entryHasher) }
        guard output.frontier.root() == last.header.root else {
            throw FormatError(
                .inconsistent, "frame", at: 0, "the entries read back do not give the root that was committed")
        }
        var draft = FrameHeader(
            session: session, offset: output.end, segment: header.segment, generation: header.generation,
            entryCount: gathered.entryCount, firstIndex: first.header.firstIndex, root: last.header.root,
            firstPart: output.partCount,
            entriesByteCount: 0, partCount: 0, bodyByteCount: 0)
        (draft.groups, draft.tokens, draft.bodyFiles) = (gathered.groups, gathered.tokens, gathered.bodyFiles)
        draft.lastControl = last.header.lastControl
        var buffers: [CiphertextBuffer] = []
        defer { for buffer in buffers { CiphertextBuffer.pool.give(buffer) } }
        var parts: [FrameAssembler.Part] = []
        for classID in gathered.classes where gathered.kept.contains(classID) {
            guard let batch = gathered.batches[classID] else { continue }
            try seal(batch, classID, firstIndex: first.header.firstIndex, &output, &parts, &buffers)
        }
        let written = gathered.commitments.withUnsafeBytes {
            output.assembler.assemble(draft, runs: gathered.runs, commitments: $0.baseAddress!, parts: parts)
        }
        let bytes = output.assembler.bytes(of: written)
        try output.file.write(bytes, at: output.end)
        output.builder.append(try FrameView(Array(bytes[..<written.skeletonByteCount])))
        output.end += UInt64(written.frameByteCount)
        output.partCount += UInt64(parts.count)
        gathered = Gathered()
    }

    /// Seals the contents of one class into parts.
    private func seal(
        _ batch: RecordBatch, _ classID: UInt32, firstIndex: UInt64, _ output: inout Output,
        _ parts: inout [FrameAssembler.Part],
        _ buffers: inout [CiphertextBuffer]
    ) throws {
        guard let keys = reader.keys else { throw Repacker.keysWanted }
        let group = try keys.group(segment: header.segment, classID: classID, generation: header.generation)
        let key = group.key.partKey(generation: header.generation, session: session)
        let piece = Piece(batch: batch, range: 0..<batch.count, ordinal: 0, run: 0, runOrdinal: 0)
        let mode = classes.compression(classID)
        for shape in BlockShape.split([piece], byteCountMax: mode == .record ? 0 : Limits.partContentByteCount) {
            let buffer = CiphertextBuffer.pool.take()
            buffers.append(buffer)
            let place = PartPlace(
                logID: header.logID, segment: header.segment, generation: header.generation, session: session,
                part: output.partCount + UInt64(parts.count), classID: classID, recordCount: shape.recordCount,
                flags: shape.recordCount == 0 ? PartRow.continues : 0, firstIndex: firstIndex)
            let contents = batch.contents(shape.pieces[0].range)
            let content = shape.slice.map { UnsafeRawBufferPointer(rebasing: contents[$0]) } ?? contents
            let count = output.codec.seal(
                content, isCompressed: mode != .none, key: key, place: place, to: buffer.memory)
            let row = PartRow(
                classID: classID, recordCount: shape.recordCount, ciphertextByteCount: UInt32(count),
                flags: place.flags,
                digest: SHA256.hash(UnsafeRawBufferPointer(start: buffer.memory, count: count)))
            parts.append(FrameAssembler.Part(row: row, ciphertext: UnsafeRawPointer(buffer.memory)))
        }
    }
}
