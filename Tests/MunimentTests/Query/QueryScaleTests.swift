// Queries over an archive of real mail and many generated records, against a naive model: every form, joined at random. 5,000 records in the tests of
// every day; `make nightly` has 1,000,000 and an optimised build. Long results are compared by their number, their beginning, their end, and a
// piece from somewhere in between.

import Foundation
import MunimentFormat
import MunimentInput
import MunimentStore
import Testing

@testable import Muniment

private final class ScaleFixture {
    let folder: TemporaryFolder
    let path: String
    private(set) var model = ScaleModel()
    private(set) var size: UInt64 = 0
    /// Conditions that records of the mailbox meet.
    private(set) var known: [ModelQuery] = []
    private(set) var messageCount = 0

    /// The mailbox of real messages, where the shared data are.
    private static let mailbox: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let folder = ProcessInfo.processInfo.environment["MUNIMENT_SHARED"] ?? root + "/../shared"
        let path = folder + "/data/mail-spamassassin/spamassassin.mbox"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    init(seed: UInt64, recordCount: Int) throws {
        folder = try TemporaryFolder()
        path = folder.path + "/archive"
        var options = StoreOptions()
        // At least five segments are sealed, and none is larger than an archive's are.
        options.limits.segmentEntryCount = min(Limits.entriesPerSegment, recordCount / 6 + 64)
        options.checkpointCadence = 3_600_000_000
        let store = try LogStore.create(POSIXFileSystem(), path, origin: "example.org/scale", options: options)
        _ = try store.appendClass(ClassRecord(classID: 2, name: "mail", indexed: ["from", "size", "subject"]))
        _ = try store.appendClass(ClassRecord(classID: 3, name: "bare", compression: .record, indexed: []))
        var random = QueryGenerator(seed: seed)
        if let mailbox = Self.mailbox {
            try append(mailbox, to: store, &random)
        } else {
            print("no mailbox: generated records only")
        }
        try append(recordCount, to: store, &random)
        try store.waitForSeals()
        try store.close()
        let snapshot = try ArchiveReader(at: path).snapshot
        size = snapshot.size
        var place = 0
        try snapshot.forEachRecord(matching: Muniment.Predicate.all([])) { record in
            guard place < self.model.indexes.count, self.model.indexes[place] == record.index else { return false }
            self.model.setRecorded(place, record.recordedAt)
            place += 1
            return true
        }
        #expect(place == model.indexes.count, "a scan without a condition ends at record \(place)")
    }

    /// All messages, as the command takes them: half of them in a class whose `to` is not indexed.
    private func append(_ mailbox: String, to store: LogStore, _ random: inout QueryGenerator) throws {
        let reader = RecordReader(
            format: .mbox, source: MemorySource([UInt8](try Data(contentsOf: URL(filePath: mailbox)))))
        while let message = try reader.next() {
            let attributes = message.attributes.map(Self.attribute)
            messageCount += 1
            let classNumber = messageCount % 2
            let batch = RecordBatch(classID: UInt32(classNumber + 1), hasOccurred: message.occurredAt != nil)
            batch.append(
                payload: message.payload, attributes: ContentEncoder.canonical(attributes), occurred: message.occurredAt
            )
            model.append(classNumber: classNumber, occurred: message.occurredAt, attributes)
            let index = try store.append([batch]).firstIndex
            model.place(model.indexes.count - 1, at: index)
            if random.chance(20) { remember(attributes, message.occurredAt, &random) }
        }
    }

    private static func attribute(_ found: InputAttribute) -> Attribute {
        let name = String(decoding: found.name, as: UTF8.self)
        return switch found.value {
        case .text(let text): Attribute(name, .text(String(decoding: text, as: UTF8.self)))
        case .integer(let integer): Attribute(name, .integer(integer))
        case .bytes(let bytes): Attribute(name, .bytes(bytes))
        }
    }

    private func remember(_ attributes: [Attribute], _ occurred: Microseconds?, _ random: inout QueryGenerator) {
        for attribute in attributes {
            guard case .text(let text) = attribute.value else { continue }
            known.append(.equals(attribute.name, text))
            known.append(.prefix(attribute.name, String(decoding: text.utf8.prefix(random.int(1...6)), as: UTF8.self)))
        }
        if let occurred { known.append(.time(occurred, occurred + Int64(random.int(1...60)) * 86_400_000_000)) }
    }

    private func append(_ recordCount: Int, to store: LogStore, _ random: inout QueryGenerator) throws {
        var number = 0
        while number < recordCount {
            // None fills a segment by itself.
            let large = min(4_000, recordCount / 20)
            let wanted = random.chance(50) ? random.int(large / 8...large) : random.int(1...30)
            let count = min(recordCount - number, wanted)
            let classNumber = random.pick([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])
            let hasOccurred = random.chance(60)
            let batch = RecordBatch(classID: UInt32(classNumber + 1), hasOccurred: hasOccurred)
            let first = model.indexes.count
            for number in number..<number + count {
                let occurred = hasOccurred ? random.time() : nil
                var attributes = random.chance(90) ? random.attributes(number) : []
                if random.chance(50) {
                    attributes.append(Attribute("@stream", .text(random.pick(QueryGenerator.streams))))
                }
                Array("payload \(number)".utf8).withUnsafeBytes {
                    batch.append(payload: $0, attributes: ContentEncoder.canonical(attributes), occurred: occurred)
                }
                model.append(classNumber: classNumber, occurred: occurred, attributes)
            }
            let receipt = try store.append([batch])
            for place in 0..<count { model.place(first + place, at: receipt.firstIndex + UInt64(place)) }
            number += count
        }
    }
}

@Suite struct QueryScaleTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isNightly = environment["MUNIMENT_NIGHTLY"] == "1"
    private static let seed = environment["MUNIMENT_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
    private static let recordCount =
        environment["MUNIMENT_RECORDS"].flatMap { Int($0) } ?? (isNightly ? 1_000_000 : 5_000)
    private static let queryCount = environment["MUNIMENT_QUERIES"].flatMap { Int($0) } ?? (isNightly ? 2_000 : 40)

    @Test func queriesFindWhatAScanFinds() throws {
        print("MUNIMENT_SEED=\(Self.seed)")
        let fixture = try ScaleFixture(seed: Self.seed, recordCount: Self.recordCount)
        let snapshot = try ArchiveReader(at: fixture.path).snapshot
        #expect(try snapshot.reader.segments.filter { try $0.index() != nil }.count >= 3)
        var random = QueryGenerator(seed: Self.seed ^ 3)
        random.known = fixture.known
        var (hitCount, handedOut) = (0, 0)
        var (pages, counts): ([Duration], [Duration]) = ([], [])
        for _ in 0..<Self.queryCount {
            let query = random.query(fixture.size)
            let truths = fixture.model.holds(query)
            let expected = truths.indices.filter { truths[$0] }.map { fixture.model.indexes[$0] }
            hitCount += expected.count
            let clock = ContinuousClock()
            var count: UInt64 = 0
            let counting = try clock.measure { count = try snapshot.recordCount(matching: query.predicate) }
            counts.append(counting)
            #expect(count == UInt64(expected.count), "\(query)")
            for (isReversed, after, limit) in Self.pieces(of: expected, &random) {
                var found: [UInt64] = []
                let paging = try clock.measure {
                    try snapshot.forEachRecord(matching: query.predicate, after: after, isReversed: isReversed) {
                        found.append($0.index)
                        return found.count < limit
                    }
                }
                pages.append(paging)
                handedOut += found.count
                let rest = isReversed ? expected.reversed() : expected
                let wanted = rest.drop { index in after.map { isReversed ? index >= $0 : index <= $0 } ?? false }
                    .prefix(limit)
                #expect(found == Array(wanted), "\(query) after \(after ?? 0), reversed \(isReversed)")
            }
        }
        func middle(_ list: [Duration], _ part: Int) -> Duration { list.sorted()[(list.count - 1) * part / 100] }
        print(
            "query scale: \(fixture.messageCount) messages and \(Self.recordCount) records, \(Self.queryCount) queries with \(hitCount) hits, "
                + "\(handedOut) handed out; a count takes \(middle(counts, 50)) (median), \(middle(counts, 99)) (99 %); a page of 200 "
                + "\(middle(pages, 50)), \(middle(pages, 99))")
    }

    /// What of a result is looked at: all of a short one, both ways; of a long one its ends and a piece between them.
    private static func pieces(
        of expected: [UInt64], _ random: inout QueryGenerator
    ) -> [(isReversed: Bool, after: UInt64?, limit: Int)] {
        if expected.count <= 200 { return [(random.chance(50), nil, .max)] }
        let between = random.pick(expected) + UInt64(random.int(0...1))
        return [(false, nil, 200), (true, nil, 200), (random.chance(50), between, 200)]
    }
}
