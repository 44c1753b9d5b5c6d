// A retention class as an embedder sees and changes it.

internal import MunimentFormat
internal import MunimentStore

/// A retention class in force: how long its records are kept, and who may change that.
public struct RetentionClass: Hashable, Sendable {
    /// Whether the class may be weakened.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Its period may be shortened; the log shows it.
        case governance
        /// It stays in this mode, its period only grows, and its basis stays.
        case compliance
    }

    /// From when a record's period counts.
    public enum Basis: String, Hashable, Sendable, CaseIterable {
        /// From when it was appended.
        case recorded
        /// From when it occurred, where that is known. A sender's date can lie.
        case occurred
        /// From when an event was recorded for it (`Archive.recordEvent`); before that it is kept.
        case event
    }

    /// What is compressed together; see the threat model for when to choose which.
    public enum Compression: String, Hashable, Sendable, CaseIterable {
        case shared
        case record
        case none
    }

    /// Which attributes are indexed.
    public enum Indexing: Hashable, Sendable {
        case all
        case only([String])
    }

    public let name: String
    /// An ISO 8601 duration, or `forever`.
    public let period: String
    public let since: Basis
    public let mode: Mode
    /// How long after it is due a record may still be there: an ISO 8601 duration.
    public let grace: String
    public let compression: Compression
    public let indexed: Indexing
}

/// What to change of a retention class; what is nil stays as it is, or, of a new class, as a new class has it: kept for ever since recorded, governance, a
/// grace of a day, shared compression, all attributes indexed.
public struct RetentionClassChange: Hashable, Sendable {
    /// An ISO 8601 duration such as `P7Y`, or `forever`.
    public var period: String?
    public var since: RetentionClass.Basis?
    public var mode: RetentionClass.Mode?
    /// An ISO 8601 duration.
    public var grace: String?
    public var compression: RetentionClass.Compression?
    public var indexed: RetentionClass.Indexing?

    public init(
        period: String? = nil, since: RetentionClass.Basis? = nil, mode: RetentionClass.Mode? = nil,
        grace: String? = nil, compression: RetentionClass.Compression? = nil,
        indexed: RetentionClass.Indexing? = nil
    ) {
        (self.period, self.since, self.mode) = (period, since, mode)
        (self.grace, self.compression, self.indexed) = (grace, compression, indexed)
    }

    /// What the class says after the change. Throws `badInput` for what no class can say.
    func applied(to record: ClassRecord) throws(ArchiveError) -> ClassRecord {
        var record = record
        if let period { record.period = try RetentionClassChange.duration(period, mayBeForever: true) }
        if let since { record.basis = since.stored }
        if let mode { record.mode = mode.stored }
        if let grace { record.grace = try RetentionClassChange.duration(grace, mayBeForever: false) }
        if let compression { record.compression = compression.stored }
        switch indexed {
        case nil: break
        case .all: record.indexed = nil
        case .only(let names): record.indexed = try RetentionClassChange.checked(names)
        }
        return record
    }

    private static func duration(_ text: String, mayBeForever: Bool) throws(ArchiveError) -> String {
        if mayBeForever, text.utf8.elementsEqual(ClassRecord.forever.utf8) { return ClassRecord.forever }
        guard text.utf8.count <= 64, RetentionPeriod(text) != nil else {
            throw ArchiveError(
                .badInput,
                "\"\(text)\" is no period: give an ISO 8601 duration in whole numbers, such as P7Y, P6M, P30D or PT12H\(mayBeForever ? ", or forever" : "")."
            )
        }
        return text
    }

    private static func checked(_ names: [String]) throws(ArchiveError) -> [String] {
        for name in names {
            if let reason = Attribute(name, .integer(0)).refusal() { throw ArchiveError(.badInput, "\(reason).") }
        }
        let isShort = names.count <= 256 && names.reduce(0) { $0 + $1.utf8.count + 2 } <= IndexSet.byteCountMax
        guard isShort else {
            throw ArchiveError(.badInput, "A class lists at most 256 attributes, in 60,000 bytes: list fewer, or all.")
        }
        return names
    }
}

extension RetentionClass {
    init(_ record: ClassRecord) {
        (name, period, grace) = (record.name, record.period, record.grace)
        since = Basis(record.basis)
        mode = record.mode == .compliance ? .compliance : .governance
        compression = Compression(record.compression)
        indexed = record.indexed.map { .only($0) } ?? .all
    }
}

extension RetentionClass.Mode {
    fileprivate var stored: ClassRecord.Mode { self == .compliance ? .compliance : .governance }
}

extension RetentionClass.Basis {
    fileprivate init(_ stored: ClassRecord.Basis) {
        switch stored {
        case .recorded: self = .recorded
        case .occurred: self = .occurred
        case .event: self = .event
        }
    }

    fileprivate var stored: ClassRecord.Basis {
        switch self {
        case .recorded: .recorded
        case .occurred: .occurred
        case .event: .event
        }
    }
}

extension RetentionClass.Compression {
    fileprivate init(_ stored: ClassRecord.Compression) {
        switch stored {
        case .shared: self = .shared
        case .record: self = .record
        case .none: self = .none
        }
    }

    fileprivate var stored: ClassRecord.Compression {
        switch self {
        case .shared: .shared
        case .record: .record
        case .none: .none
        }
    }
}
