// Control records without a user's record between them: a segment has a bound for them too, which its footer could not pass.

import MunimentFormat
import MunimentStore
import Testing

@Suite struct ControlRecordTests {
    /// How many entries each segment has.
    private func entryCounts(_ store: LogStore) throws -> [Int] {
        try store.reader.segments.map { try $0.frames().reduce(0) { $0 + Int($1.entryCount) } }
    }

    private static func hold(_ store: LogStore) throws -> UInt64 {
        try store.appendControl(.hold, body: HoldRecord(matter: nil, scope: HoldScope(classes: [1])).encoded())
            .firstIndex
    }

    @Test(arguments: [false, true]) func aFullSegmentEnds(isSynchronous: Bool) throws {
        let limit = 64 + 6
        let fixture = try PipelineFixture { options in
            options.limits.segmentEntryCount = limit
            options.limits.preparesSegments = false
            options.isSynchronous = isSynchronous
        }
        var holds: [UInt64] = []
        for number in 0..<6 { _ = try fixture.store.append([PipelineFixture.batch("record \(number)")]) }
        for _ in 0..<300 { holds.append(try Self.hold(fixture.store)) }
        _ = try fixture.store.append([PipelineFixture.batch("last")])
        try fixture.store.waitForSeals()
        let counts = try entryCounts(fixture.store)
        #expect(counts.count > 300 / limit && counts.allSatisfy { $0 <= limit }, "\(counts)")
        try fixture.store.close()

        let store = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(try entryCounts(store).dropLast() == counts.dropLast()[...])
        for index in holds { #expect(try ClassTable.control(store.reader, index).kind == .hold) }
        try store.close()
    }

    /// While the segment before can't be sealed, the rest of the present one is the seal's: others wait, or hear that it is full.
    @Test func theSealHasRoom() throws {
        let limit = 64 + 6
        let fixture = try PipelineFixture { options in
            options.limits.segmentEntryCount = limit
            options.limits.preparesSegments = false
            options.isSynchronous = true
        }
        let store = fixture.store
        for number in 0..<6 { _ = try store.append([PipelineFixture.batch("record \(number)")]) }
        // Without a step of the housekeeper nothing is sealed.
        var taken = 0
        let outcomes = Guarded<[Bool]>([])
        for _ in 0..<200 {
            let draft = ControlDraft(.hold) { _ in HoldRecord(matter: nil, scope: HoldScope(classes: [1])).encoded() }
            store.submit(
                PendingAppend([RecordBatch(control: draft)], isControl: true) { result in
                    outcomes.withLock { $0.append((try? result.get()) != nil) }
                })
            while store.commitStep() || store.formStep() {}
            taken = outcomes.withLock { $0.count }
        }
        #expect(taken < 200 && store.isWaiting)
        #expect(try entryCounts(store).allSatisfy { $0 <= limit - 8 })
        store.drain()
        #expect(outcomes.withLock { $0.count == 200 && $0.allSatisfy { $0 } })
        #expect(try entryCounts(store).allSatisfy { $0 <= limit })
        try store.close()
    }
}
