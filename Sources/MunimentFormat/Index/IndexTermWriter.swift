// Cuts a sorted list of terms into pages: each as full as can be, a term's postings going on in the next page where
// they do not fit. Format/index.md, "Term pages".

/// Writes term pages, and gathers the separators of the top. Terms and their ordinals must come in ascending order.
package struct IndexTermWriter {
    /// Finished pages, one after another, `IndexPage.plainByteCount` bytes each.
    package private(set) var pages: [UInt8] = []
    /// For each finished page the shortest bytes that are greater than the term before the page, and not greater than its first;
    /// the whole term where it goes on from the page before. Empty for the first page.
    package private(set) var separators: [[UInt8]] = []
    private var body: [UInt8] = []
    /// The last term that was written, in whichever page.
    private var last: [UInt8] = []
    /// Postings of the entry that is being gathered.
    private var postings: [UInt8] = []

    /// A writer without pages.
    package init() { body.reserveCapacity(IndexPage.bodyByteCountMax) }

    /// How many pages are finished.
    package var pageCount: Int { separators.count }

    /// Adds a term with its runs, which ascend and lie apart; there is at least one.
    package mutating func append(_ term: UnsafeRawBufferPointer, _ runs: [Range<UInt32>]) {
        var shared = body.isEmpty ? 0 : commonPrefixByteCount(term)
        if body.isEmpty { beginPage(term) }
        var end: UInt32?
        postings.removeAll(keepingCapacity: true)
        for run in runs {
            var spelt = IndexTermWriter.byteCount(run, after: end)
            if !fits(term, shared, postings.count + spelt) {
                if !postings.isEmpty { finishEntry(term, shared) }
                finishPage()
                beginPage(term)
                (shared, end) = (0, nil)
                spelt = IndexTermWriter.byteCount(run, after: nil)
            }
            append(run, after: end)
            end = run.upperBound
        }
        finishEntry(term, shared)
    }

    /// Hands over the pages that were finished since the last time.
    package mutating func takePages() -> [UInt8] {
        defer { pages.removeAll(keepingCapacity: true) }
        return pages
    }

    /// Ends the last page.
    package mutating func finish() { if !body.isEmpty { finishPage() } }

    private func fits(_ term: UnsafeRawBufferPointer, _ shared: Int, _ postingsByteCount: Int) -> Bool {
        let rest = term.count - shared
        let head = varintByteCount(UInt64(shared)) + varintByteCount(UInt64(rest)) + rest
        let whole = head + varintByteCount(UInt64(postingsByteCount)) + postingsByteCount
        return body.count + whole <= IndexPage.bodyByteCountMax
    }

    private static func step(_ run: Range<UInt32>, after end: UInt32?) -> UInt64 {
        UInt64(end.map { run.lowerBound - $0 - 1 } ?? run.lowerBound) << 1 | (run.count > 1 ? 1 : 0)
    }

    private static func byteCount(_ run: Range<UInt32>, after end: UInt32?) -> Int {
        varintByteCount(step(run, after: end)) + (run.count > 1 ? varintByteCount(UInt64(run.count - 2)) : 0)
    }

    private mutating func append(_ run: Range<UInt32>, after end: UInt32?) {
        postings.append(varint: IndexTermWriter.step(run, after: end))
        if run.count > 1 { postings.append(varint: UInt64(run.count - 2)) }
    }

    private mutating func finishEntry(_ term: UnsafeRawBufferPointer, _ shared: Int) {
        body.append(varint: UInt64(shared))
        body.append(varint: UInt64(term.count - shared))
        body.append(contentsOf: term[shared...])
        body.append(varint: UInt64(postings.count))
        body.append(contentsOf: postings)
        postings.removeAll(keepingCapacity: true)
        last.removeAll(keepingCapacity: true)
        last.append(contentsOf: term)
    }

    private mutating func beginPage(_ term: UnsafeRawBufferPointer) {
        guard !separators.isEmpty else { return separators.append([]) }
        separators.append(Array(term.prefix(commonPrefixByteCount(term) + 1)))
    }

    private mutating func finishPage() {
        pages += IndexPage.encoded(.terms, body: body)
        body.removeAll(keepingCapacity: true)
    }

    private func commonPrefixByteCount(_ term: UnsafeRawBufferPointer) -> Int {
        let bound = min(term.count, last.count)
        var count = 0
        while count < bound, term[count] == last[count] { count += 1 }
        return count
    }
}
