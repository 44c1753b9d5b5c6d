// The term filter: whether a group may have an attribute's term, told by one page. A Bloom filter cut into pages; a
// term's bits are all in one. Format/index.md, "Filter".

/// A filter over the attribute terms of a group.
package struct IndexFilter {
    /// Bits that there are for each term, on average.
    package static let bitsPerTerm = 10
    /// Bits that each term sets.
    package static let probeCount = 7
    /// Bytes of bits in a page.
    package static let pageByteCount = 4_064
    private static let pageBitCount = UInt64(pageByteCount * 8)

    /// The keyed hash of a term: 16 bytes as two little-endian integers.
    package struct Hash: Sendable {
        /// The halves of the hash.
        package var first: UInt64, second: UInt64

        /// The two halves.
        package init(first: UInt64, second: UInt64) { (self.first, self.second) = (first, second) }

        /// The page that has the term's bits.
        package func page(of pageCount: Int) -> Int { Int(((first >> 32) * UInt64(pageCount)) >> 32) }

        /// Calls `body` with the place of each of the term's bits in its page.
        func forEachBit(_ body: (Int) -> Void) {
            let (start, step) = (second & 0xffff_ffff, second >> 32 | 1)
            for probe in 0..<UInt64(IndexFilter.probeCount) {
                body(Int((start + probe * step) % IndexFilter.pageBitCount))
            }
        }
    }

    /// How many pages the filter of so many terms has; none for none.
    package static func pageCount(termCount: Int) -> Int {
        (termCount * bitsPerTerm + pageByteCount * 8 - 1) / (pageByteCount * 8)
    }

    private let pageCount: Int
    private var bits: [UInt8]

    /// An empty filter for so many terms.
    package init(termCount: Int) { self.init(pageCount: IndexFilter.pageCount(termCount: termCount)) }

    /// An empty filter of so many pages.
    package init(pageCount: Int) {
        self.pageCount = pageCount
        bits = [UInt8](repeating: 0, count: pageCount * IndexFilter.pageByteCount)
    }

    /// Adds a term by its hash.
    package mutating func insert(_ hash: Hash) {
        let base = hash.page(of: pageCount) * IndexFilter.pageByteCount
        hash.forEachBit { bits[base + $0 >> 3] |= 1 << UInt8($0 & 7) }
    }

    /// The pages, `IndexPage.plainByteCount` bytes each.
    package func pages() -> [UInt8] {
        var pages: [UInt8] = []
        for start in stride(from: 0, to: bits.count, by: IndexFilter.pageByteCount) {
            pages += IndexPage.encoded(.filter, body: bits[start..<start + IndexFilter.pageByteCount])
        }
        return pages
    }

    /// Whether the opened page of a term's bits says that the term may be there.
    package static func mayContain(_ hash: Hash, decoding plain: UnsafeRawBufferPointer) throws(FormatError) -> Bool {
        let body = try IndexPage.body(decoding: plain, .filter)
        guard body.count == pageByteCount else {
            throw FormatError(.outOfBounds, "index page", at: 2, "a filter page of \(body.count) bytes")
        }
        var isSet = true
        hash.forEachBit { isSet = isSet && body[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 }
        return isSet
    }
}
