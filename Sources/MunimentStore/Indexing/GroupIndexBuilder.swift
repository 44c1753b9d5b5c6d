// Gathers the terms of one group and makes its index. What comes out depends only on the terms, the indexed names and
// the group's key: the same contents give the same bytes. Format/index.md.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

/// Used by one thread.
final class GroupIndexBuilder {
    /// Records that share a time and follow one another.
    private struct TimeRun {
        var time: Microseconds
        var ordinals: Range<UInt32>
    }

    private let classID: UInt32
    private let names: [[UInt8]]?
    // As in the table of terms: one thread, no closure escapes.
    @exclusivity(unchecked) private var terms = TermTable()
    /// The term's number and the record's ordinal, in the order of the records.
    @exclusivity(unchecked) private var pairs: ContiguousArray<(term: UInt32, ordinal: UInt32)> = []
    @exclusivity(unchecked) private var times: ContiguousArray<TimeRun> = []

    /// `names` are the indexed attributes' (`IndexTop.names`).
    init(classID: UInt32, names: [[UInt8]]?) { (self.classID, self.names) = (classID, names) }

    /// Grows with what was added, whatever its order: bounds the memory, and so which index is refused.
    var weight: Int { terms.termByteCount + 16 * terms.count + 8 * pairs.count + 16 * times.count }

    /// Adds the time of records that follow one another; the ordinals ascend from call to call.
    func add(_ time: Microseconds, _ ordinals: Range<UInt32>) {
        if let last = times.last, last.time == time, last.ordinals.upperBound == ordinals.lowerBound {
            times[times.count - 1].ordinals = last.ordinals.lowerBound..<ordinals.upperBound
        } else {
            times.append(TimeRun(time: time, ordinals: ordinals))
        }
    }

    /// Adds the attributes of a record's content.
    func add(_ ordinal: UInt32, _ layout: ContentLayout, in content: UnsafeRawBufferPointer) throws(FormatError) {
        guard layout.attributeCount > 0 else { return }
        try layout.forEachAttribute(in: content) { _, encoded throws(FormatError) in
            if names != nil {
                var reader = ByteReader(encoded, "attribute")
                let name = try reader.counted(atMost: Limits.attributeNameByteCount)
                guard IndexTop.isIndexed(name, names) else { return }
            }
            pairs.append((UInt32(terms.number(ofAttribute: encoded)), ordinal))
        }
    }

    /// The directory's row of a group whose content is all purged: nothing but its times, which its entries tell.
    func purged() -> IndexDirectory.Group {
        IndexDirectory.Group(
            classID: classID, flags: names == nil ? IndexDirectory.Group.indexesAll : 0,
            timeFirst: times.min { $0.time < $1.time }?.time ?? 0,
            timeLast: times.max { $0.time < $1.time }?.time ?? 0,
            filterPageCount: 0, termPageCount: 0, topPageCount: 0, salt: .zero, digest: .zero)
    }

    /// The pages, sealed, and the group's row of the directory. The builder is spent.
    func finish(_ key: IndexKey) -> (group: IndexDirectory.Group, pages: [UInt8]) {
        var filter = IndexFilter(termCount: terms.count)
        let first = times.min { $0.time < $1.time }?.time ?? 0
        let last = times.max { $0.time < $1.time }?.time ?? 0
        let writer = written(&filter, key)
        let top = IndexTop(names: names ?? [], separators: writer.separators).pages()
        let filterPages = filter.pages()
        let counts = [filterPages.count, writer.pages.count, top.count].map { UInt32($0 / IndexPage.plainByteCount) }
        let plain = filterPages + writer.pages + top
        let salt = plain.withUnsafeBytes { key.salt(ofPages: $0) }
        let (pages, digest) = GroupIndexBuilder.sealed(
            plain, key.pages(salt: salt, pageCount: plain.count / IndexPage.plainByteCount))
        return (
            IndexDirectory.Group(
                classID: classID, flags: names == nil ? IndexDirectory.Group.indexesAll : 0, timeFirst: first,
                timeLast: last, filterPageCount: counts[0],
                termPageCount: counts[1], topPageCount: counts[2], salt: salt, digest: digest), pages
        )
    }

    /// The term pages: times first, since their kind is the least, then attributes.
    private func written(_ filter: inout IndexFilter, _ key: IndexKey) -> IndexTermWriter {
        var writer = IndexTermWriter()
        var runs: [Range<UInt32>] = []
        times.sort { ($0.time, $0.ordinals.lowerBound) < ($1.time, $1.ordinals.lowerBound) }
        var place = 0
        while place < times.count {
            let time = times[place].time
            runs.removeAll(keepingCapacity: true)
            while place < times.count, times[place].time == time {
                runs.append(times[place].ordinals)
                place += 1
            }
            IndexTerm.time(time).withUnsafeBytes { writer.append($0, runs) }
        }
        times = []
        let (starts, ordinals) = ordinalsByTerm()
        for number in terms.sorted() {
            let term = terms[Int(number)]
            filter.insert(key.filterHash(term))
            GroupIndexBuilder.join(ordinals[starts[Int(number)]..<starts[Int(number) + 1]], into: &runs)
            writer.append(term, runs)
        }
        writer.finish()
        terms = TermTable()
        return writer
    }

    /// The ordinals of each term, ascending, one term's after another's: those of term n from `starts[n]` on.
    private func ordinalsByTerm() -> (starts: ContiguousArray<Int>, ordinals: ContiguousArray<UInt32>) {
        var starts = ContiguousArray(repeating: 0, count: terms.count + 1)
        for pair in pairs { starts[Int(pair.term) + 1] += 1 }
        for number in 0..<terms.count { starts[number + 1] += starts[number] }
        var next = starts
        var ordinals = ContiguousArray<UInt32>(repeating: 0, count: pairs.count)
        for pair in pairs {
            ordinals[next[Int(pair.term)]] = pair.ordinal
            next[Int(pair.term)] += 1
        }
        pairs = []
        return (starts, ordinals)
    }

    /// Ordinals as runs. One may stand twice, where two attributes of a record were cut to one term.
    private static func join(_ ordinals: ContiguousArray<UInt32>.SubSequence, into runs: inout [Range<UInt32>]) {
        runs.removeAll(keepingCapacity: true)
        guard var first = ordinals.first else { return }
        var end = first + 1
        for ordinal in ordinals.dropFirst() where ordinal >= end {
            if ordinal > end {
                runs.append(first..<end)
                first = ordinal
            }
            end = ordinal + 1
        }
        runs.append(first..<end)
    }

    private static func sealed(_ plain: [UInt8], _ cipher: IndexPageCipher) -> (pages: [UInt8], digest: Digest) {
        let count = plain.count / IndexPage.plainByteCount
        var pages = [UInt8](repeating: 0, count: count * IndexPage.byteCount)
        var tree = TreeFrontier()
        plain.withUnsafeBytes { plain in
            pages.withUnsafeMutableBytes { pages in
                for page in 0..<count {
                    let start = page * IndexPage.plainByteCount
                    let source = UnsafeRawBufferPointer(rebasing: plain[start..<start + IndexPage.plainByteCount])
                    let target = UnsafeMutableRawBufferPointer(
                        rebasing: pages[page * IndexPage.byteCount..<(page + 1) * IndexPage.byteCount])
                    if let base = target.baseAddress { cipher.seal(source, page: page, to: base) }
                    tree.append(
                        leaf: SHA256.hash(tag: IndexDirectory.pageTag, body: UnsafeRawBufferPointer(target)))
                }
            }
        }
        return (pages, tree.root())
    }
}
