// The top of a group's index: which attributes are indexed, and where in the term pages to look. Read whole.
// Format/index.md, "Top".
//
//   nameCount    varint   at most 256, then each: varint + bytes, ascending; 0 where the directory says that all are
//   then for each term page its separator:
//   shared       varint   bytes that it begins with as the one before does
//   rest         varint + bytes

/// The top of an index, decoded.
package struct IndexTop: Hashable, Sendable {
    /// The indexed names, as UTF-8, ascending; empty where all attributes are.
    package var names: [[UInt8]]
    /// One for each term page, ascending; the first is empty.
    package var separators: [[UInt8]]

    /// The fields as given; `names` must ascend.
    package init(names: [[UInt8]], separators: [[UInt8]]) {
        (self.names, self.separators) = (names, separators)
    }

    /// The names of a class record as an index states them: sorted by bytes, each once.
    package static func names(_ indexed: [String]?) -> [[UInt8]]? {
        guard let indexed else { return nil }
        var names: [[UInt8]] = []
        for name in indexed.map({ Array($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) })
        where names.last != name { names.append(name) }
        return names
    }

    /// Whether attributes of that name have terms: the engine's own, which begin with @, always have.
    package static func isIndexed(_ name: some Collection<UInt8>, _ names: [[UInt8]]?) -> Bool {
        Array(name).withUnsafeBytes { isIndexed($0, names) }
    }

    /// As the other, not generic: a sealer asks for every attribute of every record.
    package static func isIndexed(_ name: UnsafeRawBufferPointer, _ names: [[UInt8]]?) -> Bool {
        guard let names, name.first != UInt8(ascii: "@") else { return true }
        for indexed in names where indexed.count == name.count {
            if indexed.withUnsafeBytes({ ByteOrder.compare($0, name) }) == 0 { return true }
        }
        return false
    }

    /// The first page that may hold `term`, or a greater one if none does: the last whose separator is less, or the first of all.
    package func firstPage(of term: [UInt8]) -> Int {
        var low = 0
        var high = separators.count
        while low < high {
            let middle = (low + high) / 2
            if separators[middle].lexicographicallyPrecedes(term) { low = middle + 1 } else { high = middle }
        }
        return max(low - 1, 0)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(names.count))
        for name in names { bytes.append(counted: name) }
        var last: [UInt8] = []
        for separator in separators {
            let shared = zip(last, separator).prefix { $0 == $1 }.count
            bytes.append(varint: UInt64(shared))
            bytes.append(counted: separator[shared...])
            last = separator
        }
        return bytes
    }

    /// The bytes cut into pages, `IndexPage.plainByteCount` bytes each.
    package func pages() -> [UInt8] {
        let bytes = encoded()
        var pages: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: IndexPage.bodyByteCountMax) {
            let end = min(start + IndexPage.bodyByteCountMax, bytes.count)
            pages += IndexPage.encoded(.top, body: bytes[start..<end])
        }
        return pages
    }

    /// Decodes the joined bodies of the top's pages, all of them, of an index with `termPageCount` term pages.
    package init(decoding bytes: UnsafeRawBufferPointer, termPageCount: Int) throws(FormatError) {
        var reader = ByteReader(bytes, "index top")
        names = []
        for _ in 0..<(try reader.count(atMost: 256)) {
            let name = Array(try reader.counted(atMost: Limits.attributeNameByteCount))
            guard names.last.map({ $0.lexicographicallyPrecedes(name) }) ?? true else {
                throw reader.failure(.notCanonical, "names do not ascend")
            }
            names.append(name)
        }
        separators = []
        var last: [UInt8] = []
        for page in 0..<termPageCount {
            let shared = try reader.count(atMost: last.count)
            let rest = try reader.counted(atMost: IndexTerm.byteCountMax - shared)
            let separator = last[..<shared] + rest
            guard rest.first != last[shared...].first || rest.isEmpty else {
                throw reader.failure(.notCanonical, "a separator shares more than is said")
            }
            // Equal ones are pages of one term.
            guard page == 0 ? separator.isEmpty : !separator.isEmpty && !separator.lexicographicallyPrecedes(last)
            else {
                throw reader.failure(.notCanonical, "separators do not ascend")
            }
            last = Array(separator)
            separators.append(last)
        }
        try reader.requireEnd()
    }
}
