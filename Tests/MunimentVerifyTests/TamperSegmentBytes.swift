// The bytes of one segment file, for whoever changes some and then mends exactly the checksums and digests that they choose to.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import Testing

@testable import MunimentVerify

struct SegmentBytes {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Decodes the frame at `offset`.
    func header(at offset: Int) throws -> FrameHeader {
        try Array(bytes[offset...]).decode(FrameHeader.init(decoding:))
    }

    /// The offsets of the frames.
    var offsets: [Int] {
        var offsets: [Int] = []
        var offset = Limits.blockByteCount
        while offset < bytes.count, let header = try? header(at: offset) {
            offsets.append(offset)
            offset += header.frameByteCount
        }
        return offsets
    }

    /// Where the footer starts.
    var footerOffset: Int {
        get throws {
            let trailer = Array(bytes.suffix(Footer.trailerByteCount))
            return bytes.count - (try #require(trailer.withUnsafeBytes { Footer.claimedByteCount(trailer: $0) }))
        }
    }

    /// Puts the frame's header back with its checksums right.
    mutating func mend(at offset: Int, _ change: (inout FrameHeader) -> Void = { _ in }) throws {
        var header = try header(at: offset)
        let body = offset + header.headerByteCount..<offset + header.headerByteCount + header.bodyByteCount
        change(&header)
        header.bodyCRC = Checksum.crc32c(Array(bytes[body]))
        bytes.replaceSubrange(offset..<offset + header.headerByteCount, with: header.encoded())
    }

    /// Makes the footer anew, with every digest right, and then changes it.
    mutating func mendFooter(_ change: (inout Footer) throws -> Void = { _ in }) throws {
        let start = try footerOffset
        var footer = try Array(bytes[start...]).decode(Footer.init(decoding:))
        var skeleton = SHA256.Hasher()
        skeleton.update([Footer.skeletonTag])
        skeleton.update(Array(bytes[..<Limits.blockByteCount]))
        var hashers: [UInt32: SHA256.Hasher] = [:]
        for place in footer.frames.indices {
            let offset = Int(footer.frames[place].offset)
            let header = try header(at: offset)
            let raw = Array(bytes[offset..<offset + header.skeletonByteCount])
            footer.frames[place].digest = raw.withUnsafeBytes { SHA256.hash(tag: Footer.frameTag, body: $0) }
            footer.frames[place].digest.withUnsafeBytes { skeleton.update($0) }
            for row in try raw.decode({ raw throws(FormatError) in try PartRow.rows(of: header, in: raw) }) {
                if hashers[row.classID] == nil {
                    hashers[row.classID] = SHA256.Hasher()
                    hashers[row.classID]?.update([Footer.groupTag])
                }
                row.digest.withUnsafeBytes { hashers[row.classID]?.update($0) }
            }
        }
        footer.skeletonDigest = skeleton.finalize()
        for place in footer.groups.indices {
            if let hasher = hashers[footer.groups[place].classID] { footer.groups[place].digest = hasher.finalize() }
        }
        try change(&footer)
        bytes.replaceSubrange(start..., with: footer.encoded())
    }

    /// Rewrites the tree's claims in the headers, as a forger would.
    mutating func mendRoots() throws {
        var frontier = TreeFrontier()
        for offset in offsets {
            try ForgedFrame(bytes, at: offset).leaves.withUnsafeBytes { frontier.append(leaves: $0) }
            try mend(at: offset) { $0.root = frontier.root() }
        }
    }

    /// The ciphertext of a part of the frame at `offset`.
    func ciphertext(_ part: Int = 0, at offset: Int) throws -> Range<Int> {
        let header = try header(at: offset)
        let rows = try Array(bytes[offset...]).decode { raw throws(FormatError) in
            try PartRow.rows(of: header, in: raw)
        }
        let start = rows[..<part].reduce(offset + header.skeletonByteCount) { $0 + Int($1.ciphertextByteCount) }
        return start..<start + Int(rows[part].ciphertextByteCount)
    }

    /// Puts other bytes of the same number in a part's place, its digest and the frame's checksums mended.
    mutating func replaceCiphertext(_ part: Int = 0, at offset: Int, with other: [UInt8]) throws {
        bytes.replaceSubrange(try ciphertext(part, at: offset), with: other)
        let row = offset + (try header(at: offset)).partRowsOffset + part * PartRow.byteCount
        bytes.replaceSubrange(row + 16..<row + 48, with: SHA256.hash(other).bytes)
        try mend(at: offset)
    }
}

extension StoreFixture {
    /// Changes the bytes of a segment, and its row in the segment directory if it still has a footer.
    func changeSegment(_ name: String, _ body: (inout SegmentBytes) throws -> Void) throws {
        var segment = SegmentBytes(try read(name))
        try body(&segment)
        try write(name, segment.bytes)
        guard let pieces = try? ForgedSegment(name, segment.bytes), pieces.footer != nil else { return }
        try mendRow(pieces, byteCount: segment.bytes.count)
    }
}
