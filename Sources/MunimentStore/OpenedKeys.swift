// Group keys that were opened and are kept for a while. Each takes pages of locked memory, of which a process has little; and what is not in memory
// is in no image of it.

internal import MunimentCrypto

/// By slot: those used lately. When these are as many as may be, they become the older half, and the older ones before them go.
struct OpenedKeys {
    /// Enough for the classes of a segment that is read, and of the open one.
    static let countMax = 64

    private var recent: [UInt64: GroupKey] = [:]
    private var older: [UInt64: GroupKey] = [:]

    var count: Int { recent.count + older.count }

    /// The key of a slot, which counts as used by this.
    mutating func key(of slot: UInt64) -> GroupKey? {
        if let key = recent[slot] { return key }
        guard let key = older.removeValue(forKey: slot) else { return nil }
        insert(key, slot)
        return key
    }

    mutating func insert(_ key: GroupKey, _ slot: UInt64) {
        older[slot] = nil
        recent[slot] = key
        if recent.count >= OpenedKeys.countMax / 2 { (older, recent) = (recent, [:]) }
    }

    mutating func remove(_ slot: UInt64) { (recent[slot], older[slot]) = (nil, nil) }
}
