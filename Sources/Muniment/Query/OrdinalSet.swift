// A set of the records of one segment, by their ordinals: nothing, everything, or a bit for each. A segment has at most
// 262,144 entries, so a set never takes more than 32 KiB, and joining two is one pass over that.

/// Ordinals below the size of a segment.
struct OrdinalSet {
    private enum Content {
        case none
        case all
        /// At least one word.
        case some([UInt64])
    }

    /// How many ordinals there can be.
    let size: Int
    private var content: Content

    private init(size: Int, _ content: Content) { (self.size, self.content) = (size, content) }

    static func none(size: Int) -> OrdinalSet { OrdinalSet(size: size, .none) }
    static func all(size: Int) -> OrdinalSet { OrdinalSet(size: size, size == 0 ? .none : .all) }

    /// Certainly empty; one of which all bits happen to be zero is not told.
    var isNone: Bool {
        if case .none = content { return true }
        return false
    }

    /// Certainly everything.
    var isAll: Bool {
        if case .all = content { return true }
        return false
    }

    func contains(_ ordinal: Int) -> Bool {
        switch content {
        case .none: false
        case .all: ordinal < size
        case .some(let words): ordinal < size && words[ordinal >> 6] & 1 << UInt64(ordinal & 63) != 0
        }
    }

    /// Adds a run, as far as it lies below the size.
    mutating func insert(_ run: Range<UInt32>) {
        let run = Int(run.lowerBound)..<min(Int(run.upperBound), size)
        guard !run.isEmpty, !isAll else { return }
        var words: [UInt64]
        switch content {
        case .some(let present): words = present
        default: words = [UInt64](repeating: 0, count: (size + 63) / 64)
        }
        // The array must be unshared while it is written to.
        content = .none
        var place = run.lowerBound
        while place < run.upperBound {
            let end = min(run.upperBound, (place | 63) + 1)
            let mask = end - place == 64 ? UInt64.max : (1 << UInt64(end - place) - 1) << UInt64(place & 63)
            words[place >> 6] |= mask
            place = end
        }
        content = .some(words)
    }

    /// Whether some ordinal of `range` is in the set.
    func intersects(_ range: Range<Int>) -> Bool {
        next(range.lowerBound).map { $0 < range.upperBound } ?? false
    }

    /// The least ordinal of the set that is not below `start`.
    func next(_ start: Int) -> Int? {
        guard start < size else { return nil }
        switch content {
        case .none: return nil
        case .all: return start
        case .some(let words):
            var word = start >> 6
            var bits = words[word] & UInt64.max << UInt64(start & 63)
            while bits == 0 {
                word += 1
                guard word < words.count else { return nil }
                bits = words[word]
            }
            return word << 6 + bits.trailingZeroBitCount
        }
    }

    /// The greatest ordinal of the set that is not above `start`.
    func previous(_ start: Int) -> Int? {
        let start = min(start, size - 1)
        guard start >= 0 else { return nil }
        switch content {
        case .none: return nil
        case .all: return start
        case .some(let words):
            var word = start >> 6
            var bits = words[word] & UInt64.max >> UInt64(63 - start & 63)
            while bits == 0 {
                guard word > 0 else { return nil }
                word -= 1
                bits = words[word]
            }
            return word << 6 + 63 - bits.leadingZeroBitCount
        }
    }

    func union(_ other: OrdinalSet) -> OrdinalSet {
        switch (content, other.content) {
        case (.all, _), (_, .none): self
        case (_, .all), (.none, _): other
        case (.some(let a), .some(let b)): OrdinalSet(size: size, .some(OrdinalSet.joined(a, b, |)))
        }
    }

    func intersection(_ other: OrdinalSet) -> OrdinalSet {
        switch (content, other.content) {
        case (.none, _), (_, .all): self
        case (_, .none), (.all, _): other
        case (.some(let a), .some(let b)):
            OrdinalSet.ofWords(size: size, OrdinalSet.joined(a, b, &))
        }
    }

    /// Everything else.
    func complement() -> OrdinalSet {
        switch content {
        case .none: return .all(size: size)
        case .all: return .none(size: size)
        case .some(var words):
            for place in words.indices { words[place] = ~words[place] }
            if size & 63 != 0, let last = words.indices.last { words[last] &= 1 << UInt64(size & 63) - 1 }
            return OrdinalSet.ofWords(size: size, words)
        }
    }

    private static func joined(_ a: [UInt64], _ b: [UInt64], _ operation: (UInt64, UInt64) -> UInt64) -> [UInt64] {
        zip(a, b).map(operation)
    }

    private static func ofWords(size: Int, _ words: [UInt64]) -> OrdinalSet {
        OrdinalSet(size: size, words.allSatisfy { $0 == 0 } ? .none : .some(words))
    }
}
