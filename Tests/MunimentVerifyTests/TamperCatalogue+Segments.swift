// Attacks on segments as wholes, and on their footers.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onSegments: [Attack] = [
        Attack("the first segment is dropped", on: .segments, [.segmentGap, .segmentHeader, .sealMismatch, .treeLost]) {
            try $0.remove($0.segments()[0])
        },
        Attack(
            "a segment in the middle is dropped", on: .segments,
            [.segmentGap, .segmentHeader, .sealMismatch, .treeLost]
        ) { try $0.remove($0.segments()[1]) },
        Attack(
            "the log is cut off at a seal", on: .segments, [.checkpointAhead, .segmentGap, .treeTrailing],
            keys: [.keySigner]
        ) {
            try $0.remove($0.openSegment())
        },
        Attack(
            "a segment is another store's", on: .segments, foreignSegment.union([.directoryRow]),
            keys: [.keyCommitment, .keySigner]
        ) {
            fixture in
            let name = try fixture.sealedSegment()
            try fixture.write(name, StoreFixture.small().read(name))
        },
        Attack(
            "a segment is another store's, with this store's header", on: .segments, foreignSegment,
            keys: [.keyCommitment, .keySigner]
        ) { fixture in
            let name = try fixture.sealedSegment()
            let header = try fixture.read(name).prefix(Limits.blockByteCount)
            let other = try StoreFixture.small().read(name)
            try fixture.write(name, Array(header + other[Limits.blockByteCount...]))
            try fixture.changeSegment(name) { try $0.mendFooter() }
        },
        Attack(
            "two segments change names", on: .segments,
            [
                .segmentHeader, .segmentGap, .framePlace, .footerMismatch, .sealMismatch, .sealMissing, .treeLost,
                .directoryRow,
            ]
        ) { fixture in
            let names = try fixture.segments()
            let (first, second) = (try fixture.read(names[0]), try fixture.read(names[1]))
            try fixture.write(names[0], second)
            try fixture.write(names[1], first)
        },
        Attack(
            "a sealed segment is reopened: its footer is cut off", on: .segments,
            [.sealMismatch, .tailTorn, .directoryRow]
        ) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { $0.bytes.removeSubrange(try $0.footerOffset...) }
        },
        Attack(
            "the last seal is undone: segment reopened, what came after dropped", on: .segments,
            [.checkpointAhead, .segmentGap, .treeTrailing], keys: [.keySigner]
        ) {
            fixture in
            let names = try fixture.segments()
            try fixture.remove(names[names.count - 1])
            try fixture.changeSegment(names[names.count - 2]) {
                $0.bytes.removeSubrange(Int(try ForgedSegment("", $0.bytes).footer?.framesEnd ?? 0)...)
            }
            let row = (names.count - 2) * SegmentRow.byteCount
            try fixture.change("segments.dir") { $0.removeSubrange(row...) }
        },
        Attack(
            "a segment is put back to the generation before it was packed anew", on: .segments, [.sealMismatch],
            keys: [.partSealed]
        ) {
            fixture in
            let name = try #require(try fixture.segments().first { $0.hasSuffix("-0001.seg") })
            let old = name.replacingOccurrences(of: "-0001.seg", with: "-0000.seg")
            fixture.create(old, try fixture.read(name))
            try fixture.remove(name)
            try fixture.forge { store in
                let place = try #require(store.segments.firstIndex { $0.name == old })
                store.segments[place].header.generation = 0
            }
        },
        Attack(
            "a newer generation is put beside a segment", on: .segments, without: [.segmentLeftover],
            with: [.segmentLeftover], verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            let name = try fixture.openSegment()
            fixture.create(name.replacingOccurrences(of: "-0000", with: "-0007"), try fixture.read(name))
        },
        Attack("a segment is added after the last", on: .segments, [.segmentHeader, .tailTorn]) { fixture in
            let name = try fixture.openSegment()
            let number = try #require(SegmentHeader.parse(fileName: String(name.split(separator: "/").last ?? "")))
                .segment
            fixture.create(SegmentHeader.path(segment: number + 1, generation: 0), try fixture.read(name))
        },
        Attack("the header block of a sealed segment is edited", on: .segments, [.footerFrameDigest]) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                var header = try Array(segment.bytes[..<Limits.blockByteCount]).decode(SegmentHeader.init(decoding:))
                header.created -= 1
                segment.bytes.replaceSubrange(..<Limits.blockByteCount, with: header.encoded())
            }
        },
        Attack("the header block of a sealed segment is edited, the footer mended", on: .segments, [.sealMismatch]) {
            fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                var header = try Array(segment.bytes[..<Limits.blockByteCount]).decode(SegmentHeader.init(decoding:))
                header.created -= 1
                segment.bytes.replaceSubrange(..<Limits.blockByteCount, with: header.encoded())
                try segment.mendFooter()
            }
        },
        Attack("a segment says that it begins elsewhere", on: .segments, [.segmentHeader]) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { segment in
                var header = try Array(segment.bytes[..<Limits.blockByteCount]).decode(SegmentHeader.init(decoding:))
                header.firstIndex += 1
                segment.bytes.replaceSubrange(..<Limits.blockByteCount, with: header.encoded())
            }
        },
        footer("states an earlier first time", [.footerMismatch, .directoryRow]) { $0.recordedFirst -= 1 },
        footer("states another root", [.footerMismatch]) { $0.root = .zero },
        footer("counts a content too many", [.footerGroups]) { $0.groups[0].recordCount += 1 },
        footer("names another key's row", [.footerGroups]) { $0.groups[0].slot += 1 },
        footer("has another digest for a group", [.footerGroups]) { $0.groups[0].digest = .zero },
        footer("has another digest for a frame", [.footerFrameDigest]) { $0.frames[0].digest = .zero },
        footer("has another digest for its skeleton", [.footerFrameDigest]) { $0.skeletonDigest = .zero },
        footer("counts a part too many", [.footerFrameDigest]) { $0.frames[0].partCount += 1 },
        footer("says that it is another segment's", [.footerMismatch]) { $0.segment += 1 },
        footer("lists a file that no frame has", [.footerBodyFiles]) { footer in
            let id = [UInt8](repeating: 7, count: 16)
            footer.bodyFiles = [.init(id: id, index: footer.firstIndex, fileByteCount: 1, digest: .zero)]
        },
        Attack("a footer and the seal record over it are edited", on: .segments, [.checkpointRoot], keys: [.keySigner])
        {
            fixture in
            try fixture.forge { store in
                store.segments[0].header.created -= 1
            }
        },
        Attack(
            "bytes are hidden between the frames and the footer", on: .segments, [.frameMalformed, .indexDigest],
            keys: [.indexSealed]
        ) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                let start = try segment.footerOffset
                segment.bytes.insert(contentsOf: [UInt8](repeating: 0x5a, count: 4_096), at: start)
            }
        },
        Attack("bytes are hidden after the footer", on: .segments, [.sealMismatch, .tailTorn, .directoryRow]) {
            fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { $0.bytes += [UInt8](repeating: 0x5a, count: 4_096) }
        },
    ]

    /// What it looks like where segment 0 is another's.
    private static let foreignSegment: Set<Finding.Code> = [
        .segmentHeader, .manifestDigest, .frameRoot, .treeNode, .checkpointRoot, .sealMismatch,
    ]

    /// The footer of a sealed segment is edited, and its checksum mended.
    private static func footer(
        _ what: String, _ found: Set<Finding.Code>, _ change: @escaping @Sendable (inout Footer) -> Void
    ) -> Attack {
        Attack("a footer \(what)", on: .segments, found.union([.sealMismatch])) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { try $0.mendFooter(change) }
        }
    }
}
