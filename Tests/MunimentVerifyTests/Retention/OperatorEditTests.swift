// An operator who edits what lies beside the log, or the log itself, so that records look due or unheld: nothing goes early.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import Muniment

@Suite struct OperatorEditTests {

    private func expectRefusal(
        _ outcome: OperatorFixture.Outcome, _ code: ArchiveError.Code = .damaged,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .refused(let error) = outcome else {
            Issue.record("\(outcome) is no refusal", sourceLocation: sourceLocation)
            return
        }
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    }

    private func expectRun(
        _ outcome: OperatorFixture.Outcome, purged: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .ran(let report) = outcome, report.purged == UInt64(purged) else {
            Issue.record("\(outcome) did not purge \(purged)", sourceLocation: sourceLocation)
            return
        }
    }

    private static let sealed = SegmentHeader.path(segment: 0, generation: 0)
    private static let open = SegmentHeader.path(segment: 1, generation: 0)

    /// Changes a file's bytes.
    @Test func nothingBesideTheLogHasASay() throws {
        let store = try OperatorFixture.shared.copy()
        // No snapshot of the policy, no state of the clock: what could be edited is the log, and what is derived from it.
        let known = ["muniment.json", "checkpoint", "checkpoints", "lock", "segments.dir"]
        for name in try store.files.files(keys: true) where !known.contains(name) {
            #expect(
                ["segments/", "bodies/", "tree/", "keys/"].contains { name.hasPrefix($0) },
                "\(name) is a file of its own")
        }
        #expect(
            Set(try store.files.files(keys: true).filter { $0.hasPrefix("keys/") }) == [
                "keys/groups", "keys/root.key", "keys/signer",
            ])
        #expect(try store.compact().purged == UInt64(store.bait.count))
        #expect(try store.lost() == [])
    }

    // MARK: The segment directory

    private func editRows(_ store: OperatorFixture, _ change: (inout [SegmentRow]) -> Void) throws {
        let bytes = try store.files.read("segments.dir")
        var rows = try stride(from: 0, to: bytes.count, by: SegmentRow.byteCount).map {
            try Array(bytes[$0..<$0 + SegmentRow.byteCount]).decode(SegmentRow.init(decoding:))
        }
        change(&rows)
        try store.files.write("segments.dir", rows.flatMap { $0.encoded() })
    }

    @Test func theDirectory() throws {
        let store = try OperatorFixture.shared.copy()
        let ten: Microseconds = 315_360_000_000_000
        func attack(_ name: String, _ change: @escaping (inout [SegmentRow]) -> Void) throws -> OperatorFixture.Outcome
        {
            let copy = try store.copy()
            return try copy.attack(name) { try editRows(copy, change) }
        }
        expectRun(
            try attack("older times") {
                $0[0].recordedFirst -= ten; $0[0].recordedLast -= ten
            }, purged: store.bait.count)
        expectRun(try attack("no rows") { $0 = [] }, purged: store.bait.count)
        _ = try attack("another generation") { $0[0].generation += 1 }
        _ = try attack("another footer") { $0[0].footerDigest = .zero }
        _ = try attack("fewer entries") { $0[0].entryCount -= 5 }
        _ = try attack("a later start") {
            $0[0].firstIndex += 5; $0[0].entryCount -= 5
        }
        _ = try attack("a longer file") { $0[0].fileByteCount += 4_096 }
        _ = try attack("a segment that is not sealed") { rows in
            rows.append(
                SegmentRow(
                    segment: 1, generation: 0, isSealed: true, firstIndex: rows[0].firstIndex + rows[0].entryCount,
                    entryCount: 3))
        }
    }

    /// A newer generation is believed by its name, and the older one was removed for it.
    @Test func aGenerationThatNobodyStates() throws {
        let store = try OperatorFixture.shared.copy()
        // Made with the engine, by somebody who purged a copy of everything that is young.
        let other = try store.copy()
        let name = SegmentHeader.path(segment: 0, generation: 1)
        try other.open { archive in
            let all = MunimentFormat.IndexSet(other.young).union(MunimentFormat.IndexSet(other.held))
            let made = try archive.store.writeGeneration(
                SegmentPurge(handle: archive.store.sealedSegments[0], purged: all, missing: all, heldCount: 0))
            try archive.store.nameGenerations([made.seal])
        }
        let bytes = try other.files.read(name)
        for keepsDirectory in [false, true] {
            let copy = try store.copy()
            expectRefusal(
                try copy.attack("a foreign generation, \(keepsDirectory)") {
                    copy.files.create(name, bytes)
                    if keepsDirectory {
                        let file = try #require(
                            bytes.suffix(16).withUnsafeBytes { Footer.claimedByteCount(trailer: $0) })
                        let footer = try Array(bytes.suffix(file)).decode(Footer.init(decoding:))
                        try editRows(copy) { $0[0] = SegmentRow(footer: footer, fileByteCount: UInt64(bytes.count)) }
                    } else {
                        try copy.files.remove("segments.dir")
                    }
                })
        }
    }

    // MARK: Footers

    @Test func footers() throws {
        let store = try OperatorFixture.shared.copy()
        let changes: [(String, (inout Footer) throws -> Void)] = [
            (
                "older times",
                {
                    $0.recordedFirst -= 315_360_000_000_000; $0.recordedLast -= 315_360_000_000_000
                }
            ),
            ("another class", { $0.groups[2].classID = 9 }),
            (
                "slots exchanged",
                { footer in
                    let slot = footer.groups[1].slot
                    footer.groups[1].slot = footer.groups[2].slot
                    footer.groups[2].slot = slot
                }
            ),
            ("fewer records", { $0.groups[2].recordCount -= 1 }),
            (
                "another's body file",
                { footer in
                    let body = try #require(try store.files.files().first { $0.hasSuffix(".body") })
                    let id = try #require(Hexadecimal.bytes(String(body.split(separator: "/")[2].dropLast(5))))
                    footer.bodyFiles = [.init(id: id, index: store.bait[0], fileByteCount: 4_096, digest: .zero)]
                }
            ),
        ]
        for (name, change) in changes {
            let copy = try store.copy()
            expectRefusal(
                try copy.attack(name) {
                    try copy.editSegment(Self.sealed) { try $0.mendFooter(change) }
                })
        }
    }

    /// The new generation would lack the records of the last frame, which is not in the footer, and the old one would go.
    @Test(arguments: [false, true]) func aFooterThatLacksFrames(hasRow: Bool) throws {
        let store = try OperatorFixture.shared.copy()
        expectRefusal(
            try store.attack("fewer frames, \(hasRow)") {
                try store.edit(Self.sealed) { bytes in
                    let last = try #require(SegmentBytes(bytes).offsets.last)
                    let count = try #require(bytes.suffix(16).withUnsafeBytes { Footer.claimedByteCount(trailer: $0) })
                    var footer = try Array(bytes.suffix(count)).decode(Footer.init(decoding:))
                    let dropped = footer.frames.removeLast()
                    #expect(Int(dropped.offset) == last && dropped.entryCount == 10)
                    footer.entryCount -= UInt64(dropped.entryCount)
                    footer.groups.removeAll { $0.classID == 3 }
                    footer.root = try SegmentBytes(bytes).header(at: Int(try #require(footer.frames.last).offset)).root
                    footer.index = []
                    var shortened = SegmentBytes(Array(bytes[..<last]) + footer.encoded())
                    try shortened.mendFooter()
                    bytes = shortened.bytes
                    guard hasRow else { return }
                    let shorter = try Array(bytes.suffix(footer.encoded().count)).decode(Footer.init(decoding:))
                    try editRows(store) { $0[0] = SegmentRow(footer: shorter, fileByteCount: UInt64(bytes.count)) }
                }
            }, hasRow ? .damaged : .absent)
    }

    // MARK: Control records

    private static let brief: [UInt8] = Array("P9Y".utf8)

    @Test func recordsInASealedSegment() throws {
        let store = try OperatorFixture.shared.copy()
        var elsewhere = OperatorFixture.pastHold
        elsewhere.scope.indexes = MunimentFormat.IndexSet(104..<114)
        var (old, new) = (OperatorFixture.pastHold.encoded(), elsewhere.encoded())
        if old.count < new.count {
            elsewhere.scope.indexes = MunimentFormat.IndexSet(40..<50)
            new = elsewhere.encoded()
        }
        (old, new) = (Array(old.dropFirst()), Array(new.dropFirst()))
        for (name, old, new) in [("a hold elsewhere", old, new), ("a shorter period", Self.brief, Array("P1D".utf8))] {
            let copy = try store.copy()
            expectRefusal(
                try copy.attack(name) {
                    try copy.editSegment(Self.sealed) { segment in
                        #expect(try segment.exchange(old, new))
                        try segment.mendFooter()
                    }
                })
        }
    }

    /// The whole log made anew: every root, the stored nodes, what the signer signed last. Only the signature is missing.
    @Test func theWholeLogForged() throws {
        let store = try OperatorFixture(isSealed: false)
        func forge(_ copy: OperatorFixture) throws -> Checkpoint {
            var root = Digest.zero
            var size: UInt64 = 0
            try copy.editSegment(Self.sealed) { segment in
                #expect(try segment.exchange(Self.brief, Array("P1D".utf8)))
                try segment.mendRoots()
                let last = try segment.header(at: try #require(segment.offsets.last))
                (root, size) = (last.root, last.treeSize)
            }
            for name in try copy.files.files() where name.hasPrefix("tree/") { try copy.files.remove(name) }
            try copy.edit("keys/signer") { bytes in
                for block in 1...2 {
                    let place = block * SignerState.byteCount..<(block + 1) * SignerState.byteCount
                    let old = try Array(bytes[place]).decode(SignerState.init(decoding:))
                    let state = SignerState(sequence: old.sequence, treeSize: size, root: root)
                    bytes.replaceSubrange(place, with: state.encoded())
                }
            }
            return try Checkpoint(origin: StoreFixture.origin, size: size, root: root)
        }
        // Young records would be due tomorrow.
        func attack(_ name: String, _ more: (OperatorFixture, Checkpoint) throws -> Void) throws {
            let copy = try store.copy()
            copy.clock.advance(3 * SteppedClock.day)
            expectRefusal(try copy.attack(name) { try more(copy, forge(copy)) })
        }
        try attack("the checkpoint of before") { _, _ in }
        try attack("no checkpoint") { copy, _ in
            try copy.files.remove("checkpoint")
            try copy.files.remove("checkpoints")
        }
        try attack("another key's checkpoint") { copy, checkpoint in
            let seed = [UInt8](repeating: 7, count: 32)
            let signer = try NoteSigner(name: StoreFixture.origin) { body in seed.withUnsafeBytes { body($0) } }
            let text = String(decoding: try copy.files.read("muniment.json"), as: UTF8.self)
            let forged = text.replacing(copy.files.verifierKey, with: signer.key.description)
            #expect(forged != text)
            try copy.files.write("muniment.json", Array(forged.utf8))
            try copy.files.write("checkpoint", try signer.note(checkpoint).bytes)
        }
    }

    @Test func anotherKeyInTheManifest() throws {
        let store = try OperatorFixture.shared.copy()
        expectRefusal(
            try store.attack("another key") {
                try store.exchangeSigningKey()
            })
    }

    /// Frames that nobody with the keys sealed. They come from the engine, on a copy with its keys; the operator has only what is public of them.
    @Test func framesForgedIntoTheTail() throws {
        let store = try OperatorFixture.shared.copy()
        let size = try store.files.read(Self.open).count
        let future = ClockRecord(
            kind: .confirmed, compliance: 2_500_000_000_000_000, wall: 2_500_000_000_000_000,
            bootID: [UInt8](repeating: 9, count: 16), boot: 1)
        let drafts: [(String, ControlRecord.Kind, [UInt8])] = [
            ("a release", .release, ReleaseRecord(matter: store.matter).encoded()),
            ("another release", .release, ReleaseRecord(matter: store.matterLater).encoded()),
            ("a clock in the future", .clock, future.encoded()),
            ("an event", .event, EventRecord(at: 0, indexes: MunimentFormat.IndexSet(store.young)).encoded()),
        ]
        for (name, kind, body) in drafts {
            let other = try store.copy()
            var frame: [UInt8] = []
            try other.open { archive in
                _ = try archive.store.appendControl(kind, body: body)
                frame = Array(try other.files.read(Self.open)[size...])
            }
            let header = try SegmentBytes(frame).header(at: 0)
            frame = Array(frame[..<header.frameByteCount])
            // What only the keys give: the ciphertext, and the commitment, whose salt is a key's.
            for (what, place) in [
                ("ciphertext", header.skeletonByteCount + 3), ("commitment", header.partRowsOffset - 9),
            ] {
                let copy = try store.copy()
                expectRefusal(
                    try copy.attack("\(name), \(what)") {
                        try copy.edit(Self.open) { bytes in
                            bytes += frame
                            bytes[size + place] ^= 1
                            let row = size + header.partRowsOffset
                            let part = size + header.skeletonByteCount
                            let count = Int(
                                bytes[(row + 8)...].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
                            bytes.replaceSubrange(
                                row + 16..<row + 48, with: SHA256.hash(Array(bytes[part..<part + count])).bytes)
                            let root = try forgedRoot(copy, bytes, size)
                            var segment = SegmentBytes(bytes)
                            try segment.mend(at: size) { $0.root = root }
                            bytes = segment.bytes
                        }
                    })
            }
        }
    }

    /// The root after the frame at `offset` of the open segment, after the log of `store`.
    private func forgedRoot(_ store: OperatorFixture, _ bytes: [UInt8], _ offset: Int) throws -> Digest {
        var frontier = TreeFrontier()
        let hasher = EntryHasher()
        for (name, end) in [(Self.sealed, Int.max), (Self.open, offset)] {
            let file = name == Self.open ? bytes : try store.files.read(name)
            for place in SegmentBytes(file).offsets where place <= end {
                let header = try SegmentBytes(file).header(at: place)
                let entries = Array(file[place + header.headerByteCount..<place + header.partRowsOffset])
                let columns = try entries.decode { raw throws(FormatError) in
                    try EntryColumns(decoding: raw, count: header.entryCount)
                }
                var leaves = [UInt8](repeating: 0, count: 32 * header.entryCount)
                leaves.withUnsafeMutableBytes { leaves in
                    entries.withUnsafeBytes {
                        hasher.hash(
                            columns.runs, commitments: $0.baseAddress! + columns.commitmentsOffset,
                            to: leaves.baseAddress!)
                    }
                    frontier.append(leaves: UnsafeRawBufferPointer(leaves))
                }
            }
        }
        return frontier.root()
    }

    /// Headers are in no tree. If the last one leads past a hold, so would the link of the next control record, for ever.
    @Test func aHeaderThatLeadsPastAHold() throws {
        let store = try OperatorFixture.shared.copy()
        for purges in [false, true] {
            let copy = try store.copy()
            expectRefusal(
                try copy.attack(
                    "a hidden hold, \(purges)",
                    prelude: { archive in
                        if purges { _ = try archive.compactBlocking() }
                        _ = try archive.setClassBlocking("more", RetentionClassChange(period: "P1Y"))
                    }
                ) {
                    try copy.editSegment(Self.open) { segment in
                        for offset in segment.offsets {
                            let header = try segment.header(at: offset)
                            guard let last = header.lastControl, last >= copy.matterLater else { continue }
                            try segment.mend(at: offset) { $0.lastControl = copy.beforeMatterLater }
                        }
                    }
                })
        }
    }
}
