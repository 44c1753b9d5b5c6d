// Making the tail safe to go on from. Format/recovery.md, "After a failed fsync".
//
// After a failed fsync the page cache may show bytes that never reached the device. So before frames beyond the newest
// checkpoint are served or signed, they are written again, synced, dropped from the cache and read back; and what
// follows them is cut off, so that no remnant of a torn frame can ever be taken for one. If we die anywhere here, the
// next open starts over: nothing is lost that was whole.

internal import MunimentFormat

package enum TailRepair {
    /// Rewrites the frames of `scanned` beyond `checkpointSize` and cuts off what follows the last one.
    package static func run(
        _ fileSystem: any FileSystem, _ path: String, _ scanned: ScannedSegment, checkpointSize: UInt64
    ) throws(ArchiveError) {
        try translating(path) {
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            let unproved = scanned.frames.filter { $0.treeSize > checkpointSize }
            // A later generation got its name when it was durable.
            if scanned.header.generation == 0 { try rewrite(unproved, in: file) }
            if scanned.fileByteCount > scanned.end && scanned.tail != .sealed {
                try file.truncate(to: scanned.end)
                try file.synchronize()
            }
        }
    }

    /// All are written before one sync, and only then read back: each frame was whole when it was first judged.
    private static func rewrite(_ frames: [FrameHeader], in file: any File) throws {
        guard !frames.isEmpty else { return }
        for frame in frames { try file.writeAll(try wholeFrame(frame, in: file), at: frame.offset) }
        try file.synchronize()
        file.dropCache()
        for frame in frames { _ = try wholeFrame(frame, in: file) }
    }

    private static func wholeFrame(_ frame: FrameHeader, in file: any File) throws -> [UInt8] {
        let bytes = try file.readExactly(frame.frameByteCount, at: frame.offset)
        guard (try? bytes.decode(FrameHeader.init(decoding:))) == frame, frame.isBody(of: bytes) else {
            throw ArchiveError(
                .damaged,
                "\(file.path): the frame at offset \(frame.offset) changed while it was looked at: the device does not keep what is "
                    + "written to it; replace it.")
        }
        return bytes
    }
}
