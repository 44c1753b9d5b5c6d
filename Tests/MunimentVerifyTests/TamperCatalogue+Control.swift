// Attacks on what the engine writes of itself: classes, holds, and the dispositions by which contents may go.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

private typealias Indexes = MunimentFormat.IndexSet

extension Attack {
    static let onControlRecords: [Attack] = [
        Attack(
            "a hold is dropped, everything mended", on: .classes,
            [.frameMalformed, .checkpointRoot, .checkpointAhead, .segmentGap],
            keys: [.partSealed, .keySigner]
        ) { fixture in
            try fixture.forge { store in
                let place = try store.place(of: try #require(store.controls(.hold).first))
                store.segments[place.segment].frames[place.frame].entries.remove(at: place.ordinal)
            }
        },
        Attack(
            "a hold becomes a record, everything mended", on: .classes,
            [.checkpointRoot, .partRecords, .contentMissing, .indexTimes], keys: [.keySigner]
        ) { fixture in
            try fixture.forge { store in
                try store.change(try #require(store.controls(.hold).first)) {
                    ($0.kind, $0.classID, $0.extensions) = (.record, 1, [])
                }
            }
        },
        Attack("a hold is made to cover less, everything mended", on: .classes, [.checkpointRoot], keys: [.keySigner]) {
            fixture in
            try fixture.forge { store in
                try store.changeControl(try #require(store.controls(.hold).first)) {
                    $0.body = HoldRecord(matter: nil, scope: HoldScope(classes: [999])).encoded()
                }
            }
        },
        Attack(
            "a hold is released in a forged tail", on: .classes, without: [.tailUnattested], with: [.partSealed],
            verdict: .notEstablished
        ) { fixture in
            try fixture.forge { store in
                let hold = try #require(try store.controls(.hold).first)
                try store.appendControl(.release, ReleaseRecord(matter: hold).encoded())
            }
        },
        Attack("a class's period is shortened, everything mended", on: .classes, [.checkpointRoot], keys: [.keySigner])
        { fixture in
            try fixture.forge { store in
                try store.changeControl(try #require(store.controls(.retentionClass).last)) { record in
                    var rule = try record.body.decode(ClassRecord.init(decoding:))
                    rule.period = "P1D"
                    record.body = rule.encoded()
                }
            }
        },
        Attack("a class is weakened in a forged tail", on: .classes, [.classWeakened], keys: [.partSealed]) { fixture in
            try fixture.forge { store in
                let weaker = ClassRecord(classID: 2, name: "mail", mode: .governance, period: "P1D")
                try store.appendControl(.retentionClass, weaker.encoded())
            }
        },
        Attack(
            "a seal record states another segment's footer", on: .segments, [.checkpointRoot, .sealMismatch],
            keys: [.keySigner]
        ) { fixture in
            try fixture.forgeBelowTheSeal { store in
                try store.changeControl(try #require(store.controls(.seal).last)) { record in
                    var seal = try record.body.decode(SealRecord.init(decoding:))
                    seal.footerDigest = .zero
                    record.body = seal.encoded()
                }
            }
        },
        Attack(
            "a seal record becomes a hold", on: .segments,
            [.checkpointRoot, .controlChain, .sealMismatch, .sealMissing], keys: [.keySigner]
        ) {
            fixture in
            try fixture.forgeBelowTheSeal { store in
                let seal = try #require(try store.controls(.seal).first)
                try store.changeControl(seal) { record in
                    record = ControlRecord(
                        kind: .hold, previous: nil, body: HoldRecord(matter: nil, scope: HoldScope()).encoded())
                }
            }
        },
        operation("a class in compliance mode is weakened by its operator", [.classWeakened]) { store, _ in
            _ = try store.appendClass(ClassRecord(classID: 2, name: "brief", mode: .governance, period: "P1D"))
        },
        operation("the compliance clock is set forward", [.clockAhead]) { store, clock in
            let now = clock.microsecondsSinceEpoch()
            let record = ClockRecord(
                kind: .catchUp, compliance: now + 400 * SteppedClock.day, wall: now, bootID: clock.bootID(),
                boot: clock.bootMicroseconds())
            _ = try store.appendControl(.clock, body: record.encoded())
        },
        operation("a hold that is not there is released", [.controlReference]) { store, _ in
            _ = try store.appendControl(.release, body: ReleaseRecord(matter: 2).encoded())
        },
    ]

    static let onDispositions: [Attack] = [
        Attack(
            "the records of a disposition are taken out of the log", on: .purged,
            [.contentMissing, .sealMismatch, .checkpointAhead, .segmentGap, .tailTorn], keys: [.keySigner]
        ) { fixture in
            try fixture.forge { store in
                for kind in [ControlRecord.Kind.completed, .prepared, .intent] {
                    let place = try store.place(of: try #require(store.controls(kind).first))
                    store.segments[place.segment].frames[place.frame].entries.remove(at: place.ordinal)
                }
            }
        },
        Attack(
            "a disposition is made to state less than it purged", on: .purged, [.checkpointRoot, .contentMissing],
            keys: [.keySigner]
        ) { fixture in
            try fixture.forge { store in
                try store.changeControl(try #require(store.controls(.prepared).first)) { record in
                    var prepared = try record.body.decode(PreparedRecord.init(decoding:))
                    prepared.purged = Indexes(4..<8)
                    record.body = prepared.encoded()
                }
            }
        },
        Attack(
            "a disposition is invented after the fact for contents that are gone", on: .classes,
            [.checkpointRoot, .contentMissing, .clockAhead, .dispositionFacts, .purgeEarly],
            keys: [.keyEpoch, .partSealed, .keySigner]
        ) {
            fixture in
            let size = try Checkpoint(text: SignedNote(fixture.read("checkpoint")).text).size
            try fixture.forge { store in
                let frames = store.segments[0].frames
                for place in frames.indices {
                    let kept = frames[place].rows.indices.filter { frames[place].rows[$0].classID != 1 }
                    store.segments[0].frames[place].rows = kept.map { frames[place].rows[$0] }
                    store.segments[0].frames[place].ciphertexts = kept.map { frames[place].ciphertexts[$0] }
                }
                let intent = IntentRecord(
                    compliance: 1_800_000_000_000_000, clockRecord: 0, clockEvidence: .proved, epoch: 1, holds: [],
                    rules: [IntentRecord.Rule(classID: 1, record: 1)], erasures: [])
                try store.appendControl(.intent, intent.encoded())
                let seal = try #require(store.segments[0].footer.map { SealRecord($0, policy: nil) })
                let prepared = PreparedRecord(disposition: size, seal: seal, heldCount: 0, purged: Indexes(3..<23))
                try store.appendControl(.prepared, prepared.encoded())
                let completed = CompletedRecord(
                    disposition: size, outcome: .completed, strength: [], epoch: 1, prepared: [size + 1])
                try store.appendControl(.completed, completed.encoded())
            }
        },
        purge("a purge without a disposition", [.contentMissing, .sealMismatch]) {
            ($0.hasIntent, $0.isPrepared, $0.isCompleted) = (false, false, false)
        },
        purge("a purge before its time", after: 0, [.purgeEarly]) { _ in },
        purge("a purge of records that are kept for ever", of: PurgeFixture.lasting, [.purgeEarly]) { _ in },
        purge("a purge by a clock that the intent makes up", after: 0, [.clockAhead]) {
            $0.changeIntent = { $0.compliance += 2 * SteppedClock.day }
        },
        purge("a purge that does not state the hold in force", [.dispositionFacts, .purgeHeld]) { _ in
        } before: { store in
            let hold = HoldRecord(matter: nil, scope: HoldScope(classes: [2]))
            _ = try store.appendControl(.hold, body: hold.encoded())
        },
        purge("a purge that states more than is gone", of: Indexes(4..<10), [], keys: [.purgeSurvives]) {
            $0.changePrepared = { $0.purged = PurgeFixture.brief }
        },
        purge("a purge that states less than is gone", [.contentMissing]) {
            $0.changePrepared = { $0.purged = Indexes(4..<10) }
        },
        purge("a purge that keeps a copy of the keys", [], keys: [.keySurvives, .keyEpoch]) { $0.destroysKeys = false },
        purge("a purge by a rule that is not the class's", [.dispositionFacts]) {
            $0.changeIntent = { $0.rules[0].record = 3 }
        },
        Attack("the segment from before a purge is put back", on: .purged, [.sealMismatch, .directoryRow]) {
            fixture in
            let (old, before) = try fixture.purgeAfresh()
            try fixture.remove(fixture.sealedSegment())
            fixture.create(old, before)
        },
        Attack(
            "the segment from before a purge is put beside", on: .purged, without: [.segmentLeftover],
            with: [.segmentLeftover], verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            let (old, before) = try fixture.purgeAfresh()
            fixture.create(old, before)
        },
        Attack(
            "the keys from before a purge are put back", on: .purged, without: [.tailUnattested],
            with: [.keySurvives, .keyEpoch], verdict: .notEstablished
        ) { fixture in
            let purges = try PurgeFixture()
            let keys = try purges.fixture.read("keys/groups")
            try purges.purge()
            try fixture.become(purges.fixture)
            try fixture.write("keys/groups", keys)
        },
    ]

    /// What an operator does through the engine, with its keys, to the store that purges are made in.
    private static func operation(
        _ name: String, _ found: Set<Finding.Code>, _ body: @escaping @Sendable (LogStore, SteppedClock) throws -> Void
    ) -> Attack {
        Attack(name, on: .purged, found) { fixture in
            let purges = try PurgeFixture()
            try purges.reopen(after: 2) { try body($0, purges.clock) }
            try fixture.become(purges.fixture)
        }
    }

    /// A purge by an operator with the keys who breaks a rule.
    private static func purge(
        _ name: String, of purged: Indexes = PurgeFixture.brief.union(PurgeFixture.later), after days: Int64 = 2,
        _ found: Set<Finding.Code>, keys more: Set<Finding.Code> = [],
        _ change: @escaping @Sendable (inout HandPurge) -> Void,
        before: @escaping @Sendable (LogStore) throws -> Void = { _ in }
    ) -> Attack {
        let without: Verdict = found.isEmpty ? .notEstablished : .tampered
        return Attack(
            name, on: .purged, without: found.isEmpty ? [.tailUnattested] : found, with: found.union(more),
            verdict: without
        ) { fixture in
            let purges = try PurgeFixture()
            try purges.reopen(after: days) { store in
                try before(store)
                var purge = HandPurge(purged)
                change(&purge)
                try purge.run(store, purges.clock)
            }
            try fixture.become(purges.fixture)
        }
    }
}

extension ForgedStore {
    /// Appends a control record in a frame of its own, with the content of the newest one.
    fileprivate mutating func appendControl(_ kind: ControlRecord.Kind, _ body: [UInt8]) throws {
        let segment = segments.count - 1
        var frame = try #require(segments[segment].frames.last { $0.entries.last?.kind == .control })
        frame.entries = Array(frame.entries.suffix(1))
        frame.entries[0].extensions = ControlRecord(kind: kind, previous: nil, body: body).extensions()
        frame.header.firstPart += UInt64(frame.rows.count)
        (frame.header.groups, frame.header.tokens) = ([], [])
        segments[segment].frames.append(frame)
    }
}

extension PurgeFixture {
    /// Purges all of class 2 that is due.
    func purge() throws {
        try reopen(after: 2) { try HandPurge(PurgeFixture.brief.union(PurgeFixture.later)).run($0, clock) }
    }
}

extension StoreFixture {
    /// Becomes a store from which a class was purged; returns the segment's name and bytes from before.
    fileprivate func purgeAfresh() throws -> (name: String, bytes: [UInt8]) {
        let purges = try PurgeFixture()
        let name = try purges.fixture.sealedSegment()
        let bytes = try purges.fixture.read(name)
        try purges.purge()
        try become(purges.fixture)
        return (name, bytes)
    }

    /// Takes the files, and the key, of another store.
    fileprivate func become(_ other: StoreFixture) throws {
        for suffix in ["", ".keys"] {
            try FileManager.default.removeItem(atPath: path + suffix)
            try FileManager.default.copyItem(atPath: other.path + suffix, toPath: path + suffix)
        }
        trust(other.verifierKey)
    }
}
