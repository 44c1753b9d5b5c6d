// Attacks on the index of a sealed segment, by which a query could be made to miss records.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onIndexes: [Attack] = [
        Attack("a page of an index is changed", on: .classes, [.indexDigest], keys: [.indexSealed]) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                let pages = Int(try #require(try ForgedSegment("", segment.bytes).footer).framesEnd)
                segment.bytes[pages + 700] ^= 1
            }
        },
        Attack("the filter of an index is cleared", on: .classes, [.indexDigest], keys: [.indexSealed]) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                let pages = Int(try #require(try ForgedSegment("", segment.bytes).footer).framesEnd)
                segment.bytes.replaceSubrange(
                    pages..<pages + IndexPage.byteCount, with: [UInt8](repeating: 0, count: IndexPage.byteCount))
            }
        },
        index("a page of an index is changed, its digest mended", [.sealMismatch], keys: [.indexSealed]) {
            segment, directory in
            segment.pages[700] ^= 1
            mendDigests(segment.pages, &directory)
        },
        index("two pages of an index change places, the digest mended", [.sealMismatch], keys: [.indexSealed]) {
            segment, directory in
            let (first, second) = (
                Array(segment.pages[..<IndexPage.byteCount]),
                Array(segment.pages[IndexPage.byteCount..<2 * IndexPage.byteCount])
            )
            segment.pages.replaceSubrange(..<(2 * IndexPage.byteCount), with: second + first)
            mendDigests(segment.pages, &directory)
        },
        index("an index says that its group was purged", [.sealMismatch, .indexTerms]) { segment, directory in
            let group = directory.groups[0]
            directory.groups[0] = IndexDirectory.Group(
                classID: group.classID, flags: group.flags, timeFirst: group.timeFirst, timeLast: group.timeLast,
                filterPageCount: 0, termPageCount: 0, topPageCount: 0, salt: .zero, digest: .zero)
            segment.pages.removeFirst(group.pageCount * IndexPage.byteCount)
        },
        index("an index states later first times", [.sealMismatch, .indexTimes]) { $1.groups[0].timeFirst += 1 },
        index("an index leaves out a class", [.sealMismatch, .indexTimes]) { segment, directory in
            segment.pages.removeLast(directory.groups[1].pageCount * IndexPage.byteCount)
            directory.groups.removeLast()
        },
        index("the index is taken out", [.sealMismatch]) { segment, directory in
            segment.pages = []
            directory.groups = []
        },
        Attack(
            "an index that was made with the keys leaves a record out", on: .classes, [.sealMismatch],
            keys: [.indexTerms]
        ) { fixture in
            let remade = try IndexForge(fixture, segment: 0)
            try fixture.forgeBelowTheSeal { try remade.put(into: &$0.segments[0]) { $0 == 7 ? [] : $1 } }
        },
        Attack(
            "an index that was made with the keys leaves a record out, everything mended", on: .classes,
            [.checkpointRoot],
            keys: [.indexTerms, .keySigner]
        ) { fixture in
            let remade = try IndexForge(fixture, segment: 0)
            try fixture.forge { try remade.put(into: &$0.segments[0]) { $0 == 7 ? [] : $1 } }
        },
    ]

    private static func index(
        _ name: String, _ found: Set<Finding.Code>, keys more: Set<Finding.Code> = [],
        _ change: @escaping @Sendable (inout ForgedSegment, inout IndexDirectory) -> Void
    ) -> Attack {
        Attack(name, on: .classes, found, keys: more) { fixture in
            try fixture.forgeBelowTheSeal { store in
                guard let bytes = store.segments[0].footer?.index else { return }
                var directory = try bytes.decode(IndexDirectory.init(decoding:))
                change(&store.segments[0], &directory)
                store.segments[0].footer?.index = directory.groups.isEmpty ? [] : directory.encoded()
            }
        }
    }

    /// The digests of the groups' pages.
    private static func mendDigests(_ pages: [UInt8], _ directory: inout IndexDirectory) {
        var start = 0
        for place in directory.groups.indices {
            let count = directory.groups[place].pageCount * IndexPage.byteCount
            var tree = TreeFrontier()
            for page in stride(from: start, to: start + count, by: IndexPage.byteCount) {
                let bytes = Array(pages[page..<page + IndexPage.byteCount])
                tree.append(leaf: bytes.withUnsafeBytes { SHA256.hash(tag: IndexDirectory.pageTag, body: $0) })
            }
            directory.groups[place].digest = tree.root()
            start += count
        }
    }
}
