// A whole index, from records to sealed pages, against the one that Python made from Format/index.md; and that it depends on
// nothing but the records.

import Foundation
import MunimentCrypto
import MunimentFormat
import Testing

@testable import MunimentStore

@Suite struct IndexBuilderTests {
    private struct Vector: Decodable {
        var logID: String
        var segment: UInt64
        var `class`: UInt32
        var groupKey: String
        var records: [String]
        struct FilterPlace: Decodable {
            var term: String
            var pages: [String: Int]
            var bits: String
        }
        var filterPlaces: [FilterPlace]
        var plain: [String]
        var salt: String
        var pages: [String]
        var digest: String
        var directory: String
        var root: String
    }

    private struct Listed {
        var ordinal: UInt32
        var time: Microseconds
        var content: [UInt8]
    }

    private let vector: Vector
    private let key: IndexKey
    private let records: [Listed]

    init() throws {
        var file = URL(filePath: #filePath)
        for _ in 0..<3 { file.deleteLastPathComponent() }
        file.append(path: "Format/vectors/index.json")
        vector = try JSONDecoder().decode(Vector.self, from: Data(contentsOf: file))
        let place = GroupPlace(
            logID: try #require(Digest(Self.bytes(vector.logID))), segment: vector.segment, classID: vector.class)
        key = IndexKey(GroupKey(key: SecretKey(copying: Self.bytes(vector.groupKey)), place: place))
        records = try vector.records.map { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            let attributes = fields[2].split(separator: ",").map { Self.bytes(String($0)) }
            return Listed(
                ordinal: try #require(UInt32(fields[0])), time: try #require(Int64(fields[1])),
                content: ContentEncoder.head(attributes: attributes, payloadByteCount: 0))
        }
    }

    /// Hexadecimal with `00x40` between spaces for 40 zero bytes.
    private static func bytes(_ text: String) -> [UInt8] {
        text.split(separator: " ").flatMap { word in
            if word.hasPrefix("00x"), let count = Int(word.dropFirst(3)) { return [UInt8](repeating: 0, count: count) }
            return Hexadecimal.bytes(String(word)) ?? []
        }
    }

    private func build(names: [[UInt8]]? = nil) throws -> (group: IndexDirectory.Group, pages: [UInt8]) {
        let builder = GroupIndexBuilder(classID: vector.class, names: names)
        for record in records { builder.add(record.time, record.ordinal..<record.ordinal + 1) }
        for record in records {
            let layout = try record.content.decode(ContentLayout.init(decoding:))
            try record.content.decode { raw throws(FormatError) in try builder.add(record.ordinal, layout, in: raw) }
        }
        return builder.finish(key)
    }

    @Test func pagesAreThoseOfTheVector() throws {
        let made = try build()
        #expect(made.pages == vector.pages.flatMap { Self.bytes($0) })
        #expect(made.group.salt.bytes == Self.bytes(vector.salt))
        #expect(made.group.digest.bytes == Self.bytes(vector.digest))
        let directory = IndexDirectory(groups: [made.group]).encoded()
        #expect(directory == Self.bytes(vector.directory))
        #expect(IndexDirectory.root(ofEncoded: directory).bytes == Self.bytes(vector.root))
        #expect(IndexDirectory.root(ofEncoded: []) == .zero)
    }

    @Test func pagesOpenInTheirPlaceAlone() throws {
        let made = try build()
        let count = made.group.pageCount
        let cipher = key.pages(salt: made.group.salt, pageCount: count)
        for page in 0..<count {
            let sealed = Array(made.pages[page * IndexPage.byteCount..<(page + 1) * IndexPage.byteCount])
            let plain = sealed.withUnsafeBytes { cipher.open($0, page: page) }
            #expect(plain == Self.bytes(vector.plain[page]))
            #expect(sealed.withUnsafeBytes { cipher.open($0, page: (page + 1) % count) } == nil)
            let other = key.pages(salt: .zero, pageCount: count)
            #expect(sealed.withUnsafeBytes { other.open($0, page: page) } == nil)
            #expect(sealed.dropLast().withUnsafeBytes { cipher.open($0, page: page) } == nil)
        }
    }

    @Test func filterPlacesAreThoseOfTheVector() {
        for place in vector.filterPlaces {
            let hash = Self.bytes(place.term).withUnsafeBytes { key.filterHash($0) }
            for (count, page) in place.pages { #expect(hash.page(of: Int(count) ?? 0) == page, "\(place.term)") }
            var filter = IndexFilter(pageCount: 1)
            filter.insert(hash)
            let body = filter.pages()[IndexPage.headByteCount...]
            let bits = Set(place.bits.split(separator: " ").compactMap { Int($0) })
            let found = (0..<IndexFilter.pageByteCount * 8).filter {
                body[body.startIndex + $0 >> 3] & 1 << UInt8($0 & 7) != 0
            }
            #expect(Set(found) == bits, "\(place.term)")
        }
    }

    @Test func otherNamesGiveAnotherKey() throws {
        let (all, some) = (try build(), try build(names: [Array("from".utf8)]))
        #expect(all.group.salt != some.group.salt)
        #expect(all.group.flags == 1 && some.group.flags == 0)
        #expect(some.group.termPageCount < all.group.termPageCount)
    }

    /// An index that would take too much memory is given up, whatever order its records come in.
    @Test func hugeIndexesAreRefused() throws {
        let builder = SegmentIndexBuilder(firstIndex: 0) { _ in nil }
        for index in 0..<UInt64(700) {
            let columns = EntryColumns.ofRun(1, classID: 1, recorded: 7)
            builder.add(entriesOf: Self.header(firstIndex: index), columns)
            let attributes = (0..<400).map {
                Attribute("n\($0)", .text(String(repeating: "x", count: 300) + "\(index)"))
            }
            let content = ContentEncoder.head(
                attributes: ContentEncoder.canonical(attributes), payloadByteCount: 0)
            try content.decode { raw throws(FormatError) in
                try builder.add(index, classID: 1, ContentLayout(decoding: raw), in: raw)
            }
        }
        let index = try builder.finish { _ in
            GroupKey(key: .random(), place: GroupPlace(logID: .zero, segment: 0, classID: 1))
        }
        #expect(index == nil)
    }

    private static func header(firstIndex: UInt64) -> FrameHeader {
        FrameHeader(
            session: [UInt8](repeating: 0, count: 16), offset: 4_096, segment: 0, generation: 0, entryCount: 1,
            firstIndex: firstIndex, root: .zero, firstPart: 0, entriesByteCount: 0, partCount: 0, bodyByteCount: 0)
    }
}

extension EntryColumns {
    /// The columns of one run of plain records.
    fileprivate static func ofRun(_ count: Int, classID: UInt32, recorded: Microseconds) -> EntryColumns {
        var bytes = encodedRuns([
            EntryRun(count: count, kind: .record, flags: 0, classID: classID, recorded: recorded)
        ])
        bytes.append(zeros: count * Digest.byteCount)
        guard
            let columns = try? bytes.decode({ raw throws(FormatError) in try EntryColumns(decoding: raw, count: count) }
            )
        else { preconditionFailure("a run that was just encoded") }
        return columns
    }
}
