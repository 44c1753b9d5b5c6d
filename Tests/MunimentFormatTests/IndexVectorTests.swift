// The index's structures against vectors that were written in Python from Format/index.md.

import Foundation
import MunimentFormat
import Testing

extension Codec {
    static let index: [Codec] = [
        Codec("index-directory.json") { try $0.decode(IndexDirectory.init(decoding:)).encoded() },
        Codec("index-page.json", recodedTermPage),
        Codec("index-top.json", recodedTop),
    ]

    /// The page's entries, written again.
    @Sendable static func recodedTermPage(_ bytes: [UInt8]) throws -> [UInt8] {
        var writer = IndexTermWriter()
        for (term, runs) in try terms(bytes) { term.withUnsafeBytes { writer.append($0, runs) } }
        writer.finish()
        return writer.pages
    }

    static func terms(_ bytes: [UInt8]) throws -> [(term: [UInt8], runs: [Range<UInt32>])] {
        try bytes.decode { raw throws(FormatError) in
            var found: [(term: [UInt8], runs: [Range<UInt32>])] = []
            var reader = try IndexTermReader(decoding: raw)
            while var postings = try reader.next() {
                var runs: [Range<UInt32>] = []
                while let run = try postings.next() { runs.append(run) }
                found.append((reader.term, runs))
            }
            return found
        }
    }

    /// The top of as many pages as there are separators for: the count stands in the directory.
    @Sendable static func recodedTop(_ bytes: [UInt8]) throws -> [UInt8] {
        var refusal = FormatError(.truncated, "index top", at: 0, "no count fits")
        for count in 1...max(1, bytes.count / 2) {
            do { return try recodedTop(bytes, count: count) } catch let error as FormatError { refusal = error }
        }
        throw refusal
    }

    static func recodedTop(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
        try bytes.decode { raw throws(FormatError) in try IndexTop(decoding: raw, termPageCount: count) }.encoded()
    }
}

@Suite struct IndexVectorTests {
    private struct DirectoryFields: Decodable {
        struct Group: Decodable {
            var `class`: UInt32
            var flags: UInt32
            var timeFirst: Int64
            var timeLast: Int64
            var filterPageCount: UInt32
            var termPageCount: UInt32
            var topPageCount: UInt32
            var salt: Spelt
            var digest: Spelt
        }
        var groups: [Group]
    }

    @Test func directories() throws {
        for vector in try VectorFile<DirectoryFields>("index-directory.json").good {
            let directory = IndexDirectory(
                groups: vector.fields.groups.map {
                    IndexDirectory.Group(
                        classID: $0.class, flags: $0.flags, timeFirst: $0.timeFirst, timeLast: $0.timeLast,
                        filterPageCount: $0.filterPageCount, termPageCount: $0.termPageCount,
                        topPageCount: $0.topPageCount, salt: $0.salt.digest, digest: $0.digest.digest)
                })
            #expect(directory.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(IndexDirectory.init(decoding:)) == directory)
            var firstPage = 0
            for group in directory.groups {
                #expect(try #require(directory.group(group.classID)) == (group, firstPage))
                firstPage += group.pageCount
            }
            #expect(directory.regionByteCount == UInt64(firstPage) * 4_096)
            #expect(directory.group(999) == nil)
        }
    }

    private struct PageFields: Decodable {
        struct Term: Decodable {
            var term: Spelt
            var runs: [[UInt32]]
        }
        var terms: [Term]
    }

    @Test func termPages() throws {
        for vector in try VectorFile<PageFields>("index-page.json").good {
            let terms = try Codec.terms(vector.bytes)
            #expect(terms.map(\.term) == vector.fields.terms.map(\.term.bytes))
            #expect(terms.map { $0.runs.map { [$0.lowerBound, $0.upperBound] } } == vector.fields.terms.map(\.runs))
        }
    }

    private struct TopFields: Decodable {
        var count: Int
        var names: [Spelt]
        var separators: [Spelt]
    }

    @Test func tops() throws {
        let file = try VectorFile<TopFields>("index-top.json")
        for vector in file.good {
            let top = IndexTop(
                names: vector.fields.names.map(\.bytes), separators: vector.fields.separators.map(\.bytes))
            #expect(top.encoded() == vector.bytes)
            #expect(try Codec.recodedTop(vector.bytes, count: vector.fields.count) == vector.bytes)
        }
        for vector in file.bad {
            let error = #expect(throws: FormatError.self, "\(vector.name)") {
                try Codec.recodedTop(vector.bytes, count: vector.count ?? 1)
            }
            #expect(error?.code.rawValue == vector.error, "\(vector.name)")
        }
    }

    /// A term is found from the page that the top names, wherever it stands, and where it is not.
    @Test func firstPagesAreNeverTooLate() throws {
        var random = SeededGenerator(seed: 11)
        var terms: Set<[UInt8]> = []
        while terms.count < 2_000 { terms.insert(IndexTerm.attribute(Array("a\(random.int(0...9_999))".utf8))) }
        let sorted = terms.sorted { $0.lexicographicallyPrecedes($1) }
        var writer = IndexTermWriter()
        for (place, term) in sorted.enumerated() {
            // Some have so many records that they fill pages.
            let step = UInt32(place % 500 == 7 ? 3 : 40_000)
            let runs = stride(from: UInt32(place), to: 30_000 + UInt32(place), by: Int(step)).map { $0..<$0 + 1 }
            term.withUnsafeBytes { writer.append($0, runs) }
        }
        writer.finish()
        let pages = writer.pages
        let top = IndexTop(names: [], separators: writer.separators)
        var firstPage: [[UInt8]: Int] = [:]
        var lastPage: [[UInt8]: Int] = [:]
        for page in 0..<writer.pageCount {
            let plain = Array(pages[page * IndexPage.plainByteCount..<(page + 1) * IndexPage.plainByteCount])
            for (term, _) in try Codec.terms(plain) {
                firstPage[term] = firstPage[term] ?? page
                lastPage[term] = page
            }
        }
        #expect(firstPage.count == sorted.count && writer.pageCount > 10)
        for (term, page) in firstPage {
            #expect(top.firstPage(of: term) <= page && top.firstPage(of: term) >= page - 1)
            #expect(try top.firstPage(of: term + [0]) <= #require(lastPage[term]))
        }
        #expect(try Codec.recodedTop(top.encoded(), count: top.separators.count) == top.encoded())
    }

    @Test func filtersHoldWhatWasPutIn() throws {
        var random = SeededGenerator(seed: 5)
        let hashes = (0..<10_000).map { _ in IndexFilter.Hash(first: random.next(), second: random.next()) }
        var filter = IndexFilter(termCount: hashes.count)
        for hash in hashes { filter.insert(hash) }
        let pages = filter.pages()
        let pageCount = pages.count / IndexPage.plainByteCount
        #expect(pageCount == 4)
        func mayContain(_ hash: IndexFilter.Hash) throws -> Bool {
            let start = hash.page(of: pageCount) * IndexPage.plainByteCount
            return try Array(pages[start..<start + IndexPage.plainByteCount]).decode { raw throws(FormatError) in
                try IndexFilter.mayContain(hash, decoding: raw)
            }
        }
        for hash in hashes { #expect(try mayContain(hash)) }
        let strangers = try (0..<10_000).filter { _ in
            try mayContain(IndexFilter.Hash(first: random.next(), second: random.next()))
        }
        #expect(strangers.count < 200, "\(strangers.count) of 10,000 strangers pass; about 90 should")
    }
}
