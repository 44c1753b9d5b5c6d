// Large memory that goes back to the system at once. From the allocator it would stay with the process, in pieces that no
// longer fit one another, and memory would grow with the number of threads and of large records. Only anonymous pages: no
// file is ever mapped.

internal import Glibc

/// Pages of its own, zeroed at first. One thread at a time uses it.
final class PageMemory: @unchecked Sendable {
    // Sendable: the pointer never changes, and the owner of the object hands it from thread to thread.
    let start: UnsafeMutableRawPointer
    let bytes: UnsafeMutableRawBufferPointer

    /// Takes at least `byteCount` bytes, which is not 0.
    init(byteCount: Int) {
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { fatalError("the system gives no \(byteCount) bytes of memory") }
        start = memory
        bytes = UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
    }

    deinit { munmap(start, bytes.count) }
}

/// Memory for whole contents, shared by all workers: as much as is in use, and a few pieces more, for a fresh page costs as
/// much as hashing it.
final class ContentMemory: Sendable {
    private static let spareCountMax = 3

    private let byteCount: Int
    private let spare = Monitor<[PageMemory]>([])

    /// Pieces of `byteCount` bytes.
    init(byteCount: Int) { self.byteCount = byteCount }

    /// A piece, with anything in it.
    func take() -> PageMemory { spare.withLock { $0.popLast() } ?? PageMemory(byteCount: byteCount) }

    /// Gives a piece back.
    func give(_ memory: PageMemory) {
        spare.withLock { spare in
            if spare.count < ContentMemory.spareCountMax { spare.append(memory) }
        }
    }
}
