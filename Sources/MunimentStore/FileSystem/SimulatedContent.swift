// One simulated file's bytes, in the three states that real ones have:
//
//     cached   what programs read: the page cache over the device
//     device   what a power loss is certain to leave
//     pending  what was done since, in order: each may or may not survive a power loss
//
// A page is dirty (a sync will write it), clean, or lost: clean although the device never took it, because a sync
// failed. Programs see a lost page's new bytes until the cache is dropped, and the old ones afterwards.
//
// Invariant: where a page is clean and not lost, cached and device agree, unless a direct write was lost (see
// `failSync`).

/// The bytes of a file on a simulated disk.
struct SimulatedContent: Sendable {
    private(set) var cached = SparseBytes()
    private(set) var device = SparseBytes()
    private(set) var pending: [Pending] = []
    /// Whether the last write to a dirty page was a direct one.
    private var dirty: [UInt64: Bool] = [:]
    private var lost: Set<UInt64> = []

    /// A change that is not durable yet.
    enum Pending: Sendable {
        case write(Write)
        case resize(UInt64)
    }

    /// The pages that a write touched, as they were right after it: what the cache would have written back. So a sector
    /// that survives holds this write and all before it in that sector, never this one alone.
    struct Write: Sendable {
        var firstPage: UInt64
        var pages: [[UInt8]]
        /// The bytes that were written.
        var range: Range<UInt64>
    }

    init() {}

    /// A file whose bytes are all durable.
    init(durable bytes: SparseBytes) {
        cached = bytes
        device = bytes
    }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, isDirect: Bool) -> Int {
        guard isDirect, !lost.isEmpty else { return cached.read(into: buffer, at: offset) }
        // A direct read goes past the cache: it sees what the device has under a lost page.
        var seen = cached
        for page in lost { seen.setPage(page, device.page(page)) }
        return seen.read(into: buffer, at: offset)
    }

    // MARK: Changing

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, isDirect: Bool) {
        guard !bytes.isEmpty else { return }
        cached.write(bytes, at: offset)
        let range = offset..<offset + UInt64(bytes.count)
        touch(SparseBytes.pageRange(range), writing: range, isDirect: isDirect)
    }

    mutating func punchHole(_ range: Range<UInt64>) {
        let clipped = range.clamped(to: 0..<cached.byteCount)
        let pages = cached.presentPages(in: SparseBytes.pageRange(clipped))
        cached.zero(clipped)
        for page in pages {
            let start = page * UInt64(SparseBytes.pageByteCount)
            let part = clipped.clamped(to: start..<start + UInt64(SparseBytes.pageByteCount))
            touch(page..<page + 1, writing: part, isDirect: false)
        }
    }

    mutating func resize(to length: UInt64) {
        guard length != cached.byteCount else { return }
        if length < cached.byteCount {
            let end = SparseBytes.pageRange(0..<length).upperBound
            dirty = dirty.filter { $0.key < end }
            lost = lost.filter { $0 < end }
        }
        cached.resize(to: length)
        pending.append(.resize(length))
    }

    mutating func allocate(_ range: Range<UInt64>) {
        for page in SparseBytes.pageRange(range) where cached.page(page) == nil {
            cached.setPage(page, SparseBytes.zeroPage)
            dirty[page] = false
        }
        if range.upperBound > cached.byteCount { resize(to: range.upperBound) }
    }

    private mutating func touch(_ pages: Range<UInt64>, writing range: Range<UInt64>, isDirect: Bool) {
        var images: [[UInt8]] = []
        images.reserveCapacity(pages.count)
        for page in pages {
            images.append(cached.page(page) ?? SparseBytes.zeroPage)
            dirty[page] = isDirect
            lost.remove(page)
        }
        pending.append(.write(Write(firstPage: pages.lowerBound, pages: images, range: range)))
    }

    // MARK: Syncing

    /// Makes everything pending durable. Lost pages are clean, and so stay lost.
    mutating func synchronize() {
        for case .resize(let length) in pending where length < device.byteCount { device.resize(to: length) }
        device.resize(to: cached.byteCount)
        for page in dirty.keys { device.setPage(page, cached.page(page)) }
        dirty = [:]
        pending = []
    }

    /// A sync that fails: the dirty pages become clean, and the device has none of them, or each that `reachesDevice`
    /// says. Lengths stay pending. A page that was last written directly is in no cache; whether the device shows the new
    /// bytes until the power goes, or the old ones at once, `deviceForgets` says.
    mutating func failSync(reachesDevice: () -> Bool, deviceForgets: () -> Bool) {
        for (page, isDirect) in dirty.sorted(by: { $0.key < $1.key }) {
            if reachesDevice() {
                device.setPage(page, cached.page(page))
            } else if !isDirect {
                lost.insert(page)
            } else if deviceForgets() {
                cached.setPage(page, device.page(page))
                cached.clearTail()
            }
        }
        dirty = [:]
        var length = device.byteCount
        pending = pending.filter {
            guard case .resize(let target) = $0 else { return false }
            length = target
            return true
        }
        if length != cached.byteCount { pending.append(.resize(cached.byteCount)) }
    }

    /// Forgets lost pages, those that `isEvicted` says: they read as the device has them from now on.
    mutating func dropCache(isEvicted: () -> Bool = { true }) {
        for page in lost.sorted() where isEvicted() {
            lost.remove(page)
            cached.setPage(page, device.page(page))
        }
        cached.clearTail()
    }

    /// Flips one bit of what the device has, and of what programs read unless a newer page is to be written over it.
    mutating func flipBit(_ bit: UInt64) {
        let (page, position) = (bit / 8).quotientAndRemainder(dividingBy: UInt64(SparseBytes.pageByteCount))
        var bytes = device.page(page) ?? SparseBytes.zeroPage
        bytes[Int(position)] ^= 1 << (bit % 8)
        device.setPage(page, bytes)
        if dirty[page] == nil, !lost.contains(page) { cached.setPage(page, bytes) }
    }
}
