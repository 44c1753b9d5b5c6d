// An archive with a class of mail that is due seven years after it occurred, on a disk of its own.

import Foundation
@testable import Muniment
import MunimentFormat
import MunimentStore
import Testing

/// A log on some file system with its policy and a compactor, as an archive has them.
struct CompactionFixture {
    static let origin = "example.org/compaction"
    /// 1 January 2001 and 1 January 2030: long due, and never due in these tests.
    static let past: Microseconds = 978_307_200_000_000
    static let future: Microseconds = 1_893_456_000_000_000

    let clock: ManualClock
    var fileSystem: any FileSystem
    let path: String
    var store: LogStore
    var gate: PolicyGate

    var segmentEntryCount = Limits.entriesPerSegment

    private static func options(_ clock: ManualClock, segmentEntryCount: Int) -> StoreOptions {
        var options = StoreOptions()
        options.clock = clock
        options.isSynchronous = true
        options.limits.segmentEntryCount = segmentEntryCount
        options.limits.preparesSegments = false
        return options
    }

    /// Makes the store and the classes `mail` and `chat` (seven years since it occurred) and `notes` (for ever).
    init(
        _ fileSystem: any FileSystem, _ path: String, clock: ManualClock = ManualClock(),
        segmentEntryCount: Int = Limits.entriesPerSegment
    ) throws {
        (self.clock, self.fileSystem, self.path) = (clock, fileSystem, path)
        self.segmentEntryCount = segmentEntryCount
        store = try LogStore.create(
            fileSystem, path, origin: CompactionFixture.origin,
            options: CompactionFixture.options(clock, segmentEntryCount: segmentEntryCount))
        gate = PolicyGate(store)
        _ = try store.appendClass(
            ClassRecord(classID: 2, name: "mail", mode: .compliance, basis: .occurred, period: "P7Y"))
        _ = try store.appendClass(ClassRecord(classID: 3, name: "notes"))
        _ = try store.appendClass(
            ClassRecord(classID: 4, name: "chat", mode: .governance, basis: .occurred, period: "P7Y"))
    }

    mutating func reopen() throws {
        store = try LogStore.open(
            fileSystem, path, options: CompactionFixture.options(clock, segmentEntryCount: segmentEntryCount))
        gate = PolicyGate(store)
        if let open = try gate.policy().openDisposition { try compactor.resume(open) }
    }

    var compactor: Compactor { Compactor(store: store, gate: gate) }

    func compact(isDryRun: Bool = false) throws -> CompactionReport {
        try compactor.run(at: clock.microsecondsSinceEpoch(), isDryRun: isDryRun)
    }

    /// Appends records of one class, each saying who it is from; returns their indexes.
    @discardableResult
    func append(_ texts: [String], classID: UInt32, occurred: Microseconds?, from: String = "alice@example.org") throws
        -> Range<UInt64>
    {
        let batch = RecordBatch(classID: classID, hasOccurred: occurred != nil)
        let attributes = ContentEncoder.canonical([Attribute("from", .text(from))])
        for text in texts {
            Array(text.utf8).withUnsafeBytes { batch.append(payload: $0, attributes: attributes, occurred: occurred) }
        }
        let receipt = try store.append([batch])
        return receipt.firstIndex..<receipt.firstIndex + UInt64(texts.count)
    }

    /// The payload at `index`, proved and opened; nil where it is purged.
    func payload(_ index: UInt64) throws -> String? {
        let snapshot = try Snapshot(store.checkpoint(.kept), reader: store.reader, classes: store.classes)
        switch try snapshot.record(at: index).content {
        case .payload(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .purged: return nil
        case .large: return "large"
        }
    }
}
