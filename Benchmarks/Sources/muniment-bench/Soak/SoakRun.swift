// Everything at once, for long: clients append, queries read back what was just appended, checkpoints are signed, what is due is purged. At the end
// every acknowledged record must be there, and verify must find the archive intact.

import Foundation
import Muniment
import MunimentVerify

final class SoakRun: @unchecked Sendable {
    private let directory: String
    private let seconds: Double
    private let rate: Double
    private let isQuerying: Bool
    private let isPurging: Bool
    private let isTrimming: Bool
    private let say: (String) -> Void
    // The main thread's.
    private var samples: [SoakSample] = []
    private let stop = StopFlag()
    private let queryCount = Guarded(0)
    private let purgedCount = Guarded<UInt64>(0)

    private static let sliceCount = 60.0

    /// Without queries or without purges, what grows is narrowed down; so it is where freed memory is given back before each look.
    init(
        _ directory: String, seconds: Double, rate: Double, isQuerying: Bool = true, isPurging: Bool = true,
        isTrimming: Bool = false,
        say: @escaping (String) -> Void
    ) {
        (self.directory, self.seconds, self.rate, self.say) = (directory, seconds, rate, say)
        (self.isQuerying, self.isPurging, self.isTrimming) = (isQuerying, isPurging, isTrimming)
    }

    /// What a soak came to.
    struct Outcome {
        let samples: [SoakSample]
        let recordCount: UInt64
        let report: VerifyReport
    }

    private var path: String { BenchArchive.path(in: directory) }

    /// Runs to the end. Throws when something failed; what merely drifted is in the samples.
    func run() throws -> Outcome {
        let archive = try BenchArchive.create(in: directory)
        try DueClass.make(in: archive)
        let others = [
            repeating(every: 0.05) { if self.isQuerying { try self.query(archive) } },
            repeating(every: 0.5) { _ = try archive.checkpointBlocking() },
            repeating(every: max(3, seconds / 60)) {
                guard self.isPurging else { return }
                let purged = try archive.compactBlocking().purged
                self.purgedCount.withLock { $0 += purged }
            },
        ]
        let appended = Result { try self.append(archive) }
        stop.set()
        for thread in others { try thread.join() }
        let count = try appended.get()
        let snapshot = try archive.snapshotBlocking()
        let found = try snapshot.recordCount(matching: .all([]))
        try require(found == count, "\(count) records were acknowledged, \(found) are in the archive.")
        try archive.closeBlocking()
        say("verifying \(grouped(Double(count))) records")
        let report = try Verification.run(path, jobs: 2)
        try require(
            report.records == count && report.unexplained == 0,
            "verify saw \(report.records) of \(count) records, \(report.unexplained) lost without explanation.")
        return Outcome(samples: samples, recordCount: count, report: report)
    }

    /// Appends to the end, slice by slice; returns how many records were acknowledged.
    private func append(_ archive: Archive) throws -> UInt64 {
        let start = monotonicNow()
        var count: UInt64 = 0
        var load = ClientLoad(archive: archive, corpus: .shared(.messages(256)), clientCount: 64, seconds: 1)
        load.rate = rate
        load.seconds = max(1, min(30, seconds / SoakRun.sliceCount))
        // Three of four records are purged, so that the disk does not fill.
        load.dueEighths = 6
        while Double(monotonicNow() - start) / 1e9 < seconds {
            let outcome = try load.run()
            count += outcome.histogram.count
            let sample = sample(outcome, at: Double(monotonicNow() - start) / 1e9)
            samples.append(sample)
            say(SoakRun.line(sample))
        }
        return count
    }

    private func sample(_ outcome: ClientLoad.Outcome, at time: Double) -> SoakSample {
        func milliseconds(_ value: Nanoseconds) -> Double { Double(value) / 1e6 }
        let histogram = outcome.histogram
        if isTrimming { ProcessUsage.releaseFreeMemory() }
        return SoakSample(
            at: time, residentMegabytes: ProcessUsage.residentMegabytes, descriptorCount: ProcessUsage.descriptorCount,
            p50: milliseconds(histogram.quantile(0.5)), p99: milliseconds(histogram.quantile(0.99)),
            maximum: milliseconds(histogram.max), answeredRate: outcome.rate, queryCount: queryCount.withLock { $0 },
            purgedCount: purgedCount.withLock { $0 }, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }

    private static func line(_ sample: SoakSample) -> String {
        "\(decimal(sample.at, 0)) s: \(quantity(sample.answeredRate, "records/s")), p50 \(compact(sample.p50)), "
            + "p99 \(compact(sample.p99)), maximum \(compact(sample.maximum)) ms, \(compact(sample.residentMegabytes)) MB, "
            + "\(sample.descriptorCount) descriptors, \(sample.queryCount) queries, \(grouped(Double(sample.purgedCount))) purged, "
            + "\(grouped(Double(sample.byteCountOnDisk) / 1e6)) MB on disk"
    }

    /// The newest hundred records of the lasting class must be there whole; one query of the class that goes, whatever is left of it.
    private func query(_ archive: Archive) throws {
        let snapshot = try archive.snapshotBlocking()
        for name in ["default", DueClass.name] {
            var found = 0
            try snapshot.forEachRecord(matching: .retentionClass(name), isReversed: true) { record in
                found += 1
                let isThere = record.payload?.count == 256
                try require(
                    isThere || name == DueClass.name && record.payload == nil,
                    "A query returned record \(record.index) of class \(name) without its payload.")
                return found < 100
            }
        }
        queryCount.withLock { $0 += 2 }
    }

    /// Does `body` until the end, so many seconds apart.
    private func repeating(every interval: Double, _ body: @escaping @Sendable () throws -> Void) -> BackgroundThread {
        BackgroundThread {
            while !self.stop.isSet {
                try body()
                let next = monotonicNow() + Nanoseconds(interval * 1e9)
                while !self.stop.isSet, monotonicNow() < next { pause(seconds: min(interval, 0.05)) }
            }
        }
    }
}
