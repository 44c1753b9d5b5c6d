// The body of a seal record, type 11. Format/control.md.
//
//   segment varint · generation varint · firstIndex varint · entryCount varint · footer digest 32 · index root 32
//   · policy varint (index + 1 of the newest control record that is no seal; 0 for none) · groupCount varint, each: class varint, digest 32

/// What a sealed segment's bytes were.
package struct SealRecord: Hashable, Sendable {
    /// A group's ciphertext, by the digest in the footer.
    package struct Group: Hashable, Sendable {
        /// The retention class; 0 is that of control records.
        package var classID: UInt32
        /// SHA-256(0x23 ‖ part digests).
        package var digest: Digest
        /// One group of the sealed segment.
        package init(classID: UInt32, digest: Digest) { (self.classID, self.digest) = (classID, digest) }
    }

    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// The file's generation: 0 for the journal itself, 1 more for each rewrite.
    package var generation: UInt32
    /// The segment's first index.
    package var firstIndex: UInt64
    /// The segment's entries.
    package var entryCount: UInt64
    /// SHA-256(0x22 ‖ footer).
    package var footerDigest: Digest
    /// Zero where the segment has no index.
    package var indexRoot: Digest
    /// The newest control record before this one that is not a seal: whoever walks the chain for its rules skips the seals.
    package var policy: UInt64?
    /// Ascending by class.
    package var groups: [Group]

    /// The fields as given; their bounds are the decoder's.
    package init(
        segment: UInt64, generation: UInt32, firstIndex: UInt64, entryCount: UInt64, footerDigest: Digest,
        indexRoot: Digest,
        policy: UInt64?, groups: [Group]
    ) {
        (self.segment, self.generation, self.firstIndex, self.entryCount) = (
            segment, generation, firstIndex, entryCount
        )
        (self.footerDigest, self.indexRoot, self.policy, self.groups) = (footerDigest, indexRoot, policy, groups)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: segment)
        bytes.append(varint: UInt64(generation))
        bytes.append(varint: firstIndex)
        bytes.append(varint: entryCount)
        bytes.append(footerDigest)
        bytes.append(indexRoot)
        bytes.append(varint: policy.map { $0 + 1 } ?? 0)
        bytes.append(varint: UInt64(groups.count))
        for group in groups {
            bytes.append(varint: UInt64(group.classID))
            bytes.append(group.digest)
        }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "seal record")
        segment = UInt64(try reader.count(atMost: Int(Limits.segmentCount) - 1))
        generation = UInt32(try reader.count(atMost: Int(UInt32.max)))
        firstIndex = UInt64(try reader.count(atMost: Int(Limits.treeSize) - 1))
        entryCount = UInt64(try reader.count(atMost: Limits.entriesPerSegment))
        footerDigest = try reader.digest()
        indexRoot = try reader.digest()
        let policy = try reader.varint()
        guard policy <= Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        self.policy = policy == 0 ? nil : policy - 1
        groups = []
        // One more than there are user classes: that of control records.
        for _ in 0..<(try reader.count(atMost: Int(Limits.classCount) + 1)) {
            let group = Group(classID: UInt32(try reader.count(atMost: Int(UInt32.max))), digest: try reader.digest())
            if let last = groups.last, last.classID >= group.classID {
                throw reader.failure(.notCanonical, "groups do not ascend")
            }
            groups.append(group)
        }
        try reader.requireEnd()
    }
}
