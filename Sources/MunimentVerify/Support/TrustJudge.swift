// Who signed a checkpoint, and whether that is somebody to trust. What to trust comes from the caller alone. The log's
// own key, which its manifest states, only tells whether the log agrees with itself.

internal import MunimentFormat
internal import MunimentNote

struct TrustJudge: Sendable {
    /// A checkpoint whose signature holds.
    struct Judged {
        let checkpoint: Checkpoint
        /// Whether a trusted key signed it, and not merely the log's own.
        let isTrusted: Bool
        /// Whether a signature was checked at all.
        let isChecked: Bool
    }

    private let trusted: NoteKeys
    private let own: NoteKeys?
    private let origin: String?

    /// `origin` and `ownKey` are what the files state; nil where they state nothing. Throws for trusted keys that
    /// can't be told apart.
    init(_ trustedKeys: [VerifierKey], origin: String?, ownKey: String?) throws(VerifyError) {
        do {
            trusted = try NoteKeys(trustedKeys)
        } catch {
            throw VerifyError(.usage, "The keys to trust contradict each other: \(error).")
        }
        self.origin = origin
        own = ownKey.flatMap { try? NoteKeys([VerifierKey($0)]) }
    }

    /// Whether a trusted key bears the log's name.
    var trustsOrigin: Bool {
        origin.map { name in trusted.keys.contains { $0.name.utf8.elementsEqual(name.utf8) } } ?? !trusted.keys.isEmpty
    }

    /// The finding that every verification without a trusted key of the log has, once; nil where there is one.
    func distrust(_ file: String = "checkpoint") -> Finding? {
        guard !trustsOrigin else { return nil }
        let what = trusted.keys.isEmpty ? "No key to trust was given" : "None of the trusted keys bears this log's name"
        return Finding(
            .verifierNotTrusted, .unattested, file,
            "\(what), so nothing is established: get the log's key from its owner and name it with --key.")
    }

    /// Judges the note `bytes`, which stand at `offset` of `file`. Nil with a finding where it is not a checkpoint of
    /// this log that holds.
    func judge(_ bytes: [UInt8], _ file: String, offset: UInt64 = 0, _ findings: inout Findings) -> Judged? {
        do throws(NoteError) {
            let note = try SignedNote(bytes)
            let checkpoint = try Checkpoint(text: note.text)
            if let origin, !checkpoint.origin.utf8.elementsEqual(origin.utf8) {
                findings.append(
                    Finding(
                        .checkpointOrigin, .error, file, offset: offset,
                        "The checkpoint is of another log than \(origin): it does not belong here."))
                return nil
            }
            return try judge(note, checkpoint)
        } catch {
            let isSignature = error.code == .invalidSignature || error.code == .untrusted
            findings.append(
                Finding(
                    isSignature ? .checkpointSignature : .checkpointMalformed, .error, file, offset: offset,
                    error.description))
            return nil
        }
    }

    private func judge(_ note: SignedNote, _ checkpoint: Checkpoint) throws(NoteError) -> Judged {
        // Of a trusted key by its name, or with a line that claims to be of one: then it must hold.
        let isTheirs = trusted.keys.contains { key in
            key.name.utf8.elementsEqual(checkpoint.origin.utf8) || note.signatures.contains { key.owns($0) }
        }
        if isTheirs {
            _ = try VerifiedCheckpoint.verify(note, keys: trusted)
            return Judged(checkpoint: checkpoint, isTrusted: true, isChecked: true)
        }
        if let own { _ = try VerifiedCheckpoint.verify(note, keys: own) }
        return Judged(checkpoint: checkpoint, isTrusted: false, isChecked: own != nil)
    }
}

/// A root that the log must have at a size, and who says so.
struct RootClaim: Sendable {
    enum Claimant: Sendable {
        /// The file `checkpoint`.
        case published
        /// A note of the journal.
        case kept
        /// The checkpoint from outside.
        case outside
        /// The signing key's state.
        case signer
    }

    let size: UInt64
    let root: Digest
    let claimant: Claimant
    /// Where the claim stands in its file.
    let offset: UInt64

    /// The file that makes the claim.
    var file: String {
        switch claimant {
        case .published: "checkpoint"
        case .kept: "checkpoints"
        case .outside: "checkpoint from outside"
        case .signer: "keys/signer"
        }
    }
}
