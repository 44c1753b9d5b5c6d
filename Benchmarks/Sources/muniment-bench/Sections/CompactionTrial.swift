// One purge on an archive that was made for it: how long, how irreversible, how much space meanwhile.

import Foundation
import Muniment

/// A class whose records are due as soon as they are appended: they occurred long ago. A period since recording would be over only minutes after its
/// end, because the clocks may be so far apart.
enum DueClass {
    static let name = "letters"
    /// Of all its records: 3 March 2011.
    static let occurredAt: Microseconds = 1_299_139_200_000_000

    static func make(in archive: Archive) throws {
        try archive.setClassBlocking(name, RetentionClassChange(period: "P7Y", since: .occurred))
    }
}

/// An archive with records that are due.
struct CompactionTrial {
    /// The condition of the hold: one record in a hundred has it.
    private static let held = Attribute("case", .text("c-7"))
    private static let other = Attribute("case", .text("none"))

    let archive: Archive
    let count: Int
    private let directory: String

    /// Fills an archive with `count` records of the class, a hundredth of them under a hold if `isHeld`.
    init(in directory: String, count: Int, isHeld: Bool) throws {
        (self.directory, self.count) = (directory, count)
        archive = try BenchArchive.create(in: directory)
        try DueClass.make(in: archive)
        try CompactionTrial.fill(archive, count: count, hasCases: isHeld)
        if isHeld {
            var selection = Selection()
            selection.classes = [DueClass.name]
            selection.conditions = [.attribute(.equals("case", "c-7"))]
            try archive.placeHoldBlocking(on: "Doe v. Roe", covering: selection)
        }
    }

    /// Appends records of the class.
    private static func fill(_ archive: Archive, count: Int, hasCases: Bool) throws {
        let corpus = Corpus.shared(.messages(256))
        var number = 0
        while number < count {
            let buffer = archive.makeBuffer(reservingByteCount: 300_000)
            for _ in 0..<min(1_000, count - number) {
                let attributes = hasCases ? [number % 100 == 0 ? held : other] : []
                try buffer.append(
                    payload: corpus[number], attributes: attributes, retentionClass: DueClass.name,
                    occurredAt: DueClass.occurredAt)
                number += 1
            }
            _ = try archive.appendBlocking(buffer)
        }
    }

    /// What a purge took.
    struct Outcome {
        let report: CompactionReport
        let seconds: Double
        let processorSeconds: Double
        /// From the first new generation that got its name, after which there is no way back, to the keys file that lacks the old keys.
        let irreversibleSeconds: Double
        /// From the beginning of that keys file to its name.
        let keySeconds: Double
        /// The most that the archive and its keys took above what they took before, in bytes.
        let extraByteCount: Int
    }

    /// Purges, and checks that what is due and not held is gone.
    func run() throws -> Outcome {
        let path = BenchArchive.path(in: directory)
        let watch = try DirectoryWatch([path + ".keys", path + "/segments/0000"])
        let space = SpaceWatch(directory)
        let processorBefore = ProcessUsage.processorSeconds
        var report = CompactionReport?.none
        let elapsed = try seconds { report = try archive.compactBlocking() }
        let processorSeconds = ProcessUsage.processorSeconds - processorBefore
        let extraByteCount = try space.end()
        let events = watch.end()
        guard let report else { throw BenchmarkError("The purge gave no report.") }
        try require(
            report.due >= count && report.purged == report.due - report.held, "The purge left due records: \(report).")
        let (irreversible, keys) = CompactionTrial.steps(events)
        return Outcome(
            report: report, seconds: elapsed, processorSeconds: processorSeconds, irreversibleSeconds: irreversible,
            keySeconds: keys, extraByteCount: extraByteCount)
    }

    /// Reads the two spans off the names that changed; NaN where an event is missing.
    private static func steps(_ events: [DirectoryWatch.Event]) -> (irreversible: Double, keys: Double) {
        guard let destroyed = events.last(where: { $0.kind == .renamedTo && $0.name == "groups" }),
            let begun = events.last(where: { $0.kind == .created && $0.name.hasPrefix("groups.") })
        else { return (.nan, .nan) }
        let lastWritten =
            events.last { $0.kind == .created && $0.name.contains(".seg") && $0.time < begun.time }?.time ?? 0
        let named = events.first {
            $0.kind == .renamedTo && $0.name.hasSuffix(".seg") && $0.time >= lastWritten && $0.time <= begun.time
        }
        return (
            named.map { Double(destroyed.time - $0.time) / 1e9 } ?? .nan, Double(destroyed.time - begun.time) / 1e9
        )
    }
}

/// Watches how much space a directory takes, from a thread of its own.
final class SpaceWatch: @unchecked Sendable {
    private let before: Int
    private let most: Guarded<Int>
    private let stop = StopFlag()
    // Set in init, once.
    private var thread: BackgroundThread?

    init(_ directory: String) {
        before = DirectoryUsage.allocatedByteCount(directory)
        most = Guarded(before)
        thread = BackgroundThread {
            while !self.stop.isSet {
                let now = DirectoryUsage.allocatedByteCount(directory)
                self.most.withLock { $0 = max($0, now) }
                pause(seconds: 0.005)
            }
        }
    }

    /// Ends the watch; the most that there was above the beginning, in bytes.
    func end() throws -> Int {
        stop.set()
        try thread?.join()
        return most.withLock { $0 } - before
    }
}
