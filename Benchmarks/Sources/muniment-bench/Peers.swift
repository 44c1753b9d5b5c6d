// The peers of durable append: the same records, the same durability, each with a SHA-256 chain over its records, which is the least that an archive
// could do. They wait for each commit.

import CRocksDB
import CSQLite
import Crypto
import Foundation

/// The running head of a hash chain.
struct HashChain {
    private var head = [UInt8](repeating: 0, count: 32)

    /// The next link: SHA-256(head ‖ record).
    mutating func link(_ record: UnsafeRawBufferPointer) -> [UInt8] {
        var hasher = SHA256()
        head.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: record)
        head = Array(hasher.finalize())
        return head
    }
}

enum RocksDB {
    /// RocksDB with LZ4 and a synced write-ahead log; key = number, value = record ‖ link. One write batch for each `batch` records.
    static func run(_ directory: String, size: Int, count: Int, batch: Int) throws -> Measurement {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let options = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        var problem: UnsafeMutablePointer<CChar>?
        let database = rocksdb_open(options, scratch.path + "/archive", &problem)
        let writing = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(writing, 1)
        let writes = rocksdb_writebatch_create()
        var chain = HashChain()
        var value: [UInt8] = []
        let elapsed = seconds {
            var number = 0
            while number < count {
                rocksdb_writebatch_clear(writes)
                for _ in 0..<min(batch, count - number) {
                    value.removeAll(keepingCapacity: true)
                    value.append(contentsOf: corpus[number])
                    value.append(contentsOf: chain.link(corpus[number]))
                    var key = UInt64(number).bigEndian
                    withUnsafeBytes(of: &key) { key in
                        value.withUnsafeBytes { value in
                            rocksdb_writebatch_put(
                                writes, key.baseAddress!.assumingMemoryBound(to: CChar.self), 8,
                                value.baseAddress!.assumingMemoryBound(to: CChar.self), value.count)
                        }
                    }
                    number += 1
                }
                rocksdb_write(database, writing, writes, &problem)
            }
        }
        if let problem { fatalError(String(cString: problem)) }
        rocksdb_compact_range(database, nil, 0, nil, 0)
        rocksdb_close(database)
        return Measurement(
            name: "RocksDB, LZ4, synced log, hash chain", count: count, seconds: elapsed, byteCount: scratch.byteCount)
    }
}

enum SQLite {
    /// SQLite in WAL mode with synchronous=FULL; one transaction for each `batch` records.
    static func run(_ directory: String, size: Int, count: Int, batch: Int) throws -> Measurement {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        try FileManager.default.createDirectory(atPath: scratch.path + "/archive", withIntermediateDirectories: true)
        let corpus = Corpus.shared(size)
        var database: OpaquePointer?
        guard sqlite3_open(scratch.path + "/archive/log.db", &database) == SQLITE_OK else { fatalError("sqlite3_open") }
        for text in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
            "CREATE TABLE log(id INTEGER PRIMARY KEY, record BLOB, link BLOB)",
        ] {
            sqlite3_exec(database, text, nil, nil, nil)
        }
        var insert: OpaquePointer?
        sqlite3_prepare_v2(database, "INSERT INTO log(record, link) VALUES(?, ?)", -1, &insert, nil)
        var chain = HashChain()
        let elapsed = seconds {
            var number = 0
            while number < count {
                sqlite3_exec(database, "BEGIN", nil, nil, nil)
                for _ in 0..<min(batch, count - number) {
                    let link = chain.link(corpus[number])
                    sqlite3_bind_blob(insert, 1, corpus[number].baseAddress, Int32(size), nil)
                    link.withUnsafeBytes { bytes in
                        sqlite3_bind_blob(insert, 2, bytes.baseAddress, 32, nil)
                        guard sqlite3_step(insert) == SQLITE_DONE else { fatalError("sqlite3_step") }
                    }
                    sqlite3_reset(insert)
                    number += 1
                }
                sqlite3_exec(database, "COMMIT", nil, nil, nil)
            }
        }
        sqlite3_finalize(insert)
        sqlite3_close(database)
        return Measurement(
            name: "SQLite, WAL, synchronous=FULL, hash chain", count: count, seconds: elapsed,
            byteCount: scratch.byteCount)
    }
}
