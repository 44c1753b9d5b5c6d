// SHA-256 (FIPS 180-4) for Swift callers. The rounds run in CMunimentKernels, which picks the CPU's instructions once;
// whole-buffer work (leaves, levels of a tree) calls the kernels directly and does not pass through here.

internal import CMunimentKernels
package import MunimentFormat

/// SHA-256 of one message.
package enum SHA256 {
    /// The digest of `bytes`. O(n), no allocation.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { out in
            let target = out.baseAddress!
            mk_sha256(bytes.baseAddress, bytes.count, target)
            return Digest(loading: target)
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// SHA-256(`tag` ‖ `head` ‖ `body`): the domain-separated form that every commitment of the format uses.
    package static func hash(
        tag: UInt8, head: UnsafeRawBufferPointer = .init(start: nil, count: 0), body: UnsafeRawBufferPointer
    ) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { out in
            let target = out.baseAddress!
            var job = mk_hash_job()
            job.head = head.baseAddress?.assumingMemoryBound(to: UInt8.self)
            job.head_count = head.count
            job.body = body.baseAddress?.assumingMemoryBound(to: UInt8.self)
            job.body_count = body.count
            job.out = target.assumingMemoryBound(to: UInt8.self)
            job.tag = tag
            mk_sha256_jobs(&job, 1)
            return Digest(loading: target)
        }
    }

    /// RFC 6962 leaves: digest i of `output` = SHA-256(0x00 ‖ entry i). `output` has room for all of them. O(n), no allocation.
    package static func leaves(_ entries: [UnsafeRawBufferPointer], into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= entries.count * Digest.byteCount, "no room for the leaves")
        guard let base = output.baseAddress else { return }
        let strideCount = 64
        withUnsafeTemporaryAllocation(of: mk_hash_job.self, capacity: strideCount) { jobs in
            for start in stride(from: 0, to: entries.count, by: strideCount) {
                let count = min(strideCount, entries.count - start)
                for place in 0..<count {
                    let entry = entries[start + place]
                    let out = base + (start + place) * Digest.byteCount
                    jobs[place] = mk_hash_job(
                        head: nil, body: entry.baseAddress?.assumingMemoryBound(to: UInt8.self), head_count: 0,
                        body_count: entry.count, out: out.assumingMemoryBound(to: UInt8.self), tag: 0)
                }
                mk_sha256_jobs(jobs.baseAddress, count)
            }
        }
    }

    /// RFC 6962 interior nodes: digest i of `parents` = SHA-256(0x01 ‖ child 2i ‖ child 2i+1), for i below `count`.
    /// `children` holds 64 · `count` bytes and `parents` 32 · `count`; they may start at the same address, and need no
    /// alignment. No allocation.
    package static func nodes(_ children: UnsafeRawPointer, count: Int, into parents: UnsafeMutableRawPointer) {
        mk_sha256_nodes(
            children.assumingMemoryBound(to: UInt8.self), count, parents.assumingMemoryBound(to: UInt8.self))
    }

    /// One RFC 6962 interior node: SHA-256(0x01 ‖ `left` ‖ `right`).
    package static func node(_ left: Digest, _ right: Digest) -> Digest {
        withUnsafePointer(to: right) { right in
            climb(from: left, siblings: UnsafeBufferPointer(start: right, count: 1), left: 0)
        }
    }

    /// Climbs an audit path from `seed`: sibling i goes to the left of the node so far where bit i of `left` is set, else
    /// to the right. At most 64 siblings; more is a programmer's mistake. O(count), no allocation.
    package static func climb(from seed: Digest, siblings: UnsafeBufferPointer<Digest>, left: UInt64) -> Digest {
        precondition(siblings.count <= 64, "a path of more than 64 siblings")
        return withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 16) { node in
            let pointer = node.baseAddress!.assumingMemoryBound(to: UInt8.self)
            seed.store(to: pointer)
            guard let first = UnsafeRawPointer(siblings.baseAddress) else { return seed }
            mk_sha256_path(pointer, first.assumingMemoryBound(to: UInt8.self), siblings.count, left, pointer)
            return Digest(loading: pointer)
        }
    }

    /// The instructions in use: "sha-ni", "armv8" or "portable".
    package static var kernel: String { String(cString: mk_sha256_kernel()) }
}

extension SHA256 {
    /// A digest over bytes that arrive in pieces.
    package struct Hasher: Sendable {
        private var state = mk_sha256_state()

        /// The hasher of the empty message.
        package init() { mk_sha256_init(&state) }

        /// Appends `bytes` to the message.
        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            mk_sha256_update(&state, bytes.baseAddress, bytes.count)
        }

        /// Appends `bytes` to the message.
        package mutating func update(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// The digest of the message so far. The hasher itself does not change, so more may be appended and asked again.
        package func finalize() -> Digest {
            var copy = state
            return withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { out in
                mk_sha256_final(&copy, out.baseAddress!)
                return Digest(loading: out.baseAddress!)
            }
        }
    }
}
