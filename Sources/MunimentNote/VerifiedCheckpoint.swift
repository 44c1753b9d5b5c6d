// A checkpoint that its log signed. The type is the proof that the check was made: only `verify` constructs it.

/// A checkpoint, the note that carried it, and whose signatures on it hold.
public struct VerifiedCheckpoint: Sendable, Hashable {
    public let checkpoint: Checkpoint
    /// The note, all of its lines kept.
    package let note: SignedNote
    /// The log's own signatures that verified: at least one.
    public let logSignatures: [VerifiedSignature]
    /// Cosignatures of trusted witnesses that verified. How many are enough is the caller's policy.
    public let cosignatures: [VerifiedSignature]

    private init(_ checkpoint: Checkpoint, _ note: SignedNote, _ signatures: [VerifiedSignature]) {
        self.checkpoint = checkpoint
        self.note = note
        logSignatures = signatures.filter { $0.key.type == .ed25519 }
        cosignatures = signatures.filter { $0.key.type == .cosignature }
    }

    /// The bytes of the signed note.
    public var noteBytes: [UInt8] { note.bytes }

    /// Opens a checkpoint with trusted keys. Throws `malformedCheckpoint`, `invalidSignature` for a line of any trusted
    /// key that does not verify, and `untrusted` unless a trusted type-1 key whose name is the origin signed it.
    package static func verify(_ note: SignedNote, keys: NoteKeys) throws(NoteError) -> VerifiedCheckpoint {
        let checkpoint = try Checkpoint(text: note.text)
        let signatures = try keys.open(note).filter {
            $0.key.type == .cosignature || $0.key.name.utf8.elementsEqual(checkpoint.origin.utf8)
        }
        let verified = VerifiedCheckpoint(checkpoint, note, signatures)
        guard !verified.logSignatures.isEmpty else {
            throw NoteError(.untrusted, "No trusted key of the log itself signed this checkpoint.")
        }
        return verified
    }
}

extension NoteSigner {
    /// Signs `checkpoint` as its log. The key's name must be the origin: anything else is a programmer's mistake.
    /// Throws what the closure of the seed throws.
    package func note(_ checkpoint: Checkpoint) throws -> SignedNote {
        precondition(checkpoint.origin.utf8.elementsEqual(key.name.utf8), "a log signs under its origin")
        return try note(text: checkpoint.text)
    }
}
