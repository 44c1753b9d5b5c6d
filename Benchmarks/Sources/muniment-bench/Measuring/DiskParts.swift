// Where the bytes of a closed archive are. Reads the few fields that it needs of segment files as Format/frame.md, Format/segment.md and
// Format/footer.md lay them out; whether all of it is right is verify's question, not this file's.

import Foundation

/// Bytes of an archive by what they are for.
struct DiskParts: Sendable {
    /// Users' contents: ciphertext of the parts, their padding included, and body files.
    var content = 0
    /// Entries: commitments, times, classes.
    var entries = 0
    /// Frame headers, part rows, padding to blocks, segment headers, footers without their index.
    var frames = 0
    /// Index pages and directories.
    var index = 0
    /// Stored tree nodes.
    var tree = 0
    /// The keys directory.
    var keys = 0
    /// Checkpoints, the segment directory, the manifest.
    var rest = 0

    /// The same, of sealed segments alone.
    private(set) var sealedByteCount = 0
    /// Entries in sealed segments.
    private(set) var sealedEntryCount = 0

    var total: Int { content + entries + frames + index + tree + keys + rest }

    /// The names of the parts with their bytes, in one order.
    var named: [(name: String, byteCount: Int)] {
        [
            ("content", content), ("entries", entries), ("frames and footers", frames), ("index", index),
            ("tree", tree),
            ("keys", keys), ("rest", rest),
        ]
    }

    /// Measures the archive at `path` and its keys beside it.
    init(archive path: String) throws {
        for file in DirectoryUsage.files(path) {
            let name = file.dropFirst(path.utf8.count + 1)
            if name.hasPrefix("segments/"), name.hasSuffix(".seg") {
                try addSegment(file)
            } else if name.hasPrefix("tree/") {
                tree += DirectoryUsage.allocatedByteCount(file)
            } else if name.hasPrefix("bodies/") {
                content += DirectoryUsage.allocatedByteCount(file)
            } else {
                rest += DirectoryUsage.allocatedByteCount(file)
            }
        }
        keys = DirectoryUsage.allocatedByteCount(path + ".keys")
    }

    private mutating func addSegment(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        let before = total
        var entryCount = 0
        let (framesEnd, footerStart) = bytes.withUnsafeBytes { bytes -> (Int, Int) in
            var offset = SegmentLayout.blockByteCount
            while let frame = SegmentLayout.Frame(bytes, at: offset) {
                content += frame.ciphertextByteCount
                entries += frame.entriesByteCount
                frames += frame.frameByteCount - frame.ciphertextByteCount - frame.entriesByteCount
                entryCount += frame.entryCount
                offset += frame.frameByteCount
            }
            return (offset, SegmentLayout.footerStart(bytes) ?? bytes.count)
        }
        frames += SegmentLayout.blockByteCount
        let isSealed = footerStart < bytes.count
        if isSealed {
            let indexDirectory = bytes.withUnsafeBytes { SegmentLayout.indexByteCount($0, footer: footerStart) }
            index += footerStart - framesEnd + indexDirectory
            frames += bytes.count - footerStart - indexDirectory
        }
        // What is left is space that the file has and nothing uses, or a block that its end does not fill.
        frames += max(0, DirectoryUsage.allocatedByteCount(path) - (total - before))
        guard isSealed else { return }
        sealedByteCount += total - before
        sealedEntryCount += entryCount
    }
}

/// The fields that tell where things are.
private enum SegmentLayout {
    static let blockByteCount = 4_096

    struct Frame {
        let frameByteCount: Int
        let entryCount: Int
        let entriesByteCount: Int
        let ciphertextByteCount: Int

        /// The frame at `offset`; nil where there is none.
        init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
            guard offset + 156 <= bytes.count, bytes[offset..<offset + 8].elementsEqual("MUNFRAME".utf8) else {
                return nil
            }
            frameByteCount = Int(SegmentLayout.integer(bytes, offset + 40, UInt64.self))
            entryCount = Int(SegmentLayout.integer(bytes, offset + 60, UInt32.self))
            entriesByteCount = Int(SegmentLayout.integer(bytes, offset + 120, UInt32.self))
            let rows = Int(SegmentLayout.integer(bytes, offset + 124, UInt32.self)) * 48
            ciphertextByteCount = Int(SegmentLayout.integer(bytes, offset + 136, UInt64.self)) - entriesByteCount - rows
            guard frameByteCount >= blockByteCount, ciphertextByteCount >= 0 else { return nil }
        }
    }

    /// Where the footer of a sealed segment starts; nil where there is none.
    static func footerStart(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 16, bytes[(bytes.count - 8)...].elementsEqual("MUNFTEND".utf8) else { return nil }
        let start = bytes.count - Int(integer(bytes, bytes.count - 12, UInt32.self))
        return start > 0 ? start : nil
    }

    /// The length of the index directory inside a footer.
    static func indexByteCount(_ bytes: UnsafeRawBufferPointer, footer start: Int) -> Int {
        Int(integer(bytes, start + 140, UInt32.self))
    }

    private static func integer<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _: T.Type) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
