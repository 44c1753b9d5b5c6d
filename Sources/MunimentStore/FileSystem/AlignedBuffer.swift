/// Raw memory at an address and with a length that direct transfers accept, freed at its end.
///
/// It starts as zeros. The owner alone decides who writes when, as with any pointer: an instance may move between
/// threads, but nothing here orders their accesses.
package final class AlignedBuffer: @unchecked Sendable {
    // Sendable holds because the pointer never changes, and what it points to is the caller's to synchronize.

    /// The whole memory.
    package let bytes: UnsafeMutableRawBufferPointer

    /// The number of bytes, a multiple of `directAlignment`.
    package var byteCount: Int { bytes.count }

    /// Memory for at least `byteCount` bytes, rounded up to a multiple of `directAlignment`; traps when that overflows.
    package init(byteCount: Int) {
        precondition(byteCount >= 0, "a buffer has no negative length")
        let rounded = (byteCount + directAlignment - 1) / directAlignment * directAlignment
        bytes = .allocate(byteCount: rounded, alignment: directAlignment)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}
