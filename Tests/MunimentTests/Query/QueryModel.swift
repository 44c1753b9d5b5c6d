// A naive model of an archive and of its queries: values in arrays, looked at one by one. Shares nothing with the engine but the
// types that a caller uses.

import Foundation
import Muniment
import MunimentStore

/// What was appended, and how it is to be found.
struct ModelRecord {
    var index: UInt64
    var className: String
    var recorded: Microseconds
    var occurred: Microseconds?
    var attributes: [Attribute]
    /// The content was destroyed: nothing is known of the attributes.
    var isPurged = false

    var time: Microseconds { occurred ?? recorded }
}

/// A query as the model sees it, and as the engine does.
indirect enum ModelQuery {
    case equals(String, String)
    case prefix(String, String)
    case integer(String, ClosedRange<Int64>)
    case time(Microseconds?, Microseconds?)
    case ofClass(String)
    case index(ClosedRange<UInt64>)
    case not(ModelQuery)
    case all([ModelQuery])
    case any([ModelQuery])

    var predicate: Muniment.Predicate {
        switch self {
        case .equals(let name, let value): .attribute(.equals(name, value))
        case .prefix(let name, let value): .attribute(.hasPrefix(name, value))
        case .integer(let name, let range): .attribute(.integer(name, range))
        case .time(let from, let to): .time(from: from, to: to)
        case .ofClass(let name): .retentionClass(name)
        case .index(let range): .index(range)
        case .not(let query): !query.predicate
        case .all(let queries): .all(queries.map(\.predicate))
        case .any(let queries): .any(queries.map(\.predicate))
        }
    }

    /// True, false, or not known.
    func holds(_ record: ModelRecord) -> Bool? {
        func some(_ name: String, _ test: (Attribute.Value) -> Bool) -> Bool? {
            record.isPurged ? nil : record.attributes.contains { $0.name == name && test($0.value) }
        }
        switch self {
        case .equals(let name, let text):
            return some(name) { value in
                switch value {
                case .text(let own): Array(own.utf8) == Array(text.utf8)
                case .bytes(let own): own == Array(text.utf8)
                case .integer(let own): String(own) == text
                }
            }
        case .prefix(let name, let text):
            return some(name) { value in
                switch value {
                case .text(let own): own.utf8.starts(with: text.utf8)
                case .bytes(let own): own.starts(with: text.utf8)
                case .integer: false
                }
            }
        case .integer(let name, let range):
            return some(name) { if case .integer(let own) = $0 { range.contains(own) } else { false } }
        case .time(let from, let to):
            return (from.map { record.time >= $0 } ?? true) && (to.map { record.time < $0 } ?? true)
        case .ofClass(let name): return record.className == name
        case .index(let range): return range.contains(record.index)
        case .not(let query): return query.holds(record).map { !$0 }
        case .all(let queries):
            let truths = queries.map { $0.holds(record) }
            return truths.contains(false) ? false : truths.contains(nil) ? nil : true
        case .any(let queries):
            let truths = queries.map { $0.holds(record) }
            return truths.contains(true) ? true : truths.contains(nil) ? nil : false
        }
    }
}

/// Randomness that can be repeated.
struct QueryGenerator: RandomNumberGenerator {
    private var random: SeededGenerator
    /// Conditions on what is known to be there, asked now and then.
    var known: [ModelQuery] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { random.next() }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func chance(_ percent: Int) -> Bool { int(0...99) < percent }
    mutating func pick<T>(_ list: [T]) -> T { list[int(0...list.count - 1)] }

    static let people = (0..<40).map { "user\($0)@example.\($0 % 3 == 0 ? "org" : "com")" }
    static let streams = ["general", "legal", "caf\u{e9}", "cafe\u{301}"]
    static let classes = ["default", "mail", "bare"]
    static let start: Microseconds = 1_700_000_000_000_000
    /// Longer than a term may be, and alike to its end.
    static let long = String(repeating: "long subject ", count: 60)

    /// Attributes of which some are rare, some in nearly every record, some too long for a term.
    mutating func attributes(_ ordinal: Int) -> [Attribute] {
        var list: [Attribute] = []
        if chance(90) { list.append(Attribute("from", .text(pick(Self.people)))) }
        for _ in 0..<int(0...3) { list.append(Attribute("to", .text(pick(Self.people)))) }
        if chance(70) { list.append(Attribute("size", .integer(Int64(int(-50...50)) * Int64(int(1...1_000))))) }
        if chance(10) { list.append(Attribute("raw", .bytes((0..<int(0...4)).map { _ in UInt8(int(0...255)) }))) }
        if chance(5) { list.append(Attribute("subject", .text(Self.long + String(int(0...9))))) }
        if chance(5) { list.append(Attribute("subject", .text(Self.long + String(int(0...9))))) }
        if chance(50) { list.append(Attribute("id", .text("message-\(ordinal)"))) }
        if chance(30) { list.append(Attribute("kind", .text("k"))) }
        return list
    }

    mutating func time() -> Microseconds { Self.start + Int64(int(0...3_000)) * 1_000_000 }

    mutating func leaf(_ size: UInt64) -> ModelQuery {
        if !known.isEmpty, chance(25) { return pick(known) }
        switch int(0...11) {
        case 0, 1: return .equals(pick(["from", "to"]), pick(Self.people))
        case 2: return .equals("@stream", pick(Self.streams))
        case 3: return .prefix(pick(["from", "to"]), String("user\(int(0...45))".prefix(int(0...6))))
        case 4: return .prefix("subject", String(Self.long.prefix(int(0...800))))
        case 5: return .equals("subject", Self.long + String(int(0...10)))
        case 6: return .equals("id", "message-\(int(0...Int(size)))")
        case 7:
            let low = Int64(int(-60_000...60_000))
            return .integer("size", low...low + Int64(int(0...40_000)))
        case 8: return .time(chance(70) ? time() : nil, chance(70) ? time() : nil)
        case 9: return .ofClass(pick(Self.classes))
        case 10:
            let low = UInt64(int(0...Int(size)))
            return .index(low...low + UInt64(int(0...400)))
        default: return .equals(pick(["kind", "none", "size", "raw"]), pick(["k", "0", "-100", ""]))
        }
    }

    mutating func query(_ size: UInt64, depth: Int = 3) -> ModelQuery {
        guard depth > 0, chance(65) else { return leaf(size) }
        switch int(0...4) {
        case 0: return .not(query(size, depth: depth - 1))
        case 1, 2: return .all((0..<int(0...3)).map { _ in query(size, depth: depth - 1) })
        default: return .any((0..<int(0...3)).map { _ in query(size, depth: depth - 1) })
        }
    }
}
