// What a store holds, found without a key and without writing: for operators, and for whoever was handed a copy. As
// much as can be told is told, also of a store that can't be opened for writing.

public import MunimentFormat
internal import MunimentNote
public import MunimentStore

/// What a store holds at a moment.
public struct ArchiveStatistics: Sendable {
    public let origin: String
    public let verifierKey: String
    /// Entries in all frames that a read-only recovery accepts, beyond the newest checkpoint too.
    public let treeSize: UInt64
    /// The root of the tree of that size.
    public let root: Digest
    /// The size of the newest checkpoint; 0 before the first.
    public let checkpointSize: UInt64
    public let segmentCount: Int
    public let sealedSegmentCount: Int
    /// Users' records.
    public var recordCount: UInt64 { treeSize - min(treeSize, controlRecordCount) }
    /// The engine's own records.
    public let controlRecordCount: UInt64
    /// Records whose content was destroyed on schedule.
    public let purgedCount: UInt64
    /// Space that the files of the store and of its keys directory take, in bytes.
    public let byteCountOnDisk: UInt64
    /// Why the store can't be written to; nil if it can.
    public let readOnlyReason: ArchiveError?

    /// Reads the store at `path`. Throws `absent`, `newerVersion`, and `damaged` where not even the log's size can be
    /// told. O(segments + control records), and the tail is checked in full.
    public init(at path: String, keysDirectory: String? = nil) throws(ArchiveError) {
        let fileSystem = POSIXFileSystem()
        let paths = StorePaths(path, keys: keysDirectory)
        let recovered = try Recovery(fileSystem, paths).recover(keysDirectory: paths.keys)
        origin = recovered.manifest.origin
        verifierKey = recovered.manifest.verifierKey
        treeSize = recovered.committed.treeSize
        root = recovered.committed.root
        checkpointSize = recovered.checkpointSize
        sealedSegmentCount = recovered.rows.count + recovered.unsealed.count { $0.tail == .sealed }
        segmentCount = recovered.rows.count + recovered.unsealed.count
        var reason = recovered.readOnlyReason
        do throws(ArchiveError) {
            (controlRecordCount, purgedCount) = try ArchiveStatistics.count(fileSystem, paths, recovered)
        } catch {
            (controlRecordCount, purgedCount) = (0, 0)
            reason = reason ?? error
        }
        readOnlyReason = reason
        byteCountOnDisk = try translating(paths.root) {
            try ArchiveStatistics.byteCount(fileSystem, paths.root)
                + ArchiveStatistics.byteCount(fileSystem, paths.keys)
        }
    }

    /// The length of the chain of control records, from its head, and how many contents the dispositions in it destroyed.
    private static func count(
        _ fileSystem: POSIXFileSystem, _ paths: StorePaths, _ recovered: RecoveredStore
    ) throws(ArchiveError) -> (controlRecords: UInt64, purged: UInt64) {
        let reader = LogReader(
            fileSystem, paths, logID: recovered.manifest.logID,
            tree: TreeNodes(fileSystem, paths, isWritable: false, treeSize: recovered.committed.treeSize), keys: nil)
        for row in recovered.rows { reader.install(SegmentHandle(fileSystem, paths, row)) }
        for segment in recovered.unsealed { reader.install(SegmentHandle(fileSystem, paths, segment)) }
        var cursor = ControlCursor(try reader.newestControl(size: recovered.committed.treeSize))
        var (count, purged): (UInt64, UInt64) = (0, 0)
        // A disposition's end is met before what it carried out.
        var carriedOut: Set<UInt64> = []
        while let index = cursor.index {
            count += 1
            let record = try ClassTable.control(reader, index)
            try translating("record \(index)") {
                if record.kind == .completed {
                    carriedOut.formUnion(try record.body.decode(CompletedRecord.init(decoding:)).prepared)
                } else if carriedOut.remove(index) != nil {
                    purged += try record.body.decode(PreparedRecord.init(decoding:)).purged.count
                }
            }
            try cursor.advance(past: record)
        }
        return (count, purged)
    }

    /// The space that everything below `path` takes; 0 where nothing is there. Files that go away meanwhile don't
    /// count.
    private static func byteCount(_ fileSystem: POSIXFileSystem, _ path: String) throws -> UInt64 {
        guard let status = try fileSystem.status(path) else { return 0 }
        guard status.kind == .directory else { return status.kind == .file ? status.allocatedByteCount : 0 }
        var total: UInt64 = 0
        for name in try fileSystem.names(in: path) { total += try byteCount(fileSystem, path + "/" + name) }
        return total
    }
}

extension SegmentHandle {
    /// An unsealed segment as a scan found it.
    convenience init(_ fileSystem: any FileSystem, _ paths: StorePaths, _ scanned: ScannedSegment) {
        self.init(
            fileSystem, paths.segment(scanned.header.segment, generation: scanned.header.generation),
            segment: scanned.header.segment,
            generation: scanned.header.generation, firstIndex: scanned.header.firstIndex,
            frames: scanned.frames.map { FrameReference($0) })
    }
}
