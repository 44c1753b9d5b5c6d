// Content commitments of whole runs of records: the hot loop of append and of verification. Format/commitment.md.
//
//   P  = SHA-256(0x12 ‖ salt ‖ payload)            salt: slot 0
//   cᵢ = SHA-256(0x13 ‖ saltᵢ ‖ attribute i)       saltᵢ: slot i + 1
//   A  = SHA-256(0x11 ‖ n as varint ‖ c₁ ‖ … ‖ cₙ)
//   content commitment = SHA-256(0x10 ‖ A ‖ P)
//
// Messages are collected as jobs and hashed two at a time by the kernel. Scratch memory is reused; nothing is allocated per record.

internal import CMunimentKernels
package import MunimentFormat

/// The first byte of each hashed message. Format/commitment.md.
package enum CommitmentTag {
    /// Of A ‖ P.
    package static let content: UInt8 = 0x10
    /// Of the list of attribute commitments.
    package static let attributes: UInt8 = 0x11
    /// Of salt ‖ payload.
    package static let payload: UInt8 = 0x12
    /// Of salt ‖ attribute.
    package static let attribute: UInt8 = 0x13
}

/// Computes commitments. One thread at a time uses an instance; each worker has its own.
package final class ContentHasher {
    /// Records hashed at a time: what fits the first-level caches.
    private static let strideCount = 128
    /// Attribute slots whose salts are made for a whole run; further ones are made one by one.
    private static let runSlotCount = 8

    private let salts = UnsafeMutableRawBufferPointer.allocate(
        byteCount: (1 + runSlotCount) * SaltStream.scratchByteCount(strideCount), alignment: 64)
    // One thread at a time uses an instance, and no closure escapes: dynamic exclusivity checks would only cost time.
    /// A ‖ P for each record.
    private let halves = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * strideCount, alignment: 64)
    private let jobs = UnsafeMutablePointer<mk_hash_job>.allocate(capacity: strideCount)
    @exclusivity(unchecked) private var layouts: [ContentLayout] = []
    @exclusivity(unchecked) private var bases: [UnsafeRawPointer] = []
    /// n ‖ c₁ ‖ … of the records that have attributes.
    @exclusivity(unchecked) private var lists: [UInt8] = []
    @exclusivity(unchecked) private var attributeJobs: [mk_hash_job] = []
    @exclusivity(unchecked) private var extraSalts: [UInt8] = []

    /// A hasher with scratch memory of its own.
    package init() {}

    deinit {
        salts.deallocate()
        halves.deallocate()
        jobs.deallocate()
    }

    /// Commits to `count` records with consecutive indexes from `firstIndex`, whose contents stand one after another at the start of
    /// `contents`. Writes 32 bytes each at `output`; returns how many bytes of `contents` they filled.
    ///
    /// `bodyDigest` gives P of a record whose payload is a body file, by its place in the run; it is called for no other.
    package func commit(
        contents: UnsafeRawBufferPointer, count: Int, firstIndex: UInt64, salts stream: SaltStream,
        bodyDigest: (Int, UnsafeRawBufferPointer) throws(FormatError) -> Digest, to output: UnsafeMutableRawPointer
    ) throws(FormatError) -> Int {
        var done = 0
        var offset = 0
        while done < count {
            let stride = min(ContentHasher.strideCount, count - done)
            offset += try commitStride(
                UnsafeRawBufferPointer(rebasing: contents[offset...]), stride, done, firstIndex + UInt64(done), stream,
                bodyDigest,
                output + done * Digest.byteCount)
            done += stride
        }
        return offset
    }

    private func commitStride(
        _ contents: UnsafeRawBufferPointer, _ count: Int, _ ordinal: Int, _ firstIndex: UInt64, _ stream: SaltStream,
        _ bodyDigest: (Int, UnsafeRawBufferPointer) throws(FormatError) -> Digest, _ output: UnsafeMutableRawPointer
    ) throws(FormatError) -> Int {
        let byteCount = try locate(contents, count)
        try hashPayloads(count, ordinal, firstIndex, stream, bodyDigest)
        try hashAttributes(count, firstIndex, stream)
        let halves = self.halves.baseAddress!.assumingMemoryBound(to: UInt8.self)
        for place in 0..<count {
            jobs[place] = mk_hash_job(
                head: halves + 64 * place, body: halves + 64 * place + 32, head_count: 32, body_count: 32,
                out: (output + 32 * place).assumingMemoryBound(to: UInt8.self), tag: CommitmentTag.content)
        }
        mk_sha256_jobs(jobs, count)
        return byteCount
    }

    private func locate(_ contents: UnsafeRawBufferPointer, _ count: Int) throws(FormatError) -> Int {
        layouts.removeAll(keepingCapacity: true)
        bases.removeAll(keepingCapacity: true)
        var offset = 0
        for _ in 0..<count {
            let rest = UnsafeRawBufferPointer(rebasing: contents[offset...])
            let layout = try ContentLayout(decoding: rest)
            layouts.append(layout)
            bases.append(rest.baseAddress!)
            offset += layout.byteCount
        }
        return offset
    }

    private func hashPayloads(
        _ count: Int, _ ordinal: Int, _ firstIndex: UInt64, _ stream: SaltStream,
        _ bodyDigest: (Int, UnsafeRawBufferPointer) throws(FormatError) -> Digest
    ) throws(FormatError) {
        let slice = UnsafeMutableRawBufferPointer(rebasing: salts[..<SaltStream.scratchByteCount(count)])
        let streamed = UnsafeRawPointer(stream.fill(slice, slot: 0, firstIndex: firstIndex, count: count))
        let halves = self.halves.baseAddress!
        var jobCount = 0
        for place in 0..<count {
            let layout = layouts[place]
            let out = halves + 64 * place + 32
            if layout.hasBodyFile {
                let reference = UnsafeRawBufferPointer(
                    start: bases[place] + layout.payload.lowerBound, count: layout.payload.count)
                try bodyDigest(ordinal + place, reference).store(to: out)
                continue
            }
            let salt = layout.salts.isEmpty ? streamed + 16 * place : bases[place] + layout.salts.lowerBound
            jobs[jobCount] = mk_hash_job(
                head: salt.assumingMemoryBound(to: UInt8.self),
                body: (bases[place] + layout.payload.lowerBound).assumingMemoryBound(to: UInt8.self), head_count: 16,
                body_count: layout.payload.count, out: out.assumingMemoryBound(to: UInt8.self),
                tag: CommitmentTag.payload)
            jobCount += 1
        }
        mk_sha256_jobs(jobs, jobCount)
    }

    private func hashAttributes(_ count: Int, _ firstIndex: UInt64, _ stream: SaltStream) throws(FormatError) {
        let halves = self.halves.baseAddress!
        let total = layouts.reduce(0) { $0 + $1.attributeCount }
        guard total > 0 else {
            for place in 0..<count { ContentHasher.noAttributes.store(to: halves + 64 * place) }
            return
        }
        let slotMax = min(layouts.reduce(0) { max($0, $1.attributeCount) }, ContentHasher.runSlotCount)
        let slotByteCount = SaltStream.scratchByteCount(ContentHasher.strideCount)
        var streamed: [UnsafeMutableRawPointer] = []
        for slot in 1..<slotMax + 1 {
            let slice = UnsafeMutableRawBufferPointer(
                rebasing: salts[(slot * slotByteCount)..<((slot + 1) * slotByteCount)])
            streamed.append(stream.fill(slice, slot: UInt64(slot), firstIndex: firstIndex, count: count))
        }
        makeExtraSalts(count, firstIndex, stream)
        try withExtendedBuffers(count, total, streamed)
    }

    /// Salts of the attributes past the slots that are made for a whole run.
    private func makeExtraSalts(_ count: Int, _ firstIndex: UInt64, _ stream: SaltStream) {
        extraSalts.removeAll(keepingCapacity: true)
        for place in 0..<count
        where layouts[place].attributeCount > ContentHasher.runSlotCount && layouts[place].salts.isEmpty {
            for slot in ContentHasher.runSlotCount + 1..<layouts[place].attributeCount + 1 {
                extraSalts.append(contentsOf: stream.salt(index: firstIndex + UInt64(place), slot: UInt64(slot)))
            }
        }
    }

    private func withExtendedBuffers(_ count: Int, _ total: Int, _ streamed: [UnsafeMutableRawPointer])
        throws(FormatError)
    {
        let listByteCount = total * Digest.byteCount + count * 10
        if lists.count < listByteCount { lists = [UInt8](repeating: 0, count: listByteCount) }
        attributeJobs.removeAll(keepingCapacity: true)
        let result = lists.withUnsafeMutableBytes { lists in
            extraSalts.withUnsafeBytes { extra -> Result<Void, FormatError> in
                do throws(FormatError) {
                    return .success(try hashLists(count, streamed, extra.baseAddress, lists.baseAddress!))
                } catch {
                    return .failure(error)
                }
            }
        }
        try result.get()
    }

    private func hashLists(
        _ count: Int, _ streamed: [UnsafeMutableRawPointer], _ extra: UnsafeRawPointer?,
        _ lists: UnsafeMutableRawPointer
    ) throws(FormatError) {
        let halves = self.halves.baseAddress!
        var cursor = lists
        var extraOffset = 0
        for place in 0..<count {
            let layout = layouts[place]
            let start = cursor
            cursor += storeVarint(UInt64(layout.attributeCount), to: cursor)
            let content = UnsafeRawBufferPointer(start: bases[place], count: layout.byteCount)
            try layout.forEachAttribute(in: content) { ordinal, bytes throws(FormatError) in
                let salt: UnsafeRawPointer
                if !layout.salts.isEmpty {
                    salt = bases[place] + layout.salts.lowerBound + 16 * (1 + ordinal)
                } else if ordinal < ContentHasher.runSlotCount {
                    salt = UnsafeRawPointer(streamed[ordinal] + 16 * place)
                } else {
                    salt = extra! + extraOffset
                    extraOffset += 16
                }
                attributeJobs.append(
                    mk_hash_job(
                        head: salt.assumingMemoryBound(to: UInt8.self),
                        body: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        head_count: 16, body_count: bytes.count, out: cursor.assumingMemoryBound(to: UInt8.self),
                        tag: CommitmentTag.attribute))
                cursor += Digest.byteCount
            }
            jobs[place] = mk_hash_job(
                head: start.assumingMemoryBound(to: UInt8.self), body: nil, head_count: cursor - start, body_count: 0,
                out: (halves + 64 * place).assumingMemoryBound(to: UInt8.self), tag: CommitmentTag.attributes)
        }
        mk_sha256_jobs(attributeJobs, attributeJobs.count)
        mk_sha256_jobs(jobs, count)
    }

    /// A of a record without attributes.
    private static let noAttributes: Digest = {
        var bytes: [UInt8] = [CommitmentTag.attributes, 0]
        var digest = [UInt8](repeating: 0, count: Digest.byteCount)
        mk_sha256(&bytes, bytes.count, &digest)
        return digest.withUnsafeBytes { Digest(loading: $0.baseAddress!) }
    }()
}
