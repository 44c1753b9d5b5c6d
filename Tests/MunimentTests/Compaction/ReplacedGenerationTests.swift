// What is left in a process of a generation that a purge replaced: no file, and nothing that was opened of it.

import Foundation
import MunimentFormat
import Testing

@testable import Muniment
@testable import MunimentStore

@Suite struct ReplacedGenerationTests {
    /// The segment files below `folder` that this process has open, by the name under which they were opened.
    private static func openSegmentFiles(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
        }.filter { $0.hasPrefix(folder) && $0.contains("/segments/") }
    }

    private static func snapshot(_ fixture: CompactionFixture) throws -> Snapshot {
        try Snapshot(fixture.store.checkpoint(.kept), reader: fixture.store.reader, classes: fixture.store.classes)
    }

    /// Mail that is due between notes that stay, in some sealed segments, with a hold on the first.
    private static func filled(_ folder: TemporaryFolder) throws -> (CompactionFixture, mail: [UInt64]) {
        let fixture = try CompactionFixture(POSIXFileSystem(), folder.path + "/archive", segmentEntryCount: 100)
        var mail: [UInt64] = []
        for number in 0..<200 {
            mail += try fixture.append(["mail \(number)"], classID: 2, occurred: CompactionFixture.past)
            try fixture.append(["note \(number)"], classID: 3, occurred: nil)
        }
        try fixture.store.waitForSeals()
        return (fixture, mail)
    }

    private static func generations(_ reader: LogReader) -> [UInt64: UInt32] {
        Dictionary(uniqueKeysWithValues: reader.segments.map { ($0.segment, $0.generation) })
    }

    /// Whether every key of the reader's caches is of the generation that is in force.
    private static func expectNothingOld(_ reader: LogReader) {
        let present = generations(reader)
        let frames = reader.frames.contents.keys
        #expect(frames.allSatisfy { present[$0.segment] == $0.generation })
        #expect(reader.parts.contents.keys.allSatisfy { present[$0.frame.segment] == $0.frame.generation })
        #expect(reader.partKeys.contents.keys.allSatisfy { present[$0.segment] == $0.generation })
        #expect(reader.indexes.tops.contents.keys.allSatisfy { present[$0.segment] == $0.generation })
        #expect(reader.indexes.pages.contents.keys.allSatisfy { present[$0.place.segment] == $0.place.generation })
        #expect(reader.indexes.groups.contents.keys.allSatisfy { present[$0.segment] == $0.generation })
        #expect(reader.indexes.tails.withLock { $0.allSatisfy { present[$0.segment] == $0.generation } })
    }

    @Test func noFileAndNoOpenedPartOfItIsLeft() throws {
        let folder = try TemporaryFolder()
        let (fixture, mail) = try Self.filled(folder)
        let reader = fixture.store.reader
        let before = try Self.snapshot(fixture)
        // Twice: so that parts are kept.
        for index in mail + mail { _ = try before.record(at: index) }
        let fromAlice = Muniment.Predicate.attribute(.equals("from", "alice@example.org"))
        #expect(try before.recordCount(matching: fromAlice) == 400)
        #expect(!reader.parts.contents.keys.isEmpty && !reader.indexes.pages.contents.keys.isEmpty)
        let sealed = reader.segments.dropLast()
        #expect(try sealed.count >= 3 && Self.openSegmentFiles(folder.path).count >= sealed.count)

        #expect(try fixture.compact().purged == 200)
        let left = try Self.openSegmentFiles(folder.path)
        #expect(left.allSatisfy { !$0.hasSuffix(" (deleted)") }, "\(left)")
        Self.expectNothingOld(reader)

        // What holds an old handle, and goes on with it, finds its file gone; nothing of it is kept.
        for handle in sealed {
            #expect(handle.isReplaced)
            #expect(throws: FileSystemError.self) { _ = try reader.file(handle) }
        }
        for index in mail { #expect(try fixture.payload(index) == nil) }
        #expect(try Self.openSegmentFiles(folder.path).allSatisfy { !$0.hasSuffix(" (deleted)") })
        Self.expectNothingOld(reader)
        try fixture.store.close()
    }

    /// A read that is at work with the old file when it is replaced ends well, and leaves nothing behind.
    @Test func aReadThatIsUnderWayEndsAndLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let (fixture, _) = try Self.filled(folder)
        let reader = fixture.store.reader
        let old = try #require(reader.segments.first)
        let file = try reader.file(old)
        let row = SegmentHandle(
            reader.fileSystem, old.path, segment: old.segment, generation: old.generation, firstIndex: old.firstIndex)
        reader.install(row)
        #expect(try file.byteCount() > 0)
        let reference = try #require(try old.frames().last)
        // Before the file is removed it can still be read, by whoever has the handle.
        let frame = try reader.frame(reference, in: old)
        _ = try reader.part(0, of: frame.outline, in: old)
        #expect(reader.frames.contents.keys.allSatisfy { $0.segment != old.segment })
        #expect(reader.parts.contents.keys.allSatisfy { $0.frame.segment != old.segment })
        #expect(reader.partKeys.contents.keys.allSatisfy { $0.segment != old.segment })
        // One of the read that is under way, none of the old handle; the new one has opened none yet.
        let open = try Self.openSegmentFiles(folder.path).filter { $0 == old.path }
        withExtendedLifetime(file) { #expect(open.count == 1) }
        try fixture.store.close()
    }

    // MARK: Segments by number and by index

    @Test func segmentsAreFoundByNumberAndIndex() throws {
        let folder = try TemporaryFolder()
        let (fixture, _) = try Self.filled(folder)
        let reader = fixture.store.reader
        let segments = reader.segments
        for (place, handle) in segments.enumerated() {
            let next = place + 1 < segments.count ? segments[place + 1].firstIndex : nil
            #expect(reader.firstIndex(after: handle) == next)
            #expect(try reader.segment(containing: handle.firstIndex) === handle)
            if let next { #expect(try reader.segment(containing: next - 1) === handle) }
        }
        try fixture.store.close()
    }
}
