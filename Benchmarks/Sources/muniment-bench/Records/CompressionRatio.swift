// How well records compress, as the engine compresses them: LZ4, blocks of at most 64 KiB of whole records.

import CBenchLZ4

/// The measured ratio of a corpus.
struct CompressionRatio {
    /// Bytes before and after, and how many blocks there were.
    private(set) var byteCount = 0
    private(set) var compressedByteCount = 0
    private(set) var blockCount = 0

    var ratio: Double { Double(byteCount) / Double(compressedByteCount) }

    private static let blockByteCount = 65_536

    /// Compresses the corpus's first `limit` bytes.
    init(_ corpus: Corpus, limit: Int = 16 << 20) {
        let target = UnsafeMutablePointer<CChar>.allocate(capacity: Int(LZ4_compressBound(65_536)))
        defer { target.deallocate() }
        let bytes = UnsafeRawBufferPointer(rebasing: corpus.bytes[..<min(limit, corpus.byteCount)])
        var start = 0
        var number = 0
        while start < bytes.count {
            // Whole records, or a piece of one that is longer than a block.
            var end = start
            while end < bytes.count, end - start + corpus[number].count <= CompressionRatio.blockByteCount {
                end += corpus[number].count
                number += 1
            }
            if end == start {
                compress(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + corpus[number].count, bytes.count)]),
                    target)
                end = start + corpus[number].count
                number += 1
            } else {
                compress(UnsafeRawBufferPointer(rebasing: bytes[start..<min(end, bytes.count)]), target)
            }
            start = end
        }
    }

    private mutating func compress(_ bytes: UnsafeRawBufferPointer, _ target: UnsafeMutablePointer<CChar>) {
        for start in stride(from: 0, to: bytes.count, by: CompressionRatio.blockByteCount) {
            let count = min(CompressionRatio.blockByteCount, bytes.count - start)
            guard let source = bytes.baseAddress else { return }
            let written = LZ4_compress_fast(
                (source + start).assumingMemoryBound(to: CChar.self), target, Int32(count), LZ4_compressBound(65_536), 1
            )
            // What does not shrink is stored as it is.
            compressedByteCount += min(Int(written), count)
            byteCount += count
            blockCount += 1
        }
    }
}
