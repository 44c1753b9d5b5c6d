// Every query finds what a look at each record finds: random queries against the naive model, over sealed segments (packed anew and
// as they were written), an unsealed tail, several classes with other attributes indexed, and groups whose key is gone.

import Foundation
import MunimentFormat
import MunimentStore
import MunimentVerify
import Testing

@testable import Muniment

/// An archive of several small segments, and its model.
final class QueryFixture {
    let folder: TemporaryFolder
    let path: String
    let verifierKey: String
    private(set) var records: [ModelRecord] = []
    let size: UInt64

    init(seed: UInt64, recordCount: Int = 1_000, segmentEntryCount: Int = 170) throws {
        folder = try TemporaryFolder()
        path = folder.path + "/archive"
        var options = StoreOptions()
        options.limits.segmentEntryCount = segmentEntryCount
        options.limits.preparesSegments = false
        options.checkpointCadence = 3_600_000_000
        let store = try LogStore.create(POSIXFileSystem(), path, origin: "example.org/query", options: options)
        _ = try store.appendClass(ClassRecord(classID: 2, name: "mail", indexed: ["from", "size", "subject"]))
        _ = try store.appendClass(ClassRecord(classID: 3, name: "bare", compression: .record, indexed: []))
        var random = QueryGenerator(seed: seed)
        while records.count < recordCount {
            // Sizes of commits that make a sealer pack most segments anew, and leave others.
            let count = random.chance(20) ? random.int(60...200) : random.int(1...12)
            let classID = UInt32(random.pick([1, 1, 2, 2, 3]))
            let hasOccurred = random.chance(60)
            let batch = RecordBatch(classID: classID, hasOccurred: hasOccurred)
            var drafts: [ModelRecord] = []
            for _ in 0..<count {
                let occurred = hasOccurred ? random.time() : nil
                var attributes = random.chance(90) ? random.attributes(records.count + drafts.count) : []
                if random.chance(50) {
                    attributes.append(Attribute("@stream", .text(random.pick(QueryGenerator.streams))))
                }
                let payload = Array("payload \(records.count + drafts.count)".utf8)
                payload.withUnsafeBytes {
                    batch.append(payload: $0, attributes: ContentEncoder.canonical(attributes), occurred: occurred)
                }
                drafts.append(
                    ModelRecord(
                        index: 0, className: QueryGenerator.classes[Int(classID) - 1], recorded: 0, occurred: occurred,
                        attributes: attributes))
            }
            let receipt = try store.append([batch])
            for (place, draft) in drafts.enumerated() {
                var record = draft
                record.index = receipt.firstIndex + UInt64(place)
                records.append(record)
            }
        }
        verifierKey = store.manifest.verifierKey
        try store.close()
        let snapshot = try ArchiveReader(at: path).snapshot
        size = snapshot.size
        for place in records.indices {
            records[place].recorded = try snapshot.record(at: records[place].index).recordedAt
        }
    }

    /// Marks the records of a class within `range` as destroyed.
    func purge(_ className: String, _ range: Range<UInt64>) {
        for place in records.indices where records[place].className == className && range.contains(records[place].index)
        {
            records[place].isPurged = true
        }
    }

    func expected(_ query: ModelQuery) -> [UInt64] { records.filter { query.holds($0) == true }.map(\.index) }

    /// Compares one query in every form: ascending, reverse, in pages, counted.
    func check(_ query: ModelQuery, _ snapshot: Snapshot, _ random: inout QueryGenerator) throws {
        let expected = expected(query)
        var found: [UInt64] = []
        try snapshot.forEachRecord(matching: query.predicate) { record in
            found.append(record.index)
            return true
        }
        #expect(found == expected, "\(query)")
        var pages: [UInt64] = []
        // Few enough pages that the test is about queries.
        let (isReversed, limit) = (random.chance(50), random.int(1...40) + expected.count / 4)
        var isDone = false
        while !isDone {
            var page: [UInt64] = []
            try snapshot.forEachRecord(matching: query.predicate, after: pages.last, isReversed: isReversed) { record in
                page.append(record.index)
                return page.count < limit
            }
            pages += page
            isDone = page.count < limit || pages.count > expected.count
        }
        #expect(pages == (isReversed ? expected.reversed() : expected), "\(query) in pages of \(limit)")
        #expect(try snapshot.recordCount(matching: query.predicate) == UInt64(expected.count), "\(query) counted")
    }
}

@Suite struct QueryPropertyTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["MUNIMENT_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
    private static let queryCount = environment["MUNIMENT_QUERIES"].flatMap { Int($0) } ?? 600

    @Test func queriesFindWhatAScanFinds() throws {
        print("MUNIMENT_SEED=\(Self.seed)")
        let fixture = try QueryFixture(seed: Self.seed)
        let reader = try ArchiveReader(at: fixture.path)
        let snapshot = reader.snapshot
        // The property is about indexes: there must be some, and a tail without.
        let indexed = try snapshot.reader.segments.filter { try $0.index() != nil }
        #expect(indexed.count >= 4 && indexed.count < snapshot.reader.segments.count)
        var random = QueryGenerator(seed: Self.seed ^ 1)
        for _ in 0..<Self.queryCount { try fixture.check(random.query(fixture.size), snapshot, &random) }
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(fixture.verifierKey)]
        for keys in [nil, fixture.path + ".keys"] {
            options.keysDirectory = keys
            let report = try Verifier(options).verify(fixture.path)
            #expect(report.findings.filter { $0.severity == .error }.isEmpty, "\(report.findings)")
        }
    }

    @Test func destroyedGroupsAreFoundByWhatEntriesSay() throws {
        print("MUNIMENT_SEED=\(Self.seed)")
        let fixture = try QueryFixture(seed: Self.seed, recordCount: 600)
        let before = try ArchiveReader(at: fixture.path).snapshot
        let segment = try #require(
            try before.reader.segments.dropFirst().first { segment in
                try segment.index()?.directory.group(2) != nil
            })
        let end = try #require(before.reader.firstIndex(after: segment))
        try destroyKey(fixture.path + ".keys/groups", segment: segment.segment, classID: 2)
        fixture.purge("mail", segment.firstIndex..<end)
        try stateDisposition(fixture.path, of: segment.firstIndex..<end, in: segment)
        let snapshot = try ArchiveReader(at: fixture.path).snapshot
        #expect(fixture.records.contains { $0.isPurged })
        var random = QueryGenerator(seed: Self.seed ^ 2)
        for _ in 0..<Self.queryCount / 4 { try fixture.check(random.query(fixture.size), snapshot, &random) }
    }

    /// Says in the log that the records of a segment are being purged: else that they are gone is an error.
    private func stateDisposition(_ path: String, of range: Range<UInt64>, in segment: SegmentHandle) throws {
        let footer = try #require(try SegmentFile.footer(try segment.file()))
        let store = try LogStore.open(POSIXFileSystem(), path)
        let intent = try RetentionPolicy.load(ProvenLog(store)).intent(
            compliance: 0, rules: [2], erasures: [], epoch: store.keyEpoch + 1)
        let disposition = try store.appendControl(.intent) { _ in intent.encoded() }.firstIndex
        let record = PreparedRecord(
            disposition: disposition, seal: SealRecord(footer, policy: nil), heldCount: 0, purged: IndexSet(range))
        _ = try store.appendControl(.prepared) { _ in record.encoded() }
        _ = try store.checkpoint(.kept)
        try store.close()
    }

    /// Destroys a group's key in place, as a purge does.
    private func destroyKey(_ path: String, segment: UInt64, classID: UInt32) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for start in stride(from: GroupsHeader.byteCount, to: bytes.count, by: GroupKeyRow.byteCount) {
            let row = try Array(bytes[start..<start + GroupKeyRow.byteCount]).decode(GroupKeyRow.init(decoding:))
            guard row.segment == segment, row.classID == classID else { continue }
            let gone = GroupKeyRow(
                slot: row.slot, segment: segment, classID: classID, isPresent: false,
                salt: [UInt8](repeating: 0, count: 32), wrapped: [UInt8](repeating: 0, count: 48))
            bytes.replaceSubrange(start..<start + GroupKeyRow.byteCount, with: gone.encoded())
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try file.write(contentsOf: Data(bytes))
            return
        }
        Issue.record("no key of class \(classID) in segment \(segment)")
    }
}
