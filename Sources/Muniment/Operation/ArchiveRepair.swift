// Making derived files again, and clearing away what crashes leave behind. The log itself, its checkpoints and its keys
// are never changed: where they are damaged, that is said, and nothing is done.
//
// If we die in the middle, whatever is missing is derived, and the next open or the next repair makes it again.

internal import MunimentCrypto
internal import MunimentFormat
public import MunimentStore

/// What a repair found and did.
public struct RepairReport: Sendable {
    /// What was done, a sentence each; empty where everything was as it should be.
    public internal(set) var actions: [String] = []
    /// What was found and left alone.
    public internal(set) var remarks: [String] = []
}

extension Archive {
    /// Makes the derived files of the archive at `path` again: the segment directory and the stored tree nodes. Removes
    /// what crashes left behind: unfinished generations, a prepared segment, temporary files, body files that no record
    /// refers to. Needs no key. Throws `anotherWriter`, and `damaged` where the log itself is. O(records). Blocks.
    public static func repair(at path: String, keysDirectory: String? = nil) throws(ArchiveError) -> RepairReport {
        var repair = ArchiveRepair(StorePaths(path, keys: keysDirectory))
        return try translating(path) { try repair.run() }
    }
}

private struct ArchiveRepair {
    private let fileSystem: any FileSystem = POSIXFileSystem()
    private let paths: StorePaths
    private var report = RepairReport()

    init(_ paths: StorePaths) { self.paths = paths }

    mutating func run() throws -> RepairReport {
        _ = try Recovery(fileSystem, paths).manifest()
        let lock = try fileSystem.open(paths.lock, .createOrOpen)
        defer { lock.close() }
        guard try lock.lockExclusively() else {
            throw ArchiveError(
                .anotherWriter,
                "\(paths.root) is open for writing elsewhere: repair it when that process has closed it.")
        }
        let recovered = try remakeDirectory()
        let reader = try remakeTree(recovered)
        try removeLeftovers(recovered)
        try removeReplaced(recovered, reader)
        try removeOrphans(recovered)
        return report
    }

    // MARK: Derived files

    /// Makes `segments.dir` from the segments. Where they can't be recovered without it, it is put back as it was.
    private mutating func remakeDirectory() throws -> RecoveredStore {
        let isThere = try fileSystem.status(paths.directory) != nil
        let old = isThere ? try fileSystem.readFully(paths.directory, maximumByteCount: 1 << 30) : []
        if isThere { try fileSystem.remove(paths.directory) }
        let recovered: RecoveredStore
        do {
            recovered = try Recovery(fileSystem, paths).recover(keysDirectory: paths.keys)
            if let reason = recovered.readOnlyReason { throw reason }
        } catch {
            if isThere { try fileSystem.replaceAtomically(paths.directory, old) }
            let reason = (error as? ArchiveError)?.message ?? "\(error)"
            throw ArchiveError(.damaged, "Only derived files can be repaired, and the log itself is damaged: \(reason)")
        }
        let new = recovered.rows.flatMap { $0.encoded() }
        if isThere || !new.isEmpty { try fileSystem.replaceAtomically(paths.directory, new) }
        // The last rows may be written at the next open only: a shorter directory is no fault.
        if !old.elementsEqual(new) && !(old.starts(with: new) || new.starts(with: old)) {
            report.actions.append("segments.dir was wrong and is made again: \(new.count / SegmentRow.byteCount) rows.")
        } else if old.count < new.count {
            report.actions.append("segments.dir is made again: \(new.count / SegmentRow.byteCount) rows.")
        }
        return recovered
    }

    /// Makes `tree/` from the entries.
    private mutating func remakeTree(_ recovered: RecoveredStore) throws -> LogReader {
        let aside = paths.tree + ".old"
        try removeTree(aside)
        try fileSystem.createDirectory(aside)
        if try fileSystem.status(paths.tree) == nil { try fileSystem.createDirectory(paths.tree) }
        for name in try fileSystem.names(in: paths.tree) {
            try fileSystem.rename("\(paths.tree)/\(name)", to: "\(aside)/\(name)")
        }
        let reader = try LogStore.makeReader(fileSystem, paths, recovered, nil, isWritable: true)
        try reader.tree.flush()
        try fileSystem.synchronizeDirectory(paths.root)
        var wrong: [String] = []
        for name in try fileSystem.names(in: paths.tree)
        where try !isPrefix("\(aside)/\(name)", of: "\(paths.tree)/\(name)") { wrong.append("tree/\(name)") }
        try removeTree(aside)
        if !wrong.isEmpty {
            report.actions.append("\(wrong.joined(separator: ", ")) was wrong or missing, and is made again.")
        }
        return reader
    }

    /// Whether the file at `path` holds the first bytes of the other, or all of them. What a close has not written yet
    /// is no fault, but a missing file is.
    private func isPrefix(_ path: String, of whole: String) throws -> Bool {
        guard try fileSystem.status(path) != nil else { return false }
        let (part, whole) = (try fileSystem.open(path, .read), try fileSystem.open(whole, .read))
        defer {
            part.close()
            whole.close()
        }
        var offset: UInt64 = 0
        while true {
            let bytes = try part.readArray(1 << 20, at: offset)
            if bytes.isEmpty { return true }
            if try whole.readArray(bytes.count, at: offset) != bytes { return false }
            offset += UInt64(bytes.count)
        }
    }

    private func removeTree(_ directory: String) throws {
        guard try fileSystem.status(directory) != nil else { return }
        for name in try fileSystem.names(in: directory) { try fileSystem.remove("\(directory)/\(name)") }
        try fileSystem.removeDirectory(directory)
    }

    // MARK: Leftovers

    private mutating func removeLeftovers(_ recovered: RecoveredStore) throws {
        for path in recovered.leftovers { try remove(path, "an unfinished generation of a segment") }
        if try fileSystem.status(paths.prepared) != nil {
            try remove(paths.prepared, "a segment file prepared for later")
        }
        for directory in [paths.root, paths.keys] where try fileSystem.status(directory) != nil {
            for name in try fileSystem.names(in: directory) where name.hasSuffix(TemporaryFile.suffix) {
                try remove("\(directory)/\(name)", "a temporary file")
            }
        }
    }

    private mutating func removeReplaced(_ recovered: RecoveredStore, _ reader: LogReader) throws {
        let removed = try GenerationRemains(reader, recovered.committed).removeReplaced(recovered.replaced)
        for path in removed { report.actions.append("\(path) is removed: a replaced generation of a segment.") }
        for path in recovered.replaced where !removed.contains(path) {
            report.remarks.append(
                "\(path) has a newer generation that no record of the log states, and is left alone: open the archive for writing once, and run verify."
            )
        }
    }

    private mutating func remove(_ path: String, _ what: String) throws {
        try fileSystem.remove(path)
        try fileSystem.synchronizeDirectory(StorePaths.parent(path))
        report.actions.append("\(path) is removed: \(what).")
    }

    /// Removes body files that no frame refers to: their records were never appended.
    private mutating func removeOrphans(_ recovered: RecoveredStore) throws {
        guard try fileSystem.status(paths.bodies) != nil else { return }
        var referenced = Set(try BodyFiles.all(fileSystem, paths, recovered).map { paths.body($0.id) })
        for group in try fileSystem.names(in: paths.bodies) {
            let directory = "\(paths.bodies)/\(group)"
            guard try fileSystem.status(directory)?.kind == .directory else { continue }
            for name in try fileSystem.names(in: directory) {
                let path = "\(directory)/\(name)"
                if referenced.remove(path) != nil { continue }
                switch name.split(separator: ".").last {
                case "part": try remove(path, "a payload that was never finished")
                case "body": try remove(path, "a payload whose record was never appended")
                default: report.remarks.append("\(path) is no file of an archive, and is left alone.")
                }
            }
        }
        for path in referenced.sorted() {
            report.remarks.append(
                "\(path) is missing: its record's payload is lost; restore it from a copy, and run verify.")
        }
    }
}

/// The body files that a store's frames refer to.
enum BodyFiles {
    struct Reference {
        var id: [UInt8]
        var byteCount: UInt64
        /// The tree's size after the frame that refers to it; of a sealed segment, after its last.
        var treeSize: UInt64
    }

    static func all(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ recovered: RecoveredStore
    ) throws -> [Reference] {
        var references: [Reference] = []
        for row in recovered.rows { references += try of(row, fileSystem, paths) }
        for segment in recovered.unsealed { references += of(segment) }
        return references
    }

    static func of(_ row: SegmentRow, _ fileSystem: any FileSystem, _ paths: StorePaths) throws -> [Reference] {
        let path = paths.segment(row.segment, generation: row.generation)
        let file = try fileSystem.open(path, .read)
        defer { file.close() }
        guard let footer = try SegmentFile.footer(file) else {
            throw ArchiveError(
                .damaged, "\(path) has no footer, though it is sealed; run verify on a copy of the store.")
        }
        return footer.bodyFiles.map {
            Reference(id: $0.id, byteCount: $0.fileByteCount, treeSize: footer.firstIndex + footer.entryCount)
        }
    }

    static func of(_ segment: ScannedSegment) -> [Reference] {
        segment.frames.flatMap { frame in
            frame.bodyFiles.map { Reference(id: $0.id, byteCount: $0.fileByteCount, treeSize: frame.treeSize) }
        }
    }
}
