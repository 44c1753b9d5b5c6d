// Scanning beside a writer who commits while the scan reads.

import MunimentFormat
import MunimentMerkle
import Testing

@testable import MunimentStore

@Suite struct TailScanTests {
    /// Headers came to be read many at a time, and one that was committed since stood in the file and not in what had been read: the frames behind it
    /// made the scan call a sound store damaged, at the second look too, and a backup beside a writer failed.
    @Test func framesCommittedDuringTheScanAreNoDamage() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/archive"
        let fileSystem = POSIXFileSystem()
        let store = try LogStore.create(fileSystem, path, origin: "example.com/log")
        for number in 0..<40 as Range<UInt8> { _ = try store.append([batch([[number]])], isAlone: true) }
        let handle = try #require(store.reader.segments.last)
        let frames = try handle.frames()
        let file = GrowingFile(try fileSystem.open(handle.path, .read), ends: frames.dropFirst(11).map(\.offset))
        let header = try SegmentFile.header(file)
        var scanner = TailScanner(file, logID: header.logID)
        var frontier = TreeFrontier()
        let scanned = try scanner.scan(header, trusted: 0, frontier: &frontier)
        #expect(scanned.tail == .clean && scanned.frames.count > 10)
        #expect(frontier.root() == scanned.frames.last?.root)
        try store.close()
    }
}

/// A segment file that two frames are committed to after each read of many bytes; what is not committed yet is zero.
private final class GrowingFile: File {
    private let file: any File
    private let ends: Guarded<ArraySlice<UInt64>>
    let path: String
    let isDirect = false

    /// Bytes from which on a read takes so long that somebody commits meanwhile.
    private static let slowByteCount = 128 << 10

    /// `ends` are where what is committed ends, one after another.
    init(_ file: any File, ends: [UInt64]) {
        (self.file, path) = (file, file.path)
        self.ends = Guarded(ends[...])
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileSystemError) -> Int {
        let count = try file.read(into: buffer, at: offset)
        let end = ends.withLock { ends in
            let end = ends.first ?? .max
            if buffer.count >= GrowingFile.slowByteCount { ends = ends.dropFirst(2) }
            return end
        }
        for place in 0..<count where offset + UInt64(place) >= end { buffer[place] = 0 }
        return count
    }

    func byteCount() throws(FileSystemError) -> UInt64 { try file.byteCount() }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
        try file.write(bytes, at: offset)
    }
    func synchronize() throws(FileSystemError) { try file.synchronize() }
    func truncate(to byteCount: UInt64) throws(FileSystemError) { try file.truncate(to: byteCount) }
    func allocate(_ range: Range<UInt64>) throws(FileSystemError) { try file.allocate(range) }
    func punchHole(_ range: Range<UInt64>) throws(FileSystemError) { try file.punchHole(range) }
    func lockExclusively() throws(FileSystemError) -> Bool { try file.lockExclusively() }
    func dropCache() { file.dropCache() }
    func close() { file.close() }
}
