// Random histories: what somebody may say to an archive about retention, drawn so that rules, events, holds and times meet often.

import Foundation
import MunimentFormat

@testable import Muniment

/// A small generator whose sequence its seed decides (SplitMix64).
struct HistoryRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D &+ 1 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func odds(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    mutating func pick<T>(_ values: [T]) -> T { values.randomElement(using: &self)! }
}

/// A selection for the engine and the same for the model.
struct HistorySelection {
    var engine = Selection()
    var model = ModelSelection()
}

struct HistoryGenerator {
    static let addresses = [
        "alice@example.org", "Alice@Example.org", "bob@example.org", "BOB@example.org", "carol@x.y",
    ]
    static let subjects = ["Case 7", "case 7", "case 70"]
    static let day: Microseconds = 86_400_000_000

    var random: HistoryRandom

    init(seed: UInt64) { random = HistoryRandom(seed: seed) }

    mutating func attributes() -> [Attribute] {
        var attributes: [Attribute] = []
        for name in ["from", "to"] where random.odds(70) {
            attributes.append(Attribute(name, .text(random.pick(HistoryGenerator.addresses))))
        }
        if random.odds(50) { attributes.append(Attribute("subject", .text(random.pick(HistoryGenerator.subjects)))) }
        if random.odds(50) { attributes.append(Attribute("n", .integer(.random(in: -3...3, using: &random)))) }
        return attributes
    }

    /// A time near `now`: mostly before.
    mutating func time(near now: Microseconds) -> Microseconds {
        now + .random(in: -90 * HistoryGenerator.day...20 * HistoryGenerator.day, using: &random)
    }

    mutating func rule() -> RetentionModel.Rule {
        RetentionModel.Rule(
            period: random.pick(ModelPeriod.all), basis: random.pick([0, 0, 1, 2]), isCompliance: random.odds(35))
    }

    /// `classes` are IDs and names; indexes are drawn below `size` and a little above.
    mutating func selection(size: UInt64, now: Microseconds, classes: [UInt32: String]) -> HistorySelection {
        var selection = HistorySelection()
        if random.odds(35) {
            let first = UInt64.random(in: 0..<size + 3, using: &random)
            let range = first...first + .random(in: 0...5, using: &random)
            (selection.engine.indexes, selection.model.indexes) = ([range], range)
        }
        if random.odds(25), let (id, name) = classes.sorted(by: { $0.key < $1.key }).randomElement(using: &random) {
            (selection.engine.classes, selection.model.classes) = ([name], [id])
        }
        if random.odds(20) {
            let from = time(near: now)
            (selection.engine.from, selection.model.from) = (from, from)
        }
        if random.odds(20) {
            let to = time(near: now)
            (selection.engine.to, selection.model.to) = (to, to)
        }
        if random.odds(10) {
            let stream = random.pick(["inbox", "sent"])
            (selection.engine.streams, selection.model.stream) = ([stream], stream)
        }
        for _ in 0..<random.pick([0, 0, 1, 1, 2]) {
            let (engine, model) = test()
            let isNegated = random.odds(25)
            selection.engine.conditions.append(isNegated ? !Predicate.attribute(engine) : .attribute(engine))
            selection.model.tests.append((model, isNegated))
        }
        return selection
    }

    private mutating func test() -> (AttributeTest, ModelSelection.Test) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let (name, value) = (random.pick(["from", "to", "cc"]), random.pick(HistoryGenerator.addresses))
            return (.equals(name, value), .equals(name, value))
        case 1:
            let value = random.pick(HistoryGenerator.subjects)
            return (.equals("subject", value), .equals("subject", value))
        case 2:
            let (name, prefix) = (random.pick(["from", "subject"]), random.pick(["A", "al", "Case", "b"]))
            return (.hasPrefix(name, prefix), .prefix(name, prefix))
        default:
            let least = Int64.random(in: -3...3, using: &random)
            return (.integer("n", least...Int64.max), .least("n", least))
        }
    }
}
