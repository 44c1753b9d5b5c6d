// What someone does to the index of a sealed segment: who has no key damages it, who has the keys makes it lie.

import Foundation
import MunimentFormat
import Testing

@testable import MunimentStore
@testable import MunimentVerify

@Suite struct IndexTamperTests {
    private let fixture: StoreFixture
    private let file: String

    init() throws {
        fixture = try StoreFixture(segmentEntryCount: 200) { store in
            for round in 0..<40 {
                let attributes = [
                    Attribute("from", .text("user\(round % 5)")), Attribute("id", .text("message \(round)")),
                    Attribute(Attribute.streamName, .text("general")),
                ]
                _ = try store.append([
                    batch(
                        (0..<5).map { Array("\(round) \($0)".utf8) }, attributes: attributes,
                        occurred: Int64(round) * 1_000)
                ])
            }
        }
        file = try #require(fixture.files().first { $0.hasSuffix(".seg") })
    }

    /// A sealed segment file in pieces.
    private struct Pieces {
        var frames: [UInt8]
        var pages: [UInt8]
        var footer: Footer

        init(_ bytes: [UInt8]) throws {
            let trailer = Array(bytes.suffix(Footer.trailerByteCount))
            let count = try #require(trailer.withUnsafeBytes { Footer.claimedByteCount(trailer: $0) })
            footer = try Array(bytes.suffix(count)).decode(Footer.init(decoding:))
            frames = Array(bytes[..<Int(footer.framesEnd)])
            pages = Array(bytes[Int(footer.framesEnd)..<(bytes.count - count)])
        }

        var directory: IndexDirectory {
            get throws { try footer.index.decode(IndexDirectory.init(decoding:)) }
        }

        var bytes: [UInt8] { frames + pages + footer.encoded() }
    }

    /// The codes of errors, but for the directory's row, which has the digest of the footer that was.
    private func codes(keys: Bool) throws -> Set<String> {
        let errors = try fixture.verify(keys: keys).findings.filter { $0.severity == .error }
        return Set(errors.map(\.code.rawValue)).subtracting(["directory.row"])
    }

    @Test func theIndexIsThere() throws {
        let pieces = try Pieces(fixture.read(file))
        let directory = try pieces.directory
        #expect(directory.groups.map(\.classID) == [1])
        #expect(UInt64(pieces.pages.count) == directory.regionByteCount && !pieces.pages.isEmpty)
        #expect(try codes(keys: false) == [] && codes(keys: true) == [])
    }

    @Test func everyPageChanged() throws {
        let whole = try fixture.read(file)
        let pieces = try Pieces(whole)
        let cleared = [UInt8](repeating: 0, count: pieces.pages.count)
        for page in 0..<pieces.pages.count / IndexPage.byteCount {
            var changed = pieces
            changed.pages[page * IndexPage.byteCount + (page * 397 + 5) % IndexPage.byteCount] ^= 1
            try fixture.write(file, changed.bytes)
            #expect(try codes(keys: false) == ["index.digest"], "page \(page)")
            #expect(try codes(keys: true) == ["index.digest", "index.sealed"], "page \(page)")
        }
        var changed = pieces
        changed.pages = cleared
        try fixture.write(file, changed.bytes)
        #expect(try codes(keys: false) == ["index.digest"])
        try fixture.write(file, whole)
        #expect(try codes(keys: true) == [])
    }

    @Test func theDirectoryChanged() throws {
        let whole = try fixture.read(file)
        let changes: [(String, (inout IndexDirectory) -> Void)] = [
            ("index.times", { $0.groups[0].timeLast += 1 }),
            ("index.times", { $0.groups[0].classID += 1 }),
            ("index.digest", { $0.groups[0].digest = .zero }),
        ]
        for (code, change) in changes {
            var pieces = try Pieces(whole)
            var directory = try pieces.directory
            change(&directory)
            pieces.footer.index = directory.encoded()
            try fixture.write(file, pieces.bytes)
            let found = try codes(keys: false)
            #expect(found.isSuperset(of: ["seal.mismatch", code]), "\(found)")
        }
        // More pages than there are: the frames are taken for pages, and pages for frames.
        var pieces = try Pieces(whole)
        var directory = try pieces.directory
        directory.groups[0].termPageCount += 1
        pieces.footer.index = directory.encoded()
        try fixture.write(file, pieces.bytes)
        #expect(try codes(keys: true).contains("seal.mismatch"))
        directory.groups[0].termPageCount = 16_000
        pieces.footer.index = directory.encoded()
        try fixture.write(file, pieces.bytes)
        #expect(try codes(keys: true).contains("index.malformed"))
    }

    /// A group that says that it is purged has no page to be checked, and hides every record of its class from queries.
    @Test func aGroupSaidToBePurged() throws {
        var pieces = try Pieces(fixture.read(file))
        var directory = try pieces.directory
        let group = directory.groups[0]
        directory.groups[0] = IndexDirectory.Group(
            classID: group.classID, flags: group.flags, timeFirst: group.timeFirst, timeLast: group.timeLast,
            filterPageCount: 0, termPageCount: 0, topPageCount: 0, salt: .zero, digest: .zero)
        pieces.footer.index = directory.encoded()
        pieces.pages = []
        try fixture.write(file, pieces.bytes)
        for keys in [false, true] {
            #expect(try codes(keys: keys) == ["seal.mismatch", "index.terms"])
            guard SecondVerifier.isInstalled else { continue }
            #expect(try SecondVerifier.verify(fixture, keys: keys).contains { $0.finding == "index.terms" })
        }
    }

    /// An index that was made with the keys and leaves records out, or lists others: its digests are right, and so would be a seal over
    /// them. Only the contents tell.
    @Test func lyingIndexes() throws {
        let whole = try fixture.read(file)
        let forge = try IndexForge(fixture, segment: 0)
        let lies: [(String, (UInt32, [Attribute]) -> [Attribute])] = [
            ("a record is left out", { $0 == 50 ? [] : $1 }),
            ("a term of one record is left out", { $0 == 50 ? Array($1.dropFirst()) : $1 }),
            (
                "a record is listed under another term",
                { $0 == 50 ? [Attribute("from", .text("nobody"))] + $1.dropFirst() : $1 }
            ),
            ("a term is added", { $0 == 50 ? $1 + [Attribute("to", .text("all"))] : $1 }),
        ]
        for (name, lie) in lies {
            var pieces = try Pieces(whole)
            let forged = try forge.made(lie)
            pieces.pages = forged.pages
            pieces.footer.index = IndexDirectory(groups: [forged.group]).encoded()
            try fixture.write(file, pieces.bytes)
            #expect(try codes(keys: false) == ["seal.mismatch"], "\(name)")
            #expect(try codes(keys: true) == ["seal.mismatch", "index.terms"], "\(name)")
        }
        // Without a lie the index is the same to the last byte.
        let pieces = try Pieces(whole)
        #expect(try forge.made { $1 }.pages == pieces.pages)
    }
}
