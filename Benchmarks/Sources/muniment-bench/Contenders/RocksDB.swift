// RocksDB with LZ4 and a synced write-ahead log, and a SHA-256 chain over its records.

import CRocksDB
import Foundation

/// An open database. Its calls may come from several threads at once, as RocksDB's own may.
final class RocksDatabase: @unchecked Sendable {
    // All set in init; RocksDB guards what they point to.
    private let handle: OpaquePointer
    private let options: OpaquePointer
    private let synced: OpaquePointer
    private let reading: OpaquePointer

    init(_ path: String) throws {
        guard let options = rocksdb_options_create(), let synced = rocksdb_writeoptions_create(),
            let reading = rocksdb_readoptions_create()
        else { throw BenchmarkError("RocksDB has no memory.") }
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        rocksdb_writeoptions_set_sync(synced, 1)
        var problem: UnsafeMutablePointer<CChar>?
        guard let handle = rocksdb_open(options, path, &problem) else {
            throw BenchmarkError("RocksDB can't open \(path): \(problem.map { String(cString: $0) } ?? "no reason").")
        }
        (self.handle, self.options, self.synced, self.reading) = (handle, options, synced, reading)
    }

    /// Merges everything into the last level, so that the space on disk is what the records take in the end.
    func compact() { rocksdb_compact_range(handle, nil, 0, nil, 0) }

    func close() {
        rocksdb_close(handle)
        rocksdb_readoptions_destroy(reading)
        rocksdb_writeoptions_destroy(synced)
        rocksdb_options_destroy(options)
    }

    /// Writes a batch and syncs the log.
    func write(_ batch: RocksBatch) throws {
        var problem: UnsafeMutablePointer<CChar>?
        rocksdb_write(handle, synced, batch.handle, &problem)
        try RocksDatabase.check(problem)
    }

    /// The length of the value of record `number`. Throws where there is none.
    func valueByteCount(_ number: Int) throws -> Int {
        var problem: UnsafeMutablePointer<CChar>?
        var byteCount = 0
        let value = RocksBatch.withKey(number) { rocksdb_get(handle, reading, $0, 8, &byteCount, &problem) }
        try RocksDatabase.check(problem)
        guard let value else { throw BenchmarkError("RocksDB lost record \(number).") }
        rocksdb_free(value)
        return byteCount
    }

    /// Reads all records in order and follows the chain; returns how many there are.
    func verifyChain() throws -> Int {
        guard let iterator = rocksdb_create_iterator(handle, reading) else { return 0 }
        defer { rocksdb_iter_destroy(iterator) }
        var chain = HashChain()
        var count = 0
        rocksdb_iter_seek_to_first(iterator)
        while rocksdb_iter_valid(iterator) != 0 {
            var byteCount = 0
            guard let start = rocksdb_iter_value(iterator, &byteCount) else { break }
            let value = UnsafeRawBufferPointer(start: start, count: byteCount)
            let split = byteCount - HashChain.linkByteCount
            let link = chain.link(UnsafeRawBufferPointer(rebasing: value[..<split]))
            try require(value[split...].elementsEqual(link), "RocksDB's chain breaks at record \(count).")
            count += 1
            rocksdb_iter_next(iterator)
        }
        return count
    }

    private static func check(_ problem: UnsafeMutablePointer<CChar>?) throws {
        if let problem { throw BenchmarkError("RocksDB: \(String(cString: problem)).") }
    }
}

/// A write batch that is used again and again; one thread's.
final class RocksBatch {
    fileprivate let handle: OpaquePointer
    private var value: [UInt8] = []

    init() throws {
        guard let handle = rocksdb_writebatch_create() else { throw BenchmarkError("RocksDB has no memory.") }
        self.handle = handle
    }

    deinit { rocksdb_writebatch_destroy(handle) }

    func clear() { rocksdb_writebatch_clear(handle) }

    fileprivate static func withKey<R>(_ number: Int, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        var key = UInt64(number).bigEndian
        return withUnsafeBytes(of: &key) { body($0.baseAddress?.assumingMemoryBound(to: CChar.self)) }
    }

    /// Key: the number, big-endian; value: record ‖ link.
    func put(_ number: Int, _ record: UnsafeRawBufferPointer, link: [UInt8], attributes: [UInt8] = []) {
        value.removeAll(keepingCapacity: true)
        value.append(contentsOf: record)
        value.append(contentsOf: attributes)
        value.append(contentsOf: link)
        RocksBatch.withKey(number) { key in
            value.withUnsafeBytes {
                rocksdb_writebatch_put(handle, key, 8, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
            }
        }
    }

    /// An index entry: key = 1 ‖ term ‖ number, no value. The records' keys begin with 0.
    func putIndex(_ term: [UInt8], _ number: Int) {
        value.removeAll(keepingCapacity: true)
        value.append(1)
        value.append(contentsOf: term)
        withUnsafeBytes(of: UInt64(number).bigEndian) { value.append(contentsOf: $0) }
        value.withUnsafeBytes {
            rocksdb_writebatch_put(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, nil, 0)
        }
    }
}

extension Contender {
    /// One write batch for each batch of records.
    static let rocksDB = Contender(id: "rocksdb", name: "RocksDB, LZ4, synced log, hash chain", role: .peer) {
        workload, directory in
        let database = try RocksDatabase(directory + "/rocksdb")
        let elapsed = try seconds { try fill(database, workload) }
        database.compact()
        database.close()
        return Outcome(
            count: workload.count, seconds: elapsed, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }

    static func fill(_ database: RocksDatabase, _ workload: Workload) throws {
        let batch = try RocksBatch()
        var chain = HashChain()
        var number = 0
        while number < workload.count {
            batch.clear()
            for _ in 0..<min(workload.batch, workload.count - number) {
                let record = workload.corpus[number]
                let link = chain.link(record)
                if workload.hasAttributes {
                    let attributes = RecordAttributes.four(number).map(\.encoded)
                    batch.put(number, record, link: link, attributes: attributes.flatMap { $0 })
                    for attribute in attributes.prefix(RecordAttributes.indexed.count) {
                        batch.putIndex(attribute, number)
                    }
                } else {
                    batch.put(number, record, link: link)
                }
                number += 1
            }
            try database.write(batch)
        }
    }

    /// 256 threads, one record each, whose syncs RocksDB shares among those that wait. The chain gives them their order.
    static let rocksDBThreads = Contender(
        id: "rocksdb-threads", name: "RocksDB, 256 threads, one record each", role: .peer
    ) { workload, directory in
        let database = try RocksDatabase(directory + "/rocksdb")
        let shared = SharedChain()
        let perThread = max(1, workload.count / clientCount)
        let elapsed = try seconds {
            try concurrently(clientCount) { _ in
                let batch = try RocksBatch()
                for _ in 0..<perThread {
                    let (number, link) = shared.next { workload.corpus[$0] }
                    batch.clear()
                    batch.put(number, workload.corpus[number], link: link)
                    try database.write(batch)
                }
            }
        }
        database.close()
        return Outcome(
            count: perThread * clientCount, seconds: elapsed,
            byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }
}

/// A hash chain that many threads extend.
private final class SharedChain: @unchecked Sendable {
    private let lock = NSLock()
    // Under the lock.
    private var chain = HashChain()
    private var number = 0

    func next(_ record: (Int) -> UnsafeRawBufferPointer) -> (number: Int, link: [UInt8]) {
        lock.withLock {
            defer { number += 1 }
            return (number, chain.link(record(number)))
        }
    }
}
