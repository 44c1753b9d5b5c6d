// Leaf hashes of whole frames of entries, straight from the columns: SHA-256(0x00 ‖ entry), RFC 6962.

internal import CMunimentKernels
package import MunimentFormat

/// Computes leaf hashes. One thread at a time uses an instance.
package final class EntryHasher {
    private static let strideCount = 256
    private static let headStride = 40
    private let heads = UnsafeMutableRawBufferPointer.allocate(byteCount: strideCount * headStride, alignment: 64)
    private let jobs = UnsafeMutablePointer<mk_hash_job>.allocate(capacity: strideCount)

    /// A hasher with scratch memory of its own.
    package init() {}

    deinit {
        heads.deallocate()
        jobs.deallocate()
    }

    /// Writes the leaf hashes of the entries of `runs`, whose commitments stand one after another at `commitments`, at `output`.
    package func hash(_ runs: [EntryRun], commitments: UnsafeRawPointer, to output: UnsafeMutableRawPointer) {
        var ordinal = 0
        for run in runs {
            hash(run, commitments: commitments + ordinal * Digest.byteCount, to: output + ordinal * Digest.byteCount)
            ordinal += run.count
        }
    }

    /// The leaf hashes of one run.
    package func hash(_ run: EntryRun, commitments: UnsafeRawPointer, to output: UnsafeMutableRawPointer) {
        if run.flags & Entry.hasExtensions != 0 {
            hashExtended(run, commitments: commitments, to: output)
            return
        }
        let heads = self.heads.baseAddress!
        let isShared = run.flags & Entry.hasOccurred == 0
        var headByteCount = isShared ? run.storeHead(ordinal: 0, to: heads) : 0
        var done = 0
        while done < run.count {
            let count = min(EntryHasher.strideCount, run.count - done)
            for place in 0..<count {
                let head = isShared ? heads : heads + place * EntryHasher.headStride
                if !isShared { headByteCount = run.storeHead(ordinal: done + place, to: head) }
                jobs[place] = mk_hash_job(
                    head: head.assumingMemoryBound(to: UInt8.self),
                    body: (commitments + (done + place) * Digest.byteCount).assumingMemoryBound(to: UInt8.self),
                    head_count: headByteCount, body_count: Digest.byteCount,
                    out: (output + (done + place) * Digest.byteCount).assumingMemoryBound(to: UInt8.self), tag: 0)
            }
            mk_sha256_jobs(jobs, count)
            done += count
        }
    }

    private func hashExtended(_ run: EntryRun, commitments: UnsafeRawPointer, to output: UnsafeMutableRawPointer) {
        let head = heads.baseAddress!
        for place in 0..<run.count {
            let headByteCount = run.storeHead(ordinal: place, to: head)
            var entry = [UInt8](UnsafeRawBufferPointer(start: head, count: headByteCount))
            entry.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: commitments + place * Digest.byteCount, count: Digest.byteCount))
            entry.append(contentsOf: run.extensions[place])
            entry.withUnsafeBufferPointer { bytes in
                jobs[0] = mk_hash_job(
                    head: bytes.baseAddress!, body: nil, head_count: bytes.count, body_count: 0,
                    out: (output + place * Digest.byteCount).assumingMemoryBound(to: UInt8.self), tag: 0)
                mk_sha256_jobs(jobs, 1)
            }
        }
    }
}
