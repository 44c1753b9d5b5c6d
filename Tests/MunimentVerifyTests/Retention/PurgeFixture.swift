// Stores from which something was purged, by the steps of Format/retention.md taken one by one, so that a test can leave
// one out or tell a lie in one. What a policy would decide is the test's to say.

import MunimentFormat
import MunimentStore

@testable import MunimentVerify

/// A clock that goes on by itself a little, and by days when it is told to.
final class SteppedClock: WallClock, @unchecked Sendable {
    private let now = MunimentVerify.Monitor<Microseconds>(1_700_000_000_000_000)
    static let day: Microseconds = 86_400_000_000

    func advance(_ step: Microseconds) {
        now.withLock { $0 += step }
    }

    func microsecondsSinceEpoch() -> Microseconds {
        advance(250)
        return now.withLock { $0 }
    }

    func bootMicroseconds() -> Int64 { microsecondsSinceEpoch() - 1_699_999_000_000_000 }
    func bootID() -> [UInt8] { [UInt8](repeating: 9, count: 16) }
}

/// A store with three classes whose first segment is sealed: 10 records of class 2, which is in compliance mode and keeps
/// for a day, 10 of class 3, which is in governance mode and keeps for ever, then again of class 2.
struct PurgeFixture {
    let clock = SteppedClock()
    let fixture: StoreFixture
    /// The records of class 2 in segment 0, those of class 3, and the later ones of class 2.
    static let (brief, lasting, later) = (IndexSet(4..<14), IndexSet(14..<24), IndexSet(24..<34))
    static let briefRule: UInt64 = 2
    static let lastingRule: UInt64 = 3

    init(
        brief: ClassRecord = ClassRecord(classID: 2, name: "brief", mode: .compliance, period: "P1D"),
        occurred: Microseconds? = nil, _ more: (LogStore) throws -> Void = { _ in }
    ) throws {
        fixture = try StoreFixture(clock: clock) { store in
            _ = try store.appendClass(brief)
            _ = try store.appendClass(ClassRecord(classID: 3, name: "lasting", period: "forever"))
            for (classID, from) in [(2, 0), (3, 10), (2, 20)] as [(UInt32, Int)] {
                let batch = RecordBatch(classID: classID, hasOccurred: occurred != nil)
                for number in from..<from + 10 {
                    [UInt8]("payload \(number) of class \(classID)".utf8).withUnsafeBytes {
                        batch.append(payload: $0, attributes: [], occurred: occurred)
                    }
                }
                _ = try store.append([batch])
            }
            try more(store)
            _ = try store.appendControl(.erasure, beginsSegment: true) { _ in ErasureRecord(index: 14).encoded() }
            try store.waitForSeals()
            _ = try store.checkpoint(.kept)
        }
    }

    /// Opens the store, with the clock some days later.
    func reopen(after days: Int64 = 0, _ body: (LogStore) throws -> Void) throws {
        clock.advance(days * SteppedClock.day)
        let store = try LogStore.open(
            POSIXFileSystem(), fixture.path,
            options: StoreFixture.options(Limits.entriesPerSegment, nil, clock))
        try body(store)
        try store.close()
    }
}

/// One purge of segment 0, with what a liar might change.
struct HandPurge {
    var purged: IndexSet
    /// Those that lost their content before.
    var missing: IndexSet?
    var changeIntent: (inout IntentRecord) -> Void = { _ in }
    var changePrepared: (inout PreparedRecord) -> Void = { _ in }
    var changeCompleted: (inout CompletedRecord) -> Void = { _ in }
    /// What happens between the prepared and the completed record.
    var meanwhile: (LogStore) throws -> Void = { _ in }
    var hasIntent = true
    var isPrepared = true
    var isCompleted = true
    var destroysKeys = true
    var removesRemains = true

    init(_ purged: IndexSet) { self.purged = purged }

    /// Takes the steps; returns the disposition's ID.
    @discardableResult
    func run(_ store: LogStore, _ clock: SteppedClock) throws -> UInt64 {
        var intent = IntentRecord(
            compliance: clock.microsecondsSinceEpoch(), clockRecord: 0, clockEvidence: .proved,
            epoch: store.keyEpoch + 1, holds: [],
            rules: [IntentRecord.Rule(classID: 2, record: PurgeFixture.briefRule)], erasures: [])
        changeIntent(&intent)
        let id = hasIntent ? try store.appendControl(.intent, body: intent.encoded()).firstIndex : 0
        let handle = store.sealedSegments[0]
        let generation = try store.writeGeneration(
            SegmentPurge(handle: handle, purged: purged, missing: missing ?? purged, heldCount: 0))
        var prepared = PreparedRecord(disposition: id, seal: generation.seal, heldCount: 0, purged: purged)
        changePrepared(&prepared)
        let index = isPrepared ? try store.appendControl(.prepared, body: prepared.encoded()).firstIndex : 0
        _ = try store.checkpoint(.kept)
        try store.nameGenerations([generation.seal])
        _ = try store.installGenerations([generation.seal])
        let strength = destroysKeys ? try store.destroyKeys([generation.seal]) : []
        if removesRemains { _ = try store.removeRemains([generation.seal]) }
        try meanwhile(store)
        guard isCompleted else { return id }
        var completed = CompletedRecord(
            disposition: id, outcome: .completed, strength: strength, epoch: intent.epoch, prepared: [index])
        changeCompleted(&completed)
        _ = try store.appendControl(.completed, body: completed.encoded())
        return id
    }
}

extension VerifyReport {
    /// The codes of what is no notice.
    var faults: Set<String> { Set(findings.filter { $0.severity != .notice }.map(\.code.rawValue)) }
    func has(_ code: Finding.Code) -> Bool { findings.contains { $0.code == code } }
}
