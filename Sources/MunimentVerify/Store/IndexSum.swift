// Whether an index lists what the contents give, without keeping either: each pair of a term and an ordinal is hashed
// under a key that is drawn for this process, and the hashes are added up. Equal sums of equally many pairs mean equal
// lists but for a chance of 2^-64 or so, and nobody who made the store knew the key. Sums have no order, so frames may
// be inspected by many threads.

internal import MunimentCrypto
internal import MunimentFormat

/// The sum over some pairs.
struct IndexSum: Hashable, Sendable {
    private(set) var count: UInt64 = 0
    private var first: UInt64 = 0
    private var second: UInt64 = 0

    private static let key = RandomBytes.array(48)
    private static let multipliers: (UInt64, UInt64) = key.withUnsafeBytes { raw in
        (
            raw.loadUnaligned(fromByteOffset: 32, as: UInt64.self) | 1,
            raw.loadUnaligned(fromByteOffset: 40, as: UInt64.self) | 1
        )
    }

    /// Adds a term with the records of a run of ordinals. O(ordinals), and one hash of the term.
    mutating func add(_ term: UnsafeRawBufferPointer, _ ordinals: Range<UInt32>) {
        let hash = IndexSum.key.withUnsafeBytes { key in
            SHA256.hash(tag: 0, head: UnsafeRawBufferPointer(rebasing: key[..<32]), body: term)
        }
        let (low, high) = hash.withUnsafeBytes { raw in
            (raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        let multipliers = IndexSum.multipliers
        for ordinal in ordinals {
            first &+= IndexSum.fold(low ^ UInt64(ordinal) &* multipliers.0, multipliers.1)
            second &+= IndexSum.fold(high ^ UInt64(ordinal) &* multipliers.1, multipliers.0)
        }
        count += UInt64(ordinals.count)
    }

    private static func fold(_ value: UInt64, _ multiplier: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: multiplier)
        return product.high ^ product.low
    }

    static func += (all: inout IndexSum, more: IndexSum) {
        all.count += more.count
        all.first &+= more.first
        all.second &+= more.second
    }
}
