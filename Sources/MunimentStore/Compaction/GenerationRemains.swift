// Removing what newer generations have replaced: step 7 of the protocol (Format/retention.md), and what an open and a repair find of it after a
// process that died. The body files that only the older file names go first, for certain, since afterwards nothing names them.

internal import MunimentFormat

package struct GenerationRemains {
    private let reader: LogReader
    private let statements: FooterStatements
    /// The log as it is.
    private let committed: Committed
    private var fileSystem: any FileSystem { reader.fileSystem }

    init(_ reader: LogReader, _ statements: FooterStatements, _ committed: Committed) {
        (self.reader, self.statements, self.committed) = (reader, statements, committed)
    }

    /// Of a store that is not open: needs no key.
    package init(_ reader: LogReader, _ committed: Committed) {
        self.init(reader, FooterStatements(reader), committed)
    }

    /// Removes those of the files `replaced`, of which there are newer generations, whose newer one the log states; returns them. One that it does not
    /// state may be anybody's, or was repacked just before a crash: then the older one goes when its segment is sealed. Does the same when done twice.
    package func removeReplaced(_ replaced: [String]) throws(ArchiveError) -> [String] {
        var removed: [String] = []
        for path in replaced {
            let name = String(path.dropFirst(StorePaths.parent(path).count + 1))
            guard let segment = SegmentHeader.parse(fileName: name)?.segment,
                let present = reader.segments.first(where: { $0.segment == segment }),
                let footer = try footer(present.path), footer.segment == segment,
                footer.generation == present.generation, try statements.state(footer, committed)
            else { continue }
            // The newer name may stand in the cache alone.
            try translating(path) { try fileSystem.synchronizeDirectory(StorePaths.parent(path)) }
            _ = try remove(path, keeping: Set(footer.bodyFiles.map(\.id)))
            removed.append(path)
        }
        return removed
    }

    /// Removes a generation, and the body files that it has and `kept` does not; returns how many bytes that frees.
    func remove(_ path: String, keeping kept: Set<[UInt8]>) throws(ArchiveError) -> UInt64 {
        let bodies = try statedBodies(path).filter { !kept.contains($0.id) }
        return try translating(path) {
            var freed: UInt64 = 0
            var directories: Set<String> = []
            for body in bodies {
                let path = reader.paths.body(body.id)
                directories.insert(StorePaths.parent(path))
                guard let status = try fileSystem.status(path) else { continue }
                try fileSystem.remove(path)
                freed += status.byteCount
            }
            for directory in directories.sorted() where try fileSystem.status(directory) != nil {
                try fileSystem.synchronizeDirectory(directory)
            }
            freed += try fileSystem.status(path)?.byteCount ?? 0
            try fileSystem.remove(path)
            try fileSystem.synchronizeDirectory(StorePaths.parent(path))
            return freed
        }
    }

    /// The body files of a generation that is to go. What a footer names that the log does not state may be another record's: `repair` removes it if it
    /// is nobody's.
    private func statedBodies(_ path: String) throws(ArchiveError) -> [Footer.BodyFile] {
        guard let footer = try footer(path), !footer.bodyFiles.isEmpty, try statements.state(footer, committed) else {
            return []
        }
        return footer.bodyFiles
    }

    /// The footer of a file; nil where it has none, or a damaged one.
    private func footer(_ path: String) throws(ArchiveError) -> Footer? {
        try translating(path) {
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            return try unlessWrong { try SegmentFile.footer(file) } ?? nil
        }
    }
}
