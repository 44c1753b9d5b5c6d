// Signing notes. The seed stays where the caller keeps it: the signer holds a closure that lends it for one signature.

import MunimentCrypto

/// A key that signs under a name: a log's (type 1), or a witness's (type 4).
package struct NoteSigner: Sendable {
    /// Lends the 32-byte seed for the length of the call.
    package typealias SeedAccess = @Sendable (_ body: (UnsafeRawBufferPointer) -> [UInt8]) throws -> [UInt8]

    /// The public half.
    package let key: VerifierKey
    private let withSeed: SeedAccess

    /// A signer of `type`. Asks for the seed once, to derive the public key. Throws `malformedName`, and what the closure
    /// throws.
    package init(name: String, type: SignatureType = .ed25519, withSeed: @escaping SeedAccess) throws {
        let publicKey = try withSeed { Ed25519.publicKey(seed: $0) }
        key = try VerifierKey(name: name, type: type, publicKey: publicKey)
        self.withSeed = withSeed
    }

    /// The signature line of `text` by a log's key. Throws what the closure of the seed throws.
    package func sign(text: [UInt8]) throws -> NoteSignature {
        precondition(key.type == .ed25519, "a cosigner signs with a time")
        return try line(prefix: [], message: text)
    }

    /// The cosignature line of a checkpoint's `text` at `time`, seconds since 1970, at most 2^63 - 1. Throws what the
    /// closure of the seed throws.
    package func cosign(text: [UInt8], time: UInt64) throws -> NoteSignature {
        precondition(key.type == .cosignature, "a log signs without a time")
        precondition(time < 1 << 63, "a time is below 2^63")
        return try line(prefix: Cosignature.encode(time), message: Cosignature.message(text: text, time: time))
    }

    /// A note of `text` with this key's signature alone.
    package func note(text: [UInt8]) throws -> SignedNote {
        try SignedNote(text: text, signatures: [sign(text: text)])
    }

    private func line(prefix: [UInt8], message: [UInt8]) throws -> NoteSignature {
        let signature = try withSeed { seed in message.withUnsafeBytes { Ed25519.sign($0, seed: seed) } }
        return try NoteSignature(name: key.name, keyID: key.id, bytes: prefix + signature)
    }
}

/// Timestamped cosignatures, C2SP tlog-cosignature, of type 4.
enum Cosignature {
    /// The signed message: it covers the time and the whole text, not the cosigner's name.
    static func message(text: [UInt8], time: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n".utf8) + text
    }

    static func encode(_ time: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: time >> UInt64($0)) }
    }

    /// Splits what follows the key id; nil unless it has a time below 2^63 and 64 bytes of signature.
    static func decode(_ bytes: [UInt8]) -> (time: UInt64, signature: [UInt8])? {
        guard bytes.count == 8 + Ed25519.signatureByteCount, bytes[0] < 0x80 else { return nil }
        return (bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, Array(bytes[8...]))
    }
}
