// What holds are told of a record's attributes: a part at a time, and never anything else than the record alone would say.

import MunimentFormat
import MunimentStore
import Testing

@testable import Muniment

@Suite struct FrameAttributesTests {
    /// Two classes in turns, of which one is held in part; parts that hold many records, and records that need several parts.
    private struct Fixture {
        let store: CompactionFixture
        let folder: TemporaryFolder
        /// By index; nil for a record without attributes.
        var senders: [UInt64: String?] = [:]

        init() throws {
            folder = try TemporaryFolder()
            store = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive")
            for round in 0..<3 {
                let batches = (0..<40).map { place in
                    let batch = RecordBatch(classID: place % 2 == 0 ? 2 : 4, hasOccurred: true)
                    for number in 0...place % 7 {
                        let text = "\(round) \(place) \(number) " + String(repeating: "lorem ", count: 300 * number)
                        let payload = place == 11 ? [UInt8](repeating: 9, count: 150_000) : Array(text.utf8)
                        let from = Fixture.sender(round, place, number).map { [Attribute("from", .text($0))] } ?? []
                        payload.withUnsafeBytes {
                            batch.append(
                                payload: $0, attributes: ContentEncoder.canonical(from),
                                occurred: CompactionFixture.past)
                        }
                    }
                    return batch
                }
                var index = try store.store.append(batches).firstIndex
                for (place, batch) in batches.enumerated() {
                    for number in 0..<batch.count {
                        senders.updateValue(Fixture.sender(round, place, number), forKey: index)
                        index += 1
                    }
                }
            }
        }

        private static func sender(_ round: Int, _ place: Int, _ number: Int) -> String? {
            (place + number) % 5 == 0 ? nil : "user\((round + place * 3 + number) % 9)@example.org"
        }

        /// What each record is said to say, frame by frame, from first to last.
        func said(aloneCount: (Int) -> Void = { _ in }) throws -> [UInt64: Bool?] {
            let log = ProvenLog(store.store)
            var said: [UInt64: Bool?] = [:]
            for index in senders.keys.sorted() {
                let frame = try log.reader.frame(containing: index)
                guard frame.header.firstIndex == index || said.isEmpty else { continue }
                try log.prove(frame)
                let attributes = FrameAttributes(frame, try log.reader.segment(containing: index), log)
                for record in frame.indexes where senders[record] != nil {
                    said.updateValue(try isFromUser3(attributes, frame, record), forKey: record)
                }
                aloneCount(attributes.aloneCount)
            }
            return said
        }

        func isFromUser3(_ attributes: FrameAttributes, _ frame: FrameView, _ index: UInt64) throws -> Bool? {
            let entry = try frame.entry(index).decode(Entry.init(decoding:))
            let wanted = Attribute("from", .text("user3@example.org")).encoded
            return try attributes.attributes(of: index, classID: entry.classID)?.contains { $0.elementsEqual(wanted) }
        }
    }

    @Test func partsSayWhatRecordsSay() throws {
        let fixture = try Fixture()
        let said = try fixture.said { #expect($0 == 0, "none is looked at one by one") }
        #expect(said.count == fixture.senders.count && fixture.senders.count > 400)
        for (index, sender) in fixture.senders {
            #expect(said[index] == .some(.some(sender == "user3@example.org")), "record \(index)")
        }
        try fixture.store.store.close()
    }

    /// After a purge some contents are gone, and the others carry their salts.
    @Test func purgedRecordsSayNothing() throws {
        let fixture = try Fixture()
        let held = Set(fixture.senders.keys.filter { $0 % 3 == 0 })
        var indexes = IndexSet()
        for index in held.sorted() { indexes.append(index..<index + 1) }
        let scope = HoldScope(indexes: indexes)
        _ = try fixture.store.store.appendControl(.hold) { _ in HoldRecord(matter: nil, scope: scope).encoded() }
        #expect(try fixture.store.compact().purged == UInt64(fixture.senders.count - held.count))
        let said = try fixture.said()
        for (index, sender) in fixture.senders {
            #expect(said[index] == .some(held.contains(index) ? sender == "user3@example.org" : nil), "record \(index)")
        }
        try fixture.store.store.close()
    }

    /// A content that is not what its entry commits to is unknown, and no other one is.
    @Test func oneDamagedRecordIsUnknown() throws {
        let fixture = try Fixture()
        let log = ProvenLog(fixture.store.store)
        let frame = try log.reader.frame(containing: fixture.senders.keys.max() ?? 0)
        let handle = try log.reader.segment(containing: frame.header.firstIndex)
        for ordinal in [0, 1, frame.header.entryCount / 2, frame.header.entryCount - 1] {
            var skeleton = frame.skeleton
            let column = frame.header.headerByteCount + frame.columns.commitmentsOffset
            skeleton[column + ordinal * Digest.byteCount] ^= 1
            let damaged = try FrameView(skeleton)
            let attributes = FrameAttributes(damaged, handle, log)
            for (place, index) in frame.indexes.enumerated() {
                let said = try fixture.isFromUser3(attributes, damaged, index)
                #expect((said == nil) == (place == ordinal), "entry \(place) with \(ordinal) damaged")
            }
        }
        try fixture.store.store.close()
    }
}
