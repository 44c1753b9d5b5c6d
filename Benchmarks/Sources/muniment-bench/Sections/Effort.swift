// How much work a run takes.

import ArgumentParser

/// The sizes of all measurements of a run.
struct Effort: Sendable {
    enum Name: String, ExpressibleByArgument, CaseIterable, Sendable {
        /// Within a minute: shows that everything works, and no figure to keep.
        case smoke
        /// Minutes.
        case quick
        /// Most of an hour.
        case full
    }

    let name: Name
    /// Rounds of the comparisons.
    var rounds: Int
    /// Records of 256 B; a quarter as many of 1 KiB.
    var bulkCount: Int
    /// Bytes of mail.
    var mailByteCount: Int
    /// Commits of one record.
    var singleCount: Int
    /// Records of the 256 clients.
    var clientCount: Int
    /// Records of the archives that are read, queried, proved and verified.
    var shelfCount: Int
    /// Random reads and proofs.
    var sampleCount: Int
    /// Sizes of archives to open.
    var openCounts: [Int]
    /// Records that are due at once.
    var purgeCount: Int
    /// Records to append while memory is watched.
    var memoryCount: Int

    init(_ name: Name) {
        self.name = name
        switch name {
        case .smoke:
            (rounds, bulkCount, mailByteCount, singleCount, clientCount) = (1, 20_000, 4 << 20, 150, 10_240)
            (shelfCount, sampleCount, openCounts, purgeCount) = (40_000, 500, [1_000, 10_000], 30_000)
            memoryCount = 50_000
        case .quick:
            (rounds, bulkCount, mailByteCount, singleCount, clientCount) = (5, 1_000_000, 256 << 20, 5_000, 256_000)
            (shelfCount, sampleCount, openCounts) = (1_000_000, 20_000, [10_000, 100_000, 1_000_000])
            (purgeCount, memoryCount) = (1_000_000, 2_000_000)
        case .full:
            (rounds, bulkCount, mailByteCount, singleCount, clientCount) = (11, 4_000_000, 1 << 30, 20_000, 2_560_000)
            (shelfCount, sampleCount, openCounts) = (4_000_000, 100_000, [10_000, 100_000, 1_000_000, 10_000_000])
            (purgeCount, memoryCount) = (1_000_000, 10_000_000)
        }
    }
}
