// What the records of a disposition say, put into lines for a person. Format/certificate.md, "Lines". The same records give the same lines, so a
// verifier holds a certificate's lines to the records that it proves.

/// The records that a certificate needs, in their places, and no other.
package struct CertificateFacts: Sendable {
    /// A control record of the log.
    package struct Record: Sendable {
        package var index: UInt64
        package var entry: Entry
        package var control: ControlRecord
        /// A record as a proof gives it.
        package init(index: UInt64, entry: Entry, control: ControlRecord) {
            (self.index, self.entry, self.control) = (index, entry, control)
        }
    }

    /// Lines of one label; what is more is counted.
    private static let repeatMax = 12

    package let disposition: UInt64
    package let intent: IntentRecord
    package private(set) var prepared: [(record: Record, body: PreparedRecord)] = []
    package let completed: CompletedRecord
    private let begun: Record
    private let over: Record
    private var rules: [(record: Record, body: ClassRecord)] = []
    private var erasures: [(record: Record, body: ErasureRecord)] = []
    private var holds: [(record: Record, body: HoldRecord)] = []
    private let clock: Record

    /// Finds the records of a disposition among `records`. Throws where one is missing, is of another kind, or does not belong.
    package init(_ disposition: UInt64, _ records: [Record]) throws(FormatError) {
        func refusal(_ reason: String) -> FormatError { FormatError(.inconsistent, "certificate", at: 0, reason) }
        var rest = Dictionary(records.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        guard rest.count == records.count else { throw refusal("a record stands twice") }
        func take(_ index: UInt64, _ kinds: ControlRecord.Kind...) throws(FormatError) -> Record {
            guard let record = rest.removeValue(forKey: index), kinds.contains(record.control.kind) else {
                throw refusal("record \(index) is missing, or is not what the disposition names it for")
            }
            return record
        }
        self.disposition = disposition
        begun = try take(disposition, .intent)
        intent = try begun.control.body.decode(IntentRecord.init(decoding:))
        guard let last = rest.values.first(where: { $0.control.kind == .completed }) else {
            throw refusal("the completed record is missing")
        }
        over = try take(last.index, .completed)
        completed = try over.control.body.decode(CompletedRecord.init(decoding:))
        guard completed.disposition == disposition, over.index > disposition else {
            throw refusal("the completed record is another disposition's")
        }
        for index in completed.prepared {
            let record = try take(index, .prepared)
            let body = try record.control.body.decode(PreparedRecord.init(decoding:))
            guard body.disposition == disposition, index > disposition, index < over.index else {
                throw refusal("the prepared record \(index) is another disposition's")
            }
            prepared.append((record, body))
        }
        for rule in intent.rules {
            let record = try take(rule.record, .retentionClass)
            let body = try record.control.body.decode(ClassRecord.init(decoding:))
            guard body.classID == rule.classID, rule.record < disposition else {
                throw refusal("record \(rule.record) is no rule of class \(rule.classID)")
            }
            rules.append((record, body))
        }
        for index in intent.erasures {
            let record = try take(index, .erasure)
            erasures.append((record, try record.control.body.decode(ErasureRecord.init(decoding:))))
        }
        clock = try take(intent.clockRecord, .clock, .identity)
        for hold in intent.holds where rest[hold.matter]?.control.kind != .hold {
            throw refusal("the hold \(hold.matter) is missing")
        }
        try takeHolds(&rest)
        guard rest.isEmpty else { throw refusal("record \(rest.keys.min() ?? 0) does not belong to it") }
    }

    /// All scopes of the matters in force; how each matter was decided must follow from them.
    private mutating func takeHolds(_ rest: inout [UInt64: Record]) throws(FormatError) {
        var restricted: Set<UInt64> = []
        let matters = Set(intent.holds.map(\.matter))
        for record in rest.values.sorted(by: { $0.index < $1.index }) where record.control.kind == .hold {
            let body = try record.control.body.decode(HoldRecord.init(decoding:))
            let matter = body.matter ?? record.index
            guard matters.contains(matter), record.index < disposition else { continue }
            holds.append((record, body))
            if body.scope.isRestricted { restricted.insert(matter) }
            rest[record.index] = nil
        }
        for hold in intent.holds where restricted.contains(hold.matter) != (hold.decided == .attested) {
            throw FormatError(
                .inconsistent, "certificate", at: 0, "the matter \(hold.matter) is not decided as its holds say")
        }
    }

    // MARK: Lines

    /// Everything for a person, under a checkpoint of `treeSize`.
    package func lines(origin: String, treeSize: UInt64, root: String) -> [CertificateDocument.Line] {
        var lines: [CertificateDocument.Line] = []
        func add(_ label: String, _ value: String) {
            lines.append(CertificateDocument.Line(label, Self.printable(value)))
        }
        func addAll(_ label: String, _ values: [String]) {
            for value in values.prefix(Self.repeatMax) { add(label, value) }
            if values.count > Self.repeatMax { add(label, "and \(values.count - Self.repeatMax) more, in the proofs") }
        }
        add("Log", origin)
        add("Disposition", "record \(disposition)")
        add("Outcome", outcome)
        add("Begun", CertificateTime.text(begun.entry.recorded))
        add("Over", "\(CertificateTime.text(over.entry.recorded)) (record \(over.index))")
        add("Clock", "\(CertificateTime.text(intent.compliance)), \(intent.clockEvidence), by record \(clock.index)")
        addAll("Rule", rules.map { Self.words($0.body, $0.record.index) })
        addAll(
            "Erasure",
            erasures.map {
                "record \($0.body.index), asked for at \(CertificateTime.text($0.record.entry.recorded)) (record \($0.record.index))"
            })
        addAll("Hold in force", intent.holds.map(words))
        if intent.holds.isEmpty { add("Hold in force", "none") }
        addAll("Destroyed", prepared.map { words($0.record.index, $0.body) })
        if completed.outcome == .completed { add("Keys", keys) }
        add("Checkpoint", "size \(treeSize), root \(root)")
        return lines
    }

    /// How many records lost their content.
    package var purgedCount: UInt64 { prepared.reduce(0) { $0 + $1.body.purged.count } }

    private var outcome: String {
        guard completed.outcome == .completed else { return "given up; nothing was destroyed" }
        let held = prepared.reduce(0) { $0 + $1.body.heldCount }
        return
            "contents destroyed: \(purgedCount), in segments: \(prepared.count); due, but kept because held: \(held)"
    }

    private static func words(_ rule: ClassRecord, _ index: UInt64) -> String {
        "class \(rule.classID) \"\(rule.name)\": \(rule.period) since \(rule.basis), \(rule.mode) mode (record \(index))"
    }

    private func words(_ hold: IntentRecord.Hold) -> String {
        let scopes = holds.filter { ($0.body.matter ?? $0.record.index) == hold.matter }
        let placed = scopes.first.map { CertificateTime.text($0.record.entry.recorded) } ?? ""
        let decided =
            hold.decided == .proved
            ? "proved: anyone can check what it covers" : "attested: a private predicate has a say in what it covers"
        return "matter \(hold.matter), placed at \(placed), scopes: \(scopes.count); \(decided)"
    }

    private func words(_ index: UInt64, _ body: PreparedRecord) -> String {
        let runs = body.purged.runs
        var list = runs.prefix(8).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound - 1)" }
        if runs.count > 8 { list.append("and \(runs.count - 8) more ranges") }
        return
            "segment \(body.seal.segment), generation \(body.seal.generation): \(body.purged.count) of \(body.seal.entryCount) records: "
            + "\(list.joined(separator: ", ")) (record \(index))"
    }

    private var keys: String {
        let strength = completed.strength
        var words = ["epoch \(completed.epoch) began"]
        if strength.contains(.overwritten) { words.append("the files that held the old keys were overwritten") }
        if strength.contains(.epochDestroyed) { words.append("the key-encryption key is destroyed") }
        if strength.contains(.deviceAttested) { words.append("a device attests it") }
        return words.joined(separator: "; ")
    }

    /// Without what a terminal or a reader could be misled by: such a character becomes its number.
    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00...0x1f, 0x7f...0x9f, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Times as a certificate spells them.
enum CertificateTime {
    /// RFC 3339 in UTC, to the second below.
    static func text(_ time: Microseconds) -> String {
        let second = floor(time, 1_000_000)
        let day = floor(second, 86_400)
        let rest = second - day * 86_400
        // Days since 0000-03-01, in cycles of 400 years.
        let shifted = day + 719_468
        let cycle = floor(shifted, 146_097)
        let dayOfCycle = shifted - cycle * 146_097
        let year = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        let civilYear = cycle * 400 + year + (month >= 10 ? 1 : 0)
        let civilMonth = month < 10 ? month + 3 : month - 9
        return "\(padded(civilYear, 4))-\(padded(civilMonth, 2))-\(padded(date, 2))T\(padded(rest / 3_600, 2)):"
            + "\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    private static func floor(_ value: Int64, _ by: Int64) -> Int64 {
        let quotient = value / by
        return value % by < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ value: Int64, _ count: Int) -> String {
        let digits = String(value.magnitude)
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
}
