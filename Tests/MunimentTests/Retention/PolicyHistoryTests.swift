// The rule algebra against the naive model: control records straight into the policy, no store beneath, so that thousands of histories are cheap.
// MUNIMENT_HISTORIES sets how many; a seed is printed with whatever fails.

import Foundation
import MunimentFormat
import Testing

@testable import Muniment

@Suite struct PolicyHistoryTests {
    static let count = ProcessInfo.processInfo.environment["MUNIMENT_HISTORIES"].flatMap { UInt64($0) } ?? 2_000

    @Test(arguments: 0..<4) func everyRecordAtEveryStep(shard: UInt64) throws {
        var met = Met()
        for seed in stride(from: shard, to: Self.count, by: 4) {
            var history = PolicyHistory(seed: seed)
            do {
                try history.run()
                met.add(history.met)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
        // Agreement is worth what was agreed upon.
        #expect([met.due, met.held, met.gone, met.refused].allSatisfy { $0 > Int(Self.count) / 20 }, "\(met)")
    }
}

/// How often the states that matter were met.
struct Met {
    /// Records that were due and free, and that were due and held, at some step.
    var (due, held) = (0, 0)
    var gone = 0
    /// Classes that would have been weakened.
    var refused = 0

    mutating func add(_ other: Met) {
        due += other.due
        held += other.held
        gone += other.gone
        refused += other.refused
    }
}

/// What the policy and the model disagree about.
struct Disagreement: Error, CustomStringConvertible {
    let description: String
}

/// One history.
private struct PolicyHistory {
    private var generator: HistoryGenerator
    private var model = RetentionModel()
    private var policy = RetentionPolicy()
    private var entries: [UInt64: Entry] = [:]
    private var size: UInt64 = 0
    private var previous: UInt64?
    /// The compliance clock, and how far the wall clock is ahead of it.
    private var compliance: Microseconds = 1_704_000_000_000_000
    private var skew: Microseconds = 0
    private var classes: [UInt32: String] = [:]
    private(set) var met = Met()

    init(seed: UInt64) { generator = HistoryGenerator(seed: seed) }

    mutating func run() throws {
        for id in 1...UInt32(2) { try setClass(id, generator.rule()) }
        for _ in 0..<Int.random(in: 5...40, using: &generator.random) {
            try step()
            try compare()
        }
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<16, using: &generator.random) {
        case 0..<4: append()
        case 4: try setClass(.random(in: 1...3, using: &generator.random), generator.rule())
        case 5, 6: try event()
        case 7, 8: try hold()
        case 9: try release()
        case 10: try erase()
        case 11: try purge()
        case 12: skew = .random(in: -400_000_000...400_000_000, using: &generator.random)
        default: compliance += .random(in: 0...40 * HistoryGenerator.day, using: &generator.random)
        }
    }

    // MARK: Saying things

    private func stamp() -> (recorded: Microseconds, compliance: Microseconds?) {
        let isFlagged = skew < -1_000_000 || skew > 300_000_000
        return (compliance + skew, isFlagged ? compliance : nil)
    }

    @discardableResult
    private mutating func say(_ kind: ControlRecord.Kind, _ body: [UInt8], _ said: PrivatePart? = nil) throws -> UInt64
    {
        let record = ControlRecord(kind: kind, previous: previous, body: body)
        let (recorded, compliance) = stamp()
        let entry = Entry(
            kind: .control, classID: 0, recorded: recorded, compliance: compliance, commitment: .zero,
            extensions: record.extensions())
        try policy.apply(record, at: size, entry: entry, privatePart: said?.encoded())
        previous = size
        size += 1
        return size - 1
    }

    private mutating func append() {
        let (recorded, compliance) = stamp()
        let occurred = generator.random.odds(60) ? generator.time(near: self.compliance) : nil
        var record = RetainedRecord(
            index: size, classID: .random(in: 1...3, using: &generator.random), recorded: recorded, occurred: occurred,
            compliance: compliance, attributes: generator.attributes(),
            stream: generator.random.odds(50) ? generator.random.pick(["inbox", "sent"]) : nil)
        if generator.random.odds(10) { record.attributes = nil }
        entries[size] = Entry(
            kind: .record, classID: record.classID, recorded: recorded, occurred: occurred, compliance: compliance,
            commitment: .zero)
        model.records.append(record)
        size += 1
    }

    private mutating func setClass(_ id: UInt32, _ rule: RetentionModel.Rule) throws {
        let stated = ClassRecord(
            classID: id, name: "class \(id)", mode: rule.isCompliance ? .compliance : .governance,
            basis: ClassRecord.Basis(rawValue: UInt8(rule.basis))!, period: rule.period?.text ?? "forever")
        let isRefused = policy.rules[id].map { stated.weakening(of: $0.stated) != nil } ?? false
        guard isRefused != model.mayBecome(rule, id) else {
            throw Disagreement(description: "\(stated.period) after \(policy.rules[id]?.stated.period ?? "nothing")")
        }
        if isRefused {
            met.refused += 1
            return
        }
        try say(.retentionClass, stated.encoded())
        model.rules.append((id, rule))
        classes[id] = stated.name
    }

    private mutating func event() throws {
        guard !model.records.isEmpty else { return }
        let chosen = model.records.filter { _ in generator.random.odds(40) }.map(\.index)
        guard !chosen.isEmpty else { return }
        var indexes = MunimentFormat.IndexSet()
        for index in chosen { indexes.append(index..<index + 1) }
        let at = generator.time(near: compliance)
        let (recorded, flagged) = stamp()
        try say(.event, EventRecord(at: at, indexes: indexes).encoded())
        model.events.append(.init(at: at, own: flagged ?? recorded, indexes: Set(chosen)))
    }

    private mutating func hold() throws {
        let matter = generator.random.pick(["A", "B", "C"])
        let selection = generator.selection(size: size + 1, now: compliance, classes: classes)
        let divided = try HoldScopes(selection.engine, policy)
        let said = PrivatePart(matter: matter, predicate: divided.predicate)
        for scope in divided.scopes {
            try say(.hold, HoldRecord(matter: policy.matter(named: matter)?.id, scope: scope).encoded(), said)
        }
        model.hold(matter, selection.model)
    }

    private mutating func release() throws {
        let matter = generator.random.pick(["A", "B", "C"])
        guard let standing = policy.matter(named: matter) else {
            guard !model.isInForce(matter) else { throw Disagreement(description: "\(matter) is in force") }
            return
        }
        try say(.release, ReleaseRecord(matter: standing.id).encoded())
        model.release(matter)
    }

    private mutating func erase() throws {
        guard let record = model.records.randomElement(using: &generator.random) else { return }
        let request = try say(.erasure, ErasureRecord(index: record.index).encoded())
        model.erasures.append((request, record.index))
    }

    /// A disposition of some of what may go; sometimes it is aborted.
    private mutating func purge() throws {
        let going = model.records.filter {
            model.gone[$0.index] == nil && model.mayBeGone($0, compliance) && generator.random.odds(70)
        }
        guard !going.isEmpty else { return }
        let intent = try policy.intent(compliance: compliance, rules: Set(going.map(\.classID)), erasures: [], epoch: 2)
        let id = try say(.intent, intent.encoded())
        guard policy.openDisposition?.id == id else { throw Disagreement(description: "no disposition is open") }
        var purged = MunimentFormat.IndexSet()
        for record in going { purged.append(record.index..<record.index + 1) }
        let seal = SealRecord(
            segment: 0, generation: 1, firstIndex: 0, entryCount: size, footerDigest: .zero, indexRoot: .zero,
            policy: nil, groups: [])
        let prepared = try say(
            .prepared, PreparedRecord(disposition: id, seal: seal, heldCount: 0, purged: purged).encoded())
        let isAborted = generator.random.odds(30)
        try say(
            .completed,
            CompletedRecord(
                disposition: id, outcome: isAborted ? .aborted : .completed, strength: isAborted ? [] : .overwritten,
                epoch: 2, prepared: isAborted ? [] : [prepared]
            ).encoded())
        guard !isAborted else { return }
        met.gone += going.count
        for record in going { model.gone[record.index] = id }
    }

    // MARK: Comparing

    private mutating func compare() throws {
        let names = Dictionary(
            uniqueKeysWithValues: policy.mattersInForce.map { ($0.id, $0.name ?? "?") })
        guard Set(names.values) == Set(["A", "B", "C"].filter { model.isInForce($0) }) else {
            throw Disagreement(description: "the policy has the matters \(names.values) in force")
        }
        for record in model.records {
            let what = "record \(record.index) of class \(record.classID) after \(size) records"
            guard let entry = entries[record.index] else { throw Disagreement(description: "\(what) has no entry") }
            guard policy.isDue(record.index, entry, at: compliance) == model.isDue(record, compliance) else {
                throw Disagreement(description: "\(what): due is \(model.isDue(record, compliance))")
            }
            let attributes = try record.attributes.map { attributes in
                let stream = record.stream.map { [Attribute("@stream", .text($0))] } ?? []
                return try RecordAttributes(attributes + stream)
            }
            var facts = HoldFacts(
                index: record.index, classID: record.classID, time: record.occurred ?? record.recorded)
            var holders: Set<String> = []
            for matter in policy.mattersInForce
            where matter.covers(&facts, attributes: { attributes }) {
                holders.insert(matter.name ?? "?")
            }
            if model.isDue(record, compliance) {
                if holders.isEmpty { met.due += 1 } else { met.held += 1 }
            }
            guard holders == model.holders(record) else {
                throw Disagreement(description: "\(what): held by \(model.holders(record)), not \(holders)")
            }
            guard policy.disposition(ofPurged: record.index) == model.gone[record.index] else {
                throw Disagreement(description: "\(what): purged by \(String(describing: model.gone[record.index]))")
            }
        }
    }
}

extension RecordAttributes {
    /// As they stand in a content.
    fileprivate init(_ attributes: [Attribute]) throws {
        let bytes = ContentEncoder.head(attributes: ContentEncoder.canonical(attributes), payloadByteCount: 0)
        self.init(try bytes.decode(ContentLayout.init(decoding:)), at: 0, of: bytes)
    }
}
