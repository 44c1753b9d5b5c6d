// Index sets against a naive model: a Swift Set of integers.

import MunimentFormat
import Testing

@Suite struct IndexSetTests {
    private func set(_ indexes: Set<UInt64>) -> IndexSet {
        var set = IndexSet()
        for index in indexes.sorted() { set.append(index..<index + 1) }
        return set
    }

    private func members(_ set: IndexSet) -> Set<UInt64> { Set(set.runs.flatMap { Array($0) }) }

    private func decoded(_ bytes: [UInt8]) throws -> IndexSet {
        try bytes.decode { raw throws(FormatError) in
            var reader = ByteReader(raw, "index set")
            let set = try IndexSet(decoding: &reader)
            try reader.requireEnd()
            return set
        }
    }

    /// Runs never overlap or touch, and none is empty.
    private func isProper(_ set: IndexSet) -> Bool {
        set.runs.allSatisfy { !$0.isEmpty }
            && zip(set.runs, set.runs.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
    }

    private func check(_ one: Set<UInt64>, _ other: Set<UInt64>) throws {
        let (a, b) = (set(one), set(other))
        #expect(members(a) == one && a.count == UInt64(one.count) && a.isEmpty == one.isEmpty)
        #expect(a.first == one.min() && a.last == one.max())
        for (result, expected) in [
            (a.union(b), one.union(other)), (a.intersection(b), one.intersection(other)),
            (a.subtracting(b), one.subtracting(other)),
        ] {
            #expect(members(result) == expected && isProper(result), "\(one.sorted()) and \(other.sorted())")
            if !expected.isEmpty { #expect(try decoded(result.encoded()) == result) }
        }
        let (low, high) = a.halved()
        #expect(low.union(high) == a && low.intersection(high).isEmpty)
    }

    /// Every pair of subsets of six indexes.
    @Test func smallSets() throws {
        let subsets = (0..<64).map { bits in Set((0..<6).filter { bits >> $0 & 1 == 1 }.map { UInt64($0) + 5 }) }
        for one in subsets {
            for index in UInt64(3)...13 { #expect(set(one).contains(index) == one.contains(index)) }
            for other in subsets { try check(one, other) }
        }
    }

    @Test func randomSets() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        func random() -> Set<UInt64> {
            var indexes: Set<UInt64> = []
            let start = generator.integer(below: Limits.treeSize - 100_000)
            let (density, span) = (generator.int(1...20), UInt64(generator.int(1...2_000)))
            for index in start..<start + span where generator.int(0...20) <= density { indexes.insert(index) }
            return indexes
        }
        for round in 0..<25 {
            let one = random()
            // The other overlaps: some of the one, some of its neighbours.
            let other = Set(one.filter { $0 % 3 != 0 }.map { $0 % 2 == 0 ? $0 : $0 + 1 }).union(random())
            try check(one, other)
            for index in one.prefix(20) { #expect(set(one).contains(index), "seed \(seed), round \(round)") }
            for index in other.prefix(20) { #expect(set(one).contains(index) == one.contains(index), "seed \(seed)") }
        }
    }

    /// The form is the shorter, and what no record can hold is said so.
    @Test func bounds() throws {
        var alternating = IndexSet()
        for index in 0..<UInt64(262_144) where index % 2 == 0 { alternating.append(index..<index + 1) }
        let bytes = alternating.encoded()
        #expect(bytes.count < IndexSet.byteCountMax && bytes[0] == 0)
        #expect(try decoded(bytes) == alternating)
        var scattered = IndexSet()
        for index in 0..<UInt64(40_000) { scattered.append(index * 300..<index * 300 + 1) }
        #expect(scattered.encodedIfShort() == nil)
        #expect(IndexSet().encodedIfShort() == nil)
        let (low, high) = scattered.halved()
        let quarter = low.halved().0
        #expect(low.union(high) == scattered && quarter.count == 10_000)
        #expect(try decoded(quarter.encoded()) == quarter)
    }
}
