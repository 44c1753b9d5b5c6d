// An operator who purged early, or who wants a purge unseen, edits files so that it does not show: the finding that must come out. Both verifiers are
// asked.

import Foundation
import MunimentFormat
import MunimentNote
import MunimentStore
import MunimentVerify
import Testing

@testable import Muniment

@Suite struct OperatorHidingTests {
    private static let old = SegmentHeader.path(segment: 0, generation: 0)
    private static let new = SegmentHeader.path(segment: 0, generation: 1)

    /// A store as it was, and as it was after a purge.
    private struct Purged {
        let before: OperatorFixture.Files
        let store: OperatorFixture

        init() throws {
            store = try OperatorFixture.shared.copy()
            before = try store.contents()
            #expect(try store.compact().purged == UInt64(store.bait.count))
        }
    }

    /// Lets the operator hide what was done to a copy; with the keys, and without them if `isPublic`, each verifier finds one of `codes`.
    private func hide(
        _ name: String, _ purged: Purged, _ codes: Set<Finding.Code>, isPublic: Bool = true, alsoInPython: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation, _ edit: (OperatorFixture) throws -> Void
    ) throws {
        let store = try purged.store.copy()
        try edit(store)
        for keys in isPublic ? [true, false] : [true] {
            let report = try store.files.verify(keys: keys)
            #expect(
                report.verdict == .tampered && !codes.isDisjoint(with: report.findings.map(\.code)),
                "\(name): \(report.summary)", sourceLocation: sourceLocation)
            guard alsoInPython, SecondVerifier.isInstalled else { continue }
            let lines = try SecondVerifier.verify(store.files, keys: keys)
            #expect(lines.last?.verdict == "tampered", "\(name)", sourceLocation: sourceLocation)
            #expect(
                lines.contains { line in codes.contains { $0.rawValue == line.finding } },
                "\(name): \(lines.compactMap(\.finding))", sourceLocation: sourceLocation)
        }
    }

    private func put(_ store: OperatorFixture, _ files: OperatorFixture.Files, _ names: [String]) throws {
        for name in names {
            let bytes = try #require(files[name])
            if try store.files.files(keys: true).contains(name) {
                try store.files.write(name, bytes)
            } else {
                store.files.create(name, bytes)
            }
        }
    }

    @Test func aPurgeByTheEngine() throws {
        let purged = try Purged()
        let report = try purged.store.files.verify(keys: true)
        #expect(report.verdict == .intact && report.purged == UInt64(purged.store.bait.count), "\(report.summary)")

        try hide("the old generation again", purged, [.sealMismatch], alsoInPython: true) { store in
            try store.files.remove(Self.new)
            try put(store, purged.before, [Self.old, "segments.dir"])
        }
        try hide("the old rows again", purged, [.directoryRow]) { try put($0, purged.before, ["segments.dir"]) }
        try hide("the old keys again", purged, [.keyEpoch], isPublic: false, alsoInPython: true) {
            try put($0, purged.before, ["keys/groups"])
        }
        try hide("the old generation and its keys", purged, [.purgeSurvives], isPublic: false, alsoInPython: true) {
            try $0.files.remove(Self.new)
            try put($0, purged.before, [Self.old, "segments.dir", "keys/groups"])
        }
        try hide(
            "the old checkpoint", purged, [.checkpointReplayed, .checkpointAhead, .tailUnattested, .checkpointNotKept]
        ) {
            try put($0, purged.before, ["checkpoint"])
        }
        try hide("a footer with other counts", purged, [.sealMismatch, .footerGroups]) { store in
            try store.editSegment(Self.new) { try $0.mendFooter { $0.groups[1].recordCount += 5 } }
        }
        try hide("a footer with older times", purged, [.sealMismatch]) { store in
            try store.editSegment(Self.new) { try $0.mendFooter { $0.recordedFirst -= 1 } }
        }
        try hide("a log that ends before it", purged, [.checkpointAhead, .segmentGap], alsoInPython: true) { store in
            let last = try #require(try store.files.files().last { $0.hasSuffix(".seg") })
            try store.edit(last) { $0.removeLast($0.count - Limits.blockByteCount) }
        }
    }

    /// What the disposition says of itself.
    @Test func theDispositionsRecords() throws {
        let purged = try Purged()
        let (prepared, completed) = try purged.store.open { archive in
            let disposition = try #require(try archive.policyGate.policy().dispositions.last)
            return (disposition.prepared, try #require(disposition.completed))
        }
        func change(_ name: String, _ old: [UInt8], _ new: [UInt8], alsoInPython: Bool = false) throws {
            try hide(name, purged, [.checkpointRoot, .frameRoot], alsoInPython: alsoInPython) { store in
                for file in try store.files.files() where file.hasSuffix(".seg") && file > Self.new {
                    var segment = SegmentBytes(try store.files.read(file))
                    guard try segment.exchange(old, new) else { continue }
                    try store.files.write(file, segment.bytes)
                    return
                }
                Issue.record("\(name): no segment has the record")
            }
        }
        let first = try #require(prepared.first)
        let stated = PreparedRecord(
            disposition: completed.record.disposition, seal: first.seal, heldCount: first.heldCount,
            purged: first.purged.unpacked)
        var record = stated
        let was = record.encoded()
        record.heldCount -= 1
        try change("fewer held", was, record.encoded())
        record = stated
        record.purged = MunimentFormat.IndexSet(purged.store.held.lowerBound..<purged.store.held.lowerBound + 5)
        if record.encoded().count == was.count {
            try change("other records", was, record.encoded(), alsoInPython: true)
        } else {
            Issue.record("the set of other records has another length")
        }
        var end = completed.record
        let strength = end.encoded()
        end.strength = end.strength.symmetricDifference(.overwritten)
        try change("another strength", strength, end.encoded())

        try hide("a header that leads past it", purged, [.frameLastControl], alsoInPython: true) { store in
            let last = try #require(try store.files.files().last { $0.hasSuffix(".seg") })
            try store.editSegment(last) { segment in
                let offset = try #require(segment.offsets.last)
                try segment.mend(at: offset) { $0.lastControl = store.matterLater }
            }
        }
    }

    /// The operator destroys by hand what is held or young: no disposition says so.
    @Test func aPurgeByHand() throws {
        let purged = try Purged()
        try hide("a key destroyed", purged, [.contentMissing], isPublic: false, alsoInPython: true) { store in
            try store.edit("keys/groups") { bytes in
                for offset in stride(from: GroupsHeader.byteCount, to: bytes.count, by: GroupKeyRow.byteCount) {
                    let place = offset..<offset + GroupKeyRow.byteCount
                    let row = try Array(bytes[place]).decode(GroupKeyRow.init(decoding:))
                    guard row.segment == 0, row.classID == 3 else { continue }
                    let gone = GroupKeyRow(
                        slot: row.slot, segment: 0, classID: 3, isPresent: false,
                        salt: [UInt8](repeating: 0, count: row.salt.count),
                        wrapped: [UInt8](repeating: 0, count: row.wrapped.count), generation: row.generation)
                    bytes.replaceSubrange(place, with: gone.encoded())
                }
            }
        }
        try hide("a body file removed", purged, [.bodyMissing]) { store in
            try store.files.remove(try #require(try store.files.files().first { $0.hasSuffix(".body") }))
        }
        // The engine's own hands, without a word in the log.
        for name in ["a generation that lacks them", "and its row"] {
            try hide(name, purged, [.sealMismatch], alsoInPython: true) { store in
                let rows = try store.files.read("segments.dir")
                try store.open { archive in
                    let young = MunimentFormat.IndexSet(store.young)
                    let made = try archive.store.writeGeneration(
                        SegmentPurge(
                            handle: archive.store.sealedSegments[0], purged: young,
                            missing: young.union(MunimentFormat.IndexSet(14..<19)), heldCount: 0))
                    try archive.store.nameGenerations([made.seal])
                    _ = try archive.store.installGenerations([made.seal])
                    _ = try archive.store.destroyKeys([made.seal])
                    _ = try archive.store.removeRemains([made.seal])
                }
                if name == "a generation that lacks them" { try store.files.write("segments.dir", rows) }
            }
        }
        try hide("another key in the manifest", purged, [.manifestDigest, .verifierNotTrusted, .keySigner]) { store in
            try store.exchangeSigningKey()
        }
    }
}
