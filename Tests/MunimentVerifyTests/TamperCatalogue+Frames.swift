// Attacks on frames, and on the entries in them.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onFrames: [Attack] = [
        Attack("two frames change places", on: .frames, [.framePlace, .segmentGap]) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { swapFrames(&$0) }
        },
        Attack("two frames change places, their headers mended", on: .frames, [.frameRoot], keys: [.partSealed]) {
            fixture in
            try fixture.changeSegment(fixture.openSegment()) { segment in
                let places = segment.offsets[20...21]
                let headers = try places.map { try segment.header(at: $0) }
                swapFrames(&segment)
                for (place, header) in zip(places, headers) {
                    try segment.mend(at: place) {
                        ($0.offset, $0.firstIndex) = (header.offset, header.firstIndex)
                        ($0.firstPart, $0.root) = (header.firstPart, header.root)
                    }
                }
            }
        },
        Attack(
            "two frames change places, everything mended", on: .frames, [.checkpointRoot],
            keys: [.keySigner, .partSealed]
        ) { fixture in
            try fixture.forge { store in
                store.segments[0].frames.swapAt(20, 21)
                let parts = (20...21).map { store.segments[0].frames[$0].header.firstPart }
                (store.segments[0].frames[20].header.firstPart, store.segments[0].frames[21].header.firstPart) = (
                    parts[1], parts[0]
                )
            }
        },
        Attack(
            "a frame is taken out, everything mended", on: .frames, [.checkpointAhead, .checkpointRoot, .segmentGap],
            keys: [.partSealed, .keySigner]
        ) { fixture in
            try fixture.forge { $0.segments[0].frames.remove(at: 20) }
        },
        Attack(
            "a frame is put in twice, everything mended", on: .frames, [.checkpointRoot, .frameSession],
            keys: [.partSealed, .keySigner]
        ) { fixture in
            try fixture.forge { $0.segments[0].frames.insert($0.segments[0].frames[20], at: 21) }
        },
        Attack("a frame is replaced by zeros", on: .frames, [.frameMalformed, .segmentGap]) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { segment in
                let offset = segment.offsets[20]
                segment.bytes.replaceSubrange(offset..<offset + 4_096, with: [UInt8](repeating: 0, count: 4_096))
            }
        },
        Attack(
            "the last frames are cut off", on: .frames, [.checkpointAhead, .segmentGap, .treeTrailing],
            keys: [.keySigner]
        ) {
            fixture in
            try fixture.changeSegment(fixture.openSegment()) { $0.bytes.removeSubrange($0.offsets[38]...) }
        },
        Attack(
            "frames are forged after the checkpoint", on: .frames, without: [.tailUnattested], with: [.partSealed],
            verdict: .notEstablished
        ) { fixture in
            try fixture.forge { store in
                var frame = try #require(store.segments[0].frames.last)
                frame.header.firstPart += UInt64(frame.rows.count)
                store.segments[0].frames.append(frame)
            }
        },
        Attack(
            "a commit is said to have been cut off: bytes after the last frame", on: .frames, without: [.tailTorn],
            with: [.tailTorn], verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { $0.bytes += [UInt8](repeating: 0x5a, count: 4_096) }
        },
        Attack("bytes are hidden in the padding of a frame", on: .frames, [.framePadding]) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { segment in
                let offset = segment.offsets[20]
                for (place, byte) in Array("hidden".utf8).enumerated() { segment.bytes[offset + 4_000 + place] = byte }
            }
        },
        header("another root", [.frameRoot]) { $0.root = .zero },
        header("an earlier first part, so that a nonce might recur", [.frameSession], keys: [.partSealed]) {
            $0.firstPart -= 1
        },
        header("another newest control record", [.frameLastControl]) { $0.lastControl = nil },
        header("another generation", [.framePlace, .segmentGap]) { $0.generation += 1 },
        header(
            "another session", on: .frames, without: [.tailUnattested], with: [.partSealed], verdict: .notEstablished
        ) { $0.session[0] ^= 1 },
        header("an earlier first index", [.framePlace, .segmentGap], keys: [.partSealed]) { $0.firstIndex -= 1 },
        Attack("tokens of a sealed segment are forged", on: .classes, [.footerFrameDigest]) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { try forgeToken(&$0) }
        },
        Attack("tokens of a sealed segment are forged, the footer mended", on: .classes, [.sealMismatch]) { fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                try forgeToken(&segment)
                try segment.mendFooter()
            }
        },
        Attack("a frame claims to be of 64 MiB", on: .frames, [.frameMalformed, .segmentGap]) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { segment in
                let offset = segment.offsets[20]
                segment.bytes.replaceSubrange(offset + 136..<offset + 144, with: [0, 0, 0, 4, 0, 0, 0, 0])
                let count = try segment.header(at: segment.offsets[19]).headerByteCount - 4
                let crc = Checksum.crc32c(Array(segment.bytes[offset..<offset + count]))
                withUnsafeBytes(of: crc.littleEndian) {
                    segment.bytes.replaceSubrange(offset + count..<offset + count + 4, with: $0)
                }
            }
        },
    ]

    static let onEntries: [Attack] = [
        entry("a recorded time is moved") { $0.recorded -= 3_600_000_000 },
        entry("a commitment is exchanged for another", keys: [.contentCommitment]) { $0.commitment = .zero },
        entry("an occurred time is added") { $0.occurred = 0 },
        entry("a compliance time is added") { $0.compliance = 0 },
        entry(
            "a record becomes one of a class that was never declared",
            [.entryMalformed, .partRecords, .contentMissing, .frameGroups]
        ) {
            $0.classID = 77
        },
        entry("a record becomes a control record", [.entryMalformed, .frameLastControl]) { $0.kind = .control },
        entry("a critical extension is added that nobody knows", [.entryUnknown]) {
            $0.extensions = EntryExtension.encoded([EntryExtension(type: 9, isCritical: true, bytes: [7])])
        },
        entry("bytes are hidden in an extension that readers skip") {
            $0.extensions = EntryExtension.encoded(
                [EntryExtension(type: 9, isCritical: false, bytes: Array("hidden".utf8))])
        },
        Attack(
            "a time is moved and the footer mended, but no root", on: .classes,
            [.frameRoot, .checkpointRoot, .segmentHeader, .sealMismatch], keys: [.indexTerms, .keySigner]
        ) {
            fixture in
            try fixture.changeSegment(fixture.sealedSegment()) { segment in
                let offset = try #require(segment.offsets.first)
                var frame = try ForgedFrame(segment.bytes, at: offset)
                frame.entries[5].occurred = frame.entries[5].occurred.map { $0 + 2 }
                let bytes = frame.encoded()
                segment.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                try segment.mendFooter()
            }
        },
        Attack(
            "a record changes its class, everything mended", on: .classes,
            [.checkpointRoot, .partRecords, .contentMissing, .indexTimes], keys: [.keySigner]
        ) {
            fixture in
            try fixture.forge { store in
                try store.change(5) { $0.classID = 2 }
            }
        },
        Attack(
            "two entries of a frame change places, everything mended", on: .classes, [.checkpointRoot],
            keys: [.contentCommitment, .keySigner]
        ) { fixture in
            try fixture.forge { store in
                let (first, second) = (try store.place(of: 5), try store.place(of: 6))
                store.segments[0].frames[first.frame].entries.swapAt(first.ordinal, second.ordinal)
            }
        },
        Attack(
            "an entry is taken out of a frame, everything mended", on: .classes,
            [.frameMalformed, .checkpointRoot, .checkpointAhead, .segmentGap], keys: [.partSealed, .keySigner]
        ) { fixture in
            try fixture.forge { store in
                let place = try store.place(of: 5)
                store.segments[0].frames[place.frame].entries.remove(at: place.ordinal)
            }
        },
        Attack(
            "an entry is put into a frame, everything mended", on: .classes, [.checkpointRoot, .contentMissing],
            keys: [.contentCommitment, .partSealed, .keySigner]
        ) { fixture in
            try fixture.forge { store in
                let place = try store.place(of: 5)
                let entry = store.segments[0].frames[place.frame].entries[place.ordinal]
                store.segments[0].frames[place.frame].entries.insert(entry, at: place.ordinal)
            }
        },
    ]

    private static func swapFrames(_ segment: inout SegmentBytes) {
        let (a, b) = (segment.offsets[20], segment.offsets[21])
        let (first, second) = (Array(segment.bytes[a..<a + 4_096]), Array(segment.bytes[b..<b + 4_096]))
        segment.bytes.replaceSubrange(a..<a + 4_096, with: second)
        segment.bytes.replaceSubrange(b..<b + 4_096, with: first)
    }

    private static func forgeToken(_ segment: inout SegmentBytes) throws {
        let offset = try #require(try segment.offsets.first { try !segment.header(at: $0).tokens.isEmpty })
        try segment.mend(at: offset) { $0.tokens[0].tokenHash[0] ^= 1 }
    }

    /// The header of a frame in the middle states something else, its checksum mended.
    private static func header(
        _ what: String, _ found: Set<Finding.Code>, keys more: Set<Finding.Code> = [],
        _ change: @escaping @Sendable (inout FrameHeader) -> Void
    ) -> Attack {
        Attack("a frame's header states \(what)", on: .frames, found, keys: more) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { try $0.mend(at: $0.offsets[20], change) }
        }
    }

    private static func header(
        _ what: String, on store: TamperStore, without: Set<Finding.Code>, with: Set<Finding.Code>, verdict: Verdict,
        _ change: @escaping @Sendable (inout FrameHeader) -> Void
    ) -> Attack {
        Attack(
            "a frame's header states \(what)", on: store, without: without, with: with, verdict: verdict
        ) { fixture in
            try fixture.changeSegment(fixture.openSegment()) { try $0.mend(at: $0.offsets[20], change) }
        }
    }

    /// An entry is changed, and everything mended that follows from it: roots, nodes, footers and seals.
    private static func entry(
        _ what: String, _ found: Set<Finding.Code> = [], keys more: Set<Finding.Code> = [],
        _ change: @escaping @Sendable (inout Entry) -> Void
    ) -> Attack {
        Attack(what, on: .frames, found.union([.checkpointRoot]), keys: more.union([.keySigner])) { fixture in
            try fixture.forge { try $0.change(20, change) }
        }
    }
}
