// Writing rows of `segments.dir`. Derived: a lost or torn row is made again from its segment.

internal import MunimentFormat

enum SegmentDirectoryFile {
    /// Writes a sealed segment's row in its place.
    static func write(_ fileSystem: any FileSystem, _ paths: StorePaths, _ row: SegmentRow) throws(ArchiveError) {
        try translating(paths.directory) {
            let file = try fileSystem.open(paths.directory, .createOrOpen)
            defer { file.close() }
            try file.writeAll(row.encoded(), at: row.segment * UInt64(SegmentRow.byteCount))
            try file.synchronize()
        }
    }
}
