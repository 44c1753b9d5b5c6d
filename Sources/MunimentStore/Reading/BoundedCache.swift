// A cache bounded by cost, in two halves: what was used since the last turn survives it. Simple, O(1), no list to keep.
//
// What is used again costs again, in the recent half: were it free there, entries that are all used between two turns, as whoever looks at the
// whole log over and over uses them, would never go, and the bound would be none.

package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Kept {
        var value: Value
        var cost: Int
    }

    private struct State {
        var recent: [Key: Kept] = [:]
        var older: [Key: Kept] = [:]
        var recentCost = 0

        mutating func keep(_ kept: Kept, _ key: Key, costMax: Int) {
            let before = recent.updateValue(kept, forKey: key)
            recentCost += kept.cost - (before?.cost ?? 0)
            if recentCost > costMax / 2 { (older, recent, recentCost) = (recent, [:], 0) }
        }

        mutating func remove(_ key: Key) {
            older[key] = nil
            if let kept = recent.removeValue(forKey: key) { recentCost -= kept.cost }
        }
    }

    private let costMax: Int
    private let state = Guarded(State())

    /// Keeps at most about `costMax` of cost, in whatever unit `insert` counts; one entry more at a turn.
    package init(costMax: Int) { self.costMax = costMax }

    package func value(_ key: Key) -> Value? {
        state.withLock { state in
            if let kept = state.recent[key] { return kept.value }
            guard let kept = state.older.removeValue(forKey: key) else { return nil }
            state.keep(kept, key, costMax: costMax)
            return kept.value
        }
    }

    package func insert(_ value: Value, for key: Key, cost: Int) {
        state.withLock { state in
            state.older[key] = nil
            state.keep(Kept(value: value, cost: cost), key, costMax: costMax)
        }
    }

    package func remove(_ key: Key) { state.withLock { $0.remove(key) } }

    /// Removes the entries whose key is one of those. O(entries).
    package func removeAll(where isMeant: (Key) -> Bool) {
        state.withLock { state in
            let meant = state.recent.keys.filter(isMeant) + state.older.keys.filter(isMeant)
            for key in meant { state.remove(key) }
        }
    }

    package func removeAll() { state.withLock { $0 = State() } }

    /// The keys of what is kept, and what that costs together. O(entries).
    package var contents: (keys: [Key], cost: Int) {
        state.withLock { state in
            (
                Array(state.recent.keys) + Array(state.older.keys),
                state.recentCost + state.older.values.reduce(0) { $0 + $1.cost }
            )
        }
    }
}
