// The key hierarchy: every derivation is HKDF-SHA256 with info = "muniment/1/" ‖ purpose ‖ 0x00 ‖ context, so that no key serves two
// purposes and none is valid in another place. Format/keys.md, "Derivations".
//
//   root key ─ wraps ─> epoch key ─ wraps ─> group key (one class in one segment) ─ derives ─> part, salt, token, index, commitment
//          └─ wraps ─> signing seed

internal import struct Crypto.HKDF
internal import struct Crypto.SHA256
internal import struct Crypto.SymmetricKey
package import MunimentFormat

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

    private func withSymmetricKey(_ purpose: KeyPurpose, context: [UInt8], salt: [UInt8]) -> SymmetricKey {
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
    package var logID: Digest
    package var segment: UInt64
    package var classID: UInt32

    package init(logID: Digest, segment: UInt64, classID: UInt32) {
        (self.logID, self.segment, self.classID) = (logID, segment, classID)
    }

    package var context: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(logID)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: classID)
        return bytes
    }

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
    package let key: SecretKey
    package let place: GroupPlace

    package init(key: SecretKey, place: GroupPlace) { (self.key, self.place) = (key, place) }

    package var commitment: Digest { key.publicDigest(.commitment, context: place.context) }
    package var saltStream: SaltStream { SaltStream(key: key.derived(.salt, context: place.context)) }
    package var tokenKey: SecretKey { key.derived(.token, context: place.context) }

    package func partKey(generation: UInt32, session: [UInt8]) -> SealingKey {
        key.sealingKey(.part, context: place.partContext(generation: generation, session: session))
    }
}
