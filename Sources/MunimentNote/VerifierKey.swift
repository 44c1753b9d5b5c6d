// Public keys of notes as text, C2SP signed-note: name "+" key id in hex "+" base64(type byte ‖ public key). The id is the
// start of a hash over name, type and key, so a key whose text was damaged is refused before it is ever used.

import MunimentCrypto
import MunimentFormat

/// The kind of signature that a key makes; its raw value is the type byte of signed-note.
package enum SignatureType: UInt8, Sendable {
    /// Ed25519 over the note's text: a log's own signature.
    case ed25519 = 0x01
    /// Ed25519 over a time and the note's text: a witness's cosignature.
    case cosignature = 0x04
}

/// A public key with the name under which it signs.
public struct VerifierKey: Sendable, Hashable, CustomStringConvertible {
    /// The key's name; a log's key has the log's origin.
    public let name: String
    /// The first four bytes, big-endian, of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
    public let id: UInt32
    package let type: SignatureType
    /// 32 bytes.
    package let publicKey: [UInt8]

    /// Throws `malformedName`, or `malformedKey` unless the public key has 32 bytes.
    package init(name: String, type: SignatureType, publicKey: [UInt8]) throws(NoteError) {
        guard KeyName.isValid(name) else { throw KeyName.refusal }
        guard publicKey.count == Ed25519.publicKeyByteCount else {
            throw NoteError(.malformedKey, "An Ed25519 public key has 32 bytes, not \(publicKey.count).")
        }
        self.name = name
        self.type = type
        self.publicKey = publicKey
        id = VerifierKey.id(name: name, typedKey: [type.rawValue] + publicKey)
    }

    /// Reads a vkey. Throws `malformedKey` unless the text is what `description` writes for some key, `malformedName`,
    /// and `unsupportedKey` for well-formed keys of other types. At most 64 KiB.
    public init(_ text: String) throws(NoteError) {
        guard text.utf8.count <= 65_536 else {
            throw NoteError(.tooLarge, "A verifier key of \(text.utf8.count) bytes is longer than 65536.")
        }
        // The name has no plus sign, but base64 may: only the first two separate.
        let parts = text.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count == 8, let typedKey = Base64.decode(parts[2]), let type = typedKey.first
        else {
            throw VerifierKey.malformed
        }
        guard let name = String(parts[0]), KeyName.isValid(name) else { throw KeyName.refusal }
        let id = VerifierKey.id(name: name, typedKey: typedKey)
        guard parts[1].elementsEqual(VerifierKey.hex(id).utf8) else { throw VerifierKey.malformed }
        guard let type = SignatureType(rawValue: type) else {
            throw NoteError(
                .unsupportedKey, "Signatures of type \(type) cannot be checked here, only Ed25519 (1 and 4).")
        }
        try self.init(name: name, type: type, publicKey: Array(typedKey.dropFirst()))
    }

    /// The vkey text.
    public var description: String {
        "\(name)+\(VerifierKey.hex(id))+\(Base64.string([type.rawValue] + publicKey))"
    }

    /// Whether a line with this name and id is, or claims to be, this key's. Compares bytes.
    package func owns(_ signature: NoteSignature) -> Bool {
        signature.keyID == id && signature.name.utf8.elementsEqual(name.utf8)
    }

    private static let malformed = NoteError(
        .malformedKey, "This is not a verifier key of the form name+id+base64 whose id is the key's own.")

    private static func id(name: String, typedKey: [UInt8]) -> UInt32 {
        let digest = SHA256.hash(Array(name.utf8) + [0x0a] + typedKey)
        return digest.bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func hex(_ id: UInt32) -> String {
        Hexadecimal.string([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) })
    }
}

extension VerifierKey {
    // The bytes of a name decide; String's own equality would merge canonically equivalent names.
    public static func == (a: VerifierKey, b: VerifierKey) -> Bool {
        a.id == b.id && a.type == b.type && a.publicKey == b.publicKey && a.name.utf8.elementsEqual(b.name.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(publicKey)
    }
}

/// The rule for key names of signed notes.
enum KeyName {
    /// Not empty, no Unicode whitespace, no plus sign, no control character.
    static func isValid(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 }
    }

    static let refusal = NoteError(
        .malformedName, "A key name must not be empty or have whitespace, control characters or a plus sign.")
}
