// What must hold when something is tried a second time, after the first try failed half-way. Each test is the story of a seed that broke a
// promise on the simulated disk.

import MunimentFormat
import MunimentStore
import Testing

@Suite("What is tried again")
struct RetryTests {
    /// A store without threads, whose segments end after ten records.
    private static func store() throws -> (SimulatedDisk, StoreOptions, LogStore) {
        let disk = SimulatedDisk(seed: 1)
        var options = StoreOptions()
        options.isSynchronous = true
        options.limits.segmentEntryCount = 64 + 10
        options.limits.reserveByteCount = 0
        options.limits.preparesSegments = false
        return (disk, options, try LogStore.create(disk, "archive", origin: "example.org/retry", options: options))
    }

    private static func number(ofSegment store: LogStore) -> UInt64? { store.reader.segments.last?.segment }

    /// Appends records, one frame each, until the segment `last` has begun.
    private static func append(to store: LogStore, untilSegment last: UInt64) throws -> [UInt64: String] {
        var texts: [UInt64: String] = [:]
        while number(ofSegment: store) != last {
            let text = "record \(store.committed.treeSize)"
            texts[try store.append([PipelineFixture.batch(text)]).firstIndex] = text
        }
        return texts
    }

    private static func read(_ texts: [UInt64: String], from store: LogStore) throws {
        for (index, text) in texts { #expect(Array(try store.reader.content(index).payload) == Array(text.utf8)) }
    }

    // The segment was packed anew, and then its seal record found no space. The next try packed it again, under another session and the same
    // name, and who had read a frame of the first file opened the parts of the second with the first one's session.
    @Test("a seal whose record found no space does not pack the segment twice")
    func sealRecordWithoutSpace() throws {
        let (disk, options, store) = try RetryTests.store()
        let texts = try RetryTests.append(to: store, untilSegment: 1)
        let noSpace = FaultPlan.Entry(
            .noSpace, at: 1, of: .operation(.write), pathSuffix: "000000000001-0000.seg", repeats: true)
        disk.arm(FaultPlan([noSpace]))
        #expect(store.sealStep())
        #expect(store.failure == nil)
        let packed = "archive/segments/0000/000000000000-0001.seg"
        #expect(try disk.status(packed) != nil, "the segment was packed anew before its record failed")
        // One record, once: the frame is in its cache then, and its part in none.
        let one = try #require(texts.first)
        try RetryTests.read([one.key: one.value], from: store)
        disk.arm(.none)
        let size = store.committed.treeSize
        #expect(store.sealStep())
        #expect(store.committed.treeSize == size + 1, "the seal record is there now")
        try RetryTests.read(texts, from: store)
        let count = disk.calls.count { $0.operation == .rename && $0.path.utf8.elementsEqual((packed + ".new").utf8) }
        #expect(count == 1)
        #expect(!store.sealStep())
        try store.close()
        let reopened = try LogStore.open(disk, "archive", options: options)
        try RetryTests.read(texts, from: reopened)
        try reopened.close()
    }

    // The append that was to begin a segment failed, because the file of the group keys could not be opened. The segment counted as begun all
    // the same, and the tokens of the one before the last were forgotten, though nothing had been appended after it.
    @Test("an append that fails to begin a segment forgets no token")
    func segmentThatDidNotBegin() throws {
        let (disk, options, store) = try RetryTests.store()
        let first = try store.append([PipelineFixture.batch("first")], token: [1])
        _ = try RetryTests.append(to: store, untilSegment: 1)
        #expect(store.sealStep())
        while store.committed.treeSize < store.reader.segments[1].firstIndex + 10 {
            _ = try store.append([PipelineFixture.batch("record \(store.committed.treeSize)")])
        }
        let noFile = FaultPlan.Entry(.tooManyOpenFiles, at: 1, of: .operation(.open), pathSuffix: "/groups")
        disk.arm(FaultPlan([noFile]))
        let failure = archiveError { _ = try store.append([PipelineFixture.batch("begins a segment")], token: [2]) }
        #expect(failure?.appendOutcome == .failed)
        #expect(RetryTests.number(ofSegment: store) == 1, "the append was to begin the next segment")
        let again = try store.append([PipelineFixture.batch("first")], token: [1])
        #expect(again.isRepeat)
        #expect(again.firstIndex == first.firstIndex)
        // Now it begins, and the first segment is out of reach, as it is after an open.
        let next = try store.append([PipelineFixture.batch("begins a segment")], token: [2])
        #expect(!next.isRepeat)
        #expect(RetryTests.number(ofSegment: store) == 2)
        #expect(store.sealStep())
        #expect(!store.sealStep())
        let texts = try RetryTests.append(to: store, untilSegment: 3)
        try store.close()
        let reopened = try LogStore.open(disk, "archive", options: options)
        try RetryTests.read(texts, from: reopened)
        #expect(try reopened.append([PipelineFixture.batch("begins a segment")], token: [2]).isRepeat)
        try reopened.close()
    }
}
