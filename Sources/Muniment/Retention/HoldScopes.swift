// From a selection to the scopes of a hold: what anyone may check goes into the public part, what names people goes into the private one.

internal import MunimentFormat
internal import MunimentStore

/// A selection, divided.
struct HoldScopes {
    /// One for each hold record; several only where the indexes are too many for one. A record is covered if one of them covers it.
    let scopes: [HoldScope]
    /// What restricts all of them; nil for nothing.
    let predicate: PredicateForm?

    /// Attributes that hold addresses, whose letter case means nothing.
    private static let addressNames: Set<[UInt8]> = Set(["from", "to", "cc"].map { Array($0.utf8) })

    /// Throws `unknownClass` for a class that does not exist, and `usage` for a selection that no record can hold.
    init(_ selection: Selection, _ policy: RetentionPolicy) throws(ArchiveError) {
        predicate = try HoldScopes.restriction(selection, policy)
        var scope = HoldScope(from: selection.from, to: selection.to, isRestricted: predicate != nil)
        if !selection.classes.isEmpty {
            var classes: Set<UInt32> = []
            for name in selection.classes { classes.insert(try policy.classID(named: name)) }
            scope.classes = classes.sorted()
        }
        guard !selection.indexes.isEmpty else {
            scopes = [scope]
            return
        }
        scopes = try HoldScopes.indexes(selection).fitting().map { part in
            var scope = scope
            scope.indexes = part
            return scope
        }
    }

    private static func indexes(_ selection: Selection) throws(ArchiveError) -> IndexSet {
        let last = Limits.treeSize - 1
        var set = IndexSet()
        for range in selection.indexes.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.lowerBound <= last {
            // What an earlier range reached already is left out, so that each can be added at the end.
            let end = min(range.upperBound, last) + 1
            let start = max(range.lowerBound, set.last.map { $0 + 1 } ?? 0)
            if start < end { set.append(start..<end) }
        }
        guard !set.isEmpty else {
            throw ArchiveError(.usage, "No record can have an index that large: give one below \(last).")
        }
        return set
    }

    private static func restriction(
        _ selection: Selection, _ policy: RetentionPolicy
    ) throws(ArchiveError) -> PredicateForm? {
        var parts: [PredicateForm] = []
        for condition in selection.conditions { parts.append(try form(condition, policy)) }
        if !selection.streams.isEmpty {
            parts.append(try form(.any(selection.streams.map { .stream($0) }), policy))
        }
        guard !parts.isEmpty else { return nil }
        let form = parts.count == 1 ? parts[0] : .all(parts)
        // The decoder's bounds are the encoder's duty.
        guard (try? form.encoded().decode(PredicateForm.init(decoding:))) != nil else {
            throw ArchiveError(
                .usage,
                "These conditions are more than one hold can state: place the matter in several parts.")
        }
        return form
    }

    private static func form(_ predicate: Predicate, _ policy: RetentionPolicy) throws(ArchiveError) -> PredicateForm {
        switch predicate.node {
        case .all(let parts): return .all(try forms(parts, policy))
        case .any(let parts): return .any(try forms(parts, policy))
        case .not(let part): return .not(try form(part, policy))
        case .index(let range):
            let last = Limits.treeSize - 1
            return range.lowerBound > last
                ? .any([]) : .index(first: range.lowerBound, last: min(range.upperBound, last))
        case .time(let from, let to): return .time(from: from, to: to)
        case .retentionClass(let name): return .retentionClass(try policy.classID(named: name))
        case .attribute(let test):
            let tests = test.encodings.map { encodings -> PredicateForm.Test in
                switch encodings {
                case .exactly(let bytes): .exactly(bytes)
                case .beginning(let prefix): .beginning(prefix)
                case .between(let low, let high): .between(low, high)
                }
            }
            let names = tests.compactMap(\.attributeName)
            return .attribute(foldsCase: !names.isEmpty && names.allSatisfy(addressNames.contains), tests)
        }
    }

    private static func forms(
        _ parts: [Predicate], _ policy: RetentionPolicy
    ) throws(ArchiveError) -> [PredicateForm] {
        var forms: [PredicateForm] = []
        for part in parts { forms.append(try form(part, policy)) }
        return forms
    }
}

extension PredicateForm.Test {
    /// The name of the attribute that the test is about, in lower-case ASCII.
    fileprivate var attributeName: [UInt8]? {
        let bytes =
            switch self {
            case .exactly(let value): value
            case .beginning(let prefix): prefix
            case .between(let low, _): low
            }
        let name = try? bytes.decode { raw throws(FormatError) -> [UInt8] in
            var reader = ByteReader(raw, "attribute")
            return Array(try reader.take(try reader.count(atMost: Limits.attributeNameByteCount)))
        }
        return name?.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    }
}

extension RetentionPolicy {
    /// The ID of a class. Throws `unknownClass`.
    func classID(named name: String) throws(ArchiveError) -> UInt32 {
        guard let found = rules.first(where: { $0.value.stated.name.utf8.elementsEqual(name.utf8) }) else {
            throw ArchiveError(
                .unknownClass, "There is no retention class \"\(name)\": class list shows those that exist.")
        }
        return found.key
    }
}

extension IndexSet {
    /// The set in pieces that fit a record each.
    func fitting() -> [IndexSet] {
        if isEmpty { return [] }
        if encodedIfShort() != nil { return [self] }
        let (low, high) = halved()
        return low.fitting() + high.fitting()
    }
}
