// The distinct terms of a group while its index is made: an open-addressing table over one arena, so that a segment's
// million attributes cost a hash and a comparison each, and no allocation.

internal import Glibc
internal import MunimentFormat

/// Numbers terms in the order in which they first come. Used by one thread.
final class TermTable {
    // One thread at a time, and no closure escapes: dynamic exclusivity checks would cost more than a look-up.
    @exclusivity(unchecked) private var arena: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked) private var byteCount = 0
    /// Where each term ends in the arena.
    @exclusivity(unchecked) private var ends: ContiguousArray<UInt32> = []
    /// High half: of the hash, which also says where the slot stands; low half: the term's number plus 1; 0 where nothing stands.
    @exclusivity(unchecked) private var slots: UnsafeMutableBufferPointer<UInt64>
    /// Nobody who chooses terms knows which of them collide.
    private let seed = UInt64.random(in: 0 ... .max)

    init() {
        arena = .allocate(byteCount: 64 << 10, alignment: 16)
        slots = .allocate(capacity: 1_024)
        slots.initialize(repeating: 0)
    }

    deinit {
        arena.deallocate()
        slots.deallocate()
    }

    var count: Int { ends.count }

    /// Bytes of all terms.
    var termByteCount: Int { byteCount }

    /// The bytes of a term, valid until the next is added.
    subscript(number: Int) -> UnsafeRawBufferPointer {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(arena)[start..<Int(ends[number])])
    }

    /// The number of the term of an encoded attribute, which is added if it is new.
    func number(ofAttribute encoded: UnsafeRawBufferPointer) -> Int {
        let cut = UnsafeRawBufferPointer(rebasing: encoded.prefix(IndexTerm.byteCountMax - 1))
        let hash = hash(cut)
        let mask = slots.count - 1
        var place = Int(hash >> 32) & mask
        while slots[place] != 0 {
            let slot = slots[place]
            if slot >> 32 == hash >> 32 {
                let number = Int(slot & 0xffff_ffff) - 1
                let term = self[number]
                if TermTable.order(UnsafeRawBufferPointer(rebasing: term.dropFirst()), cut) == 0 { return number }
            }
            place = (place + 1) & mask
        }
        append(cut)
        slots[place] = hash & ~0xffff_ffff | UInt64(ends.count)
        if ends.count * 2 > slots.count { rehash() }
        return ends.count - 1
    }

    /// The number of a whole term; nil where it is not there.
    func number(of term: [UInt8]) -> Int? {
        term.withUnsafeBytes { raw in
            let cut = UnsafeRawBufferPointer(rebasing: raw.dropFirst())
            let hash = hash(cut)
            let mask = slots.count - 1
            var place = Int(hash >> 32) & mask
            while slots[place] != 0 {
                let slot = slots[place]
                let number = Int(slot & 0xffff_ffff) - 1
                if slot >> 32 == hash >> 32, TermTable.order(self[number], raw) == 0 { return number }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    private func append(_ cut: UnsafeRawBufferPointer) {
        let end = byteCount + 1 + cut.count
        if end > arena.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(end, arena.count * 2), alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: arena[..<byteCount]))
            arena.deallocate()
            arena = larger
        }
        arena[byteCount] = IndexTerm.attributeKind
        UnsafeMutableRawBufferPointer(rebasing: arena[(byteCount + 1)..<end]).copyMemory(from: cut)
        byteCount = end
        ends.append(UInt32(end))
    }

    private func rehash() {
        let old = slots
        slots = .allocate(capacity: old.count * 2)
        slots.initialize(repeating: 0)
        let mask = slots.count - 1
        // A slot tells its place in a table of any size, so no term is looked at.
        for slot in old where slot != 0 {
            var place = Int(slot >> 32) & mask
            while slots[place] != 0 { place = (place + 1) & mask }
            slots[place] = slot
        }
        old.deallocate()
    }

    private func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = seed ^ UInt64(bytes.count)
        var place = 0
        while place + 8 <= bytes.count {
            hash = TermTable.mix(hash ^ bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            place += 8
        }
        var rest: UInt64 = 0
        while place < bytes.count {
            rest = rest << 8 | UInt64(bytes[place])
            place += 1
        }
        return TermTable.mix(hash ^ rest ^ 0x9e37_79b9_7f4a_7c15)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }

    /// The numbers of all terms, in the order of their bytes.
    func sorted() -> [UInt32] {
        // Most comparisons are decided by eight bytes; those that all terms share are left out of them.
        let skipped = commonPrefixByteCount()
        var keyed = ContiguousArray<(key: UInt64, number: UInt32)>()
        keyed.reserveCapacity(count)
        for number in 0..<count { keyed.append((TermTable.key(self[number], from: skipped), UInt32(number))) }
        keyed.sort { a, b in
            a.key != b.key ? a.key < b.key : TermTable.order(self[Int(a.number)], self[Int(b.number)]) < 0
        }
        return keyed.map(\.number)
    }

    private func commonPrefixByteCount() -> Int {
        guard count > 0 else { return 0 }
        let first = self[0]
        var shared = first.count
        for number in 1..<count {
            let term = self[number]
            var place = 0
            while place < min(shared, term.count), term[place] == first[place] { place += 1 }
            shared = place
        }
        return shared
    }

    /// Eight bytes from `start` on, as a number that has their order; zeros where there are none, which is not after any byte.
    private static func key(_ term: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        var key: UInt64 = 0
        for place in start..<start + 8 { key = key << 8 | (place < term.count ? UInt64(term[place]) : 0) }
        return key
    }

    /// Below, equal to or above 0 as `a` is to `b`.
    private static func order(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        guard let first = a.baseAddress, let second = b.baseAddress else { return a.count - b.count }
        let order = memcmp(first, second, min(a.count, b.count))
        return order != 0 ? Int(order) : a.count - b.count
    }
}
