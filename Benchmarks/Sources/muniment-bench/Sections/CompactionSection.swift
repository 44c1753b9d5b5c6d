// Purging, and appending while purges and queries go on.

import Foundation
import Muniment

extension Part {
    static let compaction = Part(id: "compaction") { session in
        session.say("compaction")
        let count = session.effort.purgeCount
        var time = ReportSection(
            id: "compaction", title: "Purging \(grouped(Double(count))) due records of 256 B", unit: "s", isRate: false,
            note: "The irreversible step: from the first new generation's name to the keys file without the old keys.")
        var space = ReportSection(
            id: "compaction-space", title: "The disk while purging", unit: "MB", isRate: false)
        for _ in 0..<min(3, session.effort.rounds) {
            for (isHeld, name) in [(false, "none held"), (true, "1 % held, by an attribute")] {
                try Scratch.with(in: session.directory) { scratch in
                    let trial = try CompactionTrial(in: scratch.path, count: count, isHeld: isHeld)
                    let outcome = try trial.run()
                    try trial.archive.closeBlocking()
                    let id = isHeld ? "held" : "none"
                    time.add(outcome.seconds, to: id, "\(name): all of it", .subject)
                    time.add(outcome.processorSeconds, to: id + "-cpu", "\(name): CPU", .subject)
                    time.add(outcome.irreversibleSeconds, to: id + "-step", "\(name): irreversible step", .subject)
                    time.add(outcome.keySeconds, to: id + "-keys", "\(name): keys alone", .subject)
                    space.add(Double(outcome.extraByteCount) / 1e6, to: id, "\(name): most extra", .subject)
                    space.add(Double(outcome.report.bytesFreed) / 1e6, to: id + "-freed", "\(name): freed", .subject)
                }
            }
        }
        session.add(time)
        session.add(space)
    }

    static let mixed = Part(id: "mixed") { session in
        session.say("appending beside queries and purges")
        var section = ReportSection(
            id: "mixed", title: "Durable append, 256 B, pipelined, while something else goes on", unit: "records/s",
            isRate: true, referenceID: "alone", note: "On the same two cores, in the same archive.")
        for _ in 0..<min(3, session.effort.rounds) {
            try Scratch.with(in: session.directory) { scratch in
                let trial = try CompactionTrial(in: scratch.path, count: session.effort.purgeCount, isHeld: true)
                let loop = AppendLoop(trial.archive, .shared(.messages(256)))
                // Both prepared files and caches are as they are in the middle of things.
                pause(seconds: 0.3)
                let length = session.effort.name == .smoke ? 0.5 : 2
                section.add(loop.rate { pause(seconds: length) }, to: "alone", "alone", .subject)
                let queries = QueryLoop(try trial.archive.snapshotBlocking())
                let beside = loop.rate { pause(seconds: length) }
                let queryCount = try queries.end()
                try require(queryCount > 0, "No query came to an end beside the appends.")
                section.add(beside, to: "queries", "one thread queries without pause", .subject)
                let purging = try loop.rate { _ = try trial.run() }
                section.add(purging, to: "purge", "a purge with 1 % held", .subject)
                try loop.end()
                try trial.archive.closeBlocking()
            }
        }
        session.add(section)
    }
}

/// Queries without pause on a thread of its own.
private final class QueryLoop: @unchecked Sendable {
    private let stop = StopFlag()
    private let count = Guarded(0)
    // Set in init, once.
    private var thread: BackgroundThread?

    init(_ snapshot: Snapshot) {
        let predicate = Muniment.Predicate.attribute(.equals("case", "c-7"))
        thread = BackgroundThread {
            while !self.stop.isSet {
                var hits = 0
                try snapshot.forEachRecord(matching: predicate) { _ in
                    hits += 1
                    return hits < 1_000
                }
                self.count.withLock { $0 += 1 }
            }
        }
    }

    /// Ends; how many queries were answered.
    func end() throws -> Int {
        stop.set()
        try thread?.join()
        return count.withLock { $0 }
    }
}
