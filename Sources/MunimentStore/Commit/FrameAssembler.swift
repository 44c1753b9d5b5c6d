// Putting a frame's bytes together: entries, part rows, ciphertext, then the header that sums them up, then zeros. The one encoder of frames, for
// commits and for repacking alike. Format/frame.md.

internal import MunimentCrypto
internal import MunimentFormat

/// Owns the buffer in which a frame is put together; one thread at a time uses it.
final class FrameAssembler {
    /// A part that is sealed already.
    struct Part {
        var row: PartRow
        /// `row.ciphertextByteCount` bytes.
        var ciphertext: UnsafeRawPointer
    }

    private var buffer = AlignedBuffer(byteCount: 256 << 10)

    /// The bytes of the frame that was assembled last, padding included; valid until the next.
    func bytes(of header: FrameHeader) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[..<header.frameByteCount])
    }

    /// Assembles a frame; returns `draft` with the counts and checksums that follow from its contents. `commitments` holds 32 bytes for each
    /// entry of `runs`.
    func assemble(_ draft: FrameHeader, runs: [EntryRun], commitments: UnsafeRawPointer, parts: [Part]) -> FrameHeader {
        let encodedRuns = EntryColumns.encodedRuns(runs)
        var header = draft
        header.entriesByteCount = encodedRuns.count + header.entryCount * Digest.byteCount
        header.partCount = parts.count
        header.bodyByteCount =
            header.entriesByteCount + parts.count * PartRow.byteCount
            + parts.reduce(0) { $0 + Int($1.row.ciphertextByteCount) }
        if buffer.byteCount < header.frameByteCount { buffer = AlignedBuffer(byteCount: header.frameByteCount * 3 / 2) }
        var writer = RawWriter(buffer.bytes, at: header.headerByteCount)
        writer.append(encodedRuns)
        writer.append(UnsafeRawBufferPointer(start: commitments, count: header.entryCount * Digest.byteCount))
        var rows: [UInt8] = []
        rows.reserveCapacity(parts.count * PartRow.byteCount)
        for part in parts { part.row.append(to: &rows) }
        writer.append(rows)
        for part in parts {
            writer.append(UnsafeRawBufferPointer(start: part.ciphertext, count: Int(part.row.ciphertextByteCount)))
        }
        writer.zero(upTo: header.frameByteCount)
        let body = header.headerByteCount..<header.headerByteCount + header.bodyByteCount
        header.bodyCRC = Checksum.crc32c(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[body]))
        var front = RawWriter(buffer.bytes, at: 0)
        front.append(header.encoded())
        return header
    }
}

/// Fills a buffer from front to back.
struct RawWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeMutableRawBufferPointer, at position: Int) { (self.bytes, self.position) = (bytes, position) }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        precondition(position + source.count <= bytes.count)
        (bytes.baseAddress! + position).copyMemory(from: base, byteCount: source.count)
        position += source.count
    }

    mutating func append(_ source: [UInt8]) { source.withUnsafeBytes { append($0) } }

    mutating func zero(upTo end: Int) {
        precondition(end <= bytes.count)
        if end > position {
            (bytes.baseAddress! + position).initializeMemory(as: UInt8.self, repeating: 0, count: end - position)
        }
        position = end
    }
}
