// CRC32C finds accidents. Intent is found by the tree, the seals and the AEAD.

internal import CMunimentKernels

/// CRC-32C, as every structure uses it.
package enum Checksum {
    /// CRC-32C (Castagnoli) of `bytes`, continuing from an earlier result if one is given.
    package static func crc32c(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return crc }
        return mk_crc32c(crc, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// CRC-32C of `bytes`.
    package static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0) }
    }
}
