// Reading the index of one group: pages are read and opened one by one, as they are asked for, and kept in a bounded
// cache. What they say is believed for choosing records, and for nothing else: each record is proved by itself.

internal import MunimentCrypto
package import MunimentFormat

/// The index of a class in a sealed segment, opened with the group's key.
package struct GroupIndex: Sendable {
    struct Place: Hashable {
        var segment: UInt64
        var generation: UInt32
        var classID: UInt32
    }

    package let group: IndexDirectory.Group
    private let reader: LogReader
    private let handle: SegmentHandle
    private let offset: UInt64
    private let key: IndexKey
    private let cipher: IndexPageCipher

    fileprivate init(
        _ reader: LogReader, _ handle: SegmentHandle, _ group: IndexDirectory.Group, offset: UInt64, key: IndexKey
    ) {
        (self.reader, self.handle, self.group) = (reader, handle, group)
        (self.offset, self.key) = (offset, key)
        cipher = key.pages(salt: group.salt, pageCount: group.pageCount)
    }

    fileprivate var place: Place {
        Place(segment: handle.segment, generation: handle.generation, classID: group.classID)
    }

    /// Whether the attributes of that name have terms. Reads the top where not all attributes have.
    package func indexes(_ name: some Collection<UInt8>) throws -> Bool {
        if group.flags & IndexDirectory.Group.indexesAll != 0 { return true }
        return IndexTop.isIndexed(name, try top().names)
    }

    /// Whether the term of an attribute may be there; false is certain. Reads one page.
    package func mayContain(_ term: [UInt8]) throws -> Bool {
        let pageCount = Int(group.filterPageCount)
        guard pageCount > 0 else { return false }
        let hash = term.withUnsafeBytes { key.filterHash($0) }
        return try page(hash.page(of: pageCount)).decode { plain throws(FormatError) in
            try IndexFilter.mayContain(hash, decoding: plain)
        }
    }

    /// Calls `body` with the terms from `low` on, ascending, and the records that have them, until it returns false. A term comes
    /// more than once where its records fill more than a page.
    package func forEachTerm(
        from low: [UInt8], _ body: ([UInt8], inout IndexPostings) throws(FormatError) -> Bool
    ) throws {
        let first = try top().firstPage(of: low)
        for number in first..<Int(group.termPageCount) {
            let plain = try page(Int(group.filterPageCount) + number)
            let goesOn = try plain.decode { raw throws(FormatError) in
                var entries = try IndexTermReader(decoding: raw)
                while var postings = try entries.next() {
                    if entries.term.lexicographicallyPrecedes(low) { continue }
                    if try !body(entries.term, &postings) { return false }
                }
                return true
            }
            guard goesOn else { return }
        }
    }

    private func top() throws -> IndexTop {
        if let top = reader.indexes.tops.value(place) { return top }
        let first = Int(group.filterPageCount + group.termPageCount)
        var bytes: [UInt8] = []
        for number in first..<group.pageCount {
            bytes += try page(number).decode { raw throws(FormatError) in
                Array(try IndexPage.body(decoding: raw, .top))
            }
        }
        let top = try bytes.decode { raw throws(FormatError) in
            try IndexTop(decoding: raw, termPageCount: Int(group.termPageCount))
        }
        reader.keep(top, for: place, cost: bytes.count * 4, in: reader.indexes.tops, of: handle)
        return top
    }

    private func page(_ number: Int) throws -> [UInt8] {
        let key = IndexCache.PageKey(place: place, page: number)
        if let plain = reader.indexes.pages.value(key) { return plain }
        let place = offset + UInt64(number * IndexPage.byteCount)
        let sealed = try reader.file(handle).readExactly(IndexPage.byteCount, at: place)
        guard let plain = sealed.withUnsafeBytes({ cipher.open($0, page: number) }) else {
            throw ArchiveError(
                .damaged,
                "The index of class \(group.classID) in \(handle.path) is damaged at offset \(place); run verify on a copy of the store."
            )
        }
        reader.keep(plain, for: key, cost: plain.count, in: reader.indexes.pages, of: handle)
        return plain
    }
}

/// Opened pieces of indexes.
final class IndexCache: Sendable {
    struct PageKey: Hashable {
        var place: GroupIndex.Place
        var page: Int
    }

    let tops = BoundedCache<GroupIndex.Place, IndexTop>(costMax: 8 << 20)
    let pages = BoundedCache<PageKey, [UInt8]>(costMax: 8 << 20)
    let groups = BoundedCache<GroupIndex.Place, IndexKey>(costMax: 1_024)
    /// Of segments that are not sealed: at most two.
    let tails = Guarded<[TailIndex]>([])

    /// Drops what was opened of a segment's generations up to one.
    func forget(_ segment: UInt64, upToGeneration generation: UInt32) {
        let isMeant = { (place: GroupIndex.Place) in place.segment == segment && place.generation <= generation }
        tops.removeAll(where: isMeant)
        pages.removeAll { isMeant($0.place) }
        groups.removeAll(where: isMeant)
    }

    func removeAll() {
        tops.removeAll()
        pages.removeAll()
        groups.removeAll()
        tails.withLock { $0 = [] }
    }
}

extension LogReader {
    /// Forgets every index that was opened, and its key. For whoever has destroyed a group's key.
    package func forgetIndexes() { indexes.removeAll() }

    /// The index of a class in a segment whose index stands at `place`; nil where the segment has no record of the class.
    /// `.purged` or `.keyMissing` when its key is not there.
    package func index(
        _ classID: UInt32, in handle: SegmentHandle, at place: SegmentIndexPlace
    ) throws(ArchiveError) -> GroupIndex? {
        guard let (group, firstPage) = place.directory.group(classID) else { return nil }
        if group.isPurged {
            throw ArchiveError(.purged, "The index of class \(classID) in segment \(handle.segment) is purged.")
        }
        let wanted = GroupIndex.Place(segment: handle.segment, generation: handle.generation, classID: classID)
        let key: IndexKey
        if let known = indexes.groups.value(wanted) {
            key = known
        } else {
            guard let keys else {
                throw ArchiveError(
                    .keyMissing, "An index can't be read without the keys directory: name it with --keys.")
            }
            key = IndexKey(try keys.group(segment: handle.segment, classID: classID, generation: handle.generation).key)
            keep(key, for: wanted, cost: 1, in: indexes.groups, of: handle)
        }
        return GroupIndex(
            self, handle, group, offset: place.offset + UInt64(firstPage * IndexPage.byteCount), key: key)
    }
}
