// What a caller gives beside a segment: the tlog-proof of its seal record, or of the prepared record that announced its
// generation; or a checkpoint, which tells of the first segment alone.

internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

struct SealProof {
    private enum Content {
        case none
        case proof(TlogProof)
        case checkpoint(SignedNote, Checkpoint)
    }

    private let content: Content
    /// Of the log, as the note says; nil where nothing was given.
    let origin: String?

    /// Throws `usage` where what was given is neither.
    static func read(_ options: VerifyOptions) throws(VerifyError) -> SealProof {
        guard let bytes = options.against else { return SealProof(content: .none, origin: nil) }
        do throws(NoteError) {
            if bytes.starts(with: ProofVerifier.magic) {
                let proof = try TlogProof(bytes)
                return SealProof(content: .proof(proof), origin: try Checkpoint(text: proof.note.text).origin)
            }
            let note = try SignedNote(bytes)
            let checkpoint = try Checkpoint(text: note.text)
            return SealProof(content: .checkpoint(note, checkpoint), origin: checkpoint.origin)
        } catch {
            throw VerifyError(
                .usage, "To verify a segment against takes a checkpoint or the proof of its seal record: \(error)")
        }
    }

    /// What it comes to.
    struct Judged {
        var checkpoint: Checkpoint?
        /// Whether a trusted key signed that.
        var isTrusted = false
        var isChecked = false
        /// The record that the proof proves.
        var fact: SealFact?
        /// The records that a prepared record lists as purged; nil for a seal record.
        var purged: IndexSet?
        /// A checkpoint without a proof, as a claim on the first segment.
        var claims: [RootClaim] = []
    }

    /// Checks signature and proof.
    func judged(_ judge: TrustJudge, _ findings: inout Findings) -> Judged {
        var result = Judged()
        let file = OutsideCheckpoint.file
        switch content {
        case .none: break
        case .checkpoint(let note, let checkpoint):
            result.take(judge.judge(note.bytes, file, &findings))
            result.checkpoint = checkpoint
            result.claims = [RootClaim(size: checkpoint.size, root: checkpoint.root, claimant: .outside, offset: 0)]
        case .proof(let proof):
            result.take(judge.judge(proof.note.bytes, file, &findings))
            if let checkpoint = result.checkpoint { prove(proof, checkpoint, &result, &findings) }
        }
        return result
    }

    private func prove(
        _ proof: TlogProof, _ checkpoint: Checkpoint, _ result: inout Judged, _ findings: inout Findings
    ) {
        let file = OutsideCheckpoint.file
        guard let entry = proof.extra else {
            findings.append(
                Finding(
                    .proofNoEntry, .unattested, file, index: proof.index,
                    "The proof does not hold the entry whose place it proves: nothing is proved without it."))
            return
        }
        do throws(MerkleError) {
            try InclusionProof(index: proof.index, treeSize: checkpoint.size, path: proof.path)
                .verify(leafHash: TreeHash.leaf(entry), root: checkpoint.root)
        } catch {
            findings.append(Finding(.proofPath, .error, file, index: proof.index, error.description))
            return
        }
        do throws(FormatError) {
            let record = try ControlRecord(entry: try entry.decode(Entry.init(decoding:)))
            switch record?.kind {
            case .seal:
                result.take(try record?.body.decode(SealRecord.init(decoding:)), at: proof.index)
            case .prepared:
                let prepared = try record?.body.decode(PreparedRecord.init(decoding:))
                result.take(prepared?.seal, at: proof.index)
                result.purged = prepared?.purged
            default:
                findings.append(
                    Finding(
                        .segmentAlone, .unattested, file, index: proof.index,
                        "Record \(proof.index), which the proof proves, is neither a seal nor a prepared record: it tells nothing of a segment."
                    ))
            }
        } catch {
            findings.append(Finding(error, .controlMalformed, unknown: .controlUnknown, file, index: proof.index))
        }
    }
}

extension SealProof.Judged {
    fileprivate mutating func take(_ judged: TrustJudge.Judged?) {
        checkpoint = judged?.checkpoint
        isTrusted = judged?.isTrusted ?? false
        isChecked = judged?.isChecked ?? false
    }

    fileprivate mutating func take(_ record: SealRecord?, at index: UInt64) {
        fact = record.map { SealFact(record: $0, index: index, name: OutsideCheckpoint.file, offset: 0) }
    }
}
