// The segment file that is being written. Frames go to its end, each with one write and one fdatasync.
//
// The story of a commit, and what happens if we die after each step:
//   1. write the frame at the end            recovery finds no frame, a torn one, or a whole one; whole, it adopts it
//   2. fdatasync                             the frame is durable; from here on the append may be acknowledged
// And of a new segment:
//   1. write the header block, fdatasync     nothing refers to the file yet: it is removed, or prepared again
//   2. rename from its prepared name         …
//   3. sync the directory                    an empty segment: recovery goes on in it
//   4. the first frame                       as above
// After a failed write or fdatasync the file is not used again: the system may have dropped pages and called them clean.

internal import MunimentFormat

final class JournalFile {
    private let fileSystem: any FileSystem
    private let paths: StorePaths
    let header: SegmentHeader
    private let file: any File
    /// Where the next frame goes.
    private(set) var end: UInt64
    /// Up to where the file is filled with zeros on the device.
    private var zeroedEnd: UInt64
    private var allocatedEnd: UInt64
    /// Bytes of frames since this handle was opened: a store that is opened for a few records is not filled up.
    private var sinceOpen = 0

    private static let smallFrameByteCount = 64 << 10
    private static let zeroedStep = 1 << 20

    private init(
        _ fileSystem: any FileSystem, _ paths: StorePaths, header: SegmentHeader, file: any File, end: UInt64,
        preparedEnd: UInt64
    ) {
        (self.fileSystem, self.paths, self.header, self.file) = (fileSystem, paths, header, file)
        (self.end, zeroedEnd, allocatedEnd) = (end, preparedEnd, preparedEnd)
    }

    var path: String { file.path }

    /// Begins a segment, in the prepared file if there is one.
    static func create(
        _ fileSystem: any FileSystem, _ paths: StorePaths, header: SegmentHeader, preparedByteCount: UInt64
    ) throws -> JournalFile {
        let directory = paths.segmentDirectory(header.segment)
        if try fileSystem.status(directory) == nil {
            try fileSystem.createDirectory(directory)
            try fileSystem.synchronizeDirectory(paths.segments)
        }
        if preparedByteCount == 0 {
            if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
            try fileSystem.open(paths.prepared, .create).close()
        }
        let path = paths.segment(header.segment, generation: header.generation)
        let preparing = try fileSystem.open(paths.prepared, .readWrite)
        try preparing.writeAll(header.encoded(), at: 0)
        try preparing.synchronize()
        preparing.close()
        try fileSystem.rename(paths.prepared, to: path)
        try fileSystem.synchronizeDirectory(directory)
        try fileSystem.synchronizeDirectory(paths.segments)
        return try open(
            fileSystem, paths, header: header, end: UInt64(Limits.blockByteCount), preparedEnd: preparedByteCount)
    }

    /// Goes on in a segment whose frames end at `end`.
    static func open(
        _ fileSystem: any FileSystem, _ paths: StorePaths, header: SegmentHeader, end: UInt64, preparedEnd: UInt64
    ) throws -> JournalFile {
        let path = paths.segment(header.segment, generation: header.generation)
        let file = try fileSystem.open(path, .readWrite(direct: true))
        return JournalFile(fileSystem, paths, header: header, file: file, end: end, preparedEnd: preparedEnd)
    }

    /// Writes a frame at the end and makes it durable. `frame` is aligned and a multiple of the block.
    func commit(_ frame: UnsafeRawBufferPointer) throws(FileSystemError) {
        let next = end + UInt64(frame.count)
        if next <= zeroedEnd {
            try file.write(frame, at: end)
        } else if frame.count <= JournalFile.smallFrameByteCount && sinceOpen >= JournalFile.zeroedStep / 16 {
            try writeWithZeros(frame)
        } else {
            try reserve(upTo: next, frameByteCount: frame.count)
            try file.write(frame, at: end)
        }
        try file.synchronize()
        sinceOpen += frame.count
        end = next
    }

    /// Small frames: a sync on space that was written before costs a third less than one that must also record where the file grew. So one frame in
    /// many carries zeros for those to come.
    private func writeWithZeros(_ frame: UnsafeRawBufferPointer) throws(FileSystemError) {
        let buffer = AlignedBuffer(byteCount: JournalFile.zeroedStep)
        buffer.bytes.copyMemory(from: frame)
        do throws(FileSystemError) {
            try file.write(UnsafeRawBufferPointer(buffer.bytes), at: end)
        } catch  where error.code == .noSpace {
            // There may be room for the frame alone: what the zeros took is given back first.
            try file.truncate(to: end)
            (zeroedEnd, allocatedEnd) = (end, end)
            return try file.write(frame, at: end)
        }
        zeroedEnd = end + UInt64(buffer.byteCount)
        allocatedEnd = max(allocatedEnd, zeroedEnd)
    }

    /// Large frames: reserving ahead keeps the file in few extents; small steps first, so that a small store stays small.
    private func reserve(upTo next: UInt64, frameByteCount: Int) throws(FileSystemError) {
        guard next > allocatedEnd else { return }
        let step = min(max(UInt64(frameByteCount) * 4, 64 << 10), 4 << 20)
        do throws(FileSystemError) {
            try file.allocate(end..<next + step)
            allocatedEnd = next + step
        } catch  where error.code == .unsupported || error.code == .noSpace {
            // The write itself will say whether there is space for this frame.
        }
    }

    /// Cuts away what follows the last frame and closes the file.
    func finish() throws(FileSystemError) {
        if try file.byteCount() > end {
            try file.truncate(to: end)
            try file.synchronize()
        }
        file.close()
    }

    /// Tries to undo a write that failed for lack of space. True when the file again ends after its last frame, durably.
    func withdraw() -> Bool {
        do throws(FileSystemError) {
            try file.truncate(to: end)
            try file.synchronize()
            (zeroedEnd, allocatedEnd) = (end, end)
            return true
        } catch {
            return false
        }
    }

    func close() { file.close() }
}
