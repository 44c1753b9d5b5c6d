// Random values of the records of Format/retention.md, within their rules.

import MunimentFormat

extension SeededGenerator {
    /// Ascending indexes.
    mutating func ascending(_ counts: ClosedRange<Int>) -> [UInt64] {
        var next = integer(below: 1 << 60)
        return (0..<int(counts)).map { _ in
            next += 1 + integer(below: 1 << 50)
            return next
        }
    }

    /// A set of 1 to 60 runs, near or far apart.
    mutating func indexSet() -> IndexSet {
        var set = IndexSet()
        var next = integer(below: 1 << 60)
        let gap: UInt64 = bool() ? 3 : 1 << 40
        for _ in 0..<int(1...60) {
            let count = 1 + integer(below: gap)
            set.append(next..<next + count)
            next += count + 1 + integer(below: gap)
        }
        return set
    }

    mutating func classes() -> [UInt32] { (0...1_000).filter { _ in int(0...200) == 0 } + [1_000] }

    mutating func scope() -> HoldScope {
        HoldScope(
            indexes: bool() ? indexSet() : nil, classes: bool() ? Array(Set(classes())).sorted() : nil,
            from: bool() ? int64() : nil, to: bool() ? int64() : nil, isRestricted: bool())
    }

    mutating func predicate(depth: Int) -> PredicateForm {
        switch int(0...(depth < 4 ? 6 : 3)) {
        case 0: return .time(from: bool() ? int64() : nil, to: bool() ? int64() : nil)
        case 1: return .retentionClass(UInt32(int(0...1_000)))
        case 2:
            let tests = (0..<int(0...3)).map { _ -> PredicateForm.Test in
                switch int(0...2) {
                case 0: .exactly(attribute().encoded)
                case 1: .beginning(bytes(int(0...9)))
                default: .between(bytes(int(0...9)), bytes(int(0...9)))
                }
            }
            return .attribute(foldsCase: bool(), tests)
        case 3:
            let first = integer(below: 1 << 61)
            return .index(first: first, last: first + integer(below: 1 << 61))
        case 4: return .not(predicate(depth: depth + 1))
        case 5: return .all((0..<int(0...3)).map { _ in predicate(depth: depth + 1) })
        default: return .any((0..<int(0...3)).map { _ in predicate(depth: depth + 1) })
        }
    }

    mutating func privatePart() -> PrivatePart {
        PrivatePart(
            matter: bool() ? text(0...30) : nil, custodian: bool() ? text(0...30) : nil,
            actor: bool() ? text(0...30) : nil, reason: bool() ? text(0...300) : nil,
            predicate: bool() ? predicate(depth: 0) : nil, selection: bool() ? text(0...60) : nil)
    }

    mutating func intent() -> IntentRecord {
        IntentRecord(
            compliance: int64(), clockRecord: integer(below: Limits.treeSize),
            clockEvidence: bool() ? .proved : .attested, epoch: integer(),
            holds: ascending(0...6).map { IntentRecord.Hold(matter: $0, decided: bool() ? .proved : .attested) },
            rules: Set(classes()).sorted().map {
                IntentRecord.Rule(classID: $0, record: integer(below: Limits.treeSize))
            }, erasures: ascending(0...6))
    }

    mutating func preparedRecord() -> PreparedRecord {
        var seal = sealRecord()
        seal.policy = nil
        seal.firstIndex /= 2
        seal.entryCount += 1
        let segment = IndexSet(seal.firstIndex..<seal.firstIndex + seal.entryCount)
        let removed = IndexSet(seal.firstIndex + 1..<seal.firstIndex + 1 + integer(below: seal.entryCount))
        return PreparedRecord(
            disposition: integer(below: Limits.treeSize), seal: seal,
            heldCount: integer(below: UInt64(Limits.entriesPerSegment)), purged: segment.subtracting(removed))
    }
}
