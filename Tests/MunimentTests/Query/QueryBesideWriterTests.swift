// Queries while a writer appends, seals and packs anew: each finds, under its own checkpoint, exactly what was appended before that, and
// nothing unproved. For a minute with MUNIMENT_NIGHTLY=1, else for some seconds. The reader has its own handles on the files, as one in
// another process has.

import Foundation
import Logging
import Testing

@testable import Muniment

@Suite struct QueryBesideWriterTests {
    private static let isNightly = ProcessInfo.processInfo.environment["MUNIMENT_NIGHTLY"] == "1"

    @Test func readersSeeWhatIsUnderTheirCheckpoint() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        var options = ArchiveOptions()
        options.segmentByteCount = 1 << 20
        options.checkpointCadence = .milliseconds(20)
        options.logger.logLevel = .warning
        let archive = try Archive.createBlocking(at: path, origin: "example.org/beside", options: options)
        _ = try append(0..<60, to: archive)
        _ = try archive.checkpointBlocking()
        // A thread of its own: what blocks here must not wait for the threads of other tests.
        let writer = Writer(archive)
        writer.start()
        defer { _ = try? writer.stop() }
        let end = Date().addingTimeInterval(Self.isNightly ? 60 : 4)
        let reader = try ArchiveReader(at: path, options: options)
        var (rounds, greatest) = (0, UInt64(0))
        while Date() < end || rounds < 5 {
            try reader.refresh()
            try look(at: reader.snapshot)
            #expect(reader.snapshot.size >= greatest)
            (rounds, greatest) = (rounds + 1, reader.snapshot.size)
        }
        let written = try writer.stop()
        #expect(written > 60 && greatest > 60, "\(rounds) rounds up to \(greatest), \(written) records")
        try archive.closeBlocking()
        let snapshot = try ArchiveReader(at: path, options: options).snapshot
        let count = try snapshot.recordCount(matching: .attribute(.integer("number", 0...Int64.max)))
        #expect(count == UInt64(written))
    }

    /// The numbers of user 3 are 3, 10, 17, …: without a gap, up to where the checkpoint ends. So are all, from the end.
    private func look(at snapshot: Snapshot) throws {
        var numbers: [Int] = []
        try snapshot.forEachRecord(matching: .attribute(.equals("user", "user3"))) { record in
            #expect(record.index < snapshot.size)
            numbers.append(number(record))
            return true
        }
        #expect(numbers == numbers.indices.map { 3 + 7 * $0 })
        var newest: [Int] = []
        let all = Muniment.Predicate.attribute(.integer("number", 0...Int64.max))
        try snapshot.forEachRecord(matching: all, isReversed: true) { record in
            newest.append(number(record))
            return newest.count < 20
        }
        #expect(newest == newest.indices.map { (newest.first ?? 0) - $0 })
        #expect(abs((newest.first ?? 0) - (numbers.last ?? 0)) < 8)
    }
}

private func append(_ numbers: Range<Int>, to archive: Archive) throws -> Int {
    let buffer = archive.makeBuffer()
    for number in numbers { try buffer.append(record(number)) }
    _ = try archive.appendBlocking(buffer)
    return numbers.upperBound
}

/// Appends until it is stopped.
private final class Writer: @unchecked Sendable {
    // The lock guards the rest.
    private let archive: Archive
    private let lock = NSLock()
    private let done = DispatchSemaphore(value: 0)
    private var isStopping = false
    private var outcome = Result<Int, any Error>.success(60)

    init(_ archive: Archive) { self.archive = archive }

    func start() { Thread.detachNewThread { self.run() } }

    private func run() {
        var next = 60
        while !lock.withLock({ isStopping }) {
            let result = Result { try append(next..<next + (next % 3 == 0 ? 50 : 1), to: archive) }
            lock.withLock { outcome = result }
            guard case .success(let end) = result else { break }
            next = end
        }
        done.signal()
    }

    /// How many records there are at the end; again and again the same.
    @discardableResult
    func stop() throws -> Int {
        lock.withLock { isStopping = true }
        done.wait()
        done.signal()
        return try lock.withLock { try outcome.get() }
    }
}

private func record(_ number: Int) -> Record {
    Record(
        "payload \(number) " + String(repeating: "x", count: number * 131 % 900),
        attributes: [Attribute("user", .text("user\(number % 7)")), Attribute("number", .integer(Int64(number)))])
}

private func number(_ record: StoredRecord) -> Int {
    for attribute in record.attributes where attribute.name == "number" {
        if case .integer(let value) = attribute.value { return Int(value) }
    }
    return -1
}
