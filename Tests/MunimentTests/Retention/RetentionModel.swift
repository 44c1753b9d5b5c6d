// When may a record be gone? Format/retention.md, read literally: every list is searched from one end to the other, nothing is kept between two
// questions, and dates are moved by the system's calendar. It shares nothing with the policy that it judges.

import Foundation
import MunimentFormat

/// A period as the model has it: months, then seconds; nil for ever.
struct ModelPeriod: Hashable {
    var text: String
    var months: Int
    var seconds: Int64

    /// From PT0S to ten years, the awkward ones among them.
    static let all: [ModelPeriod?] = [
        nil, .init(text: "PT0S", months: 0, seconds: 0), .init(text: "PT1H", months: 0, seconds: 3_600),
        .init(text: "P1D", months: 0, seconds: 86_400), .init(text: "P28D", months: 0, seconds: 28 * 86_400),
        .init(text: "P30D", months: 0, seconds: 30 * 86_400), .init(text: "P1M", months: 1, seconds: 0),
        .init(text: "P31D", months: 0, seconds: 31 * 86_400), .init(text: "P1M1D", months: 1, seconds: 86_400),
        .init(text: "P2M", months: 2, seconds: 0), .init(text: "P59D", months: 0, seconds: 59 * 86_400),
        .init(text: "P62D", months: 0, seconds: 62 * 86_400), .init(text: "P365D", months: 0, seconds: 365 * 86_400),
        .init(text: "P1Y", months: 12, seconds: 0), .init(text: "P12M", months: 12, seconds: 0),
        .init(text: "P366D", months: 0, seconds: 366 * 86_400),
    ]

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        return calendar
    }()

    func end(_ start: Microseconds) -> Microseconds {
        guard months > 0 else { return start + seconds * 1_000_000 }
        let whole = Int64((Double(start) / 1e6).rounded(.down))
        let date = Date(timeIntervalSince1970: TimeInterval(whole))
        let moved = ModelPeriod.calendar.date(byAdding: .month, value: months, to: date)!
        return Int64(moved.timeIntervalSince1970) * 1_000_000 + (start - whole * 1_000_000) + seconds * 1_000_000
    }

    /// Whether `new` could end before `old`: every day of nine years is tried, with two leap days and a year of 1900's kind among them.
    static func isShorter(_ new: ModelPeriod?, _ old: ModelPeriod?) -> Bool {
        guard let new else { return false }
        guard let old else { return true }
        let key = [new, old]
        if let known = shorter.value[key] { return known }
        let days = Array(-25_933..<(-25_933 + 800)) + Array(19_700..<(19_700 + 2_500))
        let isShorter = days.contains { new.end(Int64($0) * 86_400_000_000) < old.end(Int64($0) * 86_400_000_000) }
        shorter.value[key] = isShorter
        return isShorter
    }

    private final class Memory: @unchecked Sendable {
        // Locked around every use.
        private let lock = NSLock()
        private var known: [[ModelPeriod]: Bool] = [:]
        var value: [[ModelPeriod]: Bool] {
            get { lock.withLock { known } }
            set { lock.withLock { known.merge(newValue) { $1 } } }
        }
    }
    private static let shorter = Memory()
}

/// What somebody selects, in the model's terms. All that is there must be true.
struct ModelSelection {
    enum Test {
        case equals(String, String)
        case prefix(String, String)
        case least(String, Int64)
    }

    var indexes: ClosedRange<UInt64>?
    var classes: [UInt32] = []
    var from: Microseconds?
    var to: Microseconds?
    var stream: String?
    var tests: [(test: Test, isNegated: Bool)] = []

    /// Whether a hold with this selection covers a record: what is not known counts as covered, which in Kleene's logic is everything but a plain no.
    func covers(_ record: RetainedRecord) -> Bool {
        if let indexes, !indexes.contains(record.index) { return false }
        if !classes.isEmpty, !classes.contains(record.classID) { return false }
        let time = record.occurred ?? record.recorded
        if let from, time < from { return false }
        if let to, time >= to { return false }
        guard let attributes = record.attributes else { return true }
        if let stream, record.stream != stream { return false }
        return tests.allSatisfy { test, isNegated in
            attributes.contains { ModelSelection.passes($0, test) } != isNegated
        }
    }

    private static func passes(_ attribute: Attribute, _ test: Test) -> Bool {
        // Only addresses are compared without their case.
        let fold = { (name: String, text: String) in ["from", "to", "cc"].contains(name) ? text.lowercased() : text }
        switch (test, attribute.value) {
        case (.equals(let name, let value), .text(let text)):
            return attribute.name == name && fold(name, text) == fold(name, value)
        case (.prefix(let name, let prefix), .text(let text)):
            return attribute.name == name && fold(name, text).hasPrefix(fold(name, prefix))
        case (.least(let name, let least), .integer(let value)): return attribute.name == name && value >= least
        default: return false
        }
    }
}

/// A user's record.
struct RetainedRecord {
    var index: UInt64
    var classID: UInt32
    var recorded: Microseconds
    var occurred: Microseconds?
    var compliance: Microseconds?
    /// Nil where they can't be read.
    var attributes: [Attribute]?
    var stream: String?

    var appended: Microseconds { compliance ?? recorded }
}

/// Everything that was said, in order.
struct RetentionModel {
    struct Rule {
        var period: ModelPeriod?
        var basis: Int
        var isCompliance: Bool
    }
    struct Event {
        var at: Microseconds
        var own: Microseconds
        var indexes: Set<UInt64>
    }

    var records: [RetainedRecord] = []
    var rules: [(classID: UInt32, rule: Rule)] = []
    var events: [Event] = []
    var holds: [(order: Int, matter: String, selection: ModelSelection)] = []
    var releases: [(order: Int, matter: String)] = []
    var erasures: [(record: UInt64, target: UInt64)] = []
    /// The disposition that purged a record.
    var gone: [UInt64: UInt64] = [:]
    private var order = 0

    func rule(_ classID: UInt32) -> Rule? { rules.last { $0.classID == classID }?.rule }

    /// Whether a class may become this.
    func mayBecome(_ rule: Rule, _ classID: UInt32) -> Bool {
        guard let before = self.rule(classID), before.isCompliance else { return true }
        return rule.isCompliance && rule.basis == before.basis && !ModelPeriod.isShorter(rule.period, before.period)
    }

    mutating func hold(_ matter: String, _ selection: ModelSelection) {
        order += 1
        holds.append((order, matter, selection))
    }

    mutating func release(_ matter: String) {
        order += 1
        releases.append((order, matter))
    }

    func isInForce(_ matter: String) -> Bool { holds.contains { $0.matter == matter && stands($0.order, matter) } }

    private func stands(_ order: Int, _ matter: String) -> Bool {
        !releases.contains { $0.matter == matter && $0.order > order }
    }

    /// Whether a record's time has come at `now` on the compliance clock.
    func isDue(_ record: RetainedRecord, _ now: Microseconds) -> Bool {
        guard let rule = rule(record.classID) else { return false }
        if !rule.isCompliance, erasures.contains(where: { $0.target == record.index }) { return true }
        guard let period = rule.period, let start = start(record, rule) else { return false }
        return now - 1_000_000 >= period.end(start)
    }

    private func start(_ record: RetainedRecord, _ rule: Rule) -> Microseconds? {
        switch rule.basis {
        case 0: return record.appended
        case 1: return record.occurred ?? record.appended
        default:
            let starts = events.filter { $0.indexes.contains(record.index) }.map { max($0.at, $0.own) }
            return rule.isCompliance ? starts.max() : starts.last
        }
    }

    /// The matters that hold a record.
    func holders(_ record: RetainedRecord) -> Set<String> {
        Set(holds.filter { stands($0.order, $0.matter) && $0.selection.covers(record) }.map(\.matter))
    }

    /// The question.
    func mayBeGone(_ record: RetainedRecord, _ now: Microseconds) -> Bool {
        isDue(record, now) && holders(record).isEmpty
    }
}
