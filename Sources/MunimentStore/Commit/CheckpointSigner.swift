// Signing checkpoints: C2SP tlog-checkpoint, Ed25519, key name = origin. Format/checkpoint.md.
//
// The story of a checkpoint, and what happens if we die after each step:
//   1. the log is durable up to the size      (the caller's duty)
//   2. consistency proof from the last signed  a tree that contradicts what was signed is never signed
//   3. signer state written, fdatasync         the size counts as signed though nobody saw the note: the next open requires it of the log
//   4. sign
//   5. replace `checkpoint` atomically         readers see it
//   6. append to `checkpoints`, if it is kept  a torn end is cut off at the next append
//
// If step 5 fails, the next call does it again, though there be no news. After a sync that failed, in this process or
// in one before it, what the cache shows need not be on the device: so the first call of a session writes the newest
// state again before it writes over the other one, and the end of `checkpoints` again before it appends.
//
// One checkpoint at a time: `mutex`.

import Synchronization

internal import MunimentCrypto
package import MunimentFormat
package import MunimentMerkle
package import MunimentNote

package final class CheckpointSigner: Sendable {
    private struct State {
        var signed: SignerState
        /// Whether `signed` is certain to be on the device.
        var isSecured = false
        var newest: SignedNote?
        /// The size that `newest` states.
        var newestSize: UInt64 = 0
        var keptSize: UInt64?
        /// Where `checkpoints` ends, once its end and its name are certain to be on the device.
        var journalEnd: UInt64?
    }

    /// Why a checkpoint is made; decides whether it is kept for ever.
    package enum Occasion: Sendable {
        /// The cadence: kept once an hour.
        case cadence
        /// A seal, an export, a disposition, a close, or on demand: kept.
        case kept
    }

    private static let keptInterval: Microseconds = 3_600_000_000
    /// How much of the end of `checkpoints` is written again at the first append of a session, in bytes.
    private static let securedByteCount = 64 << 10

    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let origin: String
    private let signer: NoteSigner
    private let mutex: Guarded<State>
    private let lastKept = Guarded<Microseconds>(.min)

    package var verifierKey: VerifierKey { signer.key }

    /// `signed` is what the key signed last, `newest` the published note.
    private init(
        _ fileSystem: any FileSystem, _ paths: StorePaths, origin: String, signer: NoteSigner, signed: SignerState,
        newest: SignedNote?
    ) {
        (self.fileSystem, self.paths, self.origin, self.signer) = (fileSystem, paths, origin, signer)
        let newestSize = newest.flatMap { try? Checkpoint(text: $0.text) }?.size ?? 0
        mutex = Guarded(State(signed: signed, newest: newest, newestSize: newestSize))
    }

    /// Throws `damaged` where the manifest names another key than the signer's: whoever exchanged it could sign any checkpoint.
    package static func open(
        _ fileSystem: any FileSystem, _ paths: StorePaths, _ manifest: Manifest, keys: KeyRing, newest: SignedNote?
    ) throws(ArchiveError) -> CheckpointSigner {
        let origin = manifest.origin
        let seed = try keys.signerSeed()
        return try translating(KeyRing.signerPath(paths.keys)) {
            let signer = try NoteSigner(name: origin) { body in seed.withUnsafeBytes { body($0) } }
            guard signer.key.description.utf8.elementsEqual(manifest.verifierKey.utf8) else {
                throw ArchiveError(
                    .damaged,
                    "\(paths.manifest) names another key than the one that signs: restore it from a copy, and run verify."
                )
            }
            let signed = try CheckpointSigner.lastSigned(fileSystem, paths.keys)
            return CheckpointSigner(fileSystem, paths, origin: origin, signer: signer, signed: signed, newest: newest)
        }
    }

    /// The newer of the two state blocks. One may be torn; both unreadable is damage.
    package static func lastSigned(_ fileSystem: any FileSystem, _ keys: String) throws(ArchiveError) -> SignerState {
        let path = KeyRing.signerPath(keys)
        return try translating(path) {
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            let states = try (1...2).compactMap { block -> SignerState? in
                let bytes = try file.readArray(SignerState.byteCount, at: UInt64(block * SignerState.byteCount))
                return try? bytes.decode(SignerState.init(decoding:))
            }
            guard let newest = states.max(by: { $0.sequence < $1.sequence }) else { throw KeyError.damaged }
            return newest
        }
    }

    /// The size and root that were signed last.
    package var lastSigned: SignerState { mutex.withLock { $0.signed } }

    /// The published note; nil before the first.
    package var newest: SignedNote? { mutex.withLock { $0.newest } }

    /// Signs the tree of `size` and `root`, which is durable, and publishes the note. Returns the newest note as it is
    /// when there is no news.
    package func sign(
        size: UInt64, root: Digest, reader: some NodeReader, occasion: Occasion, now: Microseconds
    ) throws(ArchiveError) -> SignedNote {
        try translating(paths.checkpoint) {
            try mutex.withLock { state in
                if let newest = state.newest, state.newestSize >= size {
                    try keep(newest, state.newestSize, occasion, now, &state)
                    return newest
                }
                if size > state.signed.treeSize {
                    try requireConsistency(from: state.signed, size: size, root: root, reader: reader)
                    if !state.isSecured { try writeState(state.signed) }
                    state.isSecured = true
                    let next = SignerState(sequence: state.signed.sequence + 1, treeSize: size, root: root)
                    try writeState(next)
                    state.signed = next
                }
                let note = try signer.note(
                    Checkpoint(origin: origin, size: state.signed.treeSize, root: state.signed.root))
                try fileSystem.replaceAtomically(paths.checkpoint, note.bytes)
                (state.newest, state.newestSize) = (note, state.signed.treeSize)
                try keep(note, state.newestSize, occasion, now, &state)
                return note
            }
        }
    }

    private func requireConsistency(from old: SignerState, size: UInt64, root: Digest, reader: some NodeReader) throws {
        guard old.treeSize > 0 else { return }
        let proof = try ConsistencyProof.make(oldSize: old.treeSize, newSize: size, reader: reader)
        do { try proof.verify(oldRoot: old.root, newRoot: root) } catch {
            throw ArchiveError(
                .damaged,
                "The tree of size \(size) contradicts the checkpoint signed at size \(old.treeSize): nothing is signed; run verify."
            )
        }
    }

    private func writeState(_ state: SignerState) throws {
        let file = try fileSystem.open(KeyRing.signerPath(paths.keys), .readWrite)
        defer { file.close() }
        try file.writeAll(state.encoded(), at: (1 + state.sequence % 2) * UInt64(SignerState.byteCount))
        try file.synchronize()
    }

    private func keep(
        _ note: SignedNote, _ size: UInt64, _ occasion: Occasion, _ now: Microseconds, _ state: inout State
    ) throws {
        guard state.keptSize != size else { return }
        let isDue = lastKept.withLock { last in
            guard occasion == .kept || last == .min || now - last >= CheckpointSigner.keptInterval else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        try append(note, size, &state)
        state.keptSize = size
    }

    /// Appends a note to `checkpoints`, unless the last one there is of its size.
    private func append(_ note: SignedNote, _ size: UInt64, _ state: inout State) throws {
        let file = try fileSystem.open(paths.checkpoints, .createOrOpen)
        defer { file.close() }
        var added = CheckpointJournal.encoded(note.bytes)
        var start = state.journalEnd ?? 0
        let isSecured = state.journalEnd != nil
        if !isSecured {
            let (end, secured, lastSize) = try CheckpointSigner.journalEnd(file)
            start = end - UInt64(secured.count)
            added = secured + (lastSize == size ? [] : added)
        }
        state.journalEnd = nil
        if try file.byteCount() > start { try file.truncate(to: start) }
        try file.writeAll(added, at: start)
        try file.synchronize()
        if !isSecured { try fileSystem.synchronizeDirectory(paths.root) }
        state.journalEnd = start + UInt64(added.count)
    }

    /// Where the whole notes of `checkpoints` end, the last of them as they stand there, and the size that the very
    /// last states.
    private static func journalEnd(_ file: any File) throws -> (end: UInt64, last: [UInt8], lastSize: UInt64?) {
        let bytes = try file.readArray(Int(clamping: try file.byteCount()), at: 0)
        let (notes, end) = bytes.withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }
        var start = end
        for note in notes.reversed() where end - start < securedByteCount {
            start -= CheckpointJournal.encoded(note).count
        }
        let last = try? notes.last.map { try Checkpoint(text: SignedNote($0).text) }
        return (UInt64(end), Array(bytes[start..<end]), last?.size)
    }
}
