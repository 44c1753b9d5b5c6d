// One frame's skeleton, read and decoded: header, entries, part rows. Immutable, shared by readers, kept in a bounded cache.
// Ciphertext is read only when a part is opened.

package import MunimentCrypto
package import MunimentFormat

package final class FrameView: Sendable {
    package let header: FrameHeader
    package let columns: EntryColumns
    package let rows: [PartRow]
    /// Where each part's ciphertext begins in the file.
    package let partOffsets: [UInt64]
    /// Header, entries and part rows as they stand in the file.
    package let skeleton: [UInt8]

    /// Decodes a skeleton that was read from the frame's place. The body's checksum is not checked: proofs and AEAD do more.
    package init(_ skeleton: [UInt8]) throws(FormatError) {
        let (header, columns, rows) = try skeleton.decode {
            bytes throws(FormatError) -> (FrameHeader, EntryColumns, [PartRow]) in
            let header = try FrameHeader(decoding: bytes)
            guard header.skeletonByteCount == bytes.count else {
                throw FormatError(.inconsistent, "frame", at: 0, "the skeleton has another length than its header says")
            }
            let entries = UnsafeRawBufferPointer(rebasing: bytes[header.headerByteCount..<header.partRowsOffset])
            return (
                header, try EntryColumns(decoding: entries, count: header.entryCount),
                try PartRow.rows(of: header, in: bytes)
            )
        }
        (self.header, self.columns, self.rows, self.skeleton) = (header, columns, rows, skeleton)
        var offset = header.offset + UInt64(header.skeletonByteCount)
        var offsets: [UInt64] = []
        for row in rows {
            offsets.append(offset)
            offset += UInt64(row.ciphertextByteCount)
        }
        partOffsets = offsets
    }

    /// About how many bytes of memory it takes. O(runs).
    package var byteCount: Int {
        // An array has a head of 32 bytes.
        let runs = columns.runs.reduce(0) { sum, run in
            let occurred = run.occurred.isEmpty ? 0 : 32 + run.occurred.count * MemoryLayout<Microseconds>.stride
            return sum + MemoryLayout<EntryRun>.stride + occurred + run.extensions.reduce(0) { $0 + 40 + $1.count }
        }
        return 512 + skeleton.count + runs + rows.count * (MemoryLayout<PartRow>.stride + 8)
    }

    package var indexes: Range<UInt64> { header.firstIndex..<header.treeSize }

    /// Calls `body` with the bytes that the columns were decoded from.
    package func withEntries<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try skeleton.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[header.headerByteCount..<header.partRowsOffset]))
        }
    }

    /// The entry at `index`, which is one of this frame's.
    package func entry(_ index: UInt64) -> [UInt8] {
        withEntries { columns.entry(Int(index - header.firstIndex), in: $0) }
    }

    /// What the frame's entry `ordinal` commits to.
    package func commitment(ofEntry ordinal: Int) -> Digest {
        let offset = columns.commitmentsOffset + ordinal * Digest.byteCount
        return withEntries { entries in entries.baseAddress.map { Digest(loading: $0 + offset) } ?? .zero }
    }

    /// All leaf hashes of the frame, 32 bytes each, at `output`.
    package func leafHashes(_ hasher: EntryHasher, to output: UnsafeMutableRawPointer) {
        withEntries { hasher.hash(columns.runs, commitments: $0.baseAddress! + columns.commitmentsOffset, to: output) }
    }

    /// The leaf hashes of `count` entries from `ordinal` on, 32 bytes each, at `output`. O(count + runs).
    package func leafHashes(of ordinal: Int, count: Int, to output: UnsafeMutableRawPointer) {
        let hasher = FrameView.hashers.take()
        defer { FrameView.hashers.give(hasher) }
        withEntries { bytes in
            var done = 0
            while done < count {
                let (run, place) = columns.locate(ordinal + done)
                let taken = min(count - done, columns.runs[run].count - place)
                hasher.value.hash(
                    columns.runs[run].slice(place, count: taken),
                    commitments: bytes.baseAddress! + columns.commitmentsOffset + (ordinal + done) * Digest.byteCount,
                    to: output + done * Digest.byteCount)
                done += taken
            }
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

    /// SHA-256(0x20 ‖ skeleton), which the footer binds.
    package var digest: Digest { skeleton.withUnsafeBytes { SHA256.hash(tag: Footer.frameTag, body: $0) } }
}
