// A cache bounded by cost, in two halves: what was used since the last turn survives it. Simple, O(1), no list to keep.

package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var recent: [Key: Value] = [:]
        var older: [Key: Value] = [:]
        var recentCost = 0
    }

    private let costMax: Int
    private let state = Guarded(State())

    /// Keeps at most about `costMax` of cost, in whatever unit `insert` counts.
    package init(costMax: Int) { self.costMax = costMax }

    package func value(_ key: Key) -> Value? {
        state.withLock { state in
            if let value = state.recent[key] { return value }
            guard let value = state.older[key] else { return nil }
            state.recent[key] = value
            return value
        }
    }

    package func insert(_ value: Value, for key: Key, cost: Int) {
        state.withLock { state in
            state.recent[key] = value
            state.recentCost += cost
            if state.recentCost > costMax / 2 {
                state.older = state.recent
                state.recent = [:]
                state.recentCost = 0
            }
        }
    }

    package func removeAll() {
        state.withLock { state in
            state.recent = [:]
            state.older = [:]
            state.recentCost = 0
        }
    }
}
