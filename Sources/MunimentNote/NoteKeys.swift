// From bytes that anybody may have written to a statement by a known key.
//
// Rules (C2SP signed-note): lines of unknown keys, ML-DSA lines among them, are ignored; every line that claims to be of a
// known key must verify, or the note is refused as a whole; without a line of a known key nothing is known.

import MunimentCrypto

/// The keys that a reader trusts.
package struct NoteKeys: Sendable {
    package let keys: [VerifierKey]

    /// Repeated keys count once. Throws `ambiguousKey` for different keys that share name and id.
    package init(_ keys: [VerifierKey]) throws(NoteError) {
        var known: [VerifierKey] = []
        for key in keys where !known.contains(key) {
            guard !known.contains(where: { $0.id == key.id && $0.name.utf8.elementsEqual(key.name.utf8) }) else {
                throw NoteError(.ambiguousKey, "Two trusted keys have the same name and id.")
            }
            known.append(key)
        }
        self.keys = known
    }

    /// The signatures of known keys on `note`, in its order, each key once. Throws `invalidSignature` for a line of a
    /// known key that does not verify, and `untrusted` if there is none.
    package func open(_ note: SignedNote) throws(NoteError) -> [VerifiedSignature] {
        var verified: [VerifiedSignature] = []
        for (number, line) in note.signatures.enumerated() {
            guard let key = keys.first(where: { $0.owns(line) }) else { continue }
            guard let signature = NoteKeys.verify(line, key, text: note.text) else {
                throw NoteError(.invalidSignature, "Signature line \(number + 1), of a trusted key, does not verify.")
            }
            if !verified.contains(where: { $0.key == key }) { verified.append(signature) }
        }
        guard !verified.isEmpty else { throw NoteError(.untrusted, "No trusted key signed this note.") }
        return verified
    }

    private static func verify(_ line: NoteSignature, _ key: VerifierKey, text: [UInt8]) -> VerifiedSignature? {
        switch key.type {
        case .ed25519:
            guard Ed25519.verify(line.bytes, of: text, publicKey: key.publicKey) else { return nil }
            return VerifiedSignature(key: key, time: nil)
        case .cosignature:
            guard let (time, signature) = Cosignature.decode(line.bytes) else { return nil }
            let message = Cosignature.message(text: text, time: time)
            guard Ed25519.verify(signature, of: message, publicKey: key.publicKey) else { return nil }
            return VerifiedSignature(key: key, time: time)
        }
    }
}

/// A signature that verified. Only this module makes one.
public struct VerifiedSignature: Sendable, Hashable {
    public let key: VerifierKey
    /// A cosignature's time, seconds since 1970; nil for a log's own signature.
    public let time: UInt64?
}
