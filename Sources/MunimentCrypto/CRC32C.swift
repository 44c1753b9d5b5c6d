// CRC-32C finds accidents (a torn write, a flipped bit on the way to the disk). It proves nothing against an adversary.

internal import CMunimentKernels

/// CRC-32C: the Castagnoli polynomial, reflected, complemented before and after (RFC 3720, section 12.1).
package enum CRC32C {
    /// The checksum of `bytes`, or of what `continuing` already covers followed by `bytes`. O(n).
    package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
        mk_crc32c(continuing, bytes.baseAddress, bytes.count)
    }

    /// The checksum of `bytes`.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }
}
