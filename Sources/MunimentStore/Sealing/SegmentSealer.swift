// Sealing a segment that has ended: digests of its frames, which are in memory or read back, go into a footer, and the footer's digest
// into a seal record in the next segment. Format/footer.md.
//
// The story, and what happens if we die after each step:
//   1. tree nodes up to the segment's end are synced     the next open finds them, or computes them again
//   2. index pages and footer written after the last     the next open does this step again: a footer in the cache proves
//      frame, fdatasync                                  nothing
//      or, where padding or small parts waste space, a new generation is written whole, with its footer (`Repacker`)
//   3. seal record committed in the next segment         the segment counts as sealed
//   4. the segment's row in the directory                derived: the next open writes it
//   5. of a repacked segment: the old generation removed the next open removes it

internal import MunimentCrypto
package import MunimentFormat
internal import MunimentMerkle

package struct SegmentSealer {
    private let reader: LogReader
    private let classes: ClassTable

    /// `classes` say what is compressed together, and what is indexed.
    package init(_ reader: LogReader, _ classes: ClassTable) { (self.reader, self.classes) = (reader, classes) }

    package struct Sealed {
        package var footer: Footer
        package var row: SegmentRow
        /// The file that the new generation replaces.
        package var obsoletePath: String?
    }

    /// Steps 1 and 2. `end` is where the last frame ends.
    package func seal(_ handle: SegmentHandle, header: SegmentHeader, end: UInt64) throws(ArchiveError) -> Sealed {
        try translating(handle.path) {
            try reader.tree.flush()
            let frames = try views(handle)
            if header.generation == 0, Repacker.isWorthwhile(frames), let sealed = try repack(frames, handle, header) {
                return sealed
            }
            var builder = FooterBuilder(header)
            let indexer = SegmentIndexBuilder(firstIndex: header.firstIndex) { classes.record($0)?.indexed }
            for frame in frames {
                let view = try view(frame.reference, handle)
                builder.append(view)
                try reader.addRecords(of: view, in: handle, to: indexer)
            }
            let index = try reader.finish(indexer, segment: header.segment, generation: header.generation)
            let footer = try builder.footer(index?.directory)
            let file = try reader.fileSystem.open(handle.path, .readWrite)
            defer { file.close() }
            let fileEnd = try file.write(index, footer, at: end)
            if try file.byteCount() > fileEnd { try file.truncate(to: fileEnd) }
            try file.synchronize()
            handle.seal(footer)
            reader.forgetTail(header.segment)
            return Sealed(
                footer: footer, row: SegmentRow(footer: footer, fileByteCount: fileEnd), obsoletePath: nil)
        }
    }

    /// Nil where there is no space for it: the segment is then sealed as it is.
    private func repack(_ frames: [Measured], _ handle: SegmentHandle, _ header: SegmentHeader) throws -> Sealed? {
        let footer: Footer
        do {
            footer = try Repacker(reader, header, handle, classes).run(frames.map(\.reference))
        } catch let error as FileSystemError where error.code == .noSpace {
            return nil
        }
        let path = reader.paths.segment(header.segment, generation: footer.generation)
        let fileByteCount = try reader.fileSystem.status(path)?.byteCount ?? 0
        return Sealed(
            footer: footer, row: SegmentRow(footer: footer, fileByteCount: fileByteCount), obsoletePath: handle.path)
    }

    struct Measured {
        var reference: FrameReference
        var frameByteCount: Int
        /// Bytes that a bulk write would need for the same.
        var usefulByteCount: Int
        var partCount: Int
        var ciphertextByteCount: Int
    }

    private func views(_ handle: SegmentHandle) throws -> [Measured] {
        try handle.frames().map { reference in
            let frame = try view(reference, handle)
            let ciphertext = frame.rows.reduce(0) { $0 + Int($1.ciphertextByteCount) }
            return Measured(
                reference: reference, frameByteCount: frame.header.frameByteCount,
                usefulByteCount: frame.header.entriesByteCount + ciphertext, partCount: frame.rows.count,
                ciphertextByteCount: ciphertext)
        }
    }

    /// Past the cache of frames: a seal looks at each of them once.
    private func view(_ reference: FrameReference, _ handle: SegmentHandle) throws -> FrameView {
        try FrameView(handle.skeleton(reference))
    }
}

/// Gathers a footer from a segment's frames in order.
struct FooterBuilder {
    private let header: SegmentHeader
    private var frames: [Footer.Frame] = []
    private var groups: [UInt32: (row: GroupRow, recordCount: UInt64, partCount: UInt64, digest: SHA256.Hasher)] = [:]
    private var bodyFiles: [Footer.BodyFile] = []
    private var skeleton = SHA256.Hasher()
    private var recordedFirst = Microseconds.max
    private var recordedLast = Microseconds.min
    private var root = Digest.zero

    init(_ header: SegmentHeader) {
        self.header = header
        skeleton.update([Footer.skeletonTag])
        skeleton.update(header.encoded())
    }

    mutating func append(_ frame: FrameView) {
        let header = frame.header
        let digest = frame.digest
        frames.append(
            Footer.Frame(
                offset: header.offset, frameByteCount: UInt64(header.frameByteCount), firstIndex: header.firstIndex,
                entryCount: UInt32(header.entryCount), skeletonByteCount: UInt32(header.skeletonByteCount),
                partCount: UInt32(header.partCount), digest: digest))
        digest.withUnsafeBytes { skeleton.update($0) }
        for group in header.groups where groups[group.classID] == nil {
            var hasher = SHA256.Hasher()
            hasher.update([Footer.groupTag])
            groups[group.classID] = (group, 0, 0, hasher)
        }
        for row in frame.rows {
            groups[row.classID]?.recordCount += UInt64(row.recordCount)
            groups[row.classID]?.partCount += 1
            row.digest.withUnsafeBytes { groups[row.classID]?.digest.update($0) }
        }
        for file in header.bodyFiles {
            bodyFiles.append(
                Footer.BodyFile(
                    id: file.id, index: header.firstIndex + UInt64(file.ordinal), fileByteCount: file.fileByteCount,
                    digest: file.digest))
        }
        for run in frame.columns.runs {
            recordedFirst = min(recordedFirst, run.recorded)
            recordedLast = max(recordedLast, run.recorded)
        }
        root = header.root
    }

    /// The footer of the frames so far, and of an index whose pages stand between them and it.
    func footer(_ index: IndexDirectory?) throws -> Footer {
        let footer = Footer(
            generation: header.generation, segment: header.segment, firstIndex: header.firstIndex,
            entryCount: frames.reduce(0) { $0 + UInt64($1.entryCount) }, root: root, recordedFirst: recordedFirst,
            recordedLast: recordedLast, skeletonDigest: skeleton.finalize(), frames: frames,
            groups: groups.values.sorted { $0.row.classID < $1.row.classID }.map { group in
                Footer.Group(
                    classID: group.row.classID, slot: group.row.slot, keyCommitment: group.row.keyCommitment,
                    recordCount: group.recordCount, partCount: group.partCount, digest: group.digest.finalize())
            }, bodyFiles: bodyFiles, index: index?.encoded() ?? [])
        guard footer.byteCount <= Limits.footerByteCount else {
            throw FormatError(.outOfBounds, "footer", at: 0, "the footer exceeds its bound")
        }
        return footer
    }
}

extension File {
    /// Writes an index and the footer that ends the file after it; returns where that is.
    func write(_ index: SegmentIndex?, _ footer: Footer, at end: UInt64) throws -> UInt64 {
        var end = end
        for piece in (index?.pages ?? []) + [footer.encoded()] {
            try writeAll(piece, at: end)
            end += UInt64(piece.count)
        }
        return end
    }
}

extension SealRecord {
    /// The seal of a footer, at a point of the control chain.
    package init(_ footer: Footer, policy: UInt64?) {
        self.init(
            segment: footer.segment, generation: footer.generation, firstIndex: footer.firstIndex,
            entryCount: footer.entryCount,
            footerDigest: footer.digest, indexRoot: IndexDirectory.root(ofEncoded: footer.index), policy: policy,
            groups: footer.groups.map { Group(classID: $0.classID, digest: $0.digest) })
    }
}
