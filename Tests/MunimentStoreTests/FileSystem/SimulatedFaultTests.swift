// What each fault of a plan does, and that a seed decides everything.

import Testing

@testable import MunimentStore

@Suite("A simulated fault")
struct SimulatedFaultTests {
    private static let pageByteCount = 4096

    /// A disk with a durable file of three pages of 1, and all of them overwritten with 2 since.
    private func dirtyDisk(seed: UInt64 = 1, direct: Bool = false) throws -> (SimulatedDisk, any File) {
        let disk = SimulatedDisk(seed: seed)
        let file = try disk.open("a", .create(direct: direct))
        try fill(file, 1)
        try file.synchronize()
        try disk.synchronizeDirectory("/")
        try fill(file, 2)
        return (disk, file)
    }

    private func fill(_ file: any File, _ byte: UInt8) throws {
        let buffer = AlignedBuffer(byteCount: 3 * Self.pageByteCount)
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: byte)
        try file.write(UnsafeRawBufferPointer(buffer.bytes), at: 0)
    }

    /// The first byte of each of the three pages, through a handle of its own.
    private func pages(_ disk: SimulatedDisk, direct: Bool = false) throws -> [UInt8] {
        let file = try disk.open("a", .read(direct: direct))
        let buffer = AlignedBuffer(byteCount: 3 * Self.pageByteCount)
        #expect(try file.read(into: buffer.bytes, at: 0) == buffer.byteCount)
        return [0, 1, 2].map { buffer.bytes[$0 * Self.pageByteCount] }
    }

    @Test("of a sync that loses pages shows them until the cache is dropped, and syncs nothing the next time")
    func lostPages() throws {
        let (disk, file) = try dirtyDisk()
        disk.arm(.single(.lostPages, of: .synchronize))
        #expect(code { try file.synchronize() } == .inputOutput)
        #expect(try pages(disk) == [2, 2, 2])
        #expect(try pages(disk, direct: true) == [1, 1, 1])
        try file.synchronize()
        #expect(try pages(disk) == [2, 2, 2])
        for outcome in 1...50 as ClosedRange<UInt64> {
            #expect(try pages(disk.afterPowerLoss(outcome: outcome)) == [1, 1, 1])
        }
        file.dropCache()
        #expect(try pages(disk) == [1, 1, 1])
    }

    @Test("of a sync that loses pages is healed by writing them again")
    func rewriting() throws {
        let (disk, file) = try dirtyDisk()
        disk.arm(.single(.lostPages, of: .synchronize))
        #expect(code { try file.synchronize() } == .inputOutput)
        // One byte makes its page dirty, all of it, and a dirty page stays in the cache.
        try file.write([2], at: 4096)
        #expect(try pages(disk, direct: true) == [1, 2, 1])
        file.dropCache()
        #expect(try pages(disk) == [1, 2, 1])
        try file.synchronize()
        for outcome in 1...50 as ClosedRange<UInt64> {
            #expect(try pages(disk.afterPowerLoss(outcome: outcome)) == [1, 2, 1])
        }
        try fill(file, 2)
        try file.synchronize()
        file.dropCache()
        #expect(try pages(disk) == [2, 2, 2])
        for outcome in 1...50 as ClosedRange<UInt64> {
            #expect(try pages(disk.afterPowerLoss(outcome: outcome)) == [2, 2, 2])
        }
    }

    @Test("of a sync may lose some pages and keep others")
    func partlyLostPages() throws {
        var seen: Set<[UInt8]> = []
        for seed in 1...100 as ClosedRange<UInt64> {
            let (disk, file) = try dirtyDisk(seed: seed)
            disk.arm(.single(.partlyLostPages, of: .synchronize))
            #expect(code { try file.synchronize() } == .inputOutput)
            #expect(try pages(disk) == [2, 2, 2])
            let durable = try pages(disk.afterPowerLoss())
            file.dropCache()
            #expect(try pages(disk) == durable)
            seen.insert(durable)
        }
        #expect(seen.count == 8)
    }

    @Test("of a seed is the same in every process")
    func sameInEveryProcess() throws {
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.open("a", .create)
        try file.write([UInt8](repeating: 1, count: 64 * 4096), at: 0)
        disk.arm(.single(.partlyLostPages, of: .synchronize))
        #expect(code { try file.synchronize() } == .inputOutput)
        file.dropCache()
        let kept = try (0..<64 as Range<UInt64>).map { try UInt64(file.read(at: $0 * 4096, count: 1)[0]) << $0 }
        #expect(kept.reduce(0, |) == 0xDEBC_E412_5C20_7F8B)
    }

    @Test("of a direct file's sync shows the old bytes at once, or only when the power goes")
    func lostDirectPages() throws {
        var seen: Set<[UInt8]> = []
        for seed in 1...40 as ClosedRange<UInt64> {
            let (disk, file) = try dirtyDisk(seed: seed, direct: true)
            disk.arm(.single(.lostPages, of: .synchronize))
            #expect(code { try file.synchronize() } == .inputOutput)
            try file.synchronize()
            seen.insert(try pages(disk, direct: true))
            #expect(try pages(disk.afterPowerLoss()) == [1, 1, 1])
        }
        #expect(seen == [[1, 1, 1], [2, 2, 2]])
    }

    @Test("of a sync leaves a grown file's length in doubt")
    func lostGrowth() throws {
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.open("a", .create)
        try disk.synchronizeDirectory("/")
        try file.write([7], at: 0)
        disk.arm(.single(.lostPages, of: .synchronize))
        #expect(code { try file.synchronize() } == .inputOutput)
        let found = try (1...60 as ClosedRange<UInt64>).map {
            try disk.afterPowerLoss(outcome: $0).readFully("a", maximumByteCount: 10)
        }
        #expect(Set(found) == [[], [0]])
        try file.synchronize()
        file.dropCache()
        #expect(try disk.readFully("a", maximumByteCount: 10) == [0])
    }

    @Test("of a lying sync is told by nothing but a power loss")
    func falseSuccess() throws {
        let (disk, file) = try dirtyDisk()
        let other = try disk.open("b", .create)
        disk.arm(
            FaultPlan([
                .init(.falseSuccess, at: 1, of: .operation(.synchronize)),
                .init(.falseSuccess, at: 1, of: .operation(.synchronizeDirectory)),
            ]))
        try file.synchronize()
        try disk.synchronizeDirectory("/")
        file.dropCache()
        #expect(try pages(disk) == [2, 2, 2])
        let remains = (1...100 as ClosedRange<UInt64>).map { disk.afterPowerLoss(outcome: $0) }
        #expect(try remains.contains { try pages($0) == [1, 1, 1] })
        #expect(try remains.contains { try $0.status("b") == nil })
        other.close()
    }

    @Test("of a write may leave any leading part of it", arguments: [Fault.inputOutput, .noSpace])
    func failedWrites(_ fault: Fault) throws {
        var seen: Set<[UInt8]> = []
        for seed in 1...100 as ClosedRange<UInt64> {
            let disk = SimulatedDisk(seed: seed, faults: .single(fault, at: 2, of: .write))
            let file = try disk.open("a", .create)
            try file.write([1, 1, 1, 1], at: 0)
            #expect(code { try file.write([2, 2, 2], at: 1) } == (fault == .noSpace ? .noSpace : .inputOutput))
            seen.insert(try file.read(at: 0, count: 9))
            try file.write([3], at: 0)
        }
        #expect(seen == [[1, 1, 1, 1], [1, 2, 1, 1], [1, 2, 2, 1], [1, 2, 2, 2]])
    }

    @Test("of a full disk keeps what fits, and ends when space is freed")
    func capacity() throws {
        var configuration = SimulatedDisk.Configuration(seed: 1)
        configuration.capacityByteCount = 4 * 4096
        let disk = SimulatedDisk(configuration)
        let file = try disk.open("a", .create)
        try file.write([UInt8](repeating: 1, count: 2 * 4096), at: 0)
        #expect(try disk.availableByteCount("/") == 2 * 4096)
        let other = try disk.open("b", .create)
        #expect(code { try other.write([UInt8](repeating: 1, count: 3 * 4096), at: 100) } == .noSpace)
        #expect(try other.byteCount() == 2 * 4096)
        #expect(try disk.availableByteCount("/") == 0)
        // What has space already can be written again.
        try file.write([2], at: 0)
        try file.truncate(to: 1 << 40)
        #expect(code { try file.allocate(0..<3 * 4096) } == .noSpace)
        #expect(code { try file.allocate(0..<1 << 50) } == .noSpace)
        try file.punchHole(4096..<8192)
        try file.write([4], at: 1 << 30)
        #expect(code { try file.write([4], at: 5000) } == .noSpace)
        // A removed file's space is free once nobody has it open.
        try disk.remove("b")
        #expect(try disk.availableByteCount("/") == 0)
        other.close()
        #expect(try disk.availableByteCount("/") == 2 * 4096)
        try disk.synchronizeDirectory("/")
        try file.synchronize()
        disk.powerLoss()
        #expect(try disk.restart().availableByteCount("/") == 2 * 4096)
    }

    @Test("of a transfer that falls short or is interrupted is not noticed", arguments: [false, true])
    func shortTransfers(_ direct: Bool) throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            let disk = SimulatedDisk(seed: seed)
            let file = try disk.open("a", .create(direct: direct))
            let buffer = AlignedBuffer(byteCount: 3 * 4096)
            for fault in [Fault.shortTransfer, .interrupted] {
                let bytes = SeededRandom(seed: seed).bytes(count: buffer.byteCount)
                buffer.bytes.copyBytes(from: bytes)
                disk.arm(
                    FaultPlan([
                        .init(fault, at: 1, of: .operation(.write)), .init(fault, at: 1, of: .operation(.read)),
                    ]))
                try file.write(UnsafeRawBufferPointer(buffer.bytes), at: 4096)
                buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
                #expect(try file.read(into: buffer.bytes, at: 4096) == buffer.byteCount)
                #expect(Array(buffer.bytes) == bytes)
                #expect(disk.calls.suffix(2).map(\.fault) == [fault, fault])
            }
        }
    }

    @Test("of rotten bits changes one bit, for good")
    func bitRot() throws {
        let (disk, file) = try dirtyDisk()
        try file.synchronize()
        disk.arm(.single(.bitRot, of: .read))
        let bytes = try file.read(at: 100, count: 50)
        let flipped = bytes.map { ($0 ^ 2).nonzeroBitCount }
        #expect(flipped.reduce(0, +) == 1)
        #expect(try file.read(at: 100, count: 50) == bytes)
        let remains = disk.afterPowerLoss()
        #expect(try remains.open("a", .read).read(at: 100, count: 50) == bytes)
        try remains.flipBit("a", bit: 8 * 100 + 3)
        let again = try remains.open("a", .read).read(at: 100, count: 50)
        #expect(again[0] == bytes[0] ^ 8)
        #expect(again.dropFirst() == bytes.dropFirst())
        #expect(code { try remains.flipBit("x", bit: 0) } == .notFound)
    }

    @Test("refuses a call and changes nothing")
    func refusals() throws {
        let cases: [(Fault, FileOperation, FileSystemError.Code, (SimulatedDisk, any File) throws -> Void)] = [
            (.tooManyOpenFiles, .open, .tooManyOpenFiles, { disk, _ in _ = try disk.open("b", .create) }),
            (.noSpace, .open, .noSpace, { disk, _ in _ = try disk.open("b", .createOrOpen) }),
            (.readOnly, .open, .readOnly, { disk, _ in _ = try disk.open("b", .create) }),
            (.inputOutput, .open, .inputOutput, { disk, _ in _ = try disk.open("a", .read) }),
            (.noSpace, .createDirectory, .noSpace, { disk, _ in try disk.createDirectory("b") }),
            (.inputOutput, .rename, .inputOutput, { disk, _ in try disk.rename("a", to: "b") }),
            (.readOnly, .remove, .readOnly, { disk, _ in try disk.remove("a") }),
            (.inputOutput, .removeDirectory, .inputOutput, { disk, _ in try disk.removeDirectory("d") }),
            (.inputOutput, .names, .inputOutput, { disk, _ in _ = try disk.names(in: "/") }),
            (.inputOutput, .status, .inputOutput, { disk, _ in _ = try disk.status("a") }),
            (.inputOutput, .read, .inputOutput, { _, file in _ = try file.read(at: 0, count: 1) }),
            (.noSpace, .truncate, .noSpace, { _, file in try file.truncate(to: 9) }),
            (.unsupported, .punchHole, .unsupported, { _, file in try file.punchHole(0..<1) }),
            (.inputOutput, .byteCount, .inputOutput, { _, file in _ = try file.byteCount() }),
            (.unsupported, .lock, .unsupported, { _, file in _ = try file.lockExclusively() }),
        ]
        for (fault, operation, expected, body) in cases {
            let disk = SimulatedDisk(seed: 1)
            try disk.createDirectory("d")
            let file = try disk.open("a", .create)
            try file.write([1, 2], at: 0)
            disk.arm(.single(fault, of: operation))
            #expect(code { try body(disk, file) } == expected, "\(fault) of \(operation)")
            #expect(disk.calls.last?.fault == fault)
            #expect(try disk.names(in: "/") == ["a", "d"])
            #expect(try disk.readFully("a", maximumByteCount: 9) == [1, 2])
            // The second time is not in the plan.
            #expect(code { try body(disk, file) } == nil, "\(fault) of \(operation)")
        }
    }

    @Test("that a call can't notice lets it succeed")
    func unnoticed() throws {
        let disk = SimulatedDisk(seed: 1)
        try disk.open("a", .create).write([1], at: 0)
        disk.arm(.single(.noSpace, of: .open))
        #expect(try disk.open("a", .readWrite).byteCount() == 1)
        disk.arm(.single(.readOnly, of: .open))
        #expect(try disk.open("a", .read).byteCount() == 1)
        disk.arm(.single(.unsupported, of: .allocate))
        let file = try disk.open("a", .readWrite)
        try file.allocate(0..<10_000)
        #expect(try file.byteCount() == 10_000)
        #expect(try disk.status("a")?.allocatedByteCount == 4096)
    }

    @Test("strikes the nth call that matches, and every later one if it repeats")
    func occurrences() throws {
        let disk = SimulatedDisk(seed: 1)
        let files = try ["log.1", "log.2", "other"].map { try disk.open($0, .create) }
        disk.arm(
            FaultPlan([
                .init(.inputOutput, at: 2, of: .operation(.synchronize), pathSuffix: ".2"),
                .init(.noSpace, at: 3, of: .operation(.write), repeats: true),
            ]))
        for (file, expected) in [(1, nil), (0, nil), (2, nil), (1, FileSystemError.Code.inputOutput), (1, nil)] {
            #expect(code { try files[file].synchronize() } == expected)
        }
        for expected in [nil, nil, FileSystemError.Code.noSpace, .noSpace, .noSpace] {
            #expect(code { try files[0].write([1], at: 0) } == expected)
        }
        disk.arm(.none)
        try files[0].write([1], at: 0)
    }

    @Test("is drawn only where it can strike, the same for the same seed")
    func randomPlans() {
        let counts: [FileOperation: Int] = [.write: 5, .synchronize: 2, .open: 1, .close: 9, .read: 3]
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var again = random
            let plan = FaultPlan.random(faultCount: 3, counts: counts, using: &random)
            #expect(plan == FaultPlan.random(faultCount: 3, counts: counts, using: &again))
            #expect(plan.entries.count == 3)
            for entry in plan.entries {
                guard case .operation(let operation) = entry.calls else {
                    Issue.record("no operation")
                    continue
                }
                #expect(entry.fault.applies(to: operation))
                #expect(entry.fault != .falseSuccess)
                #expect((1...counts[operation]!).contains(entry.occurrence))
            }
        }
        var random = SeededGenerator(seed: 1)
        #expect(FaultPlan.random(faultCount: 3, counts: [.close: 1], using: &random) == .none)
    }

    @Test("and all else repeats with the seed")
    func determinism() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var fingerprints: [[String]] = []
        for order in SimulatedDisk.NameOrder.allCases {
            let runs = try (0..<2).map { _ in try fingerprint(seed: seed, order: order) }
            #expect(runs[0] == runs[1], "seed \(seed), \(order)")
            fingerprints.append(runs[0])
        }
        #expect(try fingerprint(seed: seed &+ 1, order: .independent) != fingerprints[0], "seed \(seed)")
    }

    /// Random calls with random faults; every call with its result, and what remains after the power went.
    private func fingerprint(seed: UInt64, order: SimulatedDisk.NameOrder) throws -> [String] {
        var configuration = SimulatedDisk.Configuration(seed: seed)
        configuration.nameOrder = order
        configuration.capacityByteCount = 100 * 4096
        var random = SeededGenerator(seed: seed)
        let counts: [FileOperation: Int] = [.write: 100, .synchronize: 20, .open: 50, .rename: 10, .truncate: 10]
        let plan = FaultPlan.random(faultCount: 6, counts: counts, excluding: [.powerLoss], using: &random)
        var disk = SimulatedDisk(configuration, faults: plan)
        var log: [String] = []
        for _ in 0..<3 {
            var files: [any File] = []
            for _ in 0..<200 {
                let name = "f\(Int.random(in: 0..<8, using: &random))"
                let offset = UInt64.random(in: 0..<40_000, using: &random)
                let byte = UInt8.random(in: 0...255, using: &random)
                let choice = Int.random(in: 0..<20, using: &random)
                let index = Int.random(in: 0..<max(1, files.count), using: &random)
                let file = files.isEmpty ? nil : files[index]
                let result = code {
                    switch choice {
                    case 0...2: files.append(try disk.open(name, .createOrOpen(direct: false)))
                    case 3: try disk.rename(name, to: "f\(byte % 8)")
                    case 4: try disk.remove(name)
                    case 5: try disk.synchronizeDirectory("/")
                    case 6...7: try file?.synchronize()
                    case 8: try file?.truncate(to: offset)
                    case 9: try file?.punchHole(offset..<offset + 9000)
                    case 10: file?.dropCache()
                    default: try file?.write([UInt8](repeating: byte, count: Int(byte) * 40), at: offset)
                    }
                }
                log.append("\(choice) \(result.map { "\($0)" } ?? "done")")
            }
            log += disk.calls.map { "\($0)" }
            disk.powerLoss()
            disk = disk.restart()
            for name in try disk.names(in: "/") {
                let bytes = try disk.readFully(name, maximumByteCount: 1 << 20)
                // FNV-1a: the bytes themselves would make long lines.
                let digest = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
                log.append("\(name): \(bytes.count) bytes, \(digest)")
            }
        }
        return log
    }

    @Test("traps on a direct transfer that is not aligned")
    func misalignment() async {
        await #expect(processExitsWith: .failure) {
            let file = try SimulatedDisk(seed: 1).open("a", .create(direct: true))
            let buffer = AlignedBuffer(byteCount: 8192)
            try file.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<4000]), at: 0)
        }
        await #expect(processExitsWith: .failure) {
            let file = try SimulatedDisk(seed: 1).open("a", .create(direct: true))
            _ = try file.read(into: AlignedBuffer(byteCount: 4096).bytes, at: 512)
        }
    }
}
