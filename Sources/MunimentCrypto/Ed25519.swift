// Ed25519 (RFC 8032) by libsodium, deterministic. Its verifier also refuses what the RFC refuses: a non-canonical scalar or
// point, and keys and commitments of small order, so that no signature holds for two messages or two keys.
//
// Seeds come in as raw buffers that the caller owns (locked memory, elsewhere); the expanded secret key lives on the stack
// for one call and is wiped.

internal import CSodium

/// Signing and verifying over raw bytes.
package enum Ed25519 {
    /// Bytes of a seed, RFC 8032's private key.
    package static let seedByteCount = 32
    /// Bytes of an encoded point.
    package static let publicKeyByteCount = 32
    /// Bytes of R ‖ S.
    package static let signatureByteCount = 64

    /// Libsodium picks its implementation once; it cannot be used when that fails.
    private static let isReady = sodium_init() >= 0

    /// The public key of a 32-byte seed. Another length is a programmer's mistake.
    package static func publicKey(seed: UnsafeRawBufferPointer) -> [UInt8] {
        withSecretKey(seed) { secret in
            Array(UnsafeRawBufferPointer(rebasing: secret[seedByteCount...]))
        }
    }

    /// The 64-byte signature of `message` under a 32-byte seed. Another length of the seed is a programmer's mistake.
    package static func sign(_ message: UnsafeRawBufferPointer, seed: UnsafeRawBufferPointer) -> [UInt8] {
        withSecretKey(seed) { secret in
            [UInt8](unsafeUninitializedCapacity: signatureByteCount) { signature, count in
                let secret = pointer(secret, orElse: secret)
                let message = (start: pointer(message, orElse: seed), count: UInt64(message.count))
                let result = crypto_sign_detached(signature.baseAddress!, nil, message.start, message.count, secret)
                precondition(result == 0, "libsodium refused to sign")
                count = signatureByteCount
            }
        }
    }

    /// Whether `signature` is one of `message` under `publicKey`. False for any other lengths than 64 and 32 bytes.
    package static func verify(
        _ signature: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer, publicKey: UnsafeRawBufferPointer
    ) -> Bool {
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else { return false }
        precondition(isReady, "libsodium did not initialise")
        return crypto_sign_verify_detached(
            pointer(signature, orElse: signature), pointer(message, orElse: signature), UInt64(message.count),
            pointer(publicKey, orElse: signature)) == 0
    }

    /// Whether `signature` is one of `message` under `publicKey`.
    package static func verify(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { message in
                publicKey.withUnsafeBytes { verify(signature, of: message, publicKey: $0) }
            }
        }
    }

    /// Expands a seed to libsodium's 64-byte secret key (seed ‖ public key), for the length of `body`.
    private static func withSecretKey<R>(_ seed: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        precondition(seed.count == seedByteCount, "an Ed25519 seed has 32 bytes")
        precondition(isReady, "libsodium did not initialise")
        return withUnsafeTemporaryAllocation(byteCount: 96, alignment: 16) { memory in
            defer { sodium_memzero(memory.baseAddress!, memory.count) }
            let bytes = memory.bindMemory(to: UInt8.self)
            let secret = bytes.baseAddress!
            crypto_sign_seed_keypair(secret + 64, secret, pointer(seed, orElse: seed))
            return body(UnsafeRawBufferPointer(start: secret, count: 64))
        }
    }

    /// The start of `bytes`; that of `other`, which has some, where an empty buffer has none. C wants it non-null.
    private static func pointer(
        _ bytes: UnsafeRawBufferPointer, orElse other: UnsafeRawBufferPointer
    ) -> UnsafePointer<UInt8> {
        (bytes.baseAddress ?? other.baseAddress!).assumingMemoryBound(to: UInt8.self)
    }
}
