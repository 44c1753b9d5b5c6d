// A 256-bit secret in guarded memory: its own pages, locked where the system allows, excluded from core dumps, zeroed when it goes.
// Every long-lived key of a store is one of these; keys derived from it for a moment live in the cryptographic library's own zeroing memory.

internal import CSodium

/// libsodium, started once for the process.
enum Sodium {
    static let isReady: Bool = {
        precondition(sodium_init() >= 0, "libsodium can't be initialised: no source of randomness")
        return true
    }()
}

/// 32 secret bytes. Compared in constant time; never printed.
package final class SecretKey: Sendable {
    /// Every secret has as many bytes.
    package static let byteCount = 32

    // Written only in init, before the object is shared; read-only pages from then on.
    nonisolated(unsafe) private let memory: UnsafeMutableRawPointer

    private init(filling fill: (UnsafeMutableRawPointer) -> Void) {
        _ = Sodium.isReady
        guard let memory = sodium_malloc(SecretKey.byteCount) else { fatalError("no guarded memory for a key") }
        self.memory = memory
        fill(memory)
        sodium_mprotect_readonly(memory)
    }

    /// Copies 32 bytes. The caller zeroes its own copy.
    package convenience init(copying bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == SecretKey.byteCount)
        self.init { $0.copyMemory(from: bytes.baseAddress!, byteCount: SecretKey.byteCount) }
    }

    /// Copies 32 bytes. The caller zeroes its own copy.
    package convenience init(copying bytes: [UInt8]) {
        precondition(bytes.count == SecretKey.byteCount)
        self.init { memory in bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
    }

    /// A fresh random key.
    package static func random() -> SecretKey {
        SecretKey { randombytes_buf($0, SecretKey.byteCount) }
    }

    deinit { sodium_free(memory) }

    /// Calls `body` with the 32 bytes, which are not copied.
    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(start: memory, count: SecretKey.byteCount))
    }

    /// Compares in constant time.
    package static func == (a: SecretKey, b: SecretKey) -> Bool { sodium_memcmp(a.memory, b.memory, byteCount) == 0 }
}

extension SecretKey {
    /// Argon2id, version 1.3, one lane. `memoryKiB` and `passes` come from a decoded, bounded key file. Takes as long as they ask.
    package static func derived(
        fromPassphrase passphrase: [UInt8], salt: [UInt8], memoryKiB: UInt32, passes: UInt32
    ) -> SecretKey? {
        precondition(salt.count == Int(crypto_pwhash_SALTBYTES))
        var isDerived = false
        let key = SecretKey { memory in
            let status = passphrase.withUnsafeBytes { text in
                crypto_pwhash(
                    memory.assumingMemoryBound(to: UInt8.self), UInt64(byteCount),
                    text.baseAddress?.assumingMemoryBound(to: CChar.self) ?? UnsafePointer(bitPattern: 1)!,
                    UInt64(text.count), salt,
                    UInt64(passes), Int(memoryKiB) << 10, crypto_pwhash_ALG_ARGON2ID13)
            }
            isDerived = status == 0
        }
        return isDerived ? key : nil
    }
}

/// Random bytes that are not secret for long: salts, IDs, sessions.
package enum RandomBytes {
    /// Bytes from the system's generator.
    package static func array(_ count: Int) -> [UInt8] {
        _ = Sodium.isReady
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            if count > 0 { randombytes_buf(buffer.baseAddress!, count) }
            filled = count
        }
    }
}

/// Overwrites memory that held a secret, in a way that no optimiser removes.
package func zeroize(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { if let base = $0.baseAddress { sodium_memzero(base, $0.count) } }
}
