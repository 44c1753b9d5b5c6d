// The end of a sealed segment. Its digest stands in a seal record in the next segment. Format/footer.md.
//
//   0    8   magic "MUNFOOTR"
//   8    4   version · 12 4 generation · 16 8 footerByteCount · 24 8 segment · 32 8 firstIndex · 40 8 entryCount
//   48   32  root                of the tree after the segment's last entry
//   80   8   recordedFirst · 88 8 recordedLast       the least and the greatest recorded time
//   96   32  skeletonDigest      SHA-256(0x21 ‖ header block ‖ frame digests in order)
//   128  4   frameCount · 132 4 groupCount · 136 4 bodyFileCount · 140 4 indexByteCount
//   144      frames, 72 bytes each: offset u64 · frameByteCount u64 · firstIndex u64 · entryCount u32 · skeletonByteCount u32 ·
//                                   partCount u32 · zero u32 · digest 32 = SHA-256(0x20 ‖ header ‖ entries ‖ part rows)
//            groups, 96 bytes each: class u32 · zero u32 · slot u64 · key commitment 32 · recordCount u64 · partCount u64 ·
//                                   digest 32 = SHA-256(0x23 ‖ part digests in order)
//            body files, 64 bytes each: id 16 · index u64 · fileByteCount u64 · digest 32
//            index, indexByteCount bytes: an index directory (IndexDirectory.swift), or nothing
//   end      CRC32C u32 of all that precedes · footerByteCount u32 · magic "MUNFTEND"
//
//   It starts on a multiple of 4,096, directly after the last frame or the index's pages, and ends the file. footer digest = SHA-256(0x22 ‖ the whole footer).

/// The end of a sealed segment, decoded.
package struct Footer: Hashable, Sendable {
    /// The first eight bytes.
    package static let magic: [UInt8] = Array("MUNFOOTR".utf8)
    /// The last eight bytes.
    package static let endMagic: [UInt8] = Array("MUNFTEND".utf8)
    /// Bytes before the rows.
    package static let fixedByteCount = 144
    /// Bytes after the index: checksum, length, end magic.
    package static let trailerByteCount = 16

    /// Domain tags of the digests that bind a segment's bytes; distinct from the tags of leaves, nodes and commitments.
    package static let frameTag: UInt8 = 0x20
    /// Of the digest over all frame digests.
    package static let skeletonTag: UInt8 = 0x21
    /// Of the digest over the whole footer.
    package static let footerTag: UInt8 = 0x22
    /// Of the digest over a group's part digests.
    package static let groupTag: UInt8 = 0x23

    /// Where a frame is and what its skeleton's digest is.
    package struct Frame: Hashable, Sendable {
        /// Bytes of the encoded form.
        package static let byteCount = 72
        /// Of the frame in the file.
        package var offset: UInt64
        /// A multiple of 4,096, padding included.
        package var frameByteCount: UInt64
        /// Index of the first entry.
        package var firstIndex: UInt64
        /// How many entries.
        package var entryCount: UInt32
        /// Header, entries and part rows.
        package var skeletonByteCount: UInt32
        /// How many parts.
        package var partCount: UInt32
        /// Binds the bytes that the row describes.
        package var digest: Digest

        /// The fields as given; how they must fit together is checked when they are decoded.
        package init(
            offset: UInt64, frameByteCount: UInt64, firstIndex: UInt64, entryCount: UInt32, skeletonByteCount: UInt32,
            partCount: UInt32, digest: Digest
        ) {
            (self.offset, self.frameByteCount, self.firstIndex) = (offset, frameByteCount, firstIndex)
            (self.entryCount, self.skeletonByteCount, self.partCount) = (entryCount, skeletonByteCount, partCount)
            self.digest = digest
        }
    }

    /// A class's records and ciphertext in the segment.
    package struct Group: Hashable, Sendable {
        /// Bytes of the encoded form.
        package static let byteCount = 96
        /// The retention class; 0 is that of control records.
        package var classID: UInt32
        /// The row of the wrapped key in the keys' `groups` file.
        package var slot: UInt64
        /// HKDF output that binds the group key without revealing it.
        package var keyCommitment: Digest
        /// Contents of the class in the segment.
        package var recordCount: UInt64
        /// How many parts.
        package var partCount: UInt64
        /// Binds the bytes that the row describes.
        package var digest: Digest

        /// The fields as given; how they must fit together is checked when they are decoded.
        package init(
            classID: UInt32, slot: UInt64, keyCommitment: Digest, recordCount: UInt64, partCount: UInt64, digest: Digest
        ) {
            (self.classID, self.slot, self.keyCommitment) = (classID, slot, keyCommitment)
            (self.recordCount, self.partCount, self.digest) = (recordCount, partCount, digest)
        }
    }

    /// A body file of the segment.
    package struct BodyFile: Hashable, Sendable {
        /// Bytes of the encoded form.
        package static let byteCount = 64
        /// Names the body file; 16 bytes.
        package var id: [UInt8]
        /// Of the record.
        package var index: UInt64
        /// The file's length.
        package var fileByteCount: UInt64
        /// Binds the bytes that the row describes.
        package var digest: Digest

        /// The fields as given; how they must fit together is checked when they are decoded.
        package init(id: [UInt8], index: UInt64, fileByteCount: UInt64, digest: Digest) {
            precondition(id.count == 16)
            (self.id, self.index, self.fileByteCount, self.digest) = (id, index, fileByteCount, digest)
        }
    }

    /// The file's generation: 0 for the journal itself, 1 more for each rewrite.
    package var generation: UInt32
    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// Index of the first entry.
    package var firstIndex: UInt64
    /// How many entries.
    package var entryCount: UInt64
    /// Of the tree after the segment's last entry.
    package var root: Digest
    /// The least recorded time of an entry.
    package var recordedFirst: Microseconds
    /// The greatest recorded time.
    package var recordedLast: Microseconds
    /// SHA-256(0x21 ‖ the segment's first 4,096 bytes ‖ frame digests in order).
    package var skeletonDigest: Digest
    /// In file order, without gaps.
    package var frames: [Frame]
    /// Ascending by class.
    package var groups: [Group]
    /// Ascending by index.
    package var bodyFiles: [BodyFile]
    /// The bytes of the index's directory; empty where there is no index.
    package var index: [UInt8]

    /// The fields as given; how they must fit together is checked when they are decoded.
    package init(
        generation: UInt32, segment: UInt64, firstIndex: UInt64, entryCount: UInt64, root: Digest,
        recordedFirst: Microseconds,
        recordedLast: Microseconds, skeletonDigest: Digest, frames: [Frame], groups: [Group], bodyFiles: [BodyFile],
        index: [UInt8]
    ) {
        (self.generation, self.segment, self.firstIndex, self.entryCount) = (
            generation, segment, firstIndex, entryCount
        )
        (self.root, self.recordedFirst, self.recordedLast) = (root, recordedFirst, recordedLast)
        (self.skeletonDigest, self.frames, self.groups, self.bodyFiles) = (skeletonDigest, frames, groups, bodyFiles)
        self.index = index
    }

    /// Where the last frame ends in the file: there the index's pages begin, or the footer where there are none.
    package var framesEnd: UInt64 {
        frames.last.map { $0.offset + $0.frameByteCount } ?? UInt64(Limits.blockByteCount)
    }

    /// Bytes of the encoded form.
    package var byteCount: Int {
        Footer.fixedByteCount + frames.count * Frame.byteCount + groups.count * Group.byteCount
            + bodyFiles.count * BodyFile.byteCount + index.count + Footer.trailerByteCount
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = Footer.magic
        bytes.reserveCapacity(byteCount)
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: UInt64(byteCount))
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: firstIndex)
        bytes.append(littleEndian: entryCount)
        bytes.append(root)
        bytes.append(littleEndian: recordedFirst)
        bytes.append(littleEndian: recordedLast)
        bytes.append(skeletonDigest)
        bytes.append(littleEndian: UInt32(frames.count))
        bytes.append(littleEndian: UInt32(groups.count))
        bytes.append(littleEndian: UInt32(bodyFiles.count))
        bytes.append(littleEndian: UInt32(index.count))
        for frame in frames {
            bytes.append(littleEndian: frame.offset)
            bytes.append(littleEndian: frame.frameByteCount)
            bytes.append(littleEndian: frame.firstIndex)
            bytes.append(littleEndian: frame.entryCount)
            bytes.append(littleEndian: frame.skeletonByteCount)
            bytes.append(littleEndian: frame.partCount)
            bytes.append(zeros: 4)
            bytes.append(frame.digest)
        }
        for group in groups {
            bytes.append(littleEndian: group.classID)
            bytes.append(zeros: 4)
            bytes.append(littleEndian: group.slot)
            bytes.append(group.keyCommitment)
            bytes.append(littleEndian: group.recordCount)
            bytes.append(littleEndian: group.partCount)
            bytes.append(group.digest)
        }
        for file in bodyFiles {
            bytes.append(contentsOf: file.id)
            bytes.append(littleEndian: file.index)
            bytes.append(littleEndian: file.fileByteCount)
            bytes.append(file.digest)
        }
        bytes.append(contentsOf: index)
        bytes.append(littleEndian: Checksum.crc32c(bytes))
        bytes.append(littleEndian: UInt32(byteCount))
        bytes.append(contentsOf: Footer.endMagic)
        return bytes
    }

    /// The footer's length as the last 16 bytes of a file tell it; nil where there is no footer.
    package static func claimedByteCount(trailer: UnsafeRawBufferPointer) -> Int? {
        guard trailer.count == trailerByteCount, trailer[8...].elementsEqual(endMagic) else { return nil }
        let count = Int(UInt32(littleEndian: trailer.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        return (fixedByteCount + trailerByteCount...Limits.footerByteCount).contains(count) ? count : nil
    }

    /// Where in a footer of `byteCount` bytes the index's directory stands, as the fixed part tells it; nil where that can't be one.
    package static func indexRange(fixedPart bytes: UnsafeRawBufferPointer, byteCount: Int) -> Range<Int>? {
        guard bytes.count == fixedByteCount, bytes.starts(with: magic) else { return nil }
        let indexByteCount = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 140, as: UInt32.self)))
        let end = byteCount - trailerByteCount
        return indexByteCount <= end - fixedByteCount ? end - indexByteCount..<end : nil
    }

    /// Decodes a whole footer. Its digests are checked by whoever has the bytes that they bind.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "footer")
        guard bytes.count <= Limits.footerByteCount else { throw reader.failure(.outOfBounds, "longer than 64 MiB") }
        guard try reader.take(8).elementsEqual(Footer.magic) else { throw reader.failure(.wrongMagic, "not a footer") }
        try reader.requireVersion()
        generation = try reader.integer()
        guard try reader.integer(UInt64.self) == UInt64(bytes.count) else {
            throw reader.failure(.inconsistent, "the length differs")
        }
        guard bytes.count >= Footer.fixedByteCount + Footer.trailerByteCount else {
            throw reader.failure(.truncated, "too short")
        }
        let crcOffset = bytes.count - Footer.trailerByteCount
        let crc = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: crcOffset, as: UInt32.self))
        guard Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<crcOffset])) == crc else {
            throw reader.failure(.checksum, "the footer's checksum does not match")
        }
        segment = try reader.integer()
        firstIndex = try reader.integer()
        entryCount = try reader.integer()
        root = try reader.digest()
        recordedFirst = try reader.integer()
        recordedLast = try reader.integer()
        skeletonDigest = try reader.digest()
        let frameCount = Int(try reader.integer(UInt32.self))
        let groupCount = Int(try reader.integer(UInt32.self))
        let bodyFileCount = Int(try reader.integer(UInt32.self))
        let indexByteCount = Int(try reader.integer(UInt32.self))
        let rowsByteCount =
            frameCount * Frame.byteCount + groupCount * Group.byteCount + bodyFileCount * BodyFile.byteCount
        guard rowsByteCount + indexByteCount == crcOffset - reader.position else {
            throw reader.failure(.inconsistent, "the counts do not fill the footer")
        }
        frames = []
        groups = []
        bodyFiles = []
        for _ in 0..<frameCount { frames.append(try Footer.frame(&reader)) }
        for _ in 0..<groupCount { groups.append(try Footer.group(&reader)) }
        for _ in 0..<bodyFileCount {
            bodyFiles.append(
                BodyFile(
                    id: Array(try reader.take(16)), index: try reader.integer(), fileByteCount: try reader.integer(),
                    digest: try reader.digest()))
        }
        index = Array(try reader.take(indexByteCount))
        _ = try reader.take(4)
        guard try reader.integer(UInt32.self) == UInt32(bytes.count), try reader.take(8).elementsEqual(Footer.endMagic)
        else {
            throw reader.failure(.inconsistent, "the trailer differs")
        }
        try checkOrder(reader)
    }

    private static func frame(_ reader: inout ByteReader) throws(FormatError) -> Frame {
        let frame = Frame(
            offset: try reader.integer(), frameByteCount: try reader.integer(), firstIndex: try reader.integer(),
            entryCount: try reader.integer(), skeletonByteCount: try reader.integer(), partCount: try reader.integer(),
            digest: .zero)
        try reader.requireZeros(4)
        return Frame(
            offset: frame.offset, frameByteCount: frame.frameByteCount, firstIndex: frame.firstIndex,
            entryCount: frame.entryCount,
            skeletonByteCount: frame.skeletonByteCount, partCount: frame.partCount, digest: try reader.digest())
    }

    private static func group(_ reader: inout ByteReader) throws(FormatError) -> Group {
        let classID = try reader.integer(UInt32.self)
        try reader.requireZeros(4)
        return Group(
            classID: classID, slot: try reader.integer(), keyCommitment: try reader.digest(),
            recordCount: try reader.integer(),
            partCount: try reader.integer(), digest: try reader.digest())
    }

    /// Frames follow one another without gaps from the first block on, and hold the segment's entries in order; groups and body files
    /// ascend.
    private func checkOrder(_ reader: ByteReader) throws(FormatError) {
        // First of all, so that no sum below can overflow.
        guard firstIndex < Limits.treeSize, segment < Limits.segmentCount,
            entryCount <= UInt64(Limits.entriesPerSegment), recordedFirst <= recordedLast
        else { throw reader.failure(.inconsistent, "impossible counts") }
        var offset = UInt64(Limits.blockByteCount)
        var index = firstIndex
        for frame in frames {
            guard frame.offset == offset, frame.firstIndex == index,
                (1...UInt32(Limits.entriesPerFrame)).contains(frame.entryCount),
                frame.frameByteCount > 0,
                frame.frameByteCount % UInt64(Limits.blockByteCount) == 0,
                frame.frameByteCount <= UInt64(Limits.frameByteCount),
                UInt64(frame.skeletonByteCount) <= frame.frameByteCount
            else { throw reader.failure(.inconsistent, "frame rows do not follow one another") }
            offset += frame.frameByteCount
            index += UInt64(frame.entryCount)
        }
        guard index == firstIndex + entryCount,
            zip(groups, groups.dropFirst()).allSatisfy({ $0.classID < $1.classID }),
            zip(bodyFiles, bodyFiles.dropFirst()).allSatisfy({ $0.index < $1.index }),
            bodyFiles.allSatisfy({ (firstIndex..<index).contains($0.index) })
        else { throw reader.failure(.inconsistent, "the counts contradict each other") }
    }
}
