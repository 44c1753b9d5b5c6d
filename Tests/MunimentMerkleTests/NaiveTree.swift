// The model: RFC 6962's recursive definitions over an array, with ranges remembered, and RFC 9162's verification
// procedures step by step. Slow and obvious; shares nothing with the code under test but the hash of one node.

import MunimentFormat
import MunimentMerkle

final class NaiveTree {
    let leaves: [Digest]
    private var known: [Range<Int>: Digest] = [:]

    init(leaves: [Digest]) { self.leaves = leaves }

    /// Leaves that differ: entry i is the text of i.
    convenience init(count: Int) { self.init(leaves: (0..<count).map { TreeHash.leaf(Array(String($0).utf8)) }) }

    /// MTH(D[range]).
    func root(_ range: Range<Int>) -> Digest {
        if range.isEmpty { return TreeHash.emptyRoot }
        if range.count == 1 { return leaves[range.lowerBound] }
        if let digest = known[range] { return digest }
        let k = range.lowerBound + split(range.count)
        let digest = TreeHash.node(root(range.lowerBound..<k), root(k..<range.upperBound))
        known[range] = digest
        return digest
    }

    /// The largest power of two below n.
    func split(_ n: Int) -> Int {
        var k = 1
        while k * 2 < n { k *= 2 }
        return k
    }

    /// PATH(m, D[range]), m relative to the range.
    func path(_ m: Int, _ range: Range<Int>) -> [Digest] {
        if range.count == 1 { return [] }
        let k = split(range.count)
        let middle = range.lowerBound + k
        return m < k
            ? path(m, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
            : path(m - k, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
    }

    /// PROOF(m, D[0..<n]).
    func proof(_ m: Int, _ n: Int) -> [Digest] { m == 0 ? [] : subproof(m, 0..<n, true) }

    private func subproof(_ m: Int, _ range: Range<Int>, _ isKnown: Bool) -> [Digest] {
        if m == range.count { return isKnown ? [] : [root(range)] }
        let k = split(range.count)
        let middle = range.lowerBound + k
        return m <= k
            ? subproof(m, range.lowerBound..<middle, isKnown) + [root(middle..<range.upperBound)]
            : subproof(m - k, middle..<range.upperBound, false) + [root(range.lowerBound..<middle)]
    }

    /// The nodes of a multi-proof in canonical order.
    func multiProof(_ targets: [Int], _ range: Range<Int>) -> [Digest] {
        let inside = targets.filter(range.contains)
        if inside.isEmpty { return [root(range)] }
        if range.count == 1 { return [] }
        let middle = range.lowerBound + split(range.count)
        return multiProof(inside, range.lowerBound..<middle) + multiProof(inside, middle..<range.upperBound)
    }
}

/// Complete nodes in memory; refuses to name any that the tree does not have.
extension NaiveTree: NodeReader {
    struct Absent: Error { let node: NodeID }

    func nodes(_ ids: [NodeID]) throws -> [Digest] {
        try ids.map { id in
            let width = 1 << Int(id.level)
            let start = Int(id.index) * width
            guard start + width <= leaves.count else { throw Absent(node: id) }
            return root(start..<start + width)
        }
    }
}

enum RFC9162 {
    /// Section 2.1.3.2.
    static func inclusionHolds(index: UInt64, size: UInt64, leaf: Digest, path: [Digest], root: Digest) -> Bool {
        guard index < size else { return false }
        var fn = index
        var sn = size - 1
        var r = leaf
        for p in path {
            if sn == 0 { return false }
            if fn & 1 == 1 || fn == sn {
                r = TreeHash.node(p, r)
                while fn & 1 == 0, fn != 0 {
                    fn >>= 1
                    sn >>= 1
                }
            } else {
                r = TreeHash.node(r, p)
            }
            fn >>= 1
            sn >>= 1
        }
        return sn == 0 && r == root
    }

    /// Section 2.1.4.2, for 0 < first < second.
    static func consistencyHolds(
        first: UInt64, second: UInt64, firstRoot: Digest, secondRoot: Digest, path: [Digest]
    ) -> Bool {
        let path = first.nonzeroBitCount == 1 ? [firstRoot] + path : path
        guard let seed = path.first else { return false }
        var fn = first - 1
        var sn = second - 1
        while fn & 1 == 1 {
            fn >>= 1
            sn >>= 1
        }
        var fr = seed
        var sr = seed
        for c in path.dropFirst() {
            if sn == 0 { return false }
            if fn & 1 == 1 || fn == sn {
                fr = TreeHash.node(c, fr)
                sr = TreeHash.node(c, sr)
                while fn & 1 == 0, fn != 0 {
                    fn >>= 1
                    sn >>= 1
                }
            } else {
                sr = TreeHash.node(sr, c)
            }
            fn >>= 1
            sn >>= 1
        }
        return fr == firstRoot && sr == secondRoot && sn == 0
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be replayed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func digest() -> Digest { Digest((0..<32).map { _ in UInt8.random(in: 0...255, using: &self) })! }

    /// A number of a random length in bits, so that small and huge ones are equally likely.
    mutating func number() -> UInt64 { next() >> UInt64.random(in: 0...63, using: &self) }
}

extension Digest {
    /// The digest with one of its 256 bits changed.
    func flipping(_ bit: Int) -> Digest {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return Digest(bytes)!
    }
}

/// The code with which `body` is refused; nil where it is accepted.
func refusal(_ body: () throws -> Void) -> MerkleError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? MerkleError)?.code
    }
}
