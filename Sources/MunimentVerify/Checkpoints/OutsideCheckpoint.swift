// A checkpoint that the caller was given before, held against another one without the log at hand. Where both are of one
// size their roots must be one; where they are not, only a proof of consistency tells whether the log just grew.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

struct OutsideCheckpoint {
    static let file = "checkpoint from outside"

    let checkpoint: Checkpoint
    private let bytes: [UInt8]

    /// Throws `usage` where the bytes are no checkpoint: then the call makes no sense.
    init(_ bytes: [UInt8]) throws(VerifyError) {
        self.bytes = bytes
        do throws(NoteError) {
            checkpoint = try Checkpoint(text: SignedNote(bytes).text)
        } catch {
            throw VerifyError(.usage, "The checkpoint to verify against is none: \(error)")
        }
    }

    /// Judges who signed it; returns whether a signature was checked and holds. A checkpoint that nobody trusted signed
    /// is no ground for anything.
    @discardableResult
    func judge(_ judge: TrustJudge, _ findings: inout Findings) -> Bool {
        judge.judge(bytes, OutsideCheckpoint.file, &findings)?.isChecked ?? false
    }

    /// Compares it with a checkpoint of the same log, which stands in `name`, with no proof at hand.
    func compare(_ other: Checkpoint, _ name: String, _ findings: inout Findings) {
        guard other.origin.utf8.elementsEqual(checkpoint.origin.utf8) else { return }
        if other.size != checkpoint.size {
            findings.append(
                Finding(
                    .checkpointUnproved, .unattested, name, index: min(other.size, checkpoint.size),
                    "The checkpoints are of sizes \(other.size) and \(checkpoint.size): without the log, its tiles, or a proof of consistency "
                        + "(prove --from \(min(other.size, checkpoint.size))) nothing shows that one extends the other."
                ))
        } else if other.root != checkpoint.root {
            findings.append(fork(name))
        }
    }

    /// Two roots at one size.
    private func fork(_ name: String) -> Finding {
        Finding(
            .checkpointInconsistent, .error, name, index: checkpoint.size,
            "Two checkpoints of size \(checkpoint.size) have different roots: the log showed different histories.")
    }

    /// Checks that `newer` extends it, by the proof of a request that starts at `oldSize`. Returns whether a proof was
    /// checked.
    func check(
        _ newer: Checkpoint, from oldSize: UInt64, _ path: [Digest], _ name: String, _ findings: inout Findings
    ) -> Bool {
        guard newer.origin.utf8.elementsEqual(checkpoint.origin.utf8) else { return false }
        if newer.size == checkpoint.size {
            if newer.root != checkpoint.root { findings.append(fork(name)) }
            return false
        }
        guard oldSize == checkpoint.size, oldSize > 0 else {
            findings.append(
                Finding(
                    .checkpointUnproved, .unattested, name, index: min(newer.size, checkpoint.size),
                    "The proof is that size \(newer.size) extends size \(oldSize); of the given checkpoint, of size \(checkpoint.size), it shows nothing."
                ))
            return false
        }
        do throws(MerkleError) {
            try ConsistencyProof(oldSize: oldSize, newSize: newer.size, path: path)
                .verify(oldRoot: checkpoint.root, newRoot: newer.root)
        } catch {
            // Either the proof was changed, or there is none: the log does not extend what was given.
            findings.append(
                Finding(
                    .checkpointInconsistent, .error, name, index: checkpoint.size,
                    "The proof does not lead from the given checkpoint of size \(checkpoint.size) to that of size \(newer.size): \(error.description)"
                ))
        }
        return true
    }
}
