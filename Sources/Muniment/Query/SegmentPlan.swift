// Which records of a segment may satisfy a predicate, as its index tells, the sealed one or that of the tail in memory: a
// superset of those that do, so that looking at these and no others finds all. Nothing is believed for true: each record is judged again by its own entry
// and content.
//
// Truth has three values (Predicate.swift), so each part of a predicate gives two sets: where it may be true, and where
// it may be false. *Not* swaps them. Where the index does not tell, a record is in both; where a content was destroyed,
// a test of attributes is neither, and what depends on it alone is no hit.

internal import MunimentFormat
internal import MunimentStore

/// The plan of one class in one segment.
struct SegmentPlan {
    /// Where a predicate may be true and where it may be false.
    private struct Sets {
        var truth: OrdinalSet
        var falsehood: OrdinalSet

        var negated: Sets { Sets(truth: falsehood, falsehood: truth) }
    }

    private let firstIndex: UInt64
    private let size: Int
    private let className: String
    private let span: ClosedRange<Microseconds>
    /// Asked only where the predicate needs it: it reads keys.
    private let access: () throws -> Access

    /// What there is of the group's index.
    enum Access {
        case index(GroupIndex)
        /// The segment is not sealed.
        case tail(TailIndex, UInt32)
        /// The segment's generation has neither index nor contents of the group: all were purged.
        case destroyed
        /// The group's key is not there: the archive was opened without keys, or it was lost or destroyed with no generation to say why.
        case locked
    }

    /// Of a segment with `size` entries from `firstIndex` on; `span` holds the times of the class's records.
    init(
        firstIndex: UInt64, size: Int, className: String, span: ClosedRange<Microseconds>,
        access: @escaping () throws -> Access
    ) {
        (self.firstIndex, self.size, self.className) = (firstIndex, size, className)
        (self.span, self.access) = (span, access)
    }

    /// The ordinals of the class's records that may satisfy `predicate`; ordinals of other classes' may be among them.
    func candidates(_ predicate: Predicate) throws -> OrdinalSet { try sets(predicate).truth }

    private var everything: OrdinalSet { .all(size: size) }
    private var nothing: OrdinalSet { .none(size: size) }
    private var unknown: Sets { Sets(truth: everything, falsehood: everything) }

    private func certain(_ isTrue: Bool) -> Sets {
        isTrue ? Sets(truth: everything, falsehood: nothing) : Sets(truth: nothing, falsehood: everything)
    }

    private func exactly(_ truth: OrdinalSet) -> Sets { Sets(truth: truth, falsehood: truth.complement()) }

    private func sets(_ predicate: Predicate) throws -> Sets {
        switch predicate.node {
        case .all(let parts):
            var sets = certain(true)
            for part in SegmentPlan.cheapestFirst(parts) {
                // Nothing becomes true again. It need not be false everywhere, but it may.
                if sets.truth.isNone { return Sets(truth: nothing, falsehood: everything) }
                let more = try self.sets(part)
                sets.truth = sets.truth.intersection(more.truth)
                sets.falsehood = sets.falsehood.union(more.falsehood)
            }
            return sets
        case .any(let parts):
            var sets = certain(false)
            for part in SegmentPlan.cheapestFirst(parts) {
                if sets.falsehood.isNone { return Sets(truth: everything, falsehood: nothing) }
                let more = try self.sets(part)
                sets.truth = sets.truth.union(more.truth)
                sets.falsehood = sets.falsehood.intersection(more.falsehood)
            }
            return sets
        case .not(let part): return try sets(part).negated
        case .index(let range): return indexes(range)
        case .retentionClass(let name): return certain(name.utf8.elementsEqual(className.utf8))
        case .time(let from, let to): return try times(from, to)
        case .attribute(let test): return try attributes(test)
        }
    }

    /// What needs no page comes before what needs one, and that before what needs many.
    private static func cheapestFirst(_ parts: [Predicate]) -> [Predicate] {
        parts.enumerated().sorted { (cost($0.element), $0.offset) < (cost($1.element), $1.offset) }.map(\.element)
    }

    private static func cost(_ predicate: Predicate) -> Int {
        switch predicate.node {
        case .index, .retentionClass: 0
        case .attribute(let test):
            test.encodings.allSatisfy { if case .exactly = $0 { true } else { false } } ? 1 : 2
        case .time: 3
        case .not(let part): cost(part)
        case .all(let parts), .any(let parts): parts.map(cost).max() ?? 0
        }
    }

    // MARK: Leaves

    private func indexes(_ range: ClosedRange<UInt64>) -> Sets {
        let end = firstIndex + UInt64(size)
        guard range.lowerBound < end, range.upperBound >= firstIndex else { return certain(false) }
        let low = max(range.lowerBound, firstIndex) - firstIndex
        let high = min(range.upperBound, end - 1) - firstIndex
        var set = nothing
        set.insert(UInt32(low)..<UInt32(high) + 1)
        return exactly(set)
    }

    private func times(_ from: Microseconds?, _ to: Microseconds?) throws -> Sets {
        if let from, span.upperBound < from { return certain(false) }
        if let to, span.lowerBound >= to { return certain(false) }
        if from.map({ span.lowerBound >= $0 }) ?? true, to.map({ span.upperBound < $0 }) ?? true {
            return certain(true)
        }
        var set = nothing
        switch try access() {
        case .destroyed, .locked: return unknown
        case .tail(let tail, let classID):
            let (first, last) = (from ?? .min, to.map { $0 - 1 } ?? .max)
            guard first <= last else { return certain(false) }
            tail.forEach(classID, timeIn: first...last) { set.insert($0) }
        case .index(let index):
            let end = to.map { IndexTerm.time($0) } ?? [IndexTerm.attributeKind]
            try index.forEachTerm(from: IndexTerm.time(from ?? .min)) { term, postings throws(FormatError) in
                guard term.lexicographicallyPrecedes(end) else { return false }
                while let run = try postings.next() { set.insert(run) }
                return true
            }
        }
        return exactly(set)
    }

    private func attributes(_ test: AttributeTest) throws -> Sets {
        switch try access() {
        case .destroyed: return Sets(truth: nothing, falsehood: nothing)
        case .locked: return unknown
        case .tail: break
        case .index(let index):
            guard let name = test.encodings.first?.name, try index.indexes(name) else { return unknown }
        }
        var set = nothing
        var isExact = true
        for encodings in test.encodings {
            switch encodings {
            case .exactly(let encoded):
                let term = IndexTerm.attribute(encoded)
                isExact = isExact && IndexTerm.isWhole(byteCount: term.count)
                try gather(term: term, into: &set)
            case .beginning(let prefix):
                let start = IndexTerm.attribute(prefix)
                isExact = isExact && prefix.count < IndexTerm.byteCountMax
                try gather(from: start, into: &set) { $0.starts(with: start) }
            case .between(let low, let high):
                let (first, last) = (IndexTerm.attribute(low), IndexTerm.attribute(high))
                isExact = isExact && IndexTerm.isWhole(byteCount: last.count)
                try gather(from: first, into: &set) { $0.count == last.count && !last.lexicographicallyPrecedes($0) }
            }
        }
        return isExact ? exactly(set) : Sets(truth: set, falsehood: everything)
    }

    /// Adds the records that have one term.
    private func gather(term: [UInt8], into set: inout OrdinalSet) throws {
        switch try access() {
        case .tail(let tail, let classID):
            tail.forEach(classID, term: term) { set.insert($0..<$0 + 1) }
        case .index(let index):
            guard try index.mayContain(term) else { return }
            try gather(from: term, into: &set) { $0.elementsEqual(term) }
        case .destroyed, .locked: break
        }
    }

    /// Adds the records of the terms from `low` on that satisfy `condition`, which they do up to some term and then no more.
    private func gather(
        from low: [UInt8], into set: inout OrdinalSet, while condition: (UnsafeRawBufferPointer) -> Bool
    ) throws {
        switch try access() {
        case .tail(let tail, let classID):
            tail.forEach(classID, where: { !$0.lexicographicallyPrecedes(low) && condition($0) }) {
                set.insert($0..<$0 + 1)
            }
        case .index(let index):
            try index.forEachTerm(from: low) { term, postings throws(FormatError) in
                guard term.withUnsafeBytes(condition) else { return false }
                while let run = try postings.next() { set.insert(run) }
                return true
            }
        case .destroyed, .locked: break
        }
    }
}

extension AttributeTest.Encodings {
    /// The attribute's name, as UTF-8; nil where that is cut off, which no test of this module does.
    fileprivate var name: ArraySlice<UInt8>? {
        let bytes =
            switch self {
            case .exactly(let bytes), .beginning(let bytes), .between(let bytes, _): bytes
            }
        var reader = 0
        var count = 0
        var shift = 0
        while reader < bytes.count, shift <= 7 {
            let byte = Int(bytes[reader])
            reader += 1
            count |= (byte & 0x7f) << shift
            if byte < 0x80 { return count <= bytes.count - reader ? bytes[reader..<reader + count] : nil }
            shift += 7
        }
        return nil
    }
}
