// Archives and databases that several parts of a run read: made once, closed, and removed at the end.

import Foundation
import Muniment

/// Stores of `Effort.shelfCount` records each.
final class Shelf {
    private unowned let session: Session
    private var scratches: [String: Scratch] = [:]

    init(_ session: Session) { self.session = session }

    deinit { for scratch in scratches.values { scratch.remove() } }

    /// The workload that fills the plain stores: 256 B, no attributes.
    var workload: Workload { Workload(corpus: .shared(.messages(256)), count: session.effort.shelfCount) }

    /// The scratch directory of a store, filled by `fill` when it is first asked for.
    private func directory(_ name: String, _ fill: (String) throws -> Void) throws -> String {
        if let scratch = scratches[name] { return scratch.path }
        session.say("filling the \(name) store")
        let scratch = try Scratch(in: session.directory, name)
        scratches[name] = scratch
        try fill(scratch.path)
        return scratch.path
    }

    /// Checkpoints of the plain store: at a thousand records, ten thousand and so on, and at its end.
    private(set) var plainTrees: [Checkpoint] = []

    /// Plain records of 256 B.
    func plain() throws -> String {
        try directory("plain") { path in
            let archive = try BenchArchive.create(in: path)
            var start = 0
            for end in [1_000, 10_000, 100_000].filter({ $0 < workload.count }) + [workload.count] {
                try BenchArchive.append(workload, start..<end, to: archive, inFlight: 8)
                start = end
                if end < workload.count { plainTrees.append(try archive.snapshotBlocking().checkpoint) }
            }
            try archive.closeBlocking()
            // Sealing has added records of its own since the last append.
            plainTrees.append(
                try ArchiveReader(at: BenchArchive.path(in: path), options: BenchArchive.options()).snapshot.checkpoint)
        }
    }

    /// The same in RocksDB.
    func rocksDB() throws -> String {
        try directory("rocksdb") { path in
            let database = try RocksDatabase(path + "/rocksdb")
            try Contender.fill(database, workload)
            database.compact()
            database.close()
        }
    }

    /// Records of 256 B with attributes, all of them indexed, a stream and a time; `QueryRecord` says which.
    func queried() throws -> String {
        try directory("queried") { path in
            let archive = try BenchArchive.create(in: path)
            var number = 0
            while number < workload.count {
                let buffer = archive.makeBuffer()
                for _ in 0..<min(workload.batch, workload.count - number) {
                    try QueryRecord.append(number, workload.corpus[number], to: buffer)
                    number += 1
                }
                _ = try archive.appendBlocking(buffer)
            }
            try archive.closeBlocking()
        }
    }

    /// The index of the first user's record of an archive that `BenchArchive` made: the log's identity and its first class come before.
    static let firstRecord: UInt64 = 2
}
