// The selection of the contract, shared by every verb that concerns some of the records.

import ArgumentParser
import Muniment
import MunimentInput

struct SelectionArguments: ParsableArguments {
    @Option(name: .customLong("index"), help: ArgumentHelp("Indexes A to B, both included; or one.", valueName: "a-b"))
    var indexes: [String] = []

    @Option(help: ArgumentHelp("From this time on: RFC 3339, or a date.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("Before this time.", valueName: "time"))
    var to: String?

    @Option(name: .customLong("class"), help: ArgumentHelp("Of this retention class.", valueName: "class"))
    var classes: [String] = []

    @Option(name: .customLong("stream"), help: ArgumentHelp("Of this stream.", valueName: "stream"))
    var streams: [String] = []

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "With an attribute: k=v, k^=prefix, k>=n or k<=n; a leading ! negates.", valueName: "condition"))
    var conditions: [String] = []

    /// What every verb with a selection says of it.
    static let discussion = """
        Different options narrow the selection, and so do several --where; several --index, --class or --stream widen \
        it. Times are compared with the time when a record occurred, or was recorded where that is not known.
        """

    func validate() throws { _ = try selection() }

    func selection() throws -> Selection {
        var selection = Selection()
        selection.indexes = try indexes.map { try SelectionArguments.range($0) }
        selection.from = try from.map { try SelectionArguments.time($0, "--from") }
        selection.to = try to.map { try SelectionArguments.time($0, "--to") }
        selection.classes = classes
        selection.streams = streams
        selection.conditions = try conditions.map { try SelectionArguments.condition($0) }
        return selection
    }

    /// The selection as it was typed; nil for none.
    var typed: String? {
        let parts =
            indexes.map { "--index \($0)" } + [from.map { "--from \($0)" }, to.map { "--to \($0)" }].compactMap { $0 }
            + classes.map { "--class \($0)" } + streams.map { "--stream \($0)" } + conditions.map { "--where \($0)" }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    private static func range(_ text: String) throws -> ClosedRange<UInt64> {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let low = parts.first.flatMap({ UInt64($0) }), let high = parts.last.flatMap({ UInt64($0) }), low <= high
        else {
            throw ValidationError("--index takes A-B, two indexes of which the first is not greater, or one index.")
        }
        return low...high
    }

    static func time(_ text: String, _ option: String) throws -> Microseconds {
        guard let time = RFC3339.microsecondsOrDate(text.utf8) else {
            throw ValidationError("\(option) takes a time such as 2025-05-04T09:30:00Z, or a date such as 2025-05-04.")
        }
        return time
    }

    /// One condition: the first operator in the text counts, so that a value may hold others.
    static func condition(_ text: String) throws -> Predicate {
        let refusal = ValidationError(
            "--where takes NAME=VALUE, NAME^=PREFIX, NAME>=NUMBER or NAME<=NUMBER, perhaps after a !.")
        var rest = text[...]
        let isNegated = rest.utf8.first == UInt8(ascii: "!")
        if isNegated { rest = rest.dropFirst() }
        guard let equals = rest.utf8.firstIndex(of: UInt8(ascii: "=")) else { throw refusal }
        let value = String(rest[rest.utf8.index(after: equals)...])
        var name = rest[..<equals]
        let sign = name.utf8.last.flatMap { "^><".utf8.contains($0) ? Unicode.Scalar($0) : nil }
        if sign != nil { name = name[..<name.utf8.index(before: name.utf8.endIndex)] }
        if let reason = Attribute(String(name), .integer(0)).refusal() { throw ValidationError("--where: \(reason).") }
        let test = try test(String(name), sign, value) ?? { throw refusal }()
        return isNegated ? !Predicate.attribute(test) : .attribute(test)
    }

    private static func test(_ name: String, _ sign: Unicode.Scalar?, _ value: String) throws -> AttributeTest? {
        switch sign {
        case nil: return .equals(name, value)
        case "^": return .hasPrefix(name, value)
        default:
            guard let number = Int64(value) else { return nil }
            return .integer(name, sign == ">" ? number...Int64.max : Int64.min...number)
        }
    }
}
