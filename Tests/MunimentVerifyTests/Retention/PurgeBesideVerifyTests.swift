// A purge that is carried out while a store is verified. What the verifier had read before it is there, and what it reads after it says that it was
// destroyed: that accuses nobody.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct PurgeBesideVerifyTests {
    /// Verifies, and purges when everything up to `size` has been read; `changes` what the purge leaves behind.
    private func verify(
        _ purged: PurgeFixture, _ purge: HandPurge, changes: @escaping @Sendable () -> Void = {}
    ) throws -> VerifyReport {
        let wasPurged = MunimentVerify.Monitor(false)
        let failure = MunimentVerify.Monitor<(any Error)?>(nil)
        // The purge's closures are called once, on this test's thread, for there is one job.
        nonisolated(unsafe) let purge = purge
        var options = try purged.fixture.options(keys: true, jobs: 1)
        options.progressInterval = 0
        options.progress = { progress in
            let isFirst =
                progress.entryCount >= 34
                && wasPurged.change { done in
                    defer { done = true }
                    return !done
                }
            guard isFirst else { return }
            do {
                try purged.reopen(after: 3) { store in _ = try purge.run(store, purged.clock) }
                changes()
            } catch {
                failure.withLock { $0 = error }
            }
        }
        let report = try Verifier(options).verify(purged.fixture.path)
        if let error = failure.withLock({ $0 }) { throw error }
        #expect(wasPurged.withLock { $0 })
        return report
    }

    @Test func aPurgeThatIsCarriedOutMeanwhile() throws {
        let purged = try PurgeFixture()
        let report = try verify(purged, HandPurge(PurgeFixture.brief))
        #expect(report.has(.contentPurged), "the disposition was not read: \(report.summary)")
        #expect(report.verdict != .tampered && report.faults.isDisjoint(with: ["purge.survives"]), "\(report.summary)")
        #expect(report.unexplained == 0)
        // The next look finds everything in its place.
        let after = try purged.fixture.verify(keys: true)
        #expect(after.verdict == .intact && after.purged == 10, "\(after.summary)")
    }

    /// But where the new generation is gone and the old one is there, as somebody may have put it, it is told.
    @Test func whatSurvivesIsTold() throws {
        let purged = try PurgeFixture()
        var purge = HandPurge(PurgeFixture.brief)
        purge.removesRemains = false
        let newest = try #require(try purged.fixture.files().filter { $0.hasSuffix(".seg") }.sorted().first)
        let present = try #require(SegmentHeader.parse(fileName: String(newest.split(separator: "/").last ?? "")))
        let next = purged.fixture.absolute(SegmentHeader.path(segment: 0, generation: present.generation + 1))
        let report = try verify(purged, purge) { try? FileManager.default.removeItem(atPath: next) }
        #expect(report.has(.purgeSurvives), "\(report.summary)")
    }
}
