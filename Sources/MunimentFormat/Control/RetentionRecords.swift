// The bodies of event, erasure and clock records, types 4, 7 and 13. Format/control.md.
//
//   event:    at i64 · index set
//   erasure:  index varint
//   clock:    kind u8 · compliance i64 · wall i64 · boot ID 16 · boot i64

/// The clock of the records that it lists starts.
package struct EventRecord: Hashable, Sendable {
    /// When it happened; what counts is never before the event's own append.
    package var at: Int64
    /// The records that it matched when it was appended.
    package var indexes: IndexSet

    /// The fields as given. The set is not empty.
    package init(at: Int64, indexes: IndexSet) { (self.at, self.indexes) = (at, indexes) }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: at)
        return bytes + indexes.encoded()
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "event record")
        at = try reader.integer()
        indexes = try IndexSet(decoding: &reader)
        try reader.requireEnd()
    }
}

/// Somebody asked that a record be erased.
package struct ErasureRecord: Hashable, Sendable {
    /// The record.
    package var index: UInt64

    /// The field as given.
    package init(index: UInt64) { self.index = index }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: index)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "erasure record")
        index = try reader.index()
        try reader.requireEnd()
    }
}

/// The compliance clock is anchored to the machine's: from here on it goes on as the boot clock does.
package struct ClockRecord: Hashable, Sendable {
    /// Why the clock was anchored anew.
    package enum Kind: UInt8, Sendable {
        /// Another boot: the time before it that nobody can vouch for does not count.
        case boot = 0
        /// It lagged behind the wall clock, and catches up at seven days a year.
        case catchUp = 1
        /// Outside evidence of the time.
        case evidence = 2
        /// An operator vouches for the wall clock.
        case confirmed = 3
    }

    /// Bytes of a boot's ID.
    package static let bootIDByteCount = 16

    package var kind: Kind
    /// The compliance clock from this moment on.
    package var compliance: Int64
    /// The wall clock at this moment.
    package var wall: Int64
    /// Which boot of which machine.
    package var bootID: [UInt8]
    /// Microseconds since that boot.
    package var boot: Int64

    /// The fields as given. Traps where the boot's ID has another length.
    package init(kind: Kind, compliance: Int64, wall: Int64, bootID: [UInt8], boot: Int64) {
        precondition(bootID.count == ClockRecord.bootIDByteCount)
        (self.kind, self.compliance, self.wall) = (kind, compliance, wall)
        (self.bootID, self.boot) = (bootID, boot)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = [kind.rawValue]
        bytes.append(littleEndian: compliance)
        bytes.append(littleEndian: wall)
        bytes += bootID
        bytes.append(littleEndian: boot)
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "clock record")
        guard let kind = Kind(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "an unknown kind of clock record")
        }
        self.kind = kind
        compliance = try reader.integer()
        wall = try reader.integer()
        bootID = Array(try reader.take(ClockRecord.bootIDByteCount))
        boot = try reader.integer()
        guard boot >= 0 else { throw reader.failure(.outOfBounds, "a time before the boot") }
        try reader.requireEnd()
    }
}
