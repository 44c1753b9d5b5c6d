// Latency of queries on an archive that was just made, by how many records they find: hot, and cold with a reader that
// has opened nothing and files that are in no cache.

import Foundation
import Glibc
import Muniment

enum Querying {
    private struct Query {
        let name: String
        let predicate: Muniment.Predicate
    }

    private static let start: Microseconds = 1_700_000_000_000_000

    /// Every 10,000th record has a case, one in 200 a sender, one in 40 a room; each has a number and a time of its own.
    private static func record(_ number: Int, _ payload: UnsafeRawBufferPointer) -> Record {
        var attributes = [
            Attribute("sender", .text("user\(number % 200)@example.com")),
            Attribute("room", .text("ops-\(number % 40)")), Attribute("sequence", .integer(Int64(number))),
        ]
        if number % 10_000 == 0 { attributes.append(Attribute("case", .text("c-7"))) }
        return Record(
            Array(payload), attributes: attributes, stream: "ops", occurredAt: start + Int64(number) * 1_000_000)
    }

    private static func queries(_ count: Int) -> [Query] {
        let middle = Int64(count / 2)
        return [
            Query(name: "no record, equality", predicate: .attribute(.equals("sender", "nobody@example.com"))),
            Query(name: "1 record, equality", predicate: .attribute(.integer("sequence", middle...middle))),
            Query(
                name: "1 record, time",
                predicate: .time(from: start + middle * 1_000_000, to: start + middle * 1_000_000 + 1)),
            Query(name: "1 in 10,000", predicate: .attribute(.equals("case", "c-7"))),
            Query(
                name: "1,000 in a row, integer range",
                predicate: .attribute(.integer("sequence", middle...middle + 999))),
            Query(
                name: "1 in 8,000: sender and room and not case",
                predicate: .all([
                    .attribute(.equals("sender", "user7@example.com")), .attribute(.equals("room", "ops-7")),
                    !.attribute(.equals("case", "c-7")),
                    .time(from: start, to: start + Int64(count / 40) * 1_000_000),
                ])),
            Query(name: "1 in 200, equality", predicate: .attribute(.equals("sender", "user7@example.com"))),
            Query(name: "1 in 20, prefix", predicate: .attribute(.hasPrefix("sender", "user19"))),
        ]
    }

    static func run(_ directory: String, size: Int, count: Int) throws {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let path = scratch.path + "/archive"
        let corpus = Corpus.shared(size)
        let archive = try Archive.createBlocking(at: path, origin: "bench.example/log", options: Append.options())
        let filling = try seconds {
            var number = 0
            while number < count {
                let buffer = archive.makeBuffer()
                for _ in 0..<min(1_000, count - number) {
                    try buffer.append(record(number, corpus[number]))
                    number += 1
                }
                _ = try archive.appendBlocking(buffer)
            }
        }
        try archive.closeBlocking()
        print(
            "\(count) records of \(size) B with 4 attributes: \(format(filling)) s to append, "
                + "\(format(Double(scratch.byteCount) / Double(count))) bytes a record, peak \(format(peakMemory())) MB"
        )
        for query in queries(count) {
            try dropCaches(path)
            let reader = try ArchiveReader(at: path, options: Append.options())
            let snapshot = reader.snapshot
            var found = 0
            let cold = try seconds { found = try hits(query, snapshot) }
            var times: [Double] = []
            for _ in 0..<9 { times.append(try seconds { _ = try hits(query, snapshot) }) }
            let first = try seconds {
                try snapshot.forEachRecord(matching: query.predicate, isReversed: true) { _ in false }
            }
            print(
                "\(query.name): \(found) found, cold \(format(cold * 1e3)) ms, hot \(format(Comparison.median(times) * 1e3)) ms, "
                    + "newest alone \(format(first * 1e3)) ms")
        }
    }

    private static func hits(_ query: Query, _ snapshot: Snapshot) throws -> Int {
        var found = 0
        try snapshot.forEachRecord(matching: query.predicate) { _ in
            found += 1
            return true
        }
        return found
    }

    /// Asks the system to forget the archive's pages.
    private static func dropCaches(_ path: String) throws {
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            let file = open(path + "/" + name, O_RDONLY)
            guard file >= 0 else { continue }
            fsync(file)
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
            close(file)
        }
    }
}
