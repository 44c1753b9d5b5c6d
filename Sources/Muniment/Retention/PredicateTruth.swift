// Whether a record passes a hold's private predicate. Format/retention.md, "Predicate". The truth is Kleene's: what depends on attributes that
// can't be read is unknown, and whoever asks takes unknown for held.

package import MunimentFormat

/// What is known of a record when it is tested against a hold.
package struct HoldFacts {
    package var index: UInt64
    package var classID: UInt32
    /// The occurred time, or the recorded time where there is none.
    package var time: Microseconds
    /// Nil where they can't be read, or have not been yet.
    package var attributes: RecordAttributes?

    package init(index: UInt64, classID: UInt32, time: Microseconds, attributes: RecordAttributes? = nil) {
        (self.index, self.classID, self.time, self.attributes) = (index, classID, time, attributes)
    }
}

extension PredicateForm {
    /// Whether the record of which `facts` are known passes; nil where that depends on attributes that are not.
    package func truth(_ facts: HoldFacts) -> Bool? {
        switch self {
        case .all(let nodes):
            var truth: Bool? = true
            for node in nodes {
                switch node.truth(facts) {
                case false?: return false
                case nil: truth = nil
                case true?: break
                }
            }
            return truth
        case .any(let nodes):
            var truth: Bool? = false
            for node in nodes {
                switch node.truth(facts) {
                case true?: return true
                case nil: truth = nil
                case false?: break
                }
            }
            return truth
        case .not(let node): return node.truth(facts).map { !$0 }
        case .index(let first, let last): return first <= facts.index && facts.index <= last
        case .time(let from, let to):
            return from.map { facts.time >= $0 } ?? true && to.map { facts.time < $0 } ?? true
        case .retentionClass(let classID): return facts.classID == classID
        case .attribute(let foldsCase, let tests):
            return facts.attributes.map { attributes in
                attributes.contains { attribute in tests.contains { $0.passes(attribute, foldsCase: foldsCase) } }
            }
        }
    }
}

extension PredicateForm.Test {
    /// Whether an encoded attribute passes.
    func passes(_ attribute: UnsafeRawBufferPointer, foldsCase: Bool) -> Bool {
        switch self {
        case .exactly(let value):
            return attribute.count == value.count && Self.order(attribute, value, foldsCase: foldsCase) == 0
        case .beginning(let prefix):
            return attribute.count >= prefix.count && Self.order(attribute, prefix, foldsCase: foldsCase) == 0
        case .between(let low, let high):
            guard attribute.count == low.count, low.count == high.count else { return false }
            return Self.order(attribute, low, foldsCase: foldsCase) >= 0
                && Self.order(attribute, high, foldsCase: foldsCase) <= 0
        }
    }

    /// Below zero, zero or above it, as the first bytes of `attribute`, which has as many as `bound` or more, come before those of `bound`, equal them,
    /// or come after.
    private static func order(_ attribute: UnsafeRawBufferPointer, _ bound: [UInt8], foldsCase: Bool) -> Int {
        for place in bound.indices {
            var (one, other) = (attribute[place], bound[place])
            if foldsCase { (one, other) = (lowercase(one), lowercase(other)) }
            if one != other { return Int(one) - Int(other) }
        }
        return 0
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
