// Whether a record passes a hold's private predicate. Format/retention.md, "Predicate". The truth is Kleene's: what depends on attributes that
// can't be read is unknown, and whoever asks takes unknown for held.

package import MunimentFormat

/// What is known of a record when it is tested against a hold.
package struct HoldFacts {
    package var index: UInt64
    package var classID: UInt32
    /// The occurred time, or the recorded time where there is none.
    package var time: Microseconds
    /// The encoded attributes; nil where they can't be read, or have not been yet.
    package var attributes: [[UInt8]]?

    package init(index: UInt64, classID: UInt32, time: Microseconds, attributes: [[UInt8]]? = nil) {
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
                attributes.contains { attribute in
                    tests.contains { $0.passes(attribute, foldsCase: foldsCase) }
                }
            }
        }
    }
}

extension PredicateForm.Test {
    /// Whether an encoded attribute passes.
    package func passes(_ attribute: [UInt8], foldsCase: Bool) -> Bool {
        let fold = { (bytes: [UInt8]) in foldsCase ? bytes.map(PredicateForm.Test.lowercase) : bytes }
        switch self {
        case .exactly(let value): return attribute.count == value.count && fold(attribute) == fold(value)
        case .beginning(let prefix):
            return attribute.count >= prefix.count && fold(Array(attribute[..<prefix.count])) == fold(prefix)
        case .between(let low, let high):
            guard attribute.count == low.count, low.count == high.count else { return false }
            let folded = fold(attribute)
            return !folded.lexicographicallyPrecedes(fold(low)) && !fold(high).lexicographicallyPrecedes(folded)
        }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
