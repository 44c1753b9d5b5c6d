// Making the tail safe to go on from. Format/recovery.md, "After a failed fsync".
//
// After a failed fsync the page cache may show bytes that never reached the device. So before frames beyond the newest checkpoint are served or
// signed, they are written again, synced, dropped from the cache and read back; and what follows them is cut off, so that no remnant of a
// torn frame can ever be taken for one. If we die anywhere here, the next open starts over: nothing is lost that was whole.

internal import MunimentFormat

package enum TailRepair {
    /// Rewrites the frames of `scanned` beyond `checkpointSize` and cuts off what follows the last one.
    package static func run(
        _ fileSystem: any FileSystem, _ path: String, _ scanned: ScannedSegment, checkpointSize: UInt64
    ) throws(ArchiveError) {
        try translating(path) {
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            for frame in scanned.frames where frame.treeSize > checkpointSize {
                let bytes = try file.readExactly(frame.frameByteCount, at: frame.offset)
                try file.writeAll(bytes, at: frame.offset)
                try file.synchronize()
                file.dropCache()
                guard try file.readExactly(frame.frameByteCount, at: frame.offset) == bytes else {
                    throw ArchiveError(
                        .inputOutput,
                        "\(path): the device does not keep what is written at \(frame.offset): replace it.")
                }
            }
            if scanned.fileByteCount > scanned.end && scanned.tail != .sealed {
                try file.truncate(to: scanned.end)
                try file.synchronize()
            }
        }
    }
}
