// Queries while a writer appends, seals and packs anew: each finds, under its own checkpoint, exactly what was appended before that, and
// nothing unproved. For a minute with MUNIMENT_NIGHTLY=1, else for some seconds. The reader has its own handles on the files, as one in
// another process has.

import Foundation
import Logging
import Testing

@testable import Muniment

@Suite struct QueryBesideWriterTests {
    @Test func readersSeeWhatIsUnderTheirCheckpoint() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        var options = ArchiveOptions()
        options.segmentByteCount = 1 << 20
        options.checkpointCadence = .milliseconds(20)
        options.logger.logLevel = .warning
        let archive = try await Archive.create(at: path, origin: "example.org/beside", options: options)
        let isNightly = ProcessInfo.processInfo.environment["MUNIMENT_NIGHTLY"] == "1"
        let end = Date().addingTimeInterval(isNightly ? 60 : 4)
        let isRead = Flag()
        _ = try await archive.append(record(0))
        _ = try await archive.checkpoint()
        let writing = Task {
            var number = 1
            while !isRead.isSet {
                let buffer = archive.makeBuffer()
                for _ in 0..<(number % 3 == 0 ? 50 : 1) {
                    try buffer.append(record(number))
                    number += 1
                }
                _ = try await archive.append(buffer)
            }
            return number
        }
        let reading = Task.detached { () throws -> (rounds: Int, greatest: UInt64) in
            let reader = try ArchiveReader(at: path, options: options)
            var rounds = 0
            var greatest: UInt64 = 0
            defer { isRead.set() }
            while Date() < end || rounds < 5 {
                try reader.refresh()
                let snapshot = reader.snapshot
                // The numbers of user 3 are 3, 10, 17, …: without a gap, up to where the checkpoint ends.
                var numbers: [Int] = []
                try snapshot.forEachRecord(matching: .attribute(.equals("user", "user3"))) { record in
                    #expect(record.index < snapshot.size)
                    numbers.append(number(record))
                    return true
                }
                #expect(numbers == numbers.indices.map { 3 + 7 * $0 })
                var newest: [Int] = []
                try snapshot.forEachRecord(
                    matching: .attribute(.integer("number", 0...Int64.max)), isReversed: true
                ) { record in
                    newest.append(number(record))
                    return newest.count < 20
                }
                #expect(newest == newest.indices.map { (newest.first ?? 0) - $0 })
                #expect(abs((newest.first ?? 0) - (numbers.last ?? 0)) < 8)
                #expect(snapshot.size >= greatest)
                greatest = snapshot.size
                rounds += 1
            }
            return (rounds, greatest)
        }
        let written = try await writing.value
        let (rounds, greatest) = try await reading.value
        #expect(greatest > 20 && written > 100, "\(rounds) rounds up to \(greatest), \(written) records")
        try await archive.close()
        let snapshot = try ArchiveReader(at: path, options: options).snapshot
        let count = try snapshot.recordCount(matching: .attribute(.integer("number", 0...Int64.max)))
        #expect(count == UInt64(written))
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

/// Set once, by another thread.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false
    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}
