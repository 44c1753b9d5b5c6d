// The forensic verifier over a whole archive, contents opened, against the least that a peer could check.

import Muniment
import MunimentVerify

extension Part {
    static let verify = Part(id: "verify") { session in
        let path = BenchArchive.path(in: try session.shelf.plain())
        let peer = try session.shelf.rocksDB()
        let count = session.effort.shelfCount
        session.say("full verify")
        var section = ReportSection(
            id: "verify", title: "Full forensic verify, 256 B", unit: "records/s", isRate: true, referenceID: "rocksdb",
            note:
                "\(grouped(Double(count))) records: every frame, entry, content, commitment, node, root, seal and signature. "
                + "RocksDB reads its records and follows the hash chain.")
        for _ in 0..<session.effort.rounds {
            for jobs in [1, 2] {
                let report = try Verification.run(path, jobs: jobs)
                try require(
                    report.opened >= UInt64(count), "verify opened \(report.opened) of \(count) contents.")
                section.add(
                    Double(report.records) / report.seconds, to: "muniment-\(jobs)",
                    "Muniment, \(jobs) job\(jobs == 1 ? "" : "s")", .subject)
            }
            let database = try RocksDatabase(peer + "/rocksdb")
            var found = 0
            let elapsed = try seconds { found = try database.verifyChain() }
            database.close()
            try require(found == count, "RocksDB has \(found) of \(count) records.")
            section.add(Double(found) / elapsed, to: "rocksdb", "RocksDB, hash chain", .peer)
        }
        session.add(section)
    }
}

/// Verifying an archive with its keys and its own verifier key, as a benchmark must: any other verdict than *intact* is an error.
enum Verification {
    static func run(_ path: String, jobs: Int) throws -> VerifyReport {
        var options = VerifyOptions()
        options.trustedKeys = [try VerifierKey(ArchiveReader(at: path, options: BenchArchive.options()).verifierKey)]
        options.keysDirectory = path + ".keys"
        options.jobs = jobs
        let report = try Verifier(options).verify(path)
        let errors = report.findings.filter { $0.severity != .notice }
        try require(
            report.verdict == .intact,
            "verify calls \(path) \(report.verdict.rawValue): \(errors.first.map { "\($0.code.rawValue): \($0.message)" } ?? "")"
        )
        return report
    }
}
