// The bodies of a disposition's records: intent, prepared and completed, types 8, 9 and 10. Format/control.md.
//
//   intent:     compliance i64 · clock varint (index of the clock or identity record) · evidence u8 (0 proved, 1 attested) · epoch varint
//               · count varint, each hold in force: matter varint, decided u8 (0 proved, 1 attested)
//               · count varint, each class with due records: class varint, index of its class record varint
//               · count varint, each erasure that is carried out: index of its record varint
//   prepared:   disposition varint · seal varint + bytes (a seal record's body, policy 0) · held varint · purged index set
//   completed:  disposition varint · outcome u8 (0 aborted, 1 completed) · strength u8 (bit 0 files overwritten, 1 key-encryption key
//               destroyed, 2 attested by a device) · epoch varint · count varint, each prepared record that was carried out: its index varint

/// Whether anyone can check something from the log, or must believe who attested it.
package enum Evidence: UInt8, Sendable {
    case proved = 0
    case attested = 1
}

/// A disposition begins. Its index is the disposition's ID.
package struct IntentRecord: Hashable, Sendable {
    /// A matter in force, and how it is known which records it covers.
    package struct Hold: Hashable, Sendable {
        /// The index of the matter's first hold record.
        package var matter: UInt64
        /// Attested where a private predicate decides.
        package var decided: Evidence
        package init(matter: UInt64, decided: Evidence) { (self.matter, self.decided) = (matter, decided) }
    }

    /// A class some of whose records are due, and the rule by which they are.
    package struct Rule: Hashable, Sendable {
        package var classID: UInt32
        /// The index of the class record in force.
        package var record: UInt64
        package init(classID: UInt32, record: UInt64) { (self.classID, self.record) = (classID, record) }
    }

    /// The most of each list.
    package static let countMax = 4_096

    /// The compliance clock by which records are due.
    package var compliance: Int64
    /// The index of the record that anchors it: the newest clock record, or the identity.
    package var clockRecord: UInt64
    /// Attested where an operator or outside evidence moved the clock.
    package var clockEvidence: Evidence
    /// The epoch of the group keys once this disposition is carried out.
    package var epoch: UInt64
    /// Ascending by matter.
    package var holds: [Hold]
    /// Ascending by class.
    package var rules: [Rule]
    /// The indexes of erasure records, ascending.
    package var erasures: [UInt64]

    /// The fields as given; lists ascend and have at most `countMax`.
    package init(
        compliance: Int64, clockRecord: UInt64, clockEvidence: Evidence, epoch: UInt64, holds: [Hold], rules: [Rule],
        erasures: [UInt64]
    ) {
        (self.compliance, self.clockRecord, self.clockEvidence) = (compliance, clockRecord, clockEvidence)
        (self.epoch, self.holds, self.rules, self.erasures) = (epoch, holds, rules, erasures)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: compliance)
        bytes.append(varint: clockRecord)
        bytes.append(clockEvidence.rawValue)
        bytes.append(varint: epoch)
        bytes.append(varint: UInt64(holds.count))
        for hold in holds {
            bytes.append(varint: hold.matter)
            bytes.append(hold.decided.rawValue)
        }
        bytes.append(varint: UInt64(rules.count))
        for rule in rules {
            bytes.append(varint: UInt64(rule.classID))
            bytes.append(varint: rule.record)
        }
        bytes.append(varint: UInt64(erasures.count))
        for erasure in erasures { bytes.append(varint: erasure) }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "intent record")
        compliance = try reader.integer()
        clockRecord = try reader.index()
        clockEvidence = try reader.evidence()
        epoch = try reader.varint()
        holds = []
        for _ in 0..<(try reader.count(atMost: IntentRecord.countMax)) {
            let matter = try reader.index()
            try reader.require(matter, after: holds.last?.matter)
            holds.append(Hold(matter: matter, decided: try reader.evidence()))
        }
        rules = []
        for _ in 0..<(try reader.count(atMost: IntentRecord.countMax)) {
            let classID = UInt32(try reader.count(atMost: Int(Limits.classCount)))
            try reader.require(UInt64(classID), after: rules.last.map { UInt64($0.classID) })
            rules.append(Rule(classID: classID, record: try reader.index()))
        }
        erasures = []
        for _ in 0..<(try reader.count(atMost: IntentRecord.countMax)) {
            let erasure = try reader.index()
            try reader.require(erasure, after: erasures.last)
            erasures.append(erasure)
        }
        try reader.requireEnd()
    }
}

/// The new generation of one segment is written, and this is what it lacks.
package struct PreparedRecord: Hashable, Sendable {
    /// How many bytes the set of purged records may take so that the record fits an entry, when the seal lists so many groups.
    package static func purgedByteCountMax(groupCount: Int) -> Int {
        // 512 for everything of fixed size around them; a group has a class of at most 2 bytes, and a digest.
        min(IndexSet.byteCountMax, Limits.entryByteCount - 512 - 34 * groupCount)
    }

    /// The index of the intent record.
    package var disposition: UInt64
    /// What the new generation's bytes are; its `policy` is nil.
    package var seal: SealRecord
    /// How many due records of the segment are kept because they are held.
    package var heldCount: UInt64
    /// The records whose content the new generation lacks and the one before had.
    package var purged: IndexSet

    /// The fields as given. The set is not empty.
    package init(disposition: UInt64, seal: SealRecord, heldCount: UInt64, purged: IndexSet) {
        (self.disposition, self.seal, self.heldCount, self.purged) = (disposition, seal, heldCount, purged)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: disposition)
        bytes.append(counted: seal.encoded())
        bytes.append(varint: heldCount)
        return bytes + purged.encoded()
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "prepared record")
        disposition = try reader.index()
        seal = try SealRecord(decoding: try reader.counted(atMost: Limits.entryByteCount))
        heldCount = UInt64(try reader.count(atMost: Limits.entriesPerSegment))
        purged = try IndexSet(decoding: &reader)
        guard seal.policy == nil else { throw reader.failure(.notCanonical, "a seal with a policy") }
        let segment = seal.firstIndex..<seal.firstIndex + seal.entryCount
        guard let first = purged.first, let last = purged.last, segment.contains(first), segment.contains(last) else {
            throw reader.failure(.inconsistent, "purged records outside the segment")
        }
        try reader.requireEnd()
    }
}

/// A disposition is over.
package struct CompletedRecord: Hashable, Sendable {
    /// How it ended.
    package enum Outcome: UInt8, Sendable {
        /// Nothing was destroyed.
        case aborted = 0
        /// The keys of what the prepared records list are destroyed.
        case completed = 1
    }

    /// How the old group keys were destroyed.
    package struct Strength: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The file that held the wrapped keys was overwritten before it was given up.
        package static let overwritten = Strength(rawValue: 1)
        /// The epoch key that wrapped them is destroyed.
        package static let epochDestroyed = Strength(rawValue: 2)
        /// A device outside of the engine attests it.
        package static let deviceAttested = Strength(rawValue: 4)
    }

    /// The index of the intent record.
    package var disposition: UInt64
    package var outcome: Outcome
    /// None where it was aborted.
    package var strength: Strength
    /// The epoch of the group keys from now on.
    package var epoch: UInt64
    /// The indexes of the prepared records that were carried out, ascending.
    package var prepared: [UInt64]

    /// The fields as given; the list ascends.
    package init(disposition: UInt64, outcome: Outcome, strength: Strength, epoch: UInt64, prepared: [UInt64]) {
        (self.disposition, self.outcome, self.strength) = (disposition, outcome, strength)
        (self.epoch, self.prepared) = (epoch, prepared)
    }

    /// The most prepared records of one disposition.
    package static let preparedCountMax = 8_192

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: disposition)
        bytes.append(contentsOf: [outcome.rawValue, strength.rawValue])
        bytes.append(varint: epoch)
        bytes.append(varint: UInt64(prepared.count))
        for index in prepared { bytes.append(varint: index) }
        return bytes
    }

    /// Decodes the bytes, all of them; refuses what Format/control.md lists, in its order.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "completed record")
        disposition = try reader.index()
        guard let outcome = Outcome(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "an unknown outcome")
        }
        self.outcome = outcome
        strength = Strength(rawValue: try reader.integer())
        guard strength.rawValue < 8 else { throw reader.failure(.unknownValue, "an unknown strength") }
        epoch = try reader.varint()
        prepared = []
        for _ in 0..<(try reader.count(atMost: CompletedRecord.preparedCountMax)) {
            let index = try reader.index()
            try reader.require(index, after: prepared.last)
            prepared.append(index)
        }
        guard outcome == .completed || strength.isEmpty && prepared.isEmpty else {
            throw reader.failure(.inconsistent, "an aborted disposition that destroyed something")
        }
        try reader.requireEnd()
    }
}

extension ByteReader {
    fileprivate mutating func evidence() throws(FormatError) -> Evidence {
        guard let evidence = Evidence(rawValue: try integer()) else {
            throw failure(.unknownValue, "an unknown kind of evidence")
        }
        return evidence
    }

    fileprivate func require(_ value: UInt64, after last: UInt64?) throws(FormatError) {
        if let last, last >= value { throw failure(.notCanonical, "a list does not ascend") }
    }
}
