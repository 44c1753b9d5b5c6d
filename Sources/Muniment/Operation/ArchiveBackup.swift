// A copy of an archive while it is in use: consistent, under a signed checkpoint, and without the keys, which must be
// kept apart from it.
//
// The story, with what a reader of the copy finds if we die after each step:
//   1. manifest                                an archive without a checkpoint, or the older state that it had
//   2. body files, sealed segments             the same: nothing refers to what is new, or it is what was there, in
//      another generation
//   3. unsealed segments, up to the checkpoint a tail that its checkpoint does not cover yet
//   4. segment directory, tree nodes, journal  the same; all of it is derived, or only tells of the past
//   5. checkpoint                              the new state
//   6. body files without a record and replaced generations are removed
// Each file is written aside, synced and renamed. Frames beyond the checkpoint are left out of unsealed segments: the
// writer may not have synced them yet, and after a crash others could take their place.

internal import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// What a backup did.
public struct BackupReport: Sendable {
    /// The size of the checkpoint that the copy is under.
    public internal(set) var size: UInt64 = 0
    public internal(set) var copiedFileCount = 0
    public internal(set) var copiedByteCount: UInt64 = 0
    /// Files that were there already.
    public internal(set) var keptFileCount = 0
}

extension ArchiveReader {
    /// Copies the archive at `path`, without its keys, to `directory`: a new one, or that of an earlier backup, which
    /// is brought up to date. Works beside a writer; the copy is what the newest published checkpoint states. Throws
    /// `usage` where the directory holds something else, `damaged` where the archive is. `progress` is told of bytes
    /// copied. Blocks.
    public static func backup(
        of path: String, to directory: String, keysDirectory: String? = nil,
        progress: (UInt64) throws -> Void = { _ in }
    ) throws(ArchiveError) -> BackupReport {
        let source = StorePaths(path, keys: keysDirectory)
        var attemptsLeft = 5
        while true {
            do throws(ArchiveError) {
                return try withoutActuallyEscaping(progress) { progress throws(ArchiveError) in
                    var backup = ArchiveBackup(source, StorePaths(directory), progress)
                    return try translating(directory) { try backup.run() }
                }
            } catch  where error.code == .absent && attemptsLeft > 1 {
                // The writer replaced a segment between two looks; what is copied by now is kept.
                attemptsLeft -= 1
            }
        }
    }
}

extension Archive {
    /// Signs a checkpoint if there is news, and copies the archive as `ArchiveReader.backup` does. Blocks.
    @available(*, noasync)
    public func backupBlocking(to directory: String) throws(ArchiveError) -> BackupReport {
        _ = try store.checkpoint(.kept)
        return try ArchiveReader.backup(of: store.paths.root, to: directory, keysDirectory: store.paths.keys)
    }
}

private struct ArchiveBackup {
    private static let chunkByteCount = 1 << 20

    private let fileSystem: any FileSystem = POSIXFileSystem()
    private let source: StorePaths
    private let target: StorePaths
    private let progress: (UInt64) throws -> Void
    private var report = BackupReport()
    /// The body files that belong to the copy, by ID.
    private var bodies: Set<[UInt8]> = []
    /// Directories of the copy in which names have changed.
    private var changed: Set<String> = []

    init(_ source: StorePaths, _ target: StorePaths, _ progress: @escaping (UInt64) throws -> Void) {
        (self.source, self.target, self.progress) = (source, target, progress)
    }

    mutating func run() throws -> BackupReport {
        let recovered = try Recovery(fileSystem, source).recover(keysDirectory: source.keys)
        if let reason = recovered.readOnlyReason { throw reason }
        guard let note = recovered.checkpointNote else {
            throw ArchiveError(.damaged, "\(source.root) has no checkpoint: open it for writing once.")
        }
        report.size = recovered.checkpointSize
        try prepareTarget(recovered, note)
        try copyBodies(recovered)
        for row in recovered.rows { try copySealed(row) }
        for segment in recovered.unsealed { try copyUnsealed(segment) }
        try copyDerived(recovered)
        for directory in changed.sorted().reversed() { try fileSystem.synchronizeDirectory(directory) }
        try fileSystem.replaceAtomically(target.checkpoint, note.bytes)
        try removeOrphans()
        try removeReplaced(recovered)
        try check()
        return report
    }

    /// Makes the directories, or sees to it that what is there is an earlier state of this log.
    private mutating func prepareTarget(_ recovered: RecoveredStore, _ note: SignedNote) throws {
        let manifest = try fileSystem.readFully(source.manifest, maximumByteCount: Manifest.byteCountMax)
        if try fileSystem.status(target.root) == nil {
            try fileSystem.createDirectory(target.root)
            try fileSystem.synchronizeDirectory(StorePaths.parent(target.root))
        }
        if try fileSystem.status(target.manifest) == nil {
            guard try fileSystem.names(in: target.root).isEmpty else {
                throw ArchiveError(.usage, "\(target.root) is not empty, and no backup: choose another directory.")
            }
            try fileSystem.replaceAtomically(target.manifest, manifest)
        }
        guard try fileSystem.readFully(target.manifest, maximumByteCount: Manifest.byteCountMax) == manifest else {
            throw ArchiveError(.usage, "\(target.root) holds another archive: choose another directory.")
        }
        for directory in [target.segments, target.bodies, target.tree] { try makeDirectory(directory) }
        if try fileSystem.status(target.lock) == nil { try fileSystem.open(target.lock, .create).close() }
        guard let (old, _) = try Recovery(fileSystem, target).checkpoint(recovered.manifest) else { return }
        guard old.checkpoint.size <= report.size else {
            throw ArchiveError(
                .usage,
                "\(target.root) has a checkpoint of size \(old.checkpoint.size), newer than that of \(source.root): is it the other way round?"
            )
        }
        let reader = try LogStore.makeReader(fileSystem, source, recovered, nil, isWritable: false)
        try Snapshot(note, reader: reader, classes: ClassTable()).requireExtension(of: old.checkpoint)
    }

    // MARK: The log

    private mutating func copyBodies(_ recovered: RecoveredStore) throws {
        var references: [BodyFiles.Reference] = []
        for row in recovered.rows { references += try BodyFiles.of(row, fileSystem, source) }
        for segment in recovered.unsealed {
            references += BodyFiles.of(segment).filter { $0.treeSize <= limit(segment) }
        }
        bodies = Set(references.map(\.id))
        for reference in references {
            let path = target.body(reference.id)
            if try fileSystem.status(path)?.byteCount == reference.byteCount {
                report.keptFileCount += 1
                continue
            }
            try makeDirectory(StorePaths.parent(path))
            try copy(source.body(reference.id), to: path, byteCount: reference.byteCount)
        }
    }

    private mutating func copySealed(_ row: SegmentRow) throws {
        let path = target.segment(row.segment, generation: row.generation)
        if try fileSystem.status(path)?.byteCount == row.fileByteCount {
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            if (try? SegmentFile.footer(file))?.digest == row.footerDigest {
                report.keptFileCount += 1
                return
            }
        }
        try makeDirectory(target.segmentDirectory(row.segment))
        try copy(source.segment(row.segment, generation: row.generation), to: path, byteCount: row.fileByteCount)
    }

    /// Up to which size frames of a segment are copied: all where it has a footer, since then all are durable.
    private func limit(_ segment: ScannedSegment) -> UInt64 { segment.tail == .sealed ? .max : report.size }

    private mutating func copyUnsealed(_ segment: ScannedSegment) throws {
        let frames = segment.frames.filter { $0.treeSize <= limit(segment) }
        guard let last = frames.last else { return }
        let end = segment.tail == .sealed ? segment.fileByteCount : last.offset + UInt64(last.frameByteCount)
        let header = segment.header
        let path = target.segment(header.segment, generation: header.generation)
        try makeDirectory(target.segmentDirectory(header.segment))
        try copy(source.segment(header.segment, generation: header.generation), to: path, byteCount: end)
    }

    // MARK: What is derived, and the journal of checkpoints

    private mutating func copyDerived(_ recovered: RecoveredStore) throws {
        try fileSystem.replaceAtomically(target.directory, recovered.rows.flatMap { $0.encoded() })
        for name in try fileSystem.names(in: source.tree) {
            guard let level = UInt64(name), level < 64 else { continue }
            let byteCount = (report.size >> level) * UInt64(Digest.byteCount)
            let available = try fileSystem.status("\(source.tree)/\(name)")?.byteCount ?? 0
            try copy("\(source.tree)/\(name)", to: "\(target.tree)/\(name)", byteCount: min(byteCount, available))
        }
        guard try fileSystem.status(source.checkpoints) != nil else { return }
        let journal = try fileSystem.readFully(source.checkpoints, maximumByteCount: 1 << 31)
        let notes = journal.withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }.notes
        let kept = notes.filter { note in
            (try? Checkpoint(text: SignedNote(note).text)).map { $0.size <= report.size } ?? false
        }
        try fileSystem.replaceAtomically(target.checkpoints, kept.flatMap { CheckpointJournal.encoded($0) })
    }

    /// Removes generations that the source has replaced: they may hold what has been purged since.
    private func removeReplaced(_ recovered: RecoveredStore) throws {
        let present =
            recovered.rows.map { ($0.segment, $0.generation) }
            + recovered.unsealed.map { ($0.header.segment, $0.header.generation) }
        for (segment, generation) in present {
            let directory = target.segmentDirectory(segment)
            for older in 0..<generation {
                let path = target.segment(segment, generation: older)
                guard try fileSystem.status(path) != nil else { continue }
                try fileSystem.remove(path)
                try fileSystem.synchronizeDirectory(directory)
            }
        }
    }

    /// Removes the body files that no record of the copy refers to any more. By what is there, not by what the replaced generations name: a copy may
    /// have been made of a segment before it was sealed, and have missed a generation since.
    private func removeOrphans() throws {
        for group in try fileSystem.names(in: target.bodies) {
            let directory = "\(target.bodies)/\(group)"
            guard try fileSystem.status(directory)?.kind == .directory else { continue }
            var isChanged = false
            for name in try fileSystem.names(in: directory) where name.hasSuffix(".body") {
                guard let id = Hexadecimal.bytes(String(name.dropLast(5))), !bodies.contains(id) else { continue }
                try fileSystem.remove("\(directory)/\(name)")
                isChanged = true
            }
            if isChanged { try fileSystem.synchronizeDirectory(directory) }
        }
    }

    /// Reads the copy as an open would.
    private func check() throws {
        let copy = try Recovery(fileSystem, target).recover(keysDirectory: target.keys)
        if let reason = copy.readOnlyReason { throw reason }
        guard copy.checkpointSize == report.size, copy.committed.treeSize >= report.size else {
            throw ArchiveError(.inputOutput, "\(target.root) does not hold what was written to it: try another device.")
        }
    }

    // MARK: Files

    /// Copies the first bytes of a file: written aside, synced, renamed.
    private mutating func copy(_ path: String, to copyPath: String, byteCount: UInt64) throws {
        let temporary = copyPath + TemporaryFile.suffix
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        let input = try fileSystem.open(path, .read)
        defer { input.close() }
        let output = try fileSystem.open(temporary, .create)
        defer { output.close() }
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(UInt64(ArchiveBackup.chunkByteCount), byteCount - offset))
            try output.writeAll(try input.readExactly(count, at: offset), at: offset)
            offset += UInt64(count)
            report.copiedByteCount += UInt64(count)
            try progress(report.copiedByteCount)
        }
        try output.synchronize()
        try fileSystem.rename(temporary, to: copyPath)
        report.copiedFileCount += 1
        changed.insert(StorePaths.parent(copyPath))
    }

    private mutating func makeDirectory(_ path: String) throws {
        guard try fileSystem.status(path) == nil else { return }
        try fileSystem.createDirectory(path)
        changed.insert(StorePaths.parent(path))
        changed.insert(path)
    }
}
