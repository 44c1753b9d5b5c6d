// Makes the index of class 1 in a sealed segment anew with the store's keys, so that it may lie about what its records hold.

import Foundation
import MunimentCrypto
import MunimentFormat
import Testing

@testable import MunimentStore

struct IndexForge {
    private struct Listed {
        let ordinal: UInt32
        let time: Microseconds
        let attributes: [Attribute]
    }

    /// What a builder is told of a record, by its place in the segment: what it holds, or a lie.
    typealias Lie = (_ ordinal: UInt32, _ attributes: [Attribute]) -> [Attribute]

    private let records: [Listed]
    private let key: IndexKey

    /// Reads the records of class 1 of a segment, in a copy of the store.
    init(_ fixture: StoreFixture, segment: Int) throws {
        let copy = try fixture.copy()
        let footer = try #require(try ForgedStore(copy).segments[segment].footer)
        key = IndexKey(try copy.keyRing().group(segment: footer.segment, classID: 1).key)
        let store = try LogStore.open(POSIXFileSystem(), copy.path, options: StoreFixture.options(200))
        defer { try? store.close() }
        records = try (footer.firstIndex..<footer.firstIndex + footer.entryCount).compactMap { index in
            let entry = try store.reader.entry(index).decode(Entry.init(decoding:))
            guard entry.kind == .record, entry.classID == 1 else { return nil }
            return Listed(
                ordinal: UInt32(index - footer.firstIndex), time: entry.occurred ?? entry.recorded,
                attributes: try store.reader.content(index).attributes())
        }
    }

    /// The group's row and pages as `lie` has them; without a lie the very ones that the engine made.
    func made(_ lie: Lie) throws -> (group: IndexDirectory.Group, pages: [UInt8]) {
        let builder = GroupIndexBuilder(classID: 1, names: nil)
        for record in records {
            builder.add(record.time, record.ordinal..<record.ordinal + 1)
            let attributes = ContentEncoder.canonical(lie(record.ordinal, record.attributes))
            let content = ContentEncoder.head(attributes: attributes, payloadByteCount: 0)
            try content.decode { raw throws(FormatError) in
                try builder.add(record.ordinal, ContentLayout(decoding: raw), in: raw)
            }
        }
        return builder.finish(key)
    }

    /// Puts it in place of the segment's own.
    func put(into segment: inout ForgedSegment, _ lie: Lie) throws {
        let footer = try #require(segment.footer)
        var directory = try footer.index.decode(IndexDirectory.init(decoding:))
        let made = try made(lie)
        let old = try #require(directory.groups.first)
        segment.pages.replaceSubrange(..<(old.pageCount * IndexPage.byteCount), with: made.pages)
        directory.groups[0] = made.group
        segment.footer?.index = directory.encoded()
    }
}
