// The cache's bound, and what is taken out of it.

import Testing

@testable import MunimentStore

@Suite struct BoundedCacheTests {
    /// The story: a purge looks at every frame of the log, over and over, while the log grows. Each look was free for what was kept already, so
    /// nothing of it ever went, and the cache was as large as the log.
    @Test func whatIsUsedOverAndOverIsBoundedToo() {
        let cache = BoundedCache<Int, Int>(costMax: 1_000)
        for round in 0..<500 {
            for key in 0..<round * 10 { _ = cache.value(key) }
            for key in round * 10..<round * 10 + 10 { cache.insert(key, for: key, cost: 10) }
            let (keys, cost) = cache.contents
            #expect(cost <= 1_010 && cost == keys.count * 10 && Set(keys).count == keys.count, "round \(round)")
        }
    }

    @Test func whatIsUsedSurvivesATurn() {
        let cache = BoundedCache<Int, Int>(costMax: 100)
        cache.insert(-1, for: -1, cost: 1)
        for key in 0..<1_000 {
            cache.insert(key, for: key, cost: 1)
            if key % 20 == 0 { #expect(cache.value(-1) == -1) }
        }
        #expect(cache.value(0) == nil)
    }

    @Test func puttingAgainReplacesAndRemovingGivesCostBack() {
        let cache = BoundedCache<Int, Int>(costMax: 100)
        for key in 1...3 { cache.insert(key, for: key, cost: 10) }
        for number in 0..<40 { cache.insert(number, for: 0, cost: 10) }
        #expect(cache.contents.cost == 40 && cache.contents.keys.count == 4 && cache.value(0) == 39)
        cache.remove(1)
        cache.removeAll { $0 == 3 }
        #expect(Set(cache.contents.keys) == [0, 2] && cache.contents.cost == 20)
        for number in 10..<14 { cache.insert(number, for: number, cost: 10) }
        #expect(Set(cache.contents.keys) == [0, 2, 10, 11, 12, 13])
        // Half of them are in the older half by now.
        cache.removeAll { $0 < 11 }
        #expect(Set(cache.contents.keys) == [11, 12, 13] && cache.contents.cost == 30)
        cache.removeAll()
        #expect(cache.contents.keys.isEmpty && cache.contents.cost == 0)
    }
}
