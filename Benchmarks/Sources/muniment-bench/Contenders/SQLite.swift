// SQLite in WAL mode with synchronous=FULL, and a SHA-256 chain over its records.

import CSQLite
import Foundation

/// An open log in SQLite. One thread's.
final class SQLiteLog {
    private var database: OpaquePointer?
    private var insert: OpaquePointer?
    private var chain = HashChain()

    init(_ path: String) throws {
        try require(sqlite3_open(path, &database) == SQLITE_OK, "SQLite can't open \(path).")
        try execute("PRAGMA journal_mode=WAL")
        try execute("PRAGMA synchronous=FULL")
        try execute("CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, record BLOB, link BLOB)")
        try require(
            sqlite3_prepare_v2(database, "INSERT INTO log(record, link) VALUES(?, ?)", -1, &insert, nil) == SQLITE_OK,
            "SQLite refuses the statement.")
    }

    func execute(_ statement: String) throws {
        try require(
            sqlite3_exec(database, statement, nil, nil, nil) == SQLITE_OK,
            "SQLite: \(statement): \(String(cString: sqlite3_errmsg(database))).")
    }

    /// Appends one record in the open transaction.
    func append(_ record: UnsafeRawBufferPointer) throws {
        let link = chain.link(record)
        sqlite3_bind_blob(insert, 1, record.baseAddress, Int32(record.count), nil)
        try link.withUnsafeBytes { bytes in
            sqlite3_bind_blob(insert, 2, bytes.baseAddress, Int32(bytes.count), nil)
            try require(
                sqlite3_step(insert) == SQLITE_DONE, "SQLite: INSERT: \(String(cString: sqlite3_errmsg(database))).")
        }
        sqlite3_reset(insert)
    }

    func close() {
        sqlite3_finalize(insert)
        sqlite3_close(database)
    }
}

extension Contender {
    /// One transaction for each batch.
    static let sqlite = Contender(id: "sqlite", name: "SQLite, WAL, synchronous=FULL, hash chain", role: .peer) {
        workload, directory in
        let log = try SQLiteLog(directory + "/log.db")
        let elapsed = try seconds {
            var number = 0
            while number < workload.count {
                try log.execute("BEGIN")
                for _ in 0..<min(workload.batch, workload.count - number) {
                    try log.append(workload.corpus[number])
                    number += 1
                }
                try log.execute("COMMIT")
            }
        }
        log.close()
        return Outcome(
            count: workload.count, seconds: elapsed, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }
}
