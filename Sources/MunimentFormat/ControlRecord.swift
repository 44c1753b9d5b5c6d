// Control records: what the engine itself writes. The public part stands in the entry, as critical extension 1, so that anyone can
// re-check it; a private part, if any, is the record's payload. Format/control.md.
//
//   type u8 · version u8 = 1 · previous varint (index of the previous control record + 1; 0 for none) · body by type
//
//   identity (1)  logID 32 · manifest SHA-256 32 · origin varint + bytes · vkey varint + bytes · predecessor varint + bytes (a signed
//                 note, or nothing)
//   class (3)     class varint · name varint + bytes · mode u8 · basis u8 · compression u8 · period varint + bytes · grace varint + bytes
//                 · indexed: all u8, count varint, each varint + bytes
//   seal (11)     segment varint · generation varint · firstIndex varint · entryCount varint · footer digest 32 · index root 32 ·
//                 policy varint (index + 1 of the newest control record that is no seal; 0 for none) · groupCount varint, each: class
//                 varint, digest 32

/// What every control record begins with.
package struct ControlRecord: Hashable, Sendable {
    /// What a control record says. The raw value is its type byte.
    package enum Kind: UInt8, Sendable {
        case identity = 1
        case key = 2
        case retentionClass = 3
        case event = 4
        case hold = 5
        case release = 6
        case erasure = 7
        case intent = 8
        case prepared = 9
        case completed = 10
        case seal = 11
        case export = 12
        case clock = 13
    }

    /// The version of all control records.
    package static let version: UInt8 = 1
    /// The class of control records themselves.
    package static let classID: UInt32 = 0

    /// The record's type.
    package var kind: Kind
    /// The index of the previous control record.
    package var previous: UInt64?
    /// The bytes by type, not decoded.
    package var body: [UInt8]

    /// A control record around an encoded body.
    package init(kind: Kind, previous: UInt64?, body: [UInt8]) {
        (self.kind, self.previous, self.body) = (kind, previous, body)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [kind.rawValue, ControlRecord.version]
        bytes.append(varint: previous.map { $0 + 1 } ?? 0)
        return bytes + body
    }

    /// The extension list of the control record's entry.
    package func extensions() -> [UInt8] {
        EntryExtension.encoded([EntryExtension(type: EntryExtension.controlType, isCritical: true, bytes: encoded())])
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "control record")
        guard let kind = Kind(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "unknown type")
        }
        let version = try reader.integer(UInt8.self)
        guard version == ControlRecord.version else {
            throw reader.failure(
                version > ControlRecord.version ? .newerVersion : .unknownValue, "control record version \(version)")
        }
        self.kind = kind
        let previous = try reader.varint()
        guard previous <= Limits.treeSize else { throw reader.failure(.outOfBounds, "an impossible index") }
        self.previous = previous == 0 ? nil : previous - 1
        body = Array(reader.takeRest())
    }

    /// The control record in an entry; nil for a user's record.
    package init?(entry: Entry) throws(FormatError) {
        guard entry.kind == .control else { return nil }
        let list = try entry.extensions.decode(EntryExtension.list(decoding:))
        guard let item = list.first(where: { $0.type == EntryExtension.controlType }), item.isCritical else {
            throw FormatError(.inconsistent, "control record", at: 0, "a control entry without its public part")
        }
        self = try item.bytes.decode(ControlRecord.init(decoding:))
    }
}

extension [UInt8] {
    fileprivate mutating func append(counted bytes: some Collection<UInt8>) {
        append(varint: UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}

extension ByteReader {
    fileprivate mutating func counted(atMost bound: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        try take(try count(atMost: bound))
    }

    fileprivate mutating func text(atMost bound: Int) throws(FormatError) -> String {
        guard let text = String(validating: try counted(atMost: bound), as: UTF8.self) else {
            throw failure(.notCanonical, "text that is not UTF-8")
        }
        return text
    }
}

/// Leaf 0: what this log is.
package struct IdentityRecord: Hashable, Sendable {
    /// The log's ID: 32 random bytes, bound by every key derivation.
    package var logID: Digest
    /// SHA-256 of `muniment.json`.
    package var manifestDigest: Digest
    /// The log's name, at most 1,024 bytes.
    package var origin: String
    /// The log's public key as a C2SP vkey, at most 4,096 bytes.
    package var verifierKey: String
    /// The last checkpoint of the log that this one succeeds, as a signed note; empty for none.
    package var predecessor: [UInt8]

    /// The fields as given; their bounds are the decoder's.
    package init(logID: Digest, manifestDigest: Digest, origin: String, verifierKey: String, predecessor: [UInt8]) {
        (self.logID, self.manifestDigest, self.origin) = (logID, manifestDigest, origin)
        (self.verifierKey, self.predecessor) = (verifierKey, predecessor)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(logID)
        bytes.append(manifestDigest)
        bytes.append(counted: origin.utf8)
        bytes.append(counted: verifierKey.utf8)
        bytes.append(counted: predecessor)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "identity record")
        logID = try reader.digest()
        manifestDigest = try reader.digest()
        origin = try reader.text(atMost: 1_024)
        verifierKey = try reader.text(atMost: 4_096)
        predecessor = Array(try reader.counted(atMost: 32_768))
        try reader.requireEnd()
    }
}

/// A retention class as one control record states it; the newest record of a class is in force.
package struct ClassRecord: Hashable, Sendable {
    /// Whether a class may be weakened: governance may, compliance never.
    package enum Mode: UInt8, Sendable { case governance = 0, compliance = 1 }
    /// From when the period counts.
    package enum Basis: UInt8, Sendable { case recorded = 0, occurred = 1, event = 2 }
    /// What is compressed together: all of a part, each record alone, nothing.
    package enum Compression: UInt8, Sendable { case shared = 0, record = 1, none = 2 }

    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// 1 to 64 bytes of UTF-8. Public.
    package var name: String
    /// Whether the class may be weakened.
    package var mode: Mode
    /// From when the period counts.
    package var basis: Basis
    /// What is compressed together.
    package var compression: Compression
    /// An ISO 8601 duration, or "forever".
    package var period: String
    /// How long after it is due a record may still be there: an ISO 8601 duration.
    package var grace: String
    /// The attribute names that are indexed; nil for all.
    package var indexed: [String]?

    /// The fields as given; their bounds are the decoder's.
    package init(
        classID: UInt32, name: String, mode: Mode = .governance, basis: Basis = .recorded,
        compression: Compression = .shared,
        period: String = "forever", grace: String = "P1D", indexed: [String]? = nil
    ) {
        (self.classID, self.name, self.mode, self.basis) = (classID, name, mode, basis)
        (self.compression, self.period, self.grace, self.indexed) = (compression, period, grace, indexed)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(classID))
        bytes.append(counted: name.utf8)
        bytes.append(contentsOf: [mode.rawValue, basis.rawValue, compression.rawValue])
        bytes.append(counted: period.utf8)
        bytes.append(counted: grace.utf8)
        bytes.append(indexed == nil ? 1 : 0)
        bytes.append(varint: UInt64(indexed?.count ?? 0))
        for name in indexed ?? [] { bytes.append(counted: name.utf8) }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "class record")
        classID = UInt32(try reader.count(atMost: Int(Limits.classCount)))
        name = try reader.text(atMost: Limits.classNameByteCount)
        guard !name.isEmpty else { throw reader.failure(.outOfBounds, "a class without a name") }
        guard let mode = Mode(rawValue: try reader.integer()), let basis = Basis(rawValue: try reader.integer()),
            let compression = Compression(rawValue: try reader.integer())
        else { throw reader.failure(.unknownValue, "an unknown option of a class") }
        (self.mode, self.basis, self.compression) = (mode, basis, compression)
        period = try reader.text(atMost: 64)
        grace = try reader.text(atMost: 64)
        let isAll = try reader.integer(UInt8.self)
        let count = try reader.count(atMost: 256)
        guard isAll <= 1, isAll == 0 || count == 0 else { throw reader.failure(.notCanonical, "all and a list") }
        var names: [String] = []
        for _ in 0..<count { names.append(try reader.text(atMost: Limits.attributeNameByteCount)) }
        indexed = isAll == 1 ? nil : names
        try reader.requireEnd()
    }
}

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
