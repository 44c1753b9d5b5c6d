// What a disposition purged of one segment, in little memory: it is kept as long as the archive is open, for every disposition there was.
//
// Where classes are interleaved every record is a run of its own, and a run takes 16 bytes; a bit for each index of the span takes less than that
// as soon as there is a run in 128 indexes. So a set takes at most span / 8 bytes: 32 KiB for a whole segment, and two bits for each purged
// record where every second one is purged.

package import MunimentFormat

/// A set of indexes that does not change: runs, or a bit for each index from the first to the last.
package struct PackedIndexSet: Sendable {
    private enum Content {
        case runs(IndexSet)
        case bits(first: UInt64, words: [UInt64])
    }

    private let content: Content
    /// How many indexes it has.
    package let count: UInt64

    /// The same indexes. O(runs + span / 64).
    package init(_ set: IndexSet) {
        count = set.count
        guard let first = set.first, let last = set.last, (last - first) / 128 < UInt64(set.runs.count) else {
            content = .runs(set)
            return
        }
        var words = [UInt64](repeating: 0, count: Int((last - first) / 64) + 1)
        for index in set.runs.joined() { words[Int((index - first) / 64)] |= 1 << ((index - first) % 64) }
        content = .bits(first: first, words: words)
    }

    /// Whether `index` is in it. O(log runs) at most.
    package func contains(_ index: UInt64) -> Bool {
        switch content {
        case .runs(let set): return set.contains(index)
        case .bits(let first, let words):
            guard index >= first, (index - first) / 64 < UInt64(words.count) else { return false }
            return words[Int((index - first) / 64)] >> ((index - first) % 64) & 1 == 1
        }
    }

    /// The same indexes as runs. O(count).
    package var unpacked: IndexSet {
        switch content {
        case .runs(let set): return set
        case .bits(let first, let words):
            var set = IndexSet()
            for (place, word) in words.enumerated() {
                var rest = word
                while rest != 0 {
                    let index = first + UInt64(place * 64 + rest.trailingZeroBitCount)
                    set.append(index..<index + 1)
                    rest &= rest - 1
                }
            }
            return set
        }
    }

    /// About how many bytes of memory it takes.
    package var byteCount: Int {
        switch content {
        case .runs(let set): 32 + set.runs.count * MemoryLayout<Range<UInt64>>.stride
        case .bits(_, let words): 32 + words.count * MemoryLayout<UInt64>.stride
        }
    }
}
