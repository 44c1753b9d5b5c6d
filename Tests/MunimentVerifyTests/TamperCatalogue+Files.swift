// Attacks on the keys directory, on what is derived from the log, and with files that are no part of it.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

extension Attack {
    static let onKeys: [Attack] = [
        keys("two group keys change rows", [.keyMalformed]) { fixture in
            try fixture.changeRows { rows in
                let first = rows[0]
                (rows[0].wrapped, rows[0].salt) = (rows[1].wrapped, rows[1].salt)
                (rows[1].wrapped, rows[1].salt) = (first.wrapped, first.salt)
            }
        },
        keys("a group key is removed", [.contentMissing]) { fixture in
            try fixture.changeRows { rows in
                rows[1] = GroupKeyRow(
                    slot: 1, segment: rows[1].segment, classID: rows[1].classID, isPresent: false,
                    salt: [UInt8](repeating: 0, count: 32), wrapped: [UInt8](repeating: 0, count: 48))
            }
        },
        keys("the table of group keys is cut", [.keyMissing], .notEstablished) { fixture in
            try fixture.changeRows { $0.removeLast($0.count - 1) }
        },
        keys("the table of group keys states another epoch", [.keyMalformed]) { fixture in
            try fixture.change("keys/groups") { bytes in
                var header = try Array(bytes[..<GroupsHeader.byteCount]).decode(GroupsHeader.init(decoding:))
                header.epoch += 1
                bytes.replaceSubrange(..<GroupsHeader.byteCount, with: header.encoded())
            }
        },
        keys("the two states of the signer change places", [.keyMalformed]) { fixture in
            try fixture.change("keys/signer") { $0 = Array($0[..<4_096] + $0[8_192...] + $0[4_096..<8_192]) }
        },
        keys("the signer's memory is set back", [.keySigner]) { fixture in
            try fixture.change("keys/signer") { bytes in
                var state = try Array(bytes[4_096..<8_192]).decode(SignerState.init(decoding:))
                state.treeSize = 1
                bytes.replaceSubrange(4_096..<8_192, with: state.encoded())
            }
        },
        keys("the signer is another log's", [.keyMalformed]) { fixture in
            try fixture.write("keys/signer", StoreFixture.small().read("keys/signer"))
        },
        keys("the root key is another log's", [.keyMalformed]) { fixture in
            try fixture.write("keys/root.key", StoreFixture.small().read("keys/root.key"))
        },
    ]

    static let onDerivedFiles: [Attack] = [
        Attack("a stored node of the tree is changed", on: .frames, [.treeNode]) { fixture in
            try fixture.change("tree/03") { $0[40] ^= 1 }
        },
        Attack("two stored nodes change places", on: .frames, [.treeNode]) { fixture in
            try fixture.change("tree/03") { $0 = Array($0[32..<64] + $0[..<32] + $0[64...]) }
        },
        Attack(
            "nodes are added past the end of the tree", on: .frames, without: [.treeTrailing], with: [.treeTrailing],
            verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { fixture in
            try fixture.change("tree/03") { $0 += [UInt8](repeating: 7, count: 32) }
        },
        Attack("a row of the segment directory is forged", on: .segments, [.directoryRow]) { fixture in
            try fixture.changeRow(0) { $0.recordedLast += 1 }
        },
        Attack("the segment directory names another footer", on: .segments, [.directoryRow]) { fixture in
            try fixture.changeRow(0) { $0.footerDigest = .zero }
        },
        Attack("rows of the segment directory change places", on: .segments, [.directoryRow]) { fixture in
            try fixture.change("segments.dir") { bytes in
                let count = SegmentRow.byteCount
                bytes = Array(bytes[count..<2 * count] + bytes[..<count] + bytes[(2 * count)...])
            }
        },
        Attack("the segment directory lists a segment that is not there", on: .segments, [.directoryRow]) { fixture in
            try fixture.change("segments.dir") { bytes in
                let count = UInt64(bytes.count / SegmentRow.byteCount)
                bytes += SegmentRow(segment: count, generation: 0, isSealed: false, firstIndex: 900).encoded()
            }
        },
        file("a file is smuggled into the store", "notes", [.fileForeign]),
        file("a file is smuggled in beside the segments", "segments/0000/notes.seg", [.fileForeign]),
        file(
            "a file with a segment's name in another spelling is smuggled in", "segments/0000/0-0.seg", [.fileForeign]),
        file("a file is smuggled into the tree", "tree/02", [.fileForeign]),
        file("bytes are hidden in the segment that is prepared", "segments/prepared", [.fileForeign]),
        file("bytes are hidden in the lock", "lock", [.lockNotEmpty]),
        Attack("a segment becomes a link to a file elsewhere", on: .segments, unreadable) { fixture in
            let name = try fixture.sealedSegment()
            let elsewhere = fixture.directory.path + "/elsewhere"
            try FileManager.default.moveItem(atPath: fixture.absolute(name), toPath: elsewhere)
            try FileManager.default.createSymbolicLink(
                atPath: fixture.absolute(name), withDestinationPath: elsewhere)
        },
        Attack("a segment becomes a pipe that never ends", on: .segments, unreadable) { fixture in
            let name = try fixture.sealedSegment()
            try fixture.remove(name)
            #expect(mkfifo(fixture.absolute(name), 0o600) == 0)
        },
    ]

    /// What it looks like where the first segment can't be read.
    private static let unreadable: Set<Finding.Code> = [
        .fileUnreadable, .sealMismatch, .segmentGap, .segmentHeader, .treeLost,
    ]

    /// What is only seen where the keys are looked at.
    private static func keys(
        _ name: String, _ found: Set<Finding.Code>, _ verdict: Verdict = .tampered,
        _ perform: @escaping @Sendable (StoreFixture) throws -> Void
    ) -> Attack {
        Attack(
            name, on: .segments, without: [.tailUnattested], with: found, verdict: .notEstablished,
            verdictWithKeys: verdict, perform)
    }

    /// A file that is no part of the store.
    private static func file(_ name: String, _ path: String, _ found: Set<Finding.Code>) -> Attack {
        Attack(
            name, on: .segments, without: found, with: found, verdict: .notEstablished, verdictWithKeys: .notEstablished
        ) { try $0.put(path, Array("hidden".utf8)) }
    }
}

extension StoreFixture {
    /// Changes a row of the segment directory, its checksum mended.
    fileprivate func changeRow(_ place: Int, _ body: (inout SegmentRow) -> Void) throws {
        try change("segments.dir") { bytes in
            let range = place * SegmentRow.byteCount..<(place + 1) * SegmentRow.byteCount
            var row = try Array(bytes[range]).decode(SegmentRow.init(decoding:))
            body(&row)
            bytes.replaceSubrange(range, with: row.encoded())
        }
    }

    /// Changes the rows of the wrapped group keys, their checksums mended.
    fileprivate func changeRows(_ body: (inout [GroupKeyRow]) -> Void) throws {
        try change("keys/groups") { bytes in
            var rows = try stride(from: GroupsHeader.byteCount, to: bytes.count, by: GroupKeyRow.byteCount).map {
                try Array(bytes[$0..<$0 + GroupKeyRow.byteCount]).decode(GroupKeyRow.init(decoding:))
            }
            body(&rows)
            bytes.replaceSubrange(GroupsHeader.byteCount..., with: rows.flatMap { $0.encoded() })
        }
    }
}
