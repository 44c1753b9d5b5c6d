// The body of C2SP tlog-witness `add-checkpoint`: what a log asks a witness to cosign, and why it may.
//
//     old <decimal>               the size that the witness is believed to have cosigned last
//     <base64 hash>               consistency proof from there, 0 ... 63 lines
//                                 a blank line
//     <the checkpoint's note>

package import MunimentFormat
import MunimentMerkle

/// A request to a witness, well-formed and nothing more.
package struct AddCheckpointRequest: Sendable, Hashable {
    package let oldSize: UInt64
    /// The consistency proof from the old size to the note's.
    package let path: [Digest]
    package let note: SignedNote

    /// The largest body.
    package static let byteCountMax = SignedNote.byteCountMax + 8192

    /// Throws `tooLarge` for more than 63 hashes.
    package init(oldSize: UInt64, path: [Digest], note: SignedNote) throws(NoteError) {
        guard path.count <= HashLines.countMax else {
            throw NoteError(.tooLarge, "A request of \(path.count) hashes has more than \(HashLines.countMax).")
        }
        self.oldSize = oldSize
        self.path = path
        self.note = note
    }

    /// Reads a body. Throws `tooLarge`, `malformedRequest`, or `malformedNote` for its last part. O(n).
    package init(_ bytes: some Collection<UInt8>) throws(NoteError) {
        guard bytes.count <= AddCheckpointRequest.byteCountMax else {
            throw NoteError(.tooLarge, "A request of \(bytes.count) bytes is larger than \(Self.byteCountMax).")
        }
        guard let (lines, rest) = HashLines.split(Array(bytes)), let first = lines.first,
            let oldSize = HashLines.argument("old ", first).flatMap(Decimal64.value),
            let path = HashLines.decode(lines.dropFirst())
        else {
            throw NoteError(
                .malformedRequest, "This is not an add-checkpoint request: old size, hashes, blank line, note.")
        }
        try self.init(oldSize: oldSize, path: path, note: SignedNote(rest))
    }

    /// The body.
    package var bytes: [UInt8] {
        Array("old \(oldSize)\n".utf8) + HashLines.encode(path) + [0x0a] + note.bytes
    }

    /// Checks what a witness checks: trusted log signature, then that the checkpoint extends the tree of `oldSize` with
    /// `oldRoot`. Throws what `VerifiedCheckpoint.verify` and `ConsistencyProof.verify` throw.
    package func verify(oldRoot: Digest, keys: NoteKeys) throws -> VerifiedCheckpoint {
        let verified = try VerifiedCheckpoint.verify(note, keys: keys)
        try ConsistencyProof(oldSize: oldSize, newSize: verified.checkpoint.size, path: path)
            .verify(oldRoot: oldRoot, newRoot: verified.checkpoint.root)
        return verified
    }
}
