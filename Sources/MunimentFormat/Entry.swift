// The entry: the small canonical bytes that commit to one record, and the input of its Merkle leaf. Format/entry.md.
//
//   offset  size  field
//   0       1     suite              1: SHA-256, salted commitments, content under AES-256-GCM
//   1       1     kind               0 record, 1 control record
//   2       1     flags              bit 0 occurred time follows, bit 1 compliance time follows, bit 2 extensions follow
//   3       1-5   class              varint
//   …       8     recorded           microseconds since 1970-01-01T00:00:00Z, signed
//   …       8     occurred           only with flag bit 0
//   …       8     compliance         only with flag bit 1
//   …       32    commitment         see Commitment.swift
//   …       …     extensions         only with flag bit 2, to the end of the entry
//
// No length, no name, nothing personal. Nothing in it is ever erased. Re-encoding a decoded entry gives the same bytes.

/// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public typealias Microseconds = Int64

/// The decoded form of an entry's bytes.
package struct Entry: Hashable, Sendable {
    /// Whose record it is: a user's or the engine's own.
    package enum Kind: UInt8, Sendable { case record = 0, control = 1 }

    /// SHA-256, salted commitments, content under AES-256-GCM.
    package static let suite: UInt8 = 1
    /// Flag: an occurred time follows.
    package static let hasOccurred: UInt8 = 1 << 0
    /// Flag: a compliance time follows.
    package static let hasCompliance: UInt8 = 1 << 1
    /// Flag: extensions follow, to the end.
    package static let hasExtensions: UInt8 = 1 << 2
    /// All flags that this version defines.
    package static let knownFlags: UInt8 = hasOccurred | hasCompliance | hasExtensions
    /// The longest entry without extensions.
    package static let plainByteCountMax = 3 + 5 + 24 + 32

    /// A user's record or a control record.
    package var kind: Kind
    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// The wall clock when the record was appended.
    package var recorded: Microseconds
    /// When the user says that it happened; nil for not said.
    package var occurred: Microseconds?
    /// The compliance clock, where the wall clock disagreed with it.
    package var compliance: Microseconds?
    /// The content commitment.
    package var commitment: Digest
    /// The bytes of the extension list, empty when there is none; see `EntryExtension`.
    package var extensions: [UInt8]

    /// An entry of suite 1. That it stays within 65,535 bytes is the caller's duty.
    package init(
        kind: Kind, classID: UInt32, recorded: Microseconds, occurred: Microseconds? = nil,
        compliance: Microseconds? = nil, commitment: Digest, extensions: [UInt8] = []
    ) {
        self.kind = kind
        self.classID = classID
        self.recorded = recorded
        self.occurred = occurred
        self.compliance = compliance
        self.commitment = commitment
        self.extensions = extensions
    }

    /// The flags byte that follows from what is there.
    package var flags: UInt8 {
        (occurred == nil ? 0 : Entry.hasOccurred) | (compliance == nil ? 0 : Entry.hasCompliance)
            | (extensions.isEmpty ? 0 : Entry.hasExtensions)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Entry.plainByteCountMax + extensions.count)
        bytes.append(Entry.suite)
        bytes.append(kind.rawValue)
        bytes.append(flags)
        bytes.append(varint: UInt64(classID))
        bytes.append(littleEndian: recorded)
        if let occurred { bytes.append(littleEndian: occurred) }
        if let compliance { bytes.append(littleEndian: compliance) }
        bytes.append(commitment)
        bytes.append(contentsOf: extensions)
        return bytes
    }

    /// Decodes a whole entry of at most 65,535 bytes, its extension list included.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "entry")
        guard bytes.count <= Limits.entryByteCount else {
            throw reader.failure(.outOfBounds, "longer than 65,535 bytes")
        }
        guard try reader.integer(UInt8.self) == Entry.suite else {
            throw reader.failure(.unknownValue, "unknown suite")
        }
        guard let kind = Kind(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "unknown kind")
        }
        let flags = try reader.integer(UInt8.self)
        guard flags & ~Entry.knownFlags == 0 else { throw reader.failure(.unknownValue, "unknown flags") }
        self.kind = kind
        classID = UInt32(try reader.count(atMost: Int(UInt32.max)))
        recorded = try reader.integer()
        occurred = flags & Entry.hasOccurred == 0 ? nil : try reader.integer(Int64.self)
        compliance = flags & Entry.hasCompliance == 0 ? nil : try reader.integer(Int64.self)
        commitment = try reader.digest()
        extensions = []
        if flags & Entry.hasExtensions == 0 {
            try reader.requireEnd()
        } else {
            let list = reader.takeRest()
            _ = try EntryExtension.list(decoding: list)
            extensions = Array(list)
        }
    }
}
