// Body files of purged records go with the generation that named them, whenever the process dies; and from a backup, when it is brought up to date.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import Muniment

@Suite struct BodyPurgeTests {
    /// An archive in whose last sealed segment, after a purge, a body file was purged and another stays.
    private struct Life {
        var disk: SimulatedDisk
        var fixture: CompactionFixture
        let gone: UInt64
        let kept: UInt64
        /// Bytes of the purged body file that no other file has.
        let needle: [UInt8]

        init() throws {
            disk = SimulatedDisk(seed: 5)
            fixture = try CompactionFixture(disk, "archive")
            gone = try Life.append(fixture, classID: 2, occurred: CompactionFixture.past)
            let names = try Life.files(disk, "archive/bodies")
            needle = Array(try disk.readFully(names[0], maximumByteCount: 1 << 20)[5_000..<5_064])
            kept = try Life.append(fixture, classID: 3, occurred: nil)
            try fixture.append(["a", "b"], classID: 2, occurred: CompactionFixture.past)
        }

        private static func append(
            _ fixture: CompactionFixture, classID: UInt32, occurred: Microseconds?
        ) throws -> UInt64 {
            let store = fixture.store
            let writer = try BodyFileWriter(store.fileSystem, store.paths, logID: store.manifest.logID)
            var generator = SeededGenerator(seed: UInt64(classID))
            let payload = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try payload.withUnsafeBytes { try writer.append($0) }
            let (reference, body) = try writer.finish()
            let batch = RecordBatch(classID: classID, hasOccurred: occurred != nil)
            batch.append(reference: reference, body: body, attributes: [], occurred: occurred)
            return try store.append([batch]).firstIndex
        }

        /// Every file below `path`.
        static func files(_ disk: SimulatedDisk, _ path: String) throws -> [String] {
            guard try disk.status(path)?.kind == .directory else { return [path] }
            return try disk.names(in: path).sorted().flatMap { try files(disk, path + "/" + $0) }
        }

        mutating func restart(outcome: UInt64) throws {
            disk = disk.restart(outcome: outcome)
            fixture.fileSystem = disk
            try fixture.reopen()
        }

        /// The purge that failed is carried on, or runs again; nothing of what it purges is left then.
        mutating func settle() throws {
            _ = try fixture.compact()
            try fixture.store.close()
            try fixture.reopen()
            #expect(try fixture.payload(gone) == nil)
            #expect(try fixture.payload(kept) == "large")
            try fixture.store.close()
            let names = try Life.files(disk, "archive")
            #expect(names.filter { $0.hasSuffix(".body") }.count == 1, "\(names)")
            let segments = names.compactMap {
                SegmentHeader.parse(fileName: String($0.split(separator: "/").last ?? ""))
            }
            #expect(Set(segments.map(\.segment)).count == segments.count, "a segment has two generations: \(names)")
            for name in names + (try Life.files(disk, "archive.keys")) {
                let bytes = try disk.readFully(name, maximumByteCount: 1 << 24)
                #expect(bytes.firstRange(of: needle) == nil, "\(name) has bytes of the purged payload's file")
            }
        }
    }

    @Test(arguments: [false, true]) func deathAtEveryChangeOfARun(isPowerLoss: Bool) throws {
        var whole = try Life()
        let start = whole.disk.changeCount
        _ = try whole.fixture.compact()
        let changeCount = whole.disk.changeCount - start
        try whole.settle()
        let stride = ProcessInfo.processInfo.environment["MUNIMENT_CRASH_STRIDE"].flatMap { Int($0) } ?? 3
        // What is removed, is removed at the end: there each change counts.
        let late = max(1, changeCount - 24)
        for change in Array(Swift.stride(from: 1, to: late, by: stride)) + Array(late...changeCount) {
            var life = try Life()
            life.disk.arm(isPowerLoss ? .powerLoss(atChange: change) : .processDeath(atChange: change))
            do throws(ArchiveError) {
                _ = try life.fixture.compactor.run(at: life.fixture.clock.microsecondsSinceEpoch(), isDryRun: false)
            } catch {
                #expect(life.disk.isDead, "\(error)")
            }
            do {
                if life.disk.isDead { try life.restart(outcome: UInt64(change)) } else { life.disk.arm(.none) }
                try life.settle()
            } catch {
                Issue.record("death at change \(change) of \(changeCount), power loss \(isPowerLoss): \(error)")
            }
        }
    }

    @Test func backupsFollow() async throws {
        let folder = try TemporaryFolder()
        let (path, copy) = (folder.path + "/archive", folder.path + "/copy")
        let archive = try await Archive.create(at: path, origin: CompactionFixture.origin)
        try await archive.setClass("mail", RetentionClassChange(period: "P7Y", since: .occurred))
        let large = [UInt8](repeating: 7, count: Limits.inlinePayloadByteCount + 1)
        for (name, occurred) in [("mail", CompactionFixture.past), ("mail", CompactionFixture.future)] {
            var pieces = [large].makeIterator()
            _ = try await archive.append(
                streaming: { pieces.next() }, retentionClass: name, occurredAt: occurred)
        }
        func names(_ suffix: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: copy).filter { $0.hasSuffix(suffix) }.sorted()
        }
        _ = try await archive.checkpoint()
        _ = try ArchiveReader.backup(of: path, to: copy)
        #expect(try names(".body").count == 2)
        // The copy has the segment as it was before it was sealed, and misses the generation between.
        #expect(try await archive.compact().purged == 1)
        _ = try await archive.checkpoint()
        _ = try ArchiveReader.backup(of: path, to: copy)
        #expect(try names(".body").count == 1)
        let present = try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.hasSuffix(".seg") }.sorted()
        #expect(try names(".seg") == present)
        try await archive.close()
    }
}
