// What a frame holds and where, without the commitments, which are nearly all of a skeleton: header, runs of entries, part rows. Immutable, shared
// by readers, kept in a bounded cache. Commitments are read where they are wanted.

internal import MunimentCrypto
package import MunimentFormat

package final class FrameOutline: Sendable {
    package let header: FrameHeader
    package let columns: EntryColumns
    package let rows: [PartRow]
    /// Where each part's ciphertext begins in the file.
    package let partOffsets: [UInt64]
    /// The indexes of its entries.
    package let indexes: Range<UInt64>
    /// Where the first commitment is in the skeleton, and where that is in the file.
    private let commitmentsOffset: Int
    let offset: UInt64

    init(_ header: FrameHeader, _ columns: EntryColumns, _ rows: [PartRow]) {
        (self.header, self.columns, self.rows) = (header, columns, rows)
        indexes = header.firstIndex..<header.treeSize
        commitmentsOffset = header.headerByteCount + columns.commitmentsOffset
        self.offset = header.offset
        var offset = header.offset + UInt64(header.skeletonByteCount)
        var offsets: [UInt64] = []
        offsets.reserveCapacity(rows.count)
        for row in rows {
            offsets.append(offset)
            offset += UInt64(row.ciphertextByteCount)
        }
        partOffsets = offsets
    }

    /// Reads the outline of the frame at `reference`, from its first block and its part rows. The body's checksum is not checked: proofs and AEAD
    /// do more.
    convenience init(_ reference: FrameReference, in file: any File) throws {
        let pieces = SkeletonPieces(reference, file)
        let head = try pieces.bytes(0..<min(Int(reference.skeletonByteCount), Limits.blockByteCount))
        let claimed = head.withUnsafeBytes { FrameHeader.claimedByteCount($0) } ?? 0
        let header = try pieces.bytes(0..<max(head.count, claimed), from: head).decode(FrameHeader.init(decoding:))
        guard header.skeletonByteCount == Int(reference.skeletonByteCount) else {
            throw FormatError(.inconsistent, "frame", at: 0, "the skeleton has another length than its header says")
        }
        let commitmentsOffset = header.partRowsOffset - header.entryCount * Digest.byteCount
        guard commitmentsOffset >= header.headerByteCount else {
            throw FormatError(.inconsistent, "frame", at: 0, "no room for the commitments of its entries")
        }
        let runs = try pieces.bytes(header.headerByteCount..<commitmentsOffset, from: head)
        let rows = try pieces.bytes(header.partRowsOffset..<header.skeletonByteCount, from: head)
        self.init(
            header,
            try runs.decode { bytes throws(FormatError) in
                try EntryColumns(decoding: bytes, count: header.entryCount, blockByteCount: header.entriesByteCount)
            },
            try rows.decode { bytes throws(FormatError) in try PartRow.rows(of: header, decoding: bytes) })
    }

    /// About how many bytes of memory it takes. O(runs).
    package var byteCount: Int {
        // An array has a head of 32 bytes.
        let runs = columns.runs.reduce(0) { sum, run in
            let occurred = run.occurred.isEmpty ? 0 : 32 + run.occurred.count * MemoryLayout<Microseconds>.stride
            return sum + MemoryLayout<EntryRun>.stride + occurred + run.extensions.reduce(0) { $0 + 40 + $1.count }
        }
        // A token owns two arrays, a body file one.
        let announced = header.tokens.count * 160 + header.bodyFiles.count * 130 + header.groups.count * 60
        return 512 + announced + runs + rows.count * (MemoryLayout<PartRow>.stride + 8)
    }

    /// Where the commitment of the frame's entry `ordinal` is in the skeleton.
    func commitmentOffset(ofEntry ordinal: Int) -> Int { commitmentsOffset + ordinal * Digest.byteCount }

    /// The leaf hashes of `count` entries from `ordinal` on, whose commitments stand at `commitments`, 32 bytes each, at `output`.
    /// O(count + runs).
    func leafHashes(
        of ordinal: Int, count: Int, commitments: UnsafeRawPointer, to output: UnsafeMutableRawPointer
    ) {
        let hasher = FrameOutline.hashers.take()
        defer { FrameOutline.hashers.give(hasher) }
        var done = 0
        while done < count {
            let (run, place) = columns.locate(ordinal + done)
            let taken = min(count - done, columns.runs[run].count - place)
            hasher.value.hash(
                columns.runs[run].slice(place, count: taken), commitments: commitments + done * Digest.byteCount,
                to: output + done * Digest.byteCount)
            done += taken
        }
    }

    private final class HasherBox: @unchecked Sendable {
        let value = EntryHasher()
    }

    private static let hashers = ObjectPool { HasherBox() }

    /// Where the content of the frame's entry `ordinal` is: the part in which it begins, and how many contents precede it there. Nil where
    /// the frame has no part of the entry's class: its contents are purged.
    package func part(ofEntry ordinal: Int) throws(FormatError) -> (row: Int, skip: Int)? {
        let (run, _) = columns.locate(ordinal)
        let classID = columns.runs[run].classID
        var rest = columns.classOrdinal(of: ordinal, classID: classID)
        guard hasParts(ofClass: classID) else { return nil }
        for (position, row) in rows.enumerated() where row.classID == classID {
            if rest < Int(row.recordCount) { return (position, rest) }
            rest -= Int(row.recordCount)
        }
        throw FormatError(.inconsistent, "frame", at: 0, "no part holds the content of entry \(ordinal)")
    }

    /// The classes of the frame's entries in the order in which they first appear, each with the places of its entries, ascending. O(entries).
    package var ordinalsByClass: [(classID: UInt32, ordinals: [Int])] {
        var found: [(classID: UInt32, ordinals: [Int])] = []
        var start = 0
        for run in columns.runs {
            let ordinals = start..<start + run.count
            if let place = found.firstIndex(where: { $0.classID == run.classID }) {
                found[place].ordinals += ordinals
            } else {
                found.append((run.classID, Array(ordinals)))
            }
            start += run.count
        }
        return found
    }

    /// Whether contents of a class stand in the frame.
    package func hasParts(ofClass classID: UInt32) -> Bool { rows.contains { $0.classID == classID } }
}

/// Pieces of one frame's skeleton, taken from what was read already where they are in it.
private struct SkeletonPieces {
    private let reference: FrameReference
    private let file: any File

    init(_ reference: FrameReference, _ file: any File) { (self.reference, self.file) = (reference, file) }

    /// `range` of the skeleton; `head` is its beginning.
    func bytes(_ range: Range<Int>, from head: [UInt8] = []) throws -> [UInt8] {
        if range.upperBound <= head.count { return range == 0..<head.count ? head : Array(head[range]) }
        return try file.readExactly(range.count, at: reference.offset + UInt64(range.lowerBound))
    }
}
