// The names on a simulated disk: directories as programs see them, as a power loss would leave them, and the changes
// between the two. A change takes effect on all the entries it names or on none, so a rename is atomic in any case.

/// A file's name in its directory: bytes, compared as bytes.
struct FileName: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A directory's entries: names and inode numbers.
struct SimulatedDirectory: Sendable {
    /// What programs see.
    var entries: [FileName: Int] = [:]
    /// What a power loss is certain to leave.
    var device: [FileName: Int] = [:]
}

/// Changes of names that are not durable yet, oldest first.
struct NameJournal: Sendable {
    /// How much of the order among changes a power loss respects; see `SimulatedDisk.NameOrder`.
    let order: SimulatedDisk.NameOrder
    private(set) var changes: [Change] = []

    /// Entries that change together.
    struct Change: Sendable {
        var entries: [Entry]
    }

    /// A name that leads to another inode than before, or to none.
    struct Entry: Sendable {
        var directory: Int
        var name: FileName
        var inode: Int?
    }

    /// What two changes have in common when the later one can't survive without the earlier.
    private enum Key: Hashable {
        case name(Int, FileName)
        case directory(Int)
        case journal
    }

    init(order: SimulatedDisk.NameOrder) { self.order = order }

    mutating func append(_ entries: [Entry]) { changes.append(Change(entries: entries)) }

    /// Takes out the changes with an entry that `isWanted`, and the earlier ones that they can't be without, in order.
    mutating func take(where isWanted: (Entry) -> Bool) -> [Change] {
        var needed: Set<Key> = []
        var taken: [Change] = []
        var kept: [Change] = []
        for change in changes.reversed() {
            let keys = keys(of: change)
            if change.entries.contains(where: isWanted) || !needed.isDisjoint(with: keys) {
                needed.formUnion(keys)
                taken.append(change)
            } else {
                kept.append(change)
            }
        }
        changes = kept.reversed()
        return taken.reversed()
    }

    /// The changes that survive a power loss: each that `survives`, unless one it can't be without does not.
    func survivors(_ survives: () -> Bool) -> [Change] {
        var vanished: Set<Key> = []
        return changes.filter { change in
            let keys = keys(of: change)
            if vanished.isDisjoint(with: keys), survives() { return true }
            vanished.formUnion(keys)
            return false
        }
    }

    private func keys(of change: Change) -> Set<Key> {
        switch order {
        case .independent: Set(change.entries.map { .name($0.directory, $0.name) })
        case .perDirectory: Set(change.entries.map { .directory($0.directory) })
        case .journal: [.journal]
        }
    }
}
