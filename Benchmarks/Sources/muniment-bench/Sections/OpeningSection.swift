// Opening an archive: after a clean close, and after its process was killed.

import Foundation
import Muniment

extension Part {
    static let opening = Part(id: "opening") { session in
        session.say("opening")
        var clean = ReportSection(
            id: "open", title: "Open after a clean close", unit: "ms", isRate: false,
            note: "For writing, files in the system's cache.")
        var recovery = ReportSection(
            id: "recovery", title: "Open after kill -9", unit: "ms", isRate: false,
            note: "The process had appended 1,000 records a commit and died with its last segment open.")
        for count in session.effort.openCounts {
            let (id, name) = ("muniment-\(count)", "\(grouped(Double(count))) records")
            for _ in 0..<min(session.effort.rounds, count > 1_000_000 ? 1 : 3) {
                try Scratch.with(in: session.directory) { scratch in
                    let path = BenchArchive.path(in: scratch.path)
                    try ChildProcess.run(["abandon", scratch.path, "--count", String(count)], mustBeKilled: true)
                    let recovered = try open(path, least: UInt64(count))
                    recovery.add(recovered * 1e3, to: id, name, .subject)
                    for _ in 0..<9 { clean.add(try open(path, least: UInt64(count)) * 1e3, to: id, name, .subject) }
                }
            }
        }
        session.add(clean)
        session.add(recovery)
    }

    /// Seconds of one open; closes again.
    private static func open(_ path: String, least count: UInt64) throws -> Double {
        var archive: Archive?
        let elapsed = try seconds { archive = try Archive.openBlocking(at: path, options: BenchArchive.options()) }
        let size = archive?.durableSize ?? 0
        try archive?.closeBlocking()
        try require(size >= count, "The archive came back with \(size) of \(count) records.")
        return elapsed
    }
}
