// Queries by how much they find: from nothing to one record in a hundred.

import Muniment

/// The records of the queried store: what each has is a function of its number.
enum QueryRecord {
    static let start: Microseconds = 1_700_000_000_000_000
    private static let senders = (0..<100).map { Attribute("sender", .text("user\($0)@example.com")) }
    private static let rooms = (0..<40).map { Attribute("room", .text("ops-\($0)")) }
    private static let kind = Attribute("kind", .text("message"))

    /// One record in a hundred has a sender, one in 40 a room; each has a number and a second of its own.
    static func append(_ number: Int, _ payload: UnsafeRawBufferPointer, to buffer: RecordBuffer) throws {
        try buffer.append(
            payload: payload,
            attributes: [
                senders[number % 100], rooms[number % 40], Attribute("sequence", .integer(Int64(number))), kind,
            ], stream: "ops", occurredAt: start + Int64(number) * 1_000_000)
    }
}

/// A query, and how many records it must find.
private struct BenchQuery {
    let id: String
    let name: String
    let predicate: Muniment.Predicate
    let expected: Int

    static func all(_ count: Int) -> [BenchQuery] {
        let middle = count / 2
        func time(_ number: Int) -> Microseconds { QueryRecord.start + Int64(number) * 1_000_000 }
        return [
            BenchQuery(
                id: "none", name: "nothing, equality", predicate: .attribute(.equals("sender", "nobody@example.com")),
                expected: 0),
            BenchQuery(
                id: "one", name: "1 record, equality",
                predicate: .attribute(.integer("sequence", Int64(middle)...Int64(middle))), expected: 1),
            BenchQuery(
                id: "one-time", name: "1 record, time", predicate: .time(from: time(middle), to: time(middle + 1)),
                expected: 1),
            BenchQuery(
                id: "hundred", name: "100 records, integer range",
                predicate: .attribute(.integer("sequence", Int64(middle)...Int64(middle + 99))), expected: 100),
            BenchQuery(
                id: "both", name: "sender and room, within a tenth of the time",
                predicate: .all([
                    .attribute(.equals("sender", "user7@example.com")), .attribute(.equals("room", "ops-7")),
                    .time(from: time(0), to: time(count / 10)),
                ]), expected: (0..<count / 10).count { $0 % 100 == 7 && $0 % 40 == 7 }),
            BenchQuery(
                id: "percent", name: "1 % of all, equality",
                predicate: .attribute(.equals("sender", "user7@example.com")),
                expected: (0..<count).count { $0 % 100 == 7 }),
        ]
    }

    /// Seconds that it takes; an error where it finds anything else than it must.
    func run(_ snapshot: Snapshot) throws -> Double {
        var found = 0
        let elapsed = try seconds {
            try snapshot.forEachRecord(matching: predicate) { _ in
                found += 1
                return true
            }
        }
        try require(found == expected, "The query for \(name) found \(found) records, not \(expected).")
        return elapsed
    }
}

extension Part {
    static let queries = Part(id: "queries") { session in
        let path = BenchArchive.path(in: try session.shelf.queried())
        let count = session.effort.shelfCount
        session.say("queries")
        var cold = ReportSection(
            id: "query-cold", title: "Query, new reader, files not in the cache", unit: "ms", isRate: false,
            note: "\(grouped(Double(count))) records with 4 attributes and a stream; every hit opened and proved.")
        var hot = ReportSection(
            id: "query-hot", title: "Query, again", unit: "ms", isRate: false,
            note: "The same reader and query a second time.")
        for _ in 0..<session.effort.rounds {
            for query in BenchQuery.all(count) {
                DirectoryUsage.dropCaches(path)
                let snapshot = try ArchiveReader(at: path, options: BenchArchive.options()).snapshot
                let name = "\(query.name): \(grouped(Double(query.expected)))"
                cold.add(try query.run(snapshot) * 1e3, to: query.id, name, .subject)
                hot.add(try query.run(snapshot) * 1e3, to: query.id, name, .subject)
            }
        }
        session.add(cold)
        session.add(hot)
    }
}
