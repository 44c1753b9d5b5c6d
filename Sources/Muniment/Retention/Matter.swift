// Matters and what they hold: one legal matter, its scopes, and whether one of them covers a record. Format/retention.md, "Hold (5), release (6)".

package import MunimentFormat

/// A matter of which at least one hold stands.
package struct Matter: Hashable, Sendable {
    /// One hold record of the matter.
    package struct Scope: Hashable, Sendable {
        /// The index of the hold record.
        package var record: UInt64
        /// When it was placed: the hold record's recorded time.
        package var placed: Microseconds
        /// What anyone can check of it.
        package var scope: HoldScope
        /// What was said in private; empty where nothing was, or where it can't be read.
        package var said: PrivatePart

        package init(record: UInt64, placed: Microseconds, scope: HoldScope, said: PrivatePart) {
            (self.record, self.placed, self.scope, self.said) = (record, placed, scope, said)
        }

        /// Which records of the public scope are covered; nil for all, which is also what a restriction that can't be read means.
        package var restriction: PredicateForm? { scope.isRestricted ? said.predicate : nil }
    }

    /// The index of the matter's first hold record.
    package var id: UInt64
    /// In the order in which they were placed; never empty.
    package var scopes: [Scope]

    package init(id: UInt64, scopes: [Scope]) { (self.id, self.scopes) = (id, scopes) }

    /// The matter's name; nil where its private part can't be read.
    package var name: String? { scopes.lazy.compactMap(\.said.matter).first }
    /// Whether a private predicate has a say in what the matter covers, so that the log alone does not show it.
    package var isAttested: Bool { scopes.contains { $0.scope.isRestricted } }
    /// How a disposition cites it.
    package var evidence: Evidence { isAttested ? .attested : .proved }

    /// Whether the matter covers a record; unknown counts as covered. `attributes` is asked at most once, and only where they decide; it returns nil
    /// where they can't be read.
    package func covers<Failure: Error>(
        _ facts: inout HoldFacts, attributes: () throws(Failure) -> RecordAttributes?
    ) throws(Failure) -> Bool {
        // By place: a copy of each scope for each record would cost more than the test.
        for place in scopes.indices {
            guard scopes[place].scope.covers(index: facts.index, classID: facts.classID, time: facts.time) else {
                continue
            }
            guard let restriction = scopes[place].restriction else { return true }
            if facts.attributes == nil, restriction.truth(facts) == nil { facts.attributes = try attributes() }
            if restriction.truth(facts) ?? true { return true }
        }
        return false
    }
}
