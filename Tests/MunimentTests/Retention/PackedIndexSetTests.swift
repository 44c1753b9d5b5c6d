// A packed set is the set that it was made of, and takes no more memory than a bit for each index of its span.

import MunimentFormat
import Testing

@testable import Muniment

@Suite struct PackedIndexSetTests {
    private static func check(_ set: IndexSet, from low: UInt64, to high: UInt64) {
        let packed = PackedIndexSet(set)
        #expect(packed.unpacked == set && packed.count == set.count)
        #expect((low...high).allSatisfy { packed.contains($0) == set.contains($0) })
    }

    @Test func theIndexesAreTheSame() {
        Self.check(IndexSet(), from: 0, to: 200)
        for first in [UInt64(0), 1, 63, 64, 1_000_007] {
            for (length, gap) in [(1, 1), (1, 63), (1, 64), (1, 126), (1, 127), (1, 128), (1, 400), (3, 2), (200, 1)] {
                var set = IndexSet()
                for number in 0..<UInt64(50) {
                    let start = first + number * UInt64(length + gap)
                    set.append(start..<start + UInt64(length))
                }
                let last = first + 50 * UInt64(length + gap)
                Self.check(set, from: first - min(first, 130), to: last + 130)
            }
        }
        let far = PackedIndexSet(IndexSet(Limits.treeSize - 3..<Limits.treeSize - 1))
        #expect(far.contains(Limits.treeSize - 2) && !far.contains(Limits.treeSize - 1) && !far.contains(0))
    }

    /// Every second record of a segment was purged: 16 bytes of runs for each became two bits.
    @Test func interleavedClassesTakeTwoBitsARecord() {
        var set = IndexSet()
        for index in stride(from: UInt64(7), to: 7 + 262_144, by: 2) { set.append(index..<index + 1) }
        #expect(PackedIndexSet(set).byteCount <= 32 + 262_144 / 8)
        // Few runs stay runs.
        #expect(PackedIndexSet(IndexSet(0..<200_000)).byteCount == 48)
    }
}
