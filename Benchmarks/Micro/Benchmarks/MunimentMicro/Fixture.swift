// An archive that the benchmarks read, made once for the process and removed at its end.

import Foundation
import Muniment

/// An archive with 100,000 records, and what is read from it.
final class Fixture: Sendable {
    static let recordCount = 100_000
    static let shared = Fixture()

    let path: String
    let snapshot: Snapshot
    let verifierKey: String
    /// Proofs of 1,000 scattered records, with their leaves.
    let proofs: [InclusionProof]
    let leaves: [Digest]
    /// One of the records.
    let sample: StoredRecord

    private init() {
        // A benchmark that can't make its archive has nothing to measure.
        do {
            path = try Fixture.make()
            let reader = try ArchiveReader(at: path)
            snapshot = reader.snapshot
            verifierKey = reader.verifierKey
            let snapshot = reader.snapshot
            let indexes = Fixture.indexes(1_000)
            proofs = try indexes.map { try snapshot.inclusionProof(of: $0) }
            leaves = try indexes.map { try snapshot.record(at: $0).leafHash }
            sample = try snapshot.record(at: indexes[0])
        } catch {
            fatalError("The archive of the benchmarks can't be made: \(error)")
        }
    }

    /// Scattered over the archive, the same in every run.
    static func indexes(_ count: Int) -> [UInt64] {
        (0..<count).map { UInt64(($0 &* 7_919 &+ 13) % recordCount) + 2 }
    }

    private static func make() throws -> String {
        let directory = NSTemporaryDirectory() + "/muniment-micro-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        Fixture.directory = directory
        atexit { try? FileManager.default.removeItem(atPath: Fixture.directory) }
        let archive = try Archive.createBlocking(at: directory + "/archive", origin: "micro.example/log")
        var number = 0
        while number < recordCount {
            let buffer = archive.makeBuffer(reservingByteCount: 300_000)
            for _ in 0..<1_000 {
                try MicroRecord.payload(number).withUnsafeBytes { try buffer.append(payload: $0) }
                number += 1
            }
            _ = try archive.appendBlocking(buffer)
        }
        try archive.closeBlocking()
        return directory + "/archive"
    }

    /// For `atexit`, which takes no context. Written once, before it is registered.
    nonisolated(unsafe) private static var directory = ""
}
