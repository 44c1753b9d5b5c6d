// What remains when the power goes, and what comes after. The laws are at the head of SimulatedDisk.swift.

extension SimulatedDisk {
    /// Takes away the power, now. Every later call on this disk and its files fails with `.powerLost`.
    package func powerLoss() { state.withLock { $0.death = $0.death ?? .power } }

    /// Kills the process, now. Every later call on this disk and its files fails with `.powerLost`.
    package func processDeath() { state.withLock { $0.death = $0.death ?? .process } }

    /// The disk as the next process finds it. After a power loss that is what became durable, and what `outcome` lets
    /// survive of the rest; after a process's death all that was done, but each lost page may have left the cache.
    /// May be called again, with another `outcome` for another fate. Traps while the disk is alive.
    ///
    /// - Parameters:
    ///   - outcome: decides what survives; nil takes it from the disk's seed and its number of changes.
    ///   - faults: the plan of the disk that is returned.
    package func restart(outcome: UInt64? = nil, faults: FaultPlan = .none) -> SimulatedDisk {
        let state = state.withLock { $0 }
        precondition(state.death != nil, "only a dead disk can be restarted")
        return SimulatedDisk(state.next(outcome: outcome, isPowerLoss: state.death == .power, faults: faults))
    }

    /// What `powerLoss` and `restart` would give now; this disk lives on.
    package func afterPowerLoss(outcome: UInt64? = nil, faults: FaultPlan = .none) -> SimulatedDisk {
        let state = state.withLock { $0 }
        precondition(state.death != .process, "the process is dead: restart the disk first")
        return SimulatedDisk(state.next(outcome: outcome, isPowerLoss: true, faults: faults))
    }
}

/// How a power loss treats what is not durable. A quarter of them spares everything and a quarter nothing, because with many
/// pending changes neither would ever come up by chance.
private struct Fate {
    private var random: SeededGenerator
    private let survivalPercent: Int
    let isOrdered: Bool

    init(seed: UInt64, isOrdered: Bool) {
        random = SeededGenerator(seed: seed)
        let temper = Int.random(in: 0..<4, using: &random)
        survivalPercent =
            switch temper {
            case 0: 100
            case 1: 0
            default: Int.random(in: 5...95, using: &random)
            }
        self.isOrdered = isOrdered
    }

    mutating func survives() -> Bool { random.chance(survivalPercent) }

    /// Which sectors of a write survive. Half of the writes under doubt are torn.
    mutating func surviving(_ sectors: Range<UInt64>) -> [UInt64] {
        guard survivalPercent > 0, survivalPercent < 100, random.flip() else { return survives() ? Array(sectors) : [] }
        return sectors.filter { _ in survives() }
    }

    /// How long a file becomes by a write of which so much survived.
    mutating func length(after write: SimulatedContent.Write, reaching lastEnd: UInt64) -> UInt64 {
        if isOrdered || random.chance(75) { return lastEnd }
        return survives() ? write.range.upperBound : 0
    }
}

extension SimulatedState {
    fileprivate func next(outcome: UInt64?, isPowerLoss: Bool, faults: FaultPlan) -> SimulatedState {
        var mixer = SeededGenerator(seed: configuration.seed ^ UInt64(changeCount) << 32)
        let outcome = outcome ?? mixer.next()
        // The next disk's own decisions must not repeat this one's.
        let seed = configuration.seed &* 0x2545_F491_4F6C_DD1D &+ outcome
        let remains = isPowerLoss ? inodesAfterPowerLoss(outcome: outcome) : inodesAfterProcessDeath(outcome: outcome)
        var next = restarted(inodes: remains, seed: seed, faults: faults)
        if !isPowerLoss { next.journal = journal }
        return next
    }

    private func inodesAfterProcessDeath(outcome: UInt64) -> [Int: Inode] {
        var random = SeededGenerator(seed: outcome)
        var remains = inodes
        for number in remains.keys.sorted() {
            remains[number]!.content.dropCache { random.flip() }
        }
        return remains
    }

    private func inodesAfterPowerLoss(outcome: UInt64) -> [Int: Inode] {
        var fate = Fate(seed: outcome, isOrdered: configuration.nameOrder == .journal)
        var directories = inodes.filter { $0.value.isDirectory }.mapValues { $0.directory.device }
        for entry in journal.survivors({ fate.survives() }).flatMap(\.entries) {
            directories[entry.directory]![entry.name] = entry.inode
        }
        var remains: [Int: Inode] = [:]
        var unvisited = [Self.rootInode]
        while let number = unvisited.popLast() {
            var inode = Inode(isDirectory: inodes[number]!.isDirectory)
            if let entries = directories[number] {
                inode.directory = SimulatedDirectory(entries: entries, device: entries)
                unvisited += entries.values
            }
            remains[number] = inode
        }
        for number in remains.keys.sorted() where !remains[number]!.isDirectory {
            let bytes = inodes[number]!.content.bytesAfterPowerLoss(configuration.sectorByteCount, &fate)
            remains[number]!.content = SimulatedContent(durable: bytes)
        }
        return remains
    }
}

extension SimulatedContent {
    fileprivate func bytesAfterPowerLoss(_ sectorByteCount: Int, _ fate: inout Fate) -> SparseBytes {
        var bytes = device
        loop: for change in pending {
            switch change {
            case .resize(let length):
                if fate.survives() {
                    bytes.resize(to: length)
                } else if fate.isOrdered {
                    break loop
                }
            case .write(let write):
                bytes.apply(write, UInt64(sectorByteCount), &fate)
            }
        }
        // What has no length to cover it is gone.
        bytes.resize(to: bytes.byteCount)
        return bytes
    }
}

extension SparseBytes {
    /// Puts in place the sectors of a write that survive, and whatever length that gives.
    fileprivate mutating func apply(
        _ write: SimulatedContent.Write, _ sectorByteCount: UInt64, _ fate: inout Fate
    ) {
        let first = write.range.lowerBound / sectorByteCount
        let sectors = first..<(write.range.upperBound - 1) / sectorByteCount + 1
        let surviving = fate.surviving(sectors)
        for sector in surviving {
            let start = sector * sectorByteCount
            let (pageIndex, offset) = start.quotientAndRemainder(dividingBy: UInt64(Self.pageByteCount))
            let part = Int(offset)..<Int(offset + sectorByteCount)
            var page = page(pageIndex) ?? Self.zeroPage
            page.replaceSubrange(part, with: write.pages[Int(pageIndex - write.firstPage)][part])
            setPage(pageIndex, page)
        }
        let reached = surviving.last.map { min(($0 + 1) * sectorByteCount, write.range.upperBound) } ?? 0
        grow(to: fate.length(after: write, reaching: reached))
    }
}
