// What someone does to frames, footers and keys who can write every file, and mend every checksum.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

extension TamperTests {
    /// Decodes the frame at `offset` of a segment's bytes.
    func header(_ bytes: [UInt8], at offset: Int) throws -> FrameHeader {
        try Array(bytes[offset...]).decode(FrameHeader.init(decoding:))
    }

    /// The offsets of the frames of a segment.
    func frames(_ bytes: [UInt8]) throws -> [Int] {
        var offsets: [Int] = []
        var offset = Limits.blockByteCount
        while offset < bytes.count, let header = try? header(bytes, at: offset) {
            offsets.append(offset)
            offset += header.frameByteCount
        }
        return offsets
    }

    /// Puts the frame's header back with its checksums right.
    func mend(_ bytes: inout [UInt8], at offset: Int, _ change: (inout FrameHeader) -> Void) throws {
        var header = try header(bytes, at: offset)
        let body = offset + header.headerByteCount..<offset + header.headerByteCount + header.bodyByteCount
        change(&header)
        header.bodyCRC = Checksum.crc32c(Array(bytes[body]))
        bytes.replaceSubrange(offset..<offset + header.headerByteCount, with: header.encoded())
    }

    /// Makes the footer of a segment anew, with every digest right.
    func mendFooter(_ bytes: inout [UInt8], _ change: (inout Footer) -> Void = { _ in }) throws {
        let count = try #require(
            bytes.suffix(16).withUnsafeBytes { Footer.claimedByteCount(trailer: UnsafeRawBufferPointer($0)) })
        var footer = try Array(bytes.suffix(count)).decode(Footer.init(decoding:))
        var skeleton = SHA256.Hasher()
        skeleton.update([Footer.skeletonTag])
        skeleton.update(Array(bytes[..<Limits.blockByteCount]))
        var hashers: [UInt32: SHA256.Hasher] = [:]
        for place in footer.frames.indices {
            let offset = Int(footer.frames[place].offset)
            let header = try header(bytes, at: offset)
            let raw = Array(bytes[offset..<offset + header.skeletonByteCount])
            footer.frames[place].digest = raw.withUnsafeBytes { SHA256.hash(tag: Footer.frameTag, body: $0) }
            footer.frames[place].digest.withUnsafeBytes { skeleton.update($0) }
            for row in try raw.decode({ raw throws(FormatError) in try PartRow.rows(of: header, in: raw) }) {
                if hashers[row.classID] == nil {
                    hashers[row.classID] = SHA256.Hasher()
                    hashers[row.classID]?.update([Footer.groupTag])
                }
                row.digest.withUnsafeBytes { hashers[row.classID]?.update($0) }
            }
        }
        footer.skeletonDigest = skeleton.finalize()
        for place in footer.groups.indices {
            if let hasher = hashers[footer.groups[place].classID] { footer.groups[place].digest = hasher.finalize() }
        }
        change(&footer)
        bytes.replaceSubrange(bytes.count - count..<bytes.count, with: footer.encoded())
    }

    func sealedSegment(_ fixture: StoreFixture) throws -> String { try #require(try segments(fixture).first) }
    func openSegment(_ fixture: StoreFixture) throws -> String { try #require(try segments(fixture).last) }

    @Test func framesAreSwapped() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<4 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try openSegment(fixture)
        var bytes = try fixture.read(name)
        let offsets = try frames(bytes)
        let (a, b) = (offsets[1], offsets[2])
        let (first, second) = (Array(bytes[a..<a + 4_096]), Array(bytes[b..<b + 4_096]))
        bytes.replaceSubrange(a..<a + 4_096, with: second)
        bytes.replaceSubrange(b..<b + 4_096, with: first)
        try fixture.write(name, bytes)
        try expect(fixture, .framePlace, name)
        // And with headers that say that they belong there: the entries are in the wrong order then.
        let mended = (try header(first, at: 0), try header(second, at: 0))
        try mend(&bytes, at: a) {
            ($0.offset, $0.firstIndex, $0.firstPart, $0.root) = (
                mended.0.offset, mended.0.firstIndex, mended.0.firstPart, mended.0.root
            )
        }
        try mend(&bytes, at: b) {
            ($0.offset, $0.firstIndex, $0.firstPart, $0.root) = (
                mended.1.offset, mended.1.firstIndex, mended.1.firstPart, mended.1.root
            )
        }
        try fixture.write(name, bytes)
        try expect(fixture, .frameRoot, name)
    }

    @Test func aFrameIsRepeated() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1]])]) }
        let name = try openSegment(fixture)
        var bytes = try fixture.read(name)
        let last = try #require(try frames(bytes).last)
        bytes += bytes[last...]
        try mend(&bytes, at: last + 4_096) { $0.offset = UInt64(last + 4_096) }
        try fixture.write(name, bytes)
        try expect(fixture, .framePlace, name)
    }

    /// Rewrites the tree's claims in the headers from a frame on, as a forger would.
    func mendRoots(_ bytes: inout [UInt8]) throws {
        var frontier = TreeFrontier()
        let hasher = EntryHasher()
        for offset in try frames(bytes) {
            let header = try header(bytes, at: offset)
            let entries = Array(bytes[offset + header.headerByteCount..<offset + header.partRowsOffset])
            let columns = try entries.decode { raw throws(FormatError) in
                try EntryColumns(decoding: raw, count: header.entryCount)
            }
            var leaves = [UInt8](repeating: 0, count: 32 * header.entryCount)
            leaves.withUnsafeMutableBytes { leaves in
                entries.withUnsafeBytes {
                    hasher.hash(
                        columns.runs, commitments: $0.baseAddress! + columns.commitmentsOffset, to: leaves.baseAddress!)
                }
                frontier.append(leaves: UnsafeRawBufferPointer(leaves))
            }
            try mend(&bytes, at: offset) { $0.root = frontier.root() }
        }
    }

    @Test func aTimeIsChangedAndEverythingMended() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<40 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try openSegment(fixture)
        var bytes = try fixture.read(name)
        let offset = try frames(bytes)[20]
        let header = try header(bytes, at: offset)
        // The recorded time is a signed varint after runCount, count, suite, kind, flags and class: another low bit of
        // it is another time.
        bytes[offset + header.headerByteCount + 6] ^= 0x02
        try mendRoots(&bytes)
        try fixture.write(name, bytes)
        for keys in [false, true] {
            let report = try fixture.verify(keys: keys)
            #expect(report.verdict == .tampered)
            let codes = Set(report.findings.map(\.code))
            #expect(codes.contains(.checkpointRoot), "\(report.summary)")
            // The stored nodes tell where.
            let node = report.findings.first { $0.code == .treeNode && $0.file == "tree/03" }
            #expect(node?.index == header.firstIndex / 8 * 8, "\(report.summary)")
        }
    }

    @Test func aCiphertextIsExchangedAndEverythingMended() throws {
        let fixture = try StoreFixture.small()
        for (name, isSealed) in [(try sealedSegment(fixture), true), (try openSegment(fixture), false)] {
            let original = try fixture.read(name)
            var bytes = original
            let offset = try #require(try frames(bytes).last)
            let header = try header(bytes, at: offset)
            let row = offset + header.partRowsOffset
            let part = offset + header.skeletonByteCount
            bytes[part + 3] ^= 1
            let count = Int(bytes[(row + 8)...].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
            bytes.replaceSubrange(row + 16..<row + 48, with: SHA256.hash(Array(bytes[part..<part + count])).bytes)
            try mend(&bytes, at: offset) { _ in }
            if isSealed { try mendFooter(&bytes) }
            try fixture.write(name, bytes)
            let report = try fixture.verify()
            if isSealed {
                try expect(fixture, .sealMismatch, name)
            } else {
                // No seal covers it: without keys nobody can tell, and nobody says that it is fine.
                #expect(report.verdict == .notEstablished, "\(report.summary)")
                #expect(report.findings.contains { $0.code == .tailUnattested && $0.file == name })
            }
            let opened = try fixture.verify(keys: true)
            #expect(opened.findings.contains { $0.code == .partSealed && $0.file == name }, "\(opened.summary)")
            try fixture.write(name, original)
        }
    }

    @Test func tokensOfASealedSegmentAreForged() throws {
        let fixture = try StoreFixture { store in _ = try store.append([batch([[1]])], token: [7]) }
        try fixture.reopen(segmentEntryCount: 64 + 2) { store in
            for number in 0..<8 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        for name in try segments(fixture).dropLast() {
            let original = try fixture.read(name)
            var bytes = original
            for offset in try frames(bytes) where try header(bytes, at: offset).tokens.count > 0 {
                try mend(&bytes, at: offset) { $0.tokens[0].tokenHash[0] ^= 1 }
            }
            guard bytes != original else { continue }
            try fixture.write(name, bytes)
            try expect(fixture, .footerFrameDigest, name)
            try mendFooter(&bytes)
            try fixture.write(name, bytes)
            try expect(fixture, .sealMismatch, name)
            return
        }
        Issue.record("no sealed segment has a token")
    }

    @Test func footersAreEdited() throws {
        let fixture = try StoreFixture.small()
        let name = try sealedSegment(fixture)
        let original = try fixture.read(name)
        let changes: [(Finding.Code, (inout Footer) -> Void)] = [
            (.footerMismatch, { $0.recordedLast += 1 }), (.footerMismatch, { $0.root = .zero }),
            (.footerGroups, { $0.groups[0].slot += 1 }),
            (.footerGroups, { $0.groups[0].recordCount += 1 }), (.footerFrameDigest, { $0.frames[0].digest = .zero }),
            (.footerFrameDigest, { $0.skeletonDigest = .zero }), (.footerFrameDigest, { $0.frames[0].partCount += 1 }),
            (.footerMismatch, { $0.segment += 1 }), (.sealMismatch, { $0.recordedFirst -= 1 }),
        ]
        for (code, change) in changes {
            var bytes = original
            try mendFooter(&bytes, change)
            try fixture.write(name, bytes)
            try expect(fixture, code, name)
        }
    }

    @Test func theHeaderBlockOfASealedSegmentIsForged() throws {
        let fixture = try StoreFixture.small()
        let name = try sealedSegment(fixture)
        var bytes = try fixture.read(name)
        var header = try Array(bytes[..<Limits.blockByteCount]).decode(SegmentHeader.init(decoding:))
        header.created -= 1
        bytes.replaceSubrange(..<Limits.blockByteCount, with: header.encoded())
        try fixture.write(name, bytes)
        try expect(fixture, .footerFrameDigest, name)
        try mendFooter(&bytes)
        try fixture.write(name, bytes)
        try expect(fixture, .sealMismatch, name)
    }

    @Test func theStatesOfTheSignerAreSwapped() throws {
        let fixture = try StoreFixture.small()
        let bytes = try fixture.read("keys/signer")
        try fixture.write("keys/signer", Array(bytes[..<4_096] + bytes[8_192...] + bytes[4_096..<8_192]))
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .tampered)
        #expect(report.findings.contains { $0.code == .keyMalformed && $0.file == "keys/signer" }, "\(report.summary)")
    }

    @Test func tailFramesAreForged() throws {
        let fixture = try StoreFixture { store in
            _ = try store.append([batch([[1]])])
            _ = try store.append([batch([[2]])])
        }
        let name = try openSegment(fixture)
        var bytes = try fixture.read(name)
        let last = try #require(try frames(bytes).last)
        let header = try header(bytes, at: last)
        let next = last + header.frameByteCount
        bytes += bytes[last...]
        try mend(&bytes, at: next) {
            $0.offset = UInt64(next)
            $0.firstIndex = header.treeSize
            $0.firstPart += UInt64(header.partCount)
        }
        try mendRoots(&bytes)
        try fixture.write(name, bytes)
        let report = try fixture.verify()
        #expect(
            report.verdict != .intact
                && report.findings.contains { $0.code == .tailUnattested && $0.index == header.treeSize },
            "\(report.summary)")
        let opened = try fixture.verify(keys: true)
        #expect(opened.findings.contains { $0.code == .partSealed && $0.file == name }, "\(opened.summary)")
    }

    @Test func aTornTailIsNoTampering() throws {
        // As a crash leaves it: copied while the store was open, with frames past the checkpoint.
        var crashed: StoreFixture?
        let fixture = try StoreFixture { _ in }
        try fixture.reopen { store in
            for number in 0..<10 { _ = try store.append([batch([[UInt8(number)]])]) }
            _ = try store.checkpoint(.kept)
            _ = try store.append([batch([[10]])])
            var generator = SeededGenerator(seed: 5)
            _ = try store.append([batch([(0..<9_000).map { _ in UInt8.random(in: 0...255, using: &generator) }])])
            crashed = try fixture.copy()
        }
        let torn = try #require(crashed)
        let name = try openSegment(torn)
        let original = try torn.read(name)
        let last = try #require(try frames(original).last)
        for keys in [false, true] {
            let report = try torn.verify(keys: keys)
            #expect(report.verdict == .notEstablished && report.treeSize == 14, "\(report.summary)")
            #expect(report.findings.filter { $0.severity == .error }.isEmpty, "\(report.summary)")
        }
        var pieces: [[UInt8]] = [4_096, 100, 8_192].map { cut in
            // Written up to a point, zeros from there on.
            Array(original[..<(last + cut)]) + [UInt8](repeating: 0, count: original.count - last - cut)
        }
        pieces += [4_097, 10, 8_000].map { Array(original[..<(last + $0)]) }
        // The first block never arrived, the others did.
        pieces.append(
            Array(original[..<last]) + [UInt8](repeating: 0, count: 4_096) + original[(last + 4_096)...])
        for (place, bytes) in pieces.enumerated() {
            try torn.write(name, bytes)
            for keys in [false, true] {
                let report = try torn.verify(keys: keys)
                #expect(report.verdict == .notEstablished && report.treeSize == 13, "\(place): \(report.summary)")
                #expect(
                    report.findings.contains { $0.code == .tailTorn && $0.file == name }, "\(place): \(report.summary)")
            }
        }
        // A torn frame with another after it is damage: only the last may be bad.
        let places = try frames(original)
        var bytes = original
        bytes[places[places.count - 2] + 4_000] ^= 1
        try torn.write(name, bytes)
        try expect(torn, .framePadding, name)
        // And below the checkpoint there is no torn frame.
        bytes = original
        bytes[places[3] + 4_000] ^= 1
        try torn.write(name, Array(bytes[..<places[4]]))
        try expect(torn, .framePadding, name)
    }

    @Test func theDirectoryIsForged() throws {
        let fixture = try StoreFixture.small()
        let bytes = try fixture.read("segments.dir")
        var row = try Array(bytes[..<SegmentRow.byteCount]).decode(SegmentRow.init(decoding:))
        row.recordedLast += 1
        try fixture.write("segments.dir", row.encoded() + bytes[SegmentRow.byteCount...])
        try expect(fixture, .directoryRow, "segments.dir")
        let count = UInt64(bytes.count / SegmentRow.byteCount)
        let extra = SegmentRow(segment: count + 3, generation: 0, isSealed: false, firstIndex: 9)
        try fixture.write("segments.dir", bytes + extra.encoded() + extra.encoded())
        try expect(fixture, .directoryRow, "segments.dir")
    }

    @Test func oneDamagedFrameHidesNoOther() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<64 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try openSegment(fixture)
        let original = try fixture.read(name)
        let offsets = try frames(original)
        for places in [[10], [10, 11, 12], [10, 40], [1, 62]] {
            for within in [80, 4_095, 300] {
                var bytes = original
                for place in places { bytes[offsets[place] + within] ^= 0x10 }
                try fixture.write(name, bytes)
                let report = try fixture.verify()
                let found = report.findings.filter { $0.file == name && $0.severity == .error && $0.offset != nil }
                for place in places {
                    #expect(
                        found.contains {
                            ($0.offset ?? 0) >= UInt64(offsets[place])
                                && ($0.offset ?? 0) < UInt64(offsets[place] + 4_096)
                        },
                        "frame \(place), byte \(within): \(report.summary)")
                }
                // The stored nodes bridge the gap, so that the checkpoint at the end is checked, and holds.
                if places.max() ?? 0 < 50 {
                    #expect(
                        report.root != nil && !report.findings.contains { $0.code == .checkpointRoot },
                        "\(report.summary)")
                }
                #expect(!report.findings.contains { $0.code == .treeNode }, "\(report.summary)")
            }
        }
    }

    @Test func findingsAreCappedAndCounted() throws {
        let fixture = try StoreFixture { store in
            for number in 0..<30 { _ = try store.append([batch([[UInt8(number)]])]) }
        }
        let name = try openSegment(fixture)
        var bytes = try fixture.read(name)
        for offset in try frames(bytes) { bytes[offset + 4_095] = 1 }
        try fixture.write(name, bytes)
        var options = try fixture.options()
        options.findingCountMax = 5
        let report = try Verifier(options).verify(fixture.path)
        #expect(report.findings.filter { $0.code == .framePadding }.count == 5)
        #expect((report.omittedCounts[.framePadding] ?? 0) + 5 == (try frames(bytes).count))
        #expect(report.findingCount == report.findings.count + report.omittedCounts.values.reduce(0, +))
    }

    @Test func keysOfAnotherStore() throws {
        let fixture = try StoreFixture.small()
        let other = try StoreFixture.small()
        var options = try fixture.options()
        options.keysDirectory = other.path + ".keys"
        let report = try Verifier(options).verify(fixture.path)
        #expect(
            report.findings.contains { $0.code == .keyMalformed && $0.file == "keys/root.key" }, "\(report.summary)")
    }

    @Test func groupKeysAreExchanged() throws {
        let fixture = try StoreFixture.small()
        var bytes = try fixture.read("keys/groups")
        // Rows 0 and 1 swap their wrapped keys, checksums mended.
        let start = GroupsHeader.byteCount
        var rows = try (0..<2).map {
            try Array(bytes[start + 128 * $0..<start + 128 * ($0 + 1)]).decode(GroupKeyRow.init(decoding:))
        }
        (rows[0].wrapped, rows[1].wrapped, rows[0].salt, rows[1].salt) = (
            rows[1].wrapped, rows[0].wrapped, rows[1].salt, rows[0].salt
        )
        bytes.replaceSubrange(start..<start + 256, with: rows[0].encoded() + rows[1].encoded())
        try fixture.write("keys/groups", bytes)
        let report = try fixture.verify(keys: true)
        #expect(report.verdict == .tampered)
        #expect(
            report.findings.filter { $0.code == .keyMalformed && $0.file == "keys/groups" }.count == 2,
            "\(report.summary)")
    }
}
