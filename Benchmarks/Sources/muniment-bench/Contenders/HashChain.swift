// The least that an archive could do against tampering, and what every peer does in the comparison: a chain of SHA-256 over its records.

import Crypto

/// The running head of a hash chain.
struct HashChain {
    static let linkByteCount = 32

    private var head = [UInt8](repeating: 0, count: linkByteCount)

    /// The next link: SHA-256(head ‖ record).
    mutating func link(_ record: UnsafeRawBufferPointer) -> [UInt8] {
        var hasher = SHA256()
        head.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: record)
        head = Array(hasher.finalize())
        return head
    }
}
