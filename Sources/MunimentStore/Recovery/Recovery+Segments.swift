// Which files are the log: from the directory's rows and from the names under segments/. Nothing is scanned here but
// headers and footers.
//
// A segment file gets its name when its bytes are durable: a new segment's header block before the rename, a later
// generation whole. So the newest generation that has a name counts, and what is older is a leftover of the switch.
// Case *unfinished generation*: without its name it is a leftover too.

internal import MunimentFormat

/// The segments of a store before their frames are looked at.
struct FoundSegments {
    /// Sealed segments, from the directory, then from footers.
    var rows: [SegmentRow]
    /// How many of `rows` stand in the directory.
    var rowsOnFile: Int
    /// The rest, at most two of which can be unsealed.
    var pending: [FoundSegment]
    /// Unfinished generations.
    var leftovers: [String]
    /// Generations of which there is a newer one.
    var replaced: [String] = []
}

/// A segment that is to be scanned. Its file stays open until that is done: a writer may put a newer generation in its
/// place meanwhile.
struct FoundSegment {
    /// Nil where it has no valid footer.
    var row: SegmentRow?
    var header: SegmentHeader
    var file: any File
    /// Its frames as their headers describe them, once somebody had to look.
    var frames: [FrameHeader] = []
}

extension Recovery {
    /// Finds the segments. Throws `.damaged` for a file whose header is not what its name says.
    func segments() throws -> FoundSegments {
        let listed = try rows()
        var found = FoundSegments(rows: listed, rowsOnFile: listed.count, pending: [], leftovers: [])
        var next = UInt64(listed.count)
        var names = DirectoryNames(self)
        if let last = listed.last { found.replaced += try older(than: last.generation, of: last.segment, &names) }
        while let candidate = try segment(next, &names, &found) {
            found.pending.append(candidate)
            next += 1
        }
        // All but the last two are sealed, whatever the directory remembers.
        while let row = found.pending.first?.row, found.pending.count > 2 {
            found.rows.append(row)
            found.pending.removeFirst()
        }
        return found
    }

    /// The rows of the directory, as far as they are whole and follow one another; the rest is made from the files.
    private func rows() throws -> [SegmentRow] {
        guard try fileSystem.status(paths.directory) != nil else { return [] }
        let bytes = try fileSystem.readFully(paths.directory, maximumByteCount: 1 << 30)
        var rows: [SegmentRow] = []
        bytes.withUnsafeBytes { raw in
            var offset = 0
            while offset + SegmentRow.byteCount <= raw.count {
                let part = UnsafeRawBufferPointer(rebasing: raw[offset..<offset + SegmentRow.byteCount])
                guard let row = try? SegmentRow(decoding: part), row.isSealed, row.segment == UInt64(rows.count),
                    row.firstIndex == rows.last?.end ?? 0
                else { break }
                rows.append(row)
                offset += SegmentRow.byteCount
            }
        }
        return rows
    }

    /// The file of a segment that counts, with its row if it has a valid footer; nil when there is none.
    private func segment(
        _ segment: UInt64, _ names: inout DirectoryNames, _ all: inout FoundSegments
    ) throws -> FoundSegment? {
        while true {
            all.leftovers += try names.unfinished(segment).map { paths.segmentDirectory(segment) + "/" + $0 }
            guard let generation = try names.generations(segment).max() else { return nil }
            let older = try older(than: generation, of: segment, &names)
            do {
                let found = try open(segment, generation)
                all.replaced += older
                return found
            } catch let error as FileSystemError where error.code == .notFound {
                // A writer has removed it since the directory was listed, and so has made a newer one before.
                names.forget()
                guard let newer = try names.generations(segment).max(), newer > generation else { throw error }
            }
        }
    }

    private func open(_ segment: UInt64, _ generation: UInt32) throws -> FoundSegment {
        let path = paths.segment(segment, generation: generation)
        let file = try fileSystem.open(path, .read)
        let header = try SegmentFile.header(file)
        guard header.segment == segment, header.generation == generation else {
            throw ArchiveError(.damaged, "\(path) has the header of another segment; run verify.")
        }
        let footer = try unlessWrong { try SegmentFile.footer(file) } ?? nil
        guard let footer, footer.segment == segment, footer.generation == generation else {
            return FoundSegment(row: nil, header: header, file: file)
        }
        return FoundSegment(
            row: SegmentRow(footer: footer, fileByteCount: try file.byteCount()), header: header, file: file)
    }

    private func older(than generation: UInt32, of segment: UInt64, _ names: inout DirectoryNames) throws -> [String] {
        try names.generations(segment).filter { $0 < generation }.sorted().map {
            paths.segment(segment, generation: $0)
        }
    }

    /// A hole between the directory's last segment and the first that follows it.
    func gap(_ found: FoundSegments) -> ArchiveError? {
        guard let first = found.pending.first?.header else { return nil }
        let expected = found.rows.last?.end ?? 0
        if first.firstIndex == expected { return nil }
        let path = paths.segment(first.segment, generation: first.generation)
        return ArchiveError(
            .damaged,
            "\(path) begins at index \(first.firstIndex), but the segments before it end at \(expected); run verify.")
    }
}

/// The names under segments/, each directory listed once.
private struct DirectoryNames {
    private let recovery: Recovery
    private var listed: (directory: String, names: [String])?

    init(_ recovery: Recovery) { self.recovery = recovery }

    private mutating func names(_ segment: UInt64) throws -> [String] {
        let directory = recovery.paths.segmentDirectory(segment)
        if let listed, listed.directory == directory { return listed.names }
        let exists = try recovery.fileSystem.status(directory) != nil
        let names = exists ? try recovery.fileSystem.names(in: directory) : []
        listed = (directory, names)
        return names
    }

    /// Lists again at the next question.
    mutating func forget() { listed = nil }

    mutating func generations(_ segment: UInt64) throws -> [UInt32] {
        try names(segment).compactMap { name in
            SegmentHeader.parse(fileName: name).flatMap { $0.segment == segment ? $0.generation : nil }
        }
    }

    /// Names of generations that were being written.
    mutating func unfinished(_ segment: UInt64) throws -> [String] {
        try names(segment).filter { name in
            guard name.hasSuffix(TemporaryFile.suffix) else { return false }
            return SegmentHeader.parse(fileName: String(name.dropLast(TemporaryFile.suffix.utf8.count)))?.segment
                == segment
        }
    }
}
