// The naive model of queries for many records: every condition is decided for every record, one after another, and the results are joined
// record by record. Nothing is sorted, looked up or skipped; only what a condition names is looked at.

import Foundation
import Muniment
import MunimentStore

struct ScaleModel {
    private(set) var indexes: [UInt64] = []
    private var times: [Microseconds] = []
    private var classes: [UInt8] = []
    /// All values of an attribute with the places of their records.
    private var columns: [String: [(place: Int, value: Attribute.Value)]] = [:]

    /// Adds a record of the class of that number; its index and time become known later, by `place`.
    mutating func append(classNumber: Int, occurred: Microseconds?, _ attributes: [Attribute]) {
        for attribute in attributes {
            columns[attribute.name, default: []].append((indexes.count, attribute.value))
        }
        indexes.append(0)
        times.append(occurred ?? .min)
        classes.append(UInt8(classNumber))
    }

    mutating func place(_ record: Int, at index: UInt64) { indexes[record] = index }

    /// What the time of a record is that did not occur at a stated one.
    mutating func setRecorded(_ record: Int, _ time: Microseconds) {
        if times[record] == .min { times[record] = time }
    }

    /// For each record whether `query` holds.
    func holds(_ query: ModelQuery) -> [Bool] {
        switch query {
        case .equals(let name, let text):
            let integer = Int64(text).flatMap { String($0) == text ? $0 : nil }
            return some(name) { value in
                switch value {
                case .text(let own): own.utf8.elementsEqual(text.utf8)
                case .bytes(let own): own.elementsEqual(text.utf8)
                case .integer(let own): own == integer
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
            return times.map { time in (from.map { time >= $0 } ?? true) && (to.map { time < $0 } ?? true) }
        case .ofClass(let name):
            let number = QueryGenerator.classes.firstIndex(of: name).map { UInt8($0) }
            return classes.map { $0 == number }
        case .index(let range): return indexes.map { range.contains($0) }
        case .not(let query): return holds(query).map { !$0 }
        case .all(let queries):
            return queries.reduce([Bool](repeating: true, count: indexes.count)) { zip($0, holds($1)).map { $0 && $1 } }
        case .any(let queries):
            return queries.reduce([Bool](repeating: false, count: indexes.count)) {
                zip($0, holds($1)).map { $0 || $1 }
            }
        }
    }

    private func some(_ name: String, _ test: (Attribute.Value) -> Bool) -> [Bool] {
        var truths = [Bool](repeating: false, count: indexes.count)
        for (place, value) in columns[name] ?? [] where test(value) { truths[place] = true }
        return truths
    }
}
