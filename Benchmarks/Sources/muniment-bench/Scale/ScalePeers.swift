// Growing the peers, through the same records.

import Foundation

struct ScaleRocksDB {
    private let directory: String
    private var path: String { directory + "/rocksdb" }

    init(_ directory: String) { self.directory = directory }

    func grow(_ counts: [Int], _ tell: (ScaleStep) throws -> Void) throws {
        let stream = RecordStream(byteCount: 256)
        var chain = HashChain()
        var before = 0
        for count in counts {
            var step = ScaleStep(count: count)
            ProcessUsage.resetPeak()
            let database = try RocksDatabase(path)
            let elapsed = try seconds { try append(before..<count, stream, &chain, to: database) }
            step[.appendRate] = Double(count - before) / elapsed
            step[.peakMemory] = ProcessUsage.peakMegabytes
            database.compact()
            database.close()
            step[.bytesPerRecord] = Double(DirectoryUsage.allocatedByteCount(path)) / Double(count)
            try measure(&step)
            try tell(step)
            before = count
        }
    }

    private func append(
        _ range: Range<Int>, _ stream: RecordStream, _ chain: inout HashChain, to database: RocksDatabase
    ) throws {
        let batch = try RocksBatch()
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 1_000) {
            batch.clear()
            for number in start..<min(start + 1_000, range.upperBound) {
                let record = stream.record(number)
                batch.put(number, record, link: chain.link(record))
            }
            try database.write(batch)
        }
    }

    private func measure(_ step: inout ScaleStep) throws {
        DirectoryUsage.dropCaches(path)
        var database: RocksDatabase?
        step[.open] = try seconds { database = try RocksDatabase(path) } * 1e3
        guard let database else { return }
        defer { database.close() }
        var random = SplitMix(seed: UInt64(step.count))
        let numbers = (0..<200).map { _ in random.next(below: step.count) }
        let cold = try seconds { for number in numbers { _ = try database.valueByteCount(number) } }
        step[.readCold] = cold / Double(numbers.count) * 1e6
        let cached = try seconds {
            for _ in 0..<100 { for number in numbers.prefix(20) { _ = try database.valueByteCount(number) } }
        }
        step[.readCached] = cached / 2_000 * 1e6
        var found = 0
        let scan = try seconds { found = try database.verifyChain() }
        try require(found == step.count, "RocksDB has \(found) of \(step.count) records.")
        step[.verifyRate] = Double(found) / scan
    }
}

struct ScaleSQLite {
    private let directory: String

    init(_ directory: String) { self.directory = directory }

    func grow(_ counts: [Int], _ tell: (ScaleStep) throws -> Void) throws {
        let stream = RecordStream(byteCount: 256)
        let log = try SQLiteLog(directory + "/log.db")
        defer { log.close() }
        var before = 0
        for count in counts {
            var step = ScaleStep(count: count)
            ProcessUsage.resetPeak()
            let elapsed = try seconds { try append(before..<count, stream, to: log) }
            step[.appendRate] = Double(count - before) / elapsed
            step[.peakMemory] = ProcessUsage.peakMegabytes
            try log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            step[.bytesPerRecord] = Double(DirectoryUsage.allocatedByteCount(directory)) / Double(count)
            try tell(step)
            before = count
        }
    }

    private func append(_ range: Range<Int>, _ stream: RecordStream, to log: SQLiteLog) throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 1_000) {
            try log.execute("BEGIN")
            for number in start..<min(start + 1_000, range.upperBound) { try log.append(stream.record(number)) }
            try log.execute("COMMIT")
        }
    }
}
