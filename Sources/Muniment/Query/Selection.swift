// The selection of the command line and of holds: a few lists whose meaning together is fixed. Different kinds are
// *and*; so are conditions; several indexes, classes or streams are *or*.

public import MunimentFormat

/// Which records an operation concerns. An empty one selects all.
public struct Selection: Sendable {
    /// Ranges of indexes, one of which must hold the record's.
    public var indexes: [ClosedRange<UInt64>] = []
    /// The first time that is selected.
    public var from: Microseconds?
    /// The first time after those that are selected.
    public var to: Microseconds?
    /// Names of retention classes, one of which must be the record's.
    public var classes: [String] = []
    /// Streams, one of which must be the record's.
    public var streams: [String] = []
    /// What must be true besides.
    public var conditions: [Predicate] = []

    public init() {}

    /// All of it as one test.
    public var predicate: Predicate {
        var parts = conditions
        if !indexes.isEmpty { parts.insert(.any(indexes.map { .index($0) }), at: 0) }
        if from != nil || to != nil { parts.insert(.time(from: from, to: to), at: 0) }
        if !classes.isEmpty { parts.insert(.any(classes.map { .retentionClass($0) }), at: 0) }
        if !streams.isEmpty { parts.append(.any(streams.map { .stream($0) })) }
        return .all(parts)
    }

    /// The indexes below `size` outside of which nothing is selected.
    package func bounds(size: UInt64) -> Range<UInt64> {
        guard size > 0 else { return 0..<0 }
        guard let low = indexes.map(\.lowerBound).min(), let high = indexes.map(\.upperBound).max() else {
            return 0..<size
        }
        return low < size ? low..<min(high, size - 1) + 1 : 0..<0
    }
}
