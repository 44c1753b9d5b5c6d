// The laws of a power loss, one by one. A law that says "may" is shown by finding an outcome where it happened and one
// where it did not; a law that says "never" is tried over many outcomes.

import Testing

@testable import MunimentStore

private let outcomes: ClosedRange<UInt64> = 1...300

extension SimulatedDisk.Configuration {
    fileprivate init(seed: UInt64 = 1, order: SimulatedDisk.NameOrder) {
        self.init(seed: seed)
        nameOrder = order
    }
}

extension FileSystem {
    /// The bytes at a path; nil when nothing is there.
    fileprivate func bytes(_ path: String) throws -> [UInt8]? {
        try status(path) == nil ? nil : readFully(path, maximumByteCount: 1 << 20)
    }
}

@Suite("A simulated power loss")
struct SimulatedPowerLossTests {
    /// A disk with one durable file of `count` bytes of 1.
    private func diskWithFile(
        _ count: Int, order: SimulatedDisk.NameOrder = .independent, sectorByteCount: Int = 512
    ) throws -> (SimulatedDisk, any File) {
        var configuration = SimulatedDisk.Configuration(order: order)
        configuration.sectorByteCount = sectorByteCount
        let disk = SimulatedDisk(configuration)
        let file = try disk.open("a", .create)
        try file.write([UInt8](repeating: 1, count: count), at: 0)
        try file.synchronize()
        try disk.synchronizeDirectory("/")
        return (disk, file)
    }

    @Test("keeps what was synced, name and bytes", arguments: SimulatedDisk.NameOrder.allCases)
    func syncedSurvives(_ order: SimulatedDisk.NameOrder) throws {
        let (disk, file) = try diskWithFile(10_000, order: order)
        try file.truncate(to: 9000)
        try file.punchHole(0..<4096)
        try file.write([5], at: 20_000)
        try file.synchronize()
        let expected = try disk.bytes("a")
        try file.write([9], at: 0)
        try file.truncate(to: 50_000)
        try file.synchronize()
        try file.truncate(to: 20_001)
        try file.write([0], at: 0)
        try file.synchronize()
        for outcome in outcomes { #expect(try disk.afterPowerLoss(outcome: outcome).bytes("a") == expected) }
    }

    @Test("keeps a synced file's bytes, but its name only with its directory's sync, or in a journal")
    func nameNeedsDirectory() throws {
        for order in SimulatedDisk.NameOrder.allCases {
            let disk = SimulatedDisk(.init(order: order))
            let file = try disk.open("a", .create)
            try file.write([1, 2, 3], at: 0)
            try file.synchronize()
            let found = try outcomes.map { try disk.afterPowerLoss(outcome: $0).bytes("a") }
            #expect(found.allSatisfy { $0 == nil || $0 == [1, 2, 3] })
            #expect(found.contains([1, 2, 3]))
            #expect(found.contains(nil) == (order != .journal))
        }
    }

    @Test("keeps, loses or tears a write, by whole sectors", arguments: [512, 4096])
    func tornWrites(_ sectorByteCount: Int) throws {
        let (disk, file) = try diskWithFile(6 * sectorByteCount, sectorByteCount: sectorByteCount)
        try file.write([UInt8](repeating: 2, count: 4 * sectorByteCount), at: UInt64(sectorByteCount))
        var patterns: Set<[UInt8]> = []
        for outcome in outcomes {
            let bytes = try #require(try disk.afterPowerLoss(outcome: outcome).bytes("a"))
            try #require(bytes.count == 6 * sectorByteCount)
            let sectors = (0..<6).map { bytes[$0 * sectorByteCount..<($0 + 1) * sectorByteCount] }
            for sector in sectors { #expect(Set(sector).count == 1) }
            patterns.insert(sectors.map { $0.first! })
        }
        #expect(patterns.contains([1, 1, 1, 1, 1, 1]))
        #expect(patterns.contains([1, 2, 2, 2, 2, 1]))
        #expect(
            patterns.contains { $0 == [1, 2, 1, 2, 1, 1] || $0 == [1, 1, 2, 1, 2, 1] || $0 == [1, 1, 1, 1, 2, 1] })
        #expect(patterns.allSatisfy { $0[0] == 1 && $0[5] == 1 })
    }

    @Test("may keep a later write without an earlier one, but within a sector only with it")
    func reordering() throws {
        let (disk, file) = try diskWithFile(8192)
        try file.write([2], at: 0)
        try file.write([3], at: 4096)
        try file.write([4], at: 1)
        var seen: Set<[UInt8]> = []
        for outcome in outcomes {
            let bytes = try #require(try disk.afterPowerLoss(outcome: outcome).bytes("a"))
            seen.insert([bytes[0], bytes[1], bytes[4096]])
        }
        #expect(seen.contains([1, 1, 3]))
        #expect(seen.contains([2, 1, 1]))
        #expect(seen.contains([2, 4, 1]))
        #expect(!seen.contains { $0[0] == 1 && $0[1] == 4 })
    }

    @Test("may leave a longer file without its bytes, except in a journal", arguments: SimulatedDisk.NameOrder.allCases)
    func lengths(_ order: SimulatedDisk.NameOrder) throws {
        let (disk, file) = try diskWithFile(512, order: order)
        try file.write([UInt8](repeating: 2, count: 1024), at: 512)
        let found = try outcomes.map { try #require(try disk.afterPowerLoss(outcome: $0).bytes("a")) }
        #expect(found.allSatisfy { $0.starts(with: [UInt8](repeating: 1, count: 512)) })
        #expect(Set(found.map(\.count)).isSuperset(of: [512, 1536]))
        let empty = found.contains { $0.count == 1536 && $0[512...].allSatisfy { $0 == 0 } }
        #expect(empty == (order != .journal))
        // Bytes whose length did not survive are gone: a longer file does not bring them back.
        for outcome in outcomes {
            let remains = try disk.afterPowerLoss(outcome: outcome).open("a", .readWrite)
            let length = try remains.byteCount()
            try remains.truncate(to: 8192)
            #expect(try remains.read(at: length, count: 8192).allSatisfy { $0 == 0 })
        }
    }

    @Test("may undo a cut, and never mixes what the cut parted in a journal")
    func cuts() throws {
        for order in SimulatedDisk.NameOrder.allCases {
            let (disk, file) = try diskWithFile(4096, order: order)
            try file.truncate(to: 0)
            try file.write([UInt8](repeating: 2, count: 512), at: 0)
            let found = try outcomes.map { try #require(try disk.afterPowerLoss(outcome: $0).bytes("a")) }
            #expect(found.contains([UInt8](repeating: 1, count: 4096)))
            #expect(found.contains([]))
            #expect(found.contains([UInt8](repeating: 2, count: 512)))
            let mixed = [UInt8](repeating: 2, count: 512) + [UInt8](repeating: 1, count: 3584)
            #expect(found.contains(mixed) == (order != .journal))
        }
    }

    @Test("renames wholly or not at all, across directories too", arguments: SimulatedDisk.NameOrder.allCases)
    func renames(_ order: SimulatedDisk.NameOrder) throws {
        let disk = SimulatedDisk(.init(order: order))
        for name in ["d", "e"] { try disk.createDirectory(name) }
        for (path, byte) in [("d/a", 1), ("e/b", 2)] as [(String, UInt8)] {
            let file = try disk.open(path, .create)
            try file.write([byte], at: 0)
            try file.synchronize()
        }
        for name in ["/", "d", "e"] { try disk.synchronizeDirectory(name) }
        try disk.rename("d/a", to: "e/b")
        var seen: Set<[[UInt8]?]> = []
        for outcome in outcomes {
            let remains = disk.afterPowerLoss(outcome: outcome)
            seen.insert([try remains.bytes("d/a"), try remains.bytes("e/b")])
        }
        #expect(seen == [[[1], [2]], [nil, [1]]])
        // Either directory's sync makes it durable, whole.
        for name in ["d", "e"] {
            let synced = disk.afterPowerLoss(outcome: 0)
            if try synced.bytes("d/a") != nil { try synced.rename("d/a", to: "e/b") }
            try synced.synchronizeDirectory(name)
            for outcome in outcomes {
                let remains = synced.afterPowerLoss(outcome: outcome)
                #expect(try remains.bytes("d/a") == nil)
                #expect(try remains.bytes("e/b") == [1])
            }
        }
    }

    @Test("never leaves a file under two names, nor a renamed one under none")
    func renameChains() throws {
        for order in SimulatedDisk.NameOrder.allCases {
            let (disk, _) = try diskWithFile(1, order: order)
            for (source, target) in [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")] {
                try disk.rename(source, to: target)
            }
            var seen: Set<[String]> = []
            for outcome in outcomes { seen.insert(try disk.afterPowerLoss(outcome: outcome).names(in: "/")) }
            #expect(seen == [["a"], ["b"], ["c"], ["d"]])
        }
    }

    @Test("keeps the names of a directory in the order in force")
    func nameOrders() throws {
        for order in SimulatedDisk.NameOrder.allCases {
            let disk = SimulatedDisk(.init(order: order))
            for name in ["d", "e"] { try disk.createDirectory(name) }
            try disk.synchronizeDirectory("/")
            let paths = ["d/1", "e/1", "d/2", "e/2", "d/3", "e/3"]
            for path in paths { try disk.open(path, .create).close() }
            var isPrefix = true
            var isPrefixPerDirectory = true
            for outcome in outcomes {
                let remains = disk.afterPowerLoss(outcome: outcome)
                let present = try paths.map { try remains.status($0) != nil }
                isPrefix = isPrefix && !zip(present, present.dropFirst()).contains { !$0 && $1 }
                for parity in 0...1 {
                    let own = present.enumerated().filter { $0.offset % 2 == parity }.map(\.element)
                    isPrefixPerDirectory = isPrefixPerDirectory && !zip(own, own.dropFirst()).contains { !$0 && $1 }
                }
            }
            #expect(isPrefix == (order == .journal))
            #expect(isPrefixPerDirectory == (order != .independent))
            // One directory's sync reaches the other's names only where the journal holds both.
            try disk.synchronizeDirectory("d")
            let others = try outcomes.map { try disk.afterPowerLoss(outcome: $0).names(in: "e") }
            #expect(try outcomes.allSatisfy { try disk.afterPowerLoss(outcome: $0).names(in: "d") == ["1", "2", "3"] })
            #expect(others.allSatisfy { $0.starts(with: ["1", "2"]) } == (order == .journal))
        }
    }

    @Test("takes a directory without a durable name, and all in it")
    func unreachable() throws {
        let disk = SimulatedDisk(seed: 1)
        try disk.createDirectory("d")
        let file = try disk.open("d/a", .create)
        try file.synchronize()
        try disk.synchronizeDirectory("d")
        let found = try outcomes.map { try disk.afterPowerLoss(outcome: $0).names(in: "/") }
        #expect(Set(found) == [[], ["d"]])
        try disk.synchronizeDirectory("/")
        for outcome in outcomes { #expect(try disk.afterPowerLoss(outcome: outcome).names(in: "d") == ["a"]) }
    }

    @Test("may bring back a removed file, bytes and all, until the directory is synced")
    func removal() throws {
        let (disk, file) = try diskWithFile(3)
        file.close()
        try disk.remove("a")
        let found = try outcomes.map { try disk.afterPowerLoss(outcome: $0).bytes("a") }
        #expect(Set(found) == [nil, [1, 1, 1]])
        try disk.synchronizeDirectory("/")
        for outcome in outcomes { #expect(try disk.afterPowerLoss(outcome: outcome).bytes("a") == nil) }
    }

    @Test("leaves every sector in a state that it had since the last sync")
    func sectorHistory() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let disk = SimulatedDisk(seed: random.next())
            let file = try disk.open("a", .create)
            try disk.synchronizeDirectory("/")
            var history: [[UInt8]] = [[]]
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    try file.synchronize()
                    history = []
                case 1:
                    // A cut inside a sector acts on whatever survived of it; the history here does not model that.
                    try file.truncate(to: UInt64.random(in: 0...40, using: &random) * 512)
                case 2:
                    let start = UInt64.random(in: 0..<20_000, using: &random)
                    try file.punchHole(start..<start + UInt64.random(in: 1...9000, using: &random))
                default:
                    let count = Int.random(in: 1...6000, using: &random)
                    let byte = UInt8.random(in: 1...255, using: &random)
                    let start = UInt64.random(in: 0..<16_000, using: &random)
                    try file.write([UInt8](repeating: byte, count: count), at: start)
                }
                history.append(try #require(try disk.bytes("a")))
            }
            for outcome in 1...20 as ClosedRange<UInt64> {
                let bytes = try #require(try disk.afterPowerLoss(outcome: outcome).bytes("a"))
                let isExplained = stride(from: 0, to: bytes.count, by: 512).allSatisfy { start in
                    let sector = bytes[start..<min(start + 512, bytes.count)]
                    return sector.allSatisfy { $0 == 0 }
                        || history.contains { state in
                            // The length survives apart from the bytes, so compare what is there, then zeros.
                            let had = state.dropFirst(start).prefix(sector.count)
                            let rest = sector.dropFirst(had.count)
                            return sector.starts(with: had) && rest.allSatisfy { $0 == 0 }
                        }
                }
                #expect(isExplained, "seed \(seed), outcome \(outcome)")
            }
        }
    }

    @Test("finds old or new bytes, whole, at every crash point of an atomic replacement")
    func atomicReplacement() throws {
        let old = [UInt8](repeating: 1, count: 5000)
        let new = [UInt8](repeating: 2, count: 7000)
        for order in SimulatedDisk.NameOrder.allCases {
            var point = 0
            var found: Set<[UInt8]?> = []
            while true {
                point += 1
                let disk = SimulatedDisk(.init(seed: UInt64(point), order: order))
                try disk.replaceAtomically("f", old)
                disk.arm(.powerLoss(atChange: point))
                let result = code { try disk.replaceAtomically("f", new) }
                if result == nil { break }
                #expect(result == .powerLost)
                for outcome in 1...60 as ClosedRange<UInt64> {
                    let remains = disk.restart(outcome: outcome)
                    found.insert(try remains.bytes("f"))
                    // The next one is not put off by what this one left.
                    try remains.replaceAtomically("f", [3])
                    #expect(try remains.afterPowerLoss(outcome: outcome).bytes("f") == [3])
                }
            }
            #expect(found == [old, new])
            #expect(point == 6)
        }
    }

    @Test("catches a replacement that forgets to sync the file first")
    func carelessReplacement() throws {
        let (disk, _) = try diskWithFile(5000)
        let file = try disk.open("t", .create)
        try file.write([UInt8](repeating: 2, count: 5000), at: 0)
        try disk.rename("t", to: "a")
        try disk.synchronizeDirectory("/")
        let whole = [UInt8](repeating: 2, count: 5000)
        let found = try outcomes.map { try disk.afterPowerLoss(outcome: $0).bytes("a") }
        #expect(found.contains(whole))
        #expect(found.contains([]))
        #expect(found.contains { $0 != whole && $0 != [] })
    }

    @Test("strikes at the change asked for, and leaves a dead disk")
    func triggered() throws {
        let disk = SimulatedDisk(seed: 1, faults: .powerLoss(atChange: 3))
        let file = try disk.open("a", .create)
        #expect(try file.lockExclusively())
        try file.write([1], at: 0)
        #expect(!disk.isDead)
        #expect(code { try file.synchronize() } == .powerLost)
        #expect(disk.isDead)
        #expect(disk.changeCount == 3)
        #expect(disk.calls.map(\.operation) == [.open, .lock, .write, .synchronize])
        #expect(disk.calls.last?.fault == .powerLoss)
        #expect(code { _ = try file.read(at: 0, count: 1) } == .powerLost)
        #expect(code { _ = try disk.open("b", .create) } == .powerLost)
        #expect(code { _ = try disk.names(in: "/") } == .powerLost)
        file.close()
        #expect(disk.calls.count == 4)
        for outcome in 1...20 as ClosedRange<UInt64> {
            let remains = disk.restart(outcome: outcome)
            #expect(try remains.open("a", .createOrOpen).lockExclusively())
        }
    }

    @Test("spares the page cache when only the process dies")
    func processDeath() throws {
        let (disk, file) = try diskWithFile(4096)
        #expect(try file.lockExclusively())
        try file.write([2], at: 0)
        try disk.rename("a", to: "b")
        disk.processDeath()
        #expect(code { try file.write([3], at: 0) } == .powerLost)
        let next = disk.restart()
        #expect(try next.names(in: "/") == ["b"])
        let reopened = try next.open("b", .readWrite)
        #expect(try reopened.lockExclusively())
        #expect(try reopened.read(at: 0, count: 2) == [2, 1])
        // What was in doubt still is, for the next process.
        let found = try outcomes.map { try next.afterPowerLoss(outcome: $0).names(in: "/") }
        #expect(Set(found) == [["a"], ["b"]])
        var seen: Set<Int> = []
        for seed in 1...100 as ClosedRange<UInt64> {
            let dying = SimulatedDisk(seed: seed, faults: .processDeath(atChange: 2))
            #expect(code { try dying.open("a", .create).write([5, 5, 5, 5], at: 0) } == .powerLost)
            seen.insert(try #require(try dying.restart().bytes("a")).count)
        }
        #expect(seen == [0, 1, 2, 3, 4])
    }
}
