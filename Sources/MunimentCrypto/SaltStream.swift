// Salts: 16 bytes of a ChaCha20 keystream for each (index, slot), so that an unpurged record stores none. Format/commitment.md, "Salts".
//
//   salt(index, slot) = bytes [16 × index, 16 × index + 16) of ChaCha20(salt key, nonce = slot as u64 little-endian), 64-bit block counter
//   slot 0 is the payload's, slot i + 1 that of attribute i
//
// A salt depends on its record's place alone, never on the batch or block that happened to process it.

internal import CSodium
internal import struct Crypto.SymmetricKey
internal import Glibc
internal import MunimentFormat

/// The salts of one group. A copy shares the key.
package struct SaltStream: Sendable {
    private let key: SymmetricKey

    /// `key` is the group's salt key.
    package init(key: SecretKey) { self.key = key.withUnsafeBytes { SymmetricKey(data: $0) } }

    init(_ key: SymmetricKey) { self.key = key }

    /// Bytes that `fill` needs for `count` salts.
    @inlinable
    package static func scratchByteCount(_ count: Int) -> Int { (count + 3) * 16 }

    /// Writes the salts of `count` records from `firstIndex` on, for one slot, one after another; returns where in `scratch` the first
    /// one is. One call of the cipher whatever the count.
    package func fill(
        _ scratch: UnsafeMutableRawBufferPointer, slot: UInt64, firstIndex: UInt64, count: Int
    ) -> UnsafeMutableRawPointer {
        let skipped = Int(firstIndex & 3)
        let byteCount = (skipped + count) * Limits.saltByteCount
        precondition(scratch.count >= byteCount && firstIndex < Limits.treeSize)
        let base = scratch.baseAddress!
        memset(base, 0, byteCount)
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        let nonce = slot.littleEndian
        key.withUnsafeBytes { key in
            withUnsafeBytes(of: nonce) { nonce in
                _ = crypto_stream_chacha20_xor_ic(
                    bytes, bytes, UInt64(byteCount), nonce.baseAddress!.assumingMemoryBound(to: UInt8.self),
                    firstIndex >> 2,
                    key.baseAddress!.assumingMemoryBound(to: UInt8.self))
            }
        }
        return base + skipped * Limits.saltByteCount
    }

    /// One salt.
    package func salt(index: UInt64, slot: UInt64) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: SaltStream.scratchByteCount(1), alignment: 16) { scratch in
            let salt = fill(scratch, slot: slot, firstIndex: index, count: 1)
            return Array(UnsafeRawBufferPointer(start: salt, count: Limits.saltByteCount))
        }
    }
}
