// What must hold of the files whatever the records say: after each open for writing, and at the end of a run.
//
// How well the simulation sees was tried with mutations: 38 small changes to the store, one at a time, each under 120 to 400 seeds or a sample of
// the crash table. Found at once: a frame that is not synced, or synced one commit late; a header block, a generation, a footer, a group's key, a
// signer's state, a note or a body file that is not synced before it is relied on; a directory that is not synced; a tail that is not written again
// after a failed sync, or a torn frame that is taken for a whole one; a handle that goes on after a failed write; *failed* said of what may be
// there; tokens forgotten at an open; a retry answered before what it repeats is durable. What was not found at first, and is now:
//
//   a rewritten tail that is not synced                        the crash table, where no space is reserved ahead
//   the torn tail left in place                                checkOpened
//   a note published before the signer remembers its size      checkOpened
//   a segment that ended before an open, and is never sealed   checkSeals
//   tree nodes that no file ever gets                          checkSeals
//   part numbers or sessions used again                        NonceLedger
//
// RecoveryCaseTests hold each refusal that bit rot excuses here, or that another stands in for; they were not tried with mutations.
//
// Not found by random lives, and found by tests of their own: a write on a full disk that is not withdrawn, or not durably (WithdrawTests); the
// signer's two states written over each other, and its newest not written again at the first signature of a session (SignerStateTests).
//
// Not to be found here: one of the two directory syncs around a rename between directories left out (a rename is atomic here, so either is enough);
// a rewritten tail not read back (that finds devices that lie, and the simulation's tells the truth); a cut that is not synced (what may come back
// is a torn tail again); an old generation removed before its seal record (the new one is durable by then); a root that its frame's entries do not
// give, with checksums that hold (no crash does that: tampering has its own tests).

import MunimentFormat
import MunimentStore

extension Simulation {
    /// After an open for writing, before anything is appended.
    func checkOpened() throws {
        if isRotten { return }
        try checkTail()
        let signed = store.signer.lastSigned.treeSize
        guard signed >= publishedMax else {
            throw Violation("the signer remembers size \(signed), but \(publishedMax) was published")
        }
    }

    /// Nothing but zeros follows the last frame, so that no remnant can ever be taken for one.
    private func checkTail() throws {
        guard let last = store.reader.segments.last, let bytes = disk.peek(last.path) else { return }
        var end = Limits.blockByteCount
        if let frame = try last.frames().last {
            let header = try Array(bytes[Int(frame.offset)...]).decode(FrameHeader.init(decoding:))
            end = Int(frame.offset) + header.frameByteCount
        }
        guard bytes.dropFirst(end).allSatisfy({ $0 == 0 }) else {
            throw Violation("\(last.path) has a remnant behind its last frame, at \(end)")
        }
    }

    /// Once the housekeeping is done, every segment but the open one has its footer, and a seal record that states it.
    func checkSeals() throws {
        if isRotten { return }
        while store.sealStep() {}
        var seals: [UInt64: SealRecord] = [:]
        var next = store.committed.chain.last
        while let index = next {
            let record = try ClassTable.control(store.reader, index)
            if record.kind == .seal {
                let seal = try record.body.decode(SealRecord.init(decoding:))
                // The newest is met first.
                if seals[seal.segment] == nil { seals[seal.segment] = seal }
            }
            next = record.previous
        }
        // Step 1 of a seal: what is sealed has its tree nodes in the files.
        let sealedSize = store.reader.segments.last?.firstIndex ?? 0
        guard try store.reader.tree.fileNodeCount(level: TreeNodes.floor) >= sealedSize >> UInt64(TreeNodes.floor)
        else {
            throw Violation("the files of tree nodes end before the sealed segments do")
        }
        for handle in store.reader.segments.dropLast() {
            let footer = try SegmentFile.footer(handle.file())
            guard let footer, let seal = seals[handle.segment], seal.footerDigest == footer.digest,
                seal.generation == footer.generation, footer.generation == handle.generation
            else { throw Violation("segment \(handle.segment) ended and is not sealed") }
        }
    }
}
