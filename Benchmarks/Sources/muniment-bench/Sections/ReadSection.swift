// Reading records one by one, each opened against its entry and proved against the checkpoint; RocksDB's get beside it, which proves nothing.

import Muniment

extension Part {
    static let reads = Part(id: "reads") { session in
        let path = BenchArchive.path(in: try session.shelf.plain())
        let peer = try session.shelf.rocksDB() + "/rocksdb"
        session.say("random reads")
        let count = session.effort.shelfCount
        var cold = ReportSection(
            id: "read-cold", title: "Random read, block not decoded yet", unit: "µs", isRate: false,
            referenceID: "rocksdb",
            note:
                "Each read decrypts and expands a block of 64 KiB that no read before it touched for long; files in the system's cache."
        )
        var device = ReportSection(
            id: "read-device", title: "Random read from the device", unit: "µs", isRate: false, referenceID: "rocksdb",
            note: "The first reads after the system has forgotten the files.")
        var cached = ReportSection(
            id: "read-cached", title: "Random read, block decoded before", unit: "µs", isRate: false,
            referenceID: "rocksdb", note: "32 records again and again.")
        for round in 0..<session.effort.rounds {
            let reads = ReadSample(count: count, session.effort.sampleCount, seed: UInt64(round) + 99)
            let ours = try reads.muniment(path)
            let theirs = try reads.rocksDB(peer)
            for (times, id, name, role) in [
                (ours, "muniment", "Muniment, opened and proved", Role.subject),
                (theirs, "rocksdb", "RocksDB get", .peer),
            ] {
                device.add(times.device, to: id, name, role)
                cold.add(times.cold, to: id, name, role)
                cached.add(times.cached, to: id, name, role)
            }
        }
        for section in [device, cold, cached] { session.add(section) }
    }
}

/// Which records are read, and how.
private struct ReadSample {
    /// Means, in microseconds each.
    struct Times {
        let device: Double
        let cold: Double
        let cached: Double
    }

    private let first: [Int]
    private let random: [Int]
    private let hot: [Int]

    init(count: Int, _ sampleCount: Int, seed: UInt64) {
        var generator = SplitMix(seed: seed)
        first = (0..<min(200, sampleCount)).map { _ in generator.next(below: count) }
        random = (0..<sampleCount).map { _ in generator.next(below: count) }
        // A quarter of what the engine keeps decoded.
        hot = Array(random.prefix(32))
    }

    func muniment(_ path: String) throws -> Times {
        DirectoryUsage.dropCaches(path)
        let reader = try ArchiveReader(at: path, options: BenchArchive.options())
        let snapshot = reader.snapshot
        func read(_ number: Int) throws {
            let record = try snapshot.record(at: Shelf.firstRecord + UInt64(number))
            try require(record.isControl || record.payload != nil, "Record \(number) has no payload.")
        }
        return try times(read)
    }

    func rocksDB(_ path: String) throws -> Times {
        DirectoryUsage.dropCaches(path)
        let database = try RocksDatabase(path)
        defer { database.close() }
        return try times { try require(try database.valueByteCount($0) > 0, "RocksDB's record \($0) is empty.") }
    }

    private func times(_ read: (Int) throws -> Void) throws -> Times {
        let device = try mean(first, read)
        // Brings the rest of the files into the system's cache, not what is decoded of them into the process's.
        for number in random { try read(number) }
        let cold = try mean(random.reversed(), read)
        for _ in 0..<3 { for number in hot { try read(number) } }
        let again = Array(repeating: hot, count: max(1, random.count / hot.count)).flatMap { $0 }
        return Times(device: device, cold: cold, cached: try mean(again, read))
    }

    private func mean(_ numbers: [Int], _ read: (Int) throws -> Void) throws -> Double {
        try seconds { for number in numbers { try read(number) } } / Double(numbers.count) * 1e6
    }
}
