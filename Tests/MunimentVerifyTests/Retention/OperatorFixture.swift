// A store in which some records are due and unheld, and many are due and held, or young; and what an operator does to its files who can write every one
// of them, mends every checksum, and can't sign. Whatever he does: the engine, opened and told to compact, destroys nothing early. Either it refuses
// with an error, and then nothing is gone and putting the files back puts everything right; or it runs, and only what was due and unheld goes.

import Foundation
import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@testable import Muniment

final class OperatorFixture: @unchecked Sendable {
    // Nothing changes after init but the files, which are the test's; those of `shared` nobody's.
    let clock = SteppedClock()
    let files: StoreFixture
    /// Due, and in no hold: what a purge takes.
    private(set) var bait: [UInt64] = []
    /// Due and held in segment 0, young in segment 0, due and held in segment 1, a young body file in segment 1.
    private(set) var held: Range<UInt64> = 0..<0
    private(set) var young: Range<UInt64> = 0..<0
    private(set) var heldLater: Range<UInt64> = 0..<0
    private(set) var large: UInt64 = 0
    /// The matters, and the control record before the second.
    private(set) var matter: UInt64 = 0
    private(set) var matterLater: UInt64 = 0
    private(set) var beforeMatterLater: UInt64 = 0
    private var payloads: [UInt64: [UInt8]] = [:]
    static let past: Microseconds = 978_307_200_000_000
    static let pastHold = HoldRecord(matter: nil, scope: HoldScope(indexes: MunimentFormat.IndexSet(4..<14)))

    /// One that is never changed: take a copy.
    static let shared: OperatorFixture = {
        do { return try OperatorFixture() } catch { fatalError("the store can't be made: \(error)") }
    }()

    var protected: [UInt64] { Array(held) + Array(young) + Array(heldLater) + [large] }

    /// With `isSealed`, segment 0 ends before the second hold; otherwise all is in one open segment. Records of `byteCount` bytes, so that frames are not
    /// packed anew.
    init(isSealed: Bool = true, byteCount: Int = 20_000) throws {
        var parts: [(UInt64, [UInt8])] = []
        var generator = SeededGenerator(seed: 42)
        let options = clock
        var (bait, held, young, later) = ([UInt64](), 0..<UInt64(0), 0..<UInt64(0), 0..<UInt64(0))
        var (matter, matterLater, before, large) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        files = try StoreFixture(clock: options) { store in
            func append(_ count: Int, _ classID: UInt32, occurred: Microseconds?) throws -> Range<UInt64> {
                let batch = RecordBatch(classID: classID, hasOccurred: occurred != nil)
                var texts: [[UInt8]] = []
                for _ in 0..<count {
                    texts.append(Self.noise(byteCount, &generator))
                    texts[texts.count - 1].withUnsafeBytes { batch.append(payload: $0, occurred: occurred) }
                }
                let first = try store.append([batch]).firstIndex
                for (place, text) in texts.enumerated() { parts.append((first + UInt64(place), text)) }
                return first..<first + UInt64(count)
            }
            _ = try store.appendClass(
                ClassRecord(classID: 2, name: "mail", mode: .compliance, basis: .occurred, period: "P7Y"))
            _ = try store.appendClass(ClassRecord(classID: 3, name: "letters", mode: .compliance, period: "P9Y"))
            held = try append(10, 2, occurred: Self.past)
            #expect(held == 4..<14)
            bait += try append(5, 2, occurred: Self.past)
            matter = try store.appendControl(.hold, body: Self.pastHold.encoded()).firstIndex
            young = try append(10, 3, occurred: nil)
            before = try store.appendControl(.retentionClass, beginsSegment: isSealed) { _ in
                ClassRecord(classID: 4, name: "other").encoded()
            }.firstIndex
            if isSealed { try store.waitForSeals() }
            let body = try BodyFileWriter(store.fileSystem, store.paths, logID: store.manifest.logID)
            let payload = Self.noise(200_000, &generator)
            try payload.withUnsafeBytes { try body.append($0) }
            let (reference, file) = try body.finish()
            let batch = RecordBatch(classID: 3, hasOccurred: false)
            batch.append(reference: reference, body: file, attributes: [], occurred: nil)
            large = try store.append([batch]).firstIndex
            later = try append(6, 2, occurred: Self.past)
            let scope = HoldScope(indexes: MunimentFormat.IndexSet(later))
            matterLater = try store.appendControl(
                .hold, body: HoldRecord(matter: nil, scope: scope).encoded()
            ).firstIndex
            bait += try append(3, 2, occurred: Self.past)
        }
        (self.bait, self.held, self.young, heldLater, self.large) = (bait, held, young, later, large)
        (self.matter, self.matterLater, beforeMatterLater) = (matter, matterLater, before)
        for (index, text) in parts { payloads[index] = text }
    }

    private static func noise(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for offset in stride(from: 0, to: count - 7, by: 8) {
                raw.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
            }
            filled = count / 8 * 8
        }
    }

    private init(copying other: OperatorFixture) throws {
        files = try StoreFixture(copying: other.files)
        (bait, held, young, heldLater, large) = (other.bait, other.held, other.young, other.heldLater, other.large)
        (matter, matterLater, beforeMatterLater) = (other.matter, other.matterLater, other.beforeMatterLater)
        payloads = other.payloads
        clock.advance(3_600_000_000)
    }

    /// The store with its keys, to be changed apart from this one.
    func copy() throws -> OperatorFixture { try OperatorFixture(copying: self) }

    /// Purges, and appends more of what is due and in no hold, in the next segment.
    func purgeAndGoOn() throws {
        #expect(try compact().purged == UInt64(bait.count))
        let first = try open { archive in
            let batch = RecordBatch(classID: 2, hasOccurred: true)
            var generator = SeededGenerator(seed: 43)
            for _ in 0..<4 {
                Self.noise(60_000, &generator).withUnsafeBytes { batch.append(payload: $0, occurred: Self.past) }
            }
            return try archive.store.append([batch]).firstIndex
        }
        bait = Array(first..<first + 4)
    }

    // MARK: The engine

    /// Opens the archive as an embedder does, and closes it.
    func open<Result>(_ body: (Archive) throws -> Result) throws -> Result {
        let store = try LogStore.open(
            POSIXFileSystem(), files.path, options: StoreFixture.options(Limits.entriesPerSegment, nil, clock))
        let archive = Archive(store, logger: ArchiveOptions().quiet().logger)
        defer { try? archive.closeBlocking() }
        try archive.resumeCompaction()
        return try body(archive)
    }

    func compact() throws -> CompactionReport { try open { try $0.compactBlocking() } }

    /// What of the protected records can't be read any more.
    func lost() throws -> [UInt64] {
        try open { archive in
            let snapshot = try archive.snapshotBlocking()
            return try protected.filter { index in
                switch try snapshot.record(at: index).content {
                case .payload(let bytes): !bytes.elementsEqual(payloads[index] ?? [])
                case .large: index != large
                case .purged: true
                }
            }
        }
    }

    // MARK: The operator

    enum Outcome {
        case refused(ArchiveError)
        case ran(CompactionReport)
    }

    typealias Files = [String: [UInt8]]

    func contents() throws -> Files {
        var contents: Files = [:]
        for name in try files.files(keys: true) { contents[name] = try files.read(name) }
        return contents
    }

    private func restore(_ contents: Files) throws {
        for name in try files.files(keys: true) where contents[name] == nil { try files.remove(name) }
        for (name, bytes) in contents {
            if FileManager.default.fileExists(atPath: files.absolute(name)) {
                try files.write(name, bytes)
            } else {
                files.create(name, bytes)
            }
        }
    }

    /// Lets the operator edit the files and the engine compact, `sessionCount` times, and fails the test if anything is destroyed early.
    @discardableResult
    func attack(
        _ name: String, sessionCount: Int = 1, sourceLocation: SourceLocation = #_sourceLocation,
        prelude: ((Archive) throws -> Void)? = nil, _ edit: () throws -> Void
    ) throws -> Outcome {
        let before = try contents()
        try edit()
        let edited = try contents()
        #expect(edited != before, "\(name) edits nothing", sourceLocation: sourceLocation)
        let outcome: Outcome
        do {
            if let prelude { try? open(prelude) }
            outcome = .ran(try compact())
        } catch let error as ArchiveError {
            outcome = .refused(error)
        }
        switch outcome {
        case .ran(let report):
            #expect(report.purged <= UInt64(bait.count), "\(name): \(report)", sourceLocation: sourceLocation)
            #expect(try lost() == [], "\(name)", sourceLocation: sourceLocation)
        case .refused(let error):
            #expect(
                [.damaged, .absent, .keyMissing, .wrongKey].contains(error.code), "\(name): \(error)",
                sourceLocation: sourceLocation)
            try expectNothingGone(name, edited, sourceLocation)
        }
        try restore(before)
        #expect(try compact().purged == UInt64(bait.count), "\(name)", sourceLocation: sourceLocation)
        #expect(try lost() == [], "\(name)", sourceLocation: sourceLocation)
        return outcome
    }

    /// Segments may have grown, and nothing else of what holds records or keys may have changed.
    private func expectNothingGone(_ name: String, _ edited: Files, _ sourceLocation: SourceLocation) throws {
        let after = try contents()
        for (file, bytes) in edited {
            let isKept =
                if file.hasPrefix("segments/") {
                    after[file]?.starts(with: bytes) ?? false
                } else if file.hasPrefix("bodies/") || file == "keys/groups" {
                    after[file].map { $0.starts(with: bytes) } ?? false
                } else { after[file] != nil }
            #expect(isKept, "\(name): \(file) is gone or changed", sourceLocation: sourceLocation)
        }
    }
}

extension OperatorFixture {
    /// Changes the bytes of a file, and nothing else.
    func edit(_ name: String, _ change: (inout [UInt8]) throws -> Void) throws {
        var bytes = try files.read(name)
        try change(&bytes)
        try files.write(name, bytes)
    }

    /// Puts another key in the manifest, and signs the checkpoint with it.
    func exchangeSigningKey() throws {
        let signer = try StoreFixture.forger()
        let note = try SignedNote(try files.read("checkpoint"))
        let text = String(decoding: try files.read("muniment.json"), as: UTF8.self)
        try files.write(
            "muniment.json", Array(text.replacing(files.verifierKey, with: signer.key.description).utf8))
        try files.write("checkpoint", try signer.note(text: note.text).bytes)
    }

    /// Changes a segment's file, and nothing else.
    func editSegment(_ name: String, _ change: (inout SegmentBytes) throws -> Void) throws {
        var segment = SegmentBytes(try files.read(name))
        try change(&segment)
        try files.write(name, segment.bytes)
    }
}

extension SegmentBytes {
    /// Replaces the first place where `old` stands in a frame's entries, and mends the frame's checksum; false where it stands in none.
    mutating func exchange(_ old: [UInt8], _ new: [UInt8]) throws -> Bool {
        precondition(old.count == new.count && old != new)
        for offset in offsets {
            let header = try header(at: offset)
            let entries = offset + header.headerByteCount..<offset + header.partRowsOffset
            guard let place = bytes[entries].firstRange(of: old) else { continue }
            bytes.replaceSubrange(place, with: new)
            try mend(at: offset)
            return true
        }
        return false
    }
}
