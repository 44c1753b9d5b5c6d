// The body of the identity record, type 1. Format/control.md.
//
//   logID 32 · manifest SHA-256 32 · origin varint + bytes · vkey varint + bytes · predecessor varint + bytes (a signed note, or nothing)
//   · boot ID 16 · boot i64

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
    /// The machine's boot in which the log began.
    package var bootID: [UInt8]
    /// Microseconds since that boot: with the entry's recorded time, the compliance clock's first anchor.
    package var boot: Int64

    /// The fields as given; their bounds are the decoder's. Traps where the boot's ID has another length than 16.
    package init(
        logID: Digest, manifestDigest: Digest, origin: String, verifierKey: String, predecessor: [UInt8],
        bootID: [UInt8], boot: Int64
    ) {
        precondition(bootID.count == ClockRecord.bootIDByteCount)
        (self.logID, self.manifestDigest, self.origin) = (logID, manifestDigest, origin)
        (self.verifierKey, self.predecessor) = (verifierKey, predecessor)
        (self.bootID, self.boot) = (bootID, boot)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(logID)
        bytes.append(manifestDigest)
        bytes.append(counted: origin.utf8)
        bytes.append(counted: verifierKey.utf8)
        bytes.append(counted: predecessor)
        bytes += bootID
        bytes.append(littleEndian: boot)
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
        bootID = Array(try reader.take(ClockRecord.bootIDByteCount))
        boot = try reader.integer()
        guard boot >= 0 else { throw reader.failure(.outOfBounds, "a time before the boot") }
        try reader.requireEnd()
    }
}
