// The key hierarchy: every derivation is HKDF-SHA256 with info = "muniment/1/" ‖ purpose ‖ 0x00 ‖ context, so that no key serves two
// purposes and none is valid in another place. Format/keys.md, "Derivations".
//
//   root key ─ wraps ─> epoch key ─ wraps ─> group key (one class in one segment) ─ derives ─> part, salt, token, index, commitment
//          └─ wraps ─> signing seed

internal import struct Crypto.HKDF
internal import struct Crypto.SHA256
internal import struct Crypto.SymmetricKey
package import MunimentFormat

/// What a derived key is for. The raw value stands in HKDF's info.
package enum KeyPurpose: String, Sendable {
    /// Seals parts. Context: log ID ‖ segment u64 ‖ generation u32 ‖ session 16.
    case part
    /// Generates salts. Context: log ID ‖ segment u64 ‖ class u32.
    case salt
    /// Keyed hashes of idempotency tokens. Context as for salts.
    case token
    /// Seals index pages. Context as for salts.
    case index
    /// Binds a group key without revealing it. Context as for salts.
    case commitment
    /// Wraps another key. Context: what is wrapped and where.
    case wrap
    /// Tells a wrong root key from damage. Context: log ID.
    case check
    /// Seals the chunks of a body file. No context.
    case body
}

extension SecretKey {
    /// 32 bytes of HKDF-SHA256 as a key in guarded memory.
    package func derived(_ purpose: KeyPurpose, context: [UInt8], salt: [UInt8] = []) -> SecretKey {
        let key = withSymmetricKey(purpose, context: context, salt: salt)
        return key.withUnsafeBytes { SecretKey(copying: $0) }
    }

    /// The derived key as an AEAD key.
    package func sealingKey(_ purpose: KeyPurpose, context: [UInt8], salt: [UInt8] = []) -> SealingKey {
        SealingKey(withSymmetricKey(purpose, context: context, salt: salt))
    }

    /// 32 derived bytes that are not secret.
    package func publicDigest(_ purpose: KeyPurpose, context: [UInt8]) -> Digest {
        withSymmetricKey(purpose, context: context, salt: []).withUnsafeBytes { Digest(loading: $0.baseAddress!) }
    }

    fileprivate func withSymmetricKey(_ purpose: KeyPurpose, context: [UInt8], salt: [UInt8]) -> SymmetricKey {
        withUnsafeBytes { secret in
            HKDF<Crypto.SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), salt: salt,
                info: Array("muniment/1/\(purpose.rawValue)".utf8) + [0] + context, outputByteCount: SecretKey.byteCount
            )
        }
    }
}

/// The place of a group: its class in its segment of its log. The context of its derivations.
package struct GroupPlace: Hashable, Sendable {
    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// The retention class; 0 is that of control records.
    package var classID: UInt32

    /// The place by its three parts.
    package init(logID: Digest, segment: UInt64, classID: UInt32) {
        (self.logID, self.segment, self.classID) = (logID, segment, classID)
    }

    /// log ID ‖ segment u64 ‖ class u32.
    package var context: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(logID)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: classID)
        return bytes
    }

    /// log ID ‖ segment u64 ‖ generation u32 ‖ session.
    package func partContext(generation: UInt32, session: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(logID)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: generation)
        return bytes + session
    }
}

/// A group key in its place, with the derivations that it serves.
package struct GroupKey: Sendable {
    /// The group key itself.
    package let key: SecretKey
    /// Where it is valid.
    package let place: GroupPlace

    /// The generator of the group's salts.
    package let saltStream: SaltStream

    /// A key in its place. The salt key is derived at once, for every read needs it.
    package init(key: SecretKey, place: GroupPlace) {
        (self.key, self.place) = (key, place)
        saltStream = SaltStream(key.withSymmetricKey(.salt, context: place.context, salt: []))
    }

    /// The public value that binds the key.
    package var commitment: Digest { key.publicDigest(.commitment, context: place.context) }
    /// The key of the group's token hashes.
    package var tokenKey: SecretKey { key.derived(.token, context: place.context) }

    /// The AEAD key of the group's parts in one session.
    package func partKey(generation: UInt32, session: [UInt8]) -> SealingKey {
        key.sealingKey(.part, context: place.partContext(generation: generation, session: session))
    }
}
