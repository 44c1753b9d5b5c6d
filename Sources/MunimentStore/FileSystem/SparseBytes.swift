// The bytes of a simulated file, as pages that copies share until one of them changes. A page that is absent reads as
// zeros and takes no space.
//
// Invariant: bytes of a present page at or past the length are zero, except in what a disk holds behind its cache,
// where pages may lie past a length that is not durable yet; `resize` removes them.

/// A run of bytes from offset zero, with holes.
struct SparseBytes: Sendable {
    /// What the page cache and the device agree on as their unit, in bytes.
    static let pageByteCount = 4096
    static let zeroPage = [UInt8](repeating: 0, count: pageByteCount)

    private var pages: [UInt64: [UInt8]] = [:]
    /// The length in bytes.
    private(set) var byteCount: UInt64 = 0

    /// The number of pages that take space.
    var pageCount: Int { pages.count }

    /// The page with this index, or nil for a hole.
    func page(_ index: UInt64) -> [UInt8]? { pages[index] }

    /// Puts a page in place, or a hole. The length stays.
    mutating func setPage(_ index: UInt64, _ page: [UInt8]?) { pages[index] = page }

    /// The present pages in a range of indices, in order. Costs no more than the fewer of the range and the pages.
    func presentPages(in range: Range<UInt64>) -> [UInt64] {
        range.count < pages.count
            ? range.filter { pages[$0] != nil }
            : pages.keys.filter { range.contains($0) }.sorted()
    }

    /// Copies from `offset` on; the number of bytes copied, which ends with the length.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
        guard offset < byteCount else { return 0 }
        let count = Int(min(UInt64(buffer.count), byteCount - offset))
        for part in Self.parts(offset, count) {
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[part.whole])
            if let page = pages[part.page] {
                page.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[part.inPage])) }
            } else {
                target.initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        return count
    }

    /// Overwrites from `offset` on, and grows.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        for part in Self.parts(offset, bytes.count) {
            let source = UnsafeRawBufferPointer(rebasing: bytes[part.whole])
            if source.count == Self.pageByteCount {
                pages[part.page] = Array(source)
            } else {
                pages[part.page, default: Self.zeroPage].withUnsafeMutableBytes {
                    UnsafeMutableRawBufferPointer(rebasing: $0[part.inPage]).copyMemory(from: source)
                }
            }
        }
        grow(to: offset + UInt64(bytes.count))
    }

    /// Zeros a range, and makes its whole pages holes. The length stays.
    mutating func zero(_ range: Range<UInt64>) {
        for index in presentPages(in: Self.pageRange(range)) {
            let start = index * UInt64(Self.pageByteCount)
            let lower = Int(max(range.lowerBound, start) - start)
            let upper = Int(min(range.upperBound - start, UInt64(Self.pageByteCount)))
            if upper - lower == Self.pageByteCount {
                pages[index] = nil
            } else {
                pages[index]?.replaceSubrange(lower..<upper, with: repeatElement(0, count: upper - lower))
            }
        }
    }

    /// Makes the length at least this.
    mutating func grow(to length: UInt64) { byteCount = max(byteCount, length) }

    /// Sets the length, and removes every byte at or past it.
    mutating func resize(to length: UInt64) {
        byteCount = length
        let pageSize = UInt64(Self.pageByteCount)
        let last = length / pageSize
        pages = pages.filter { $0.key < last || ($0.key == last && length % pageSize != 0) }
        clearTail()
    }

    /// Zeros what the last page holds past the length.
    mutating func clearTail() {
        let used = Int(byteCount % UInt64(Self.pageByteCount))
        let last = byteCount / UInt64(Self.pageByteCount)
        guard used > 0, pages[last] != nil else { return }
        pages[last]?.replaceSubrange(used..., with: repeatElement(0, count: Self.pageByteCount - used))
    }

    /// The indices of the pages that a range of bytes touches.
    static func pageRange(_ range: Range<UInt64>) -> Range<UInt64> {
        if range.isEmpty { return 0..<0 }
        let size = UInt64(pageByteCount)
        return range.lowerBound / size..<(range.upperBound - 1) / size + 1
    }

    private struct Part {
        var page: UInt64
        /// Where in the whole transfer, and where in its page.
        var whole: Range<Int>
        var inPage: Range<Int>
    }

    private static func parts(_ offset: UInt64, _ count: Int) -> some Sequence<Part> {
        sequence(state: 0) { (done: inout Int) -> Part? in
            guard done < count else { return nil }
            let position = offset + UInt64(done)
            let start = Int(position % UInt64(pageByteCount))
            let partCount = min(pageByteCount - start, count - done)
            defer { done += partCount }
            return Part(
                page: position / UInt64(pageByteCount), whole: done..<done + partCount,
                inPage: start..<start + partCount)
        }
    }
}
