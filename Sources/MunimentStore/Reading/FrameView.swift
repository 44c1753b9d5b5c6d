// One frame's skeleton, read and decoded: header, entries, part rows; for whoever goes through entries one after the other. Immutable, shared by
// readers, kept in a bounded cache. Ciphertext is read only when a part is opened.

package import MunimentCrypto
package import MunimentFormat

package final class FrameView: Sendable {
    /// All of it but the commitments.
    package let outline: FrameOutline
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
        outline = FrameOutline(header, columns, rows)
        self.skeleton = skeleton
    }

    package var header: FrameHeader { outline.header }
    package var columns: EntryColumns { outline.columns }
    package var rows: [PartRow] { outline.rows }
    package var indexes: Range<UInt64> { outline.indexes }

    /// About how many bytes of memory it takes. O(runs).
    package var byteCount: Int { outline.byteCount + skeleton.count }

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
        skeleton.withUnsafeBytes { Digest(loading: $0, at: outline.commitmentOffset(ofEntry: ordinal)) }
    }

    /// All leaf hashes of the frame, 32 bytes each, at `output`.
    package func leafHashes(_ hasher: EntryHasher, to output: UnsafeMutableRawPointer) {
        withEntries { hasher.hash(columns.runs, commitments: $0.baseAddress! + columns.commitmentsOffset, to: output) }
    }

    /// The leaf hashes of `count` entries from `ordinal` on, 32 bytes each, at `output`. O(count + runs).
    package func leafHashes(of ordinal: Int, count: Int, to output: UnsafeMutableRawPointer) {
        skeleton.withUnsafeBytes { bytes in
            outline.leafHashes(
                of: ordinal, count: count,
                commitments: bytes.baseAddress! + outline.commitmentOffset(ofEntry: ordinal), to: output)
        }
    }

    /// Whether contents of a class stand in the frame.
    package func hasParts(ofClass classID: UInt32) -> Bool { outline.hasParts(ofClass: classID) }

    /// SHA-256(0x20 ‖ skeleton), which the footer binds.
    package var digest: Digest { skeleton.withUnsafeBytes { SHA256.hash(tag: Footer.frameTag, body: $0) } }
}
