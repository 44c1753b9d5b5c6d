// What appenders are told when the disk is full or fails, and what they may do afterwards.

import MunimentFormat
import MunimentStore
import Testing

@Suite("The commit pipeline, when the disk fails")
struct FailureTests {
    /// One fault for whoever writes frames: other threads prepare files meanwhile.
    private func frames(_ fault: Fault, _ operation: FileOperation) -> FaultPlan {
        FaultPlan([.init(fault, at: 1, of: .operation(operation), pathSuffix: ".seg")])
    }

    @Test("refuses records on a full disk, passes control records, and goes on when there is space")
    func fullDisk() throws {
        let fixture = try PipelineFixture()
        let store = fixture.store
        let before = try store.append([PipelineFixture.batch("before")])
        let free = try fixture.disk.availableByteCount("/")
        fixture.disk.setCapacity(byteCount: (1 << 30) - free + 600 << 10)
        // The free space is asked for after every quarter of the reserve.
        var refusal: ArchiveError?
        var last = before
        for _ in 0..<60 where refusal == nil {
            let bytes = SystemRandom().bytes(count: 20_000)
            refusal = archiveError { last = try store.append([PipelineFixture.batch([bytes])]) }
        }
        let left = try fixture.disk.availableByteCount("/")
        #expect((100 << 10..<300 << 10).contains(left), "the reserve is \(256 << 10) bytes")
        let full = try #require(refusal)
        #expect(full.code == .full)
        #expect(full.appendOutcome == .failed)
        #expect(store.failure == nil)
        let control = try store.appendClass(ClassRecord(classID: 2, name: "second"))
        #expect(control.firstIndex == last.firstIndex + 1)
        _ = try store.checkpoint(.kept)
        fixture.disk.setCapacity(byteCount: 1 << 30)
        let after = try store.append([PipelineFixture.batch("after")])
        #expect(after.firstIndex == control.firstIndex + 1)
        try store.close()
        let reopened = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(reopened.committed.treeSize == after.treeSize)
        #expect(Array(try reopened.reader.content(after.firstIndex).payload) == Array("after".utf8))
        try reopened.close()
    }

    @Test("withdraws a write that the disk has no room for, reserve or not", arguments: [false, true])
    func noSpaceInTheMiddle(isPipelined: Bool) throws {
        let fixture = try PipelineFixture()
        let store = fixture.store
        let size = try store.append([PipelineFixture.batch("before")]).treeSize
        fixture.disk.arm(frames(.noSpace, .write))
        if isPipelined {
            let outcomes = Guarded<[ArchiveError?]>([])
            let large = [UInt8](repeating: 9, count: 90_000)
            for _ in 0..<4 {
                store.submit(
                    PendingAppend([PipelineFixture.batch([large])], isAlone: true) { result in
                        outcomes.withLock { outcomes in
                            if case .failure(let error) = result {
                                outcomes.append(error)
                            } else {
                                outcomes.append(nil)
                            }
                        }
                    })
            }
            while outcomes.withLock({ $0.count }) < 4 { SimulationPause.brief() }
            let failed = outcomes.withLock { $0 }.compactMap { $0 }
            #expect(!failed.isEmpty)
            #expect(failed.allSatisfy { $0.code == .full && $0.appendOutcome == .failed })
        } else {
            let refusal = archiveError { _ = try store.append([PipelineFixture.batch("no room")]) }
            #expect(refusal?.code == .full)
            #expect(refusal?.appendOutcome == .failed)
            #expect(try store.append([PipelineFixture.batch("room")]).firstIndex == size)
        }
        #expect(store.failure == nil)
        let last = try store.append([PipelineFixture.batch("last")])
        try store.close()
        let reopened = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(reopened.committed.treeSize == last.treeSize)
        try reopened.close()
    }

    @Test("takes nothing more after an error until it is opened again", arguments: [Fault.inputOutput, .readOnly])
    func errorOnWrite(fault: Fault) throws {
        let fixture = try PipelineFixture()
        let store = fixture.store
        let before = try store.append([PipelineFixture.batch("before")])
        fixture.disk.arm(frames(fault, .write))
        let unknown = try #require(archiveError { _ = try store.append([PipelineFixture.batch("lost?")]) })
        #expect(unknown.appendOutcome == .unknown)
        let refused = try #require(archiveError { _ = try store.append([PipelineFixture.batch("refused")]) })
        #expect(refused.code == .previousFailure)
        #expect(refused.appendOutcome == .failed)
        #expect(archiveError { _ = try store.checkpoint(.kept) }?.code == .previousFailure)
        try? store.close()
        let reopened = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(Array(try reopened.reader.content(before.firstIndex).payload) == Array("before".utf8))
        _ = try reopened.append([PipelineFixture.batch("again")])
        try reopened.close()
    }

    @Test(
        "keeps what was adopted after a failed sync, even when the power goes", arguments: 1...20 as ClosedRange<UInt64>
    )
    func failedSync(outcome: UInt64) throws {
        let fixture = try PipelineFixture(seed: outcome)
        let store = fixture.store
        _ = try store.append([PipelineFixture.batch("makes the group's key")])
        fixture.disk.arm(frames(.lostPages, .synchronize))
        let error = try #require(archiveError { _ = try store.append([PipelineFixture.batch("in doubt")], token: [1]) })
        #expect(error.appendOutcome == .unknown)
        try? store.close()
        let second = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        let receipt = try second.append([PipelineFixture.batch("in doubt")], token: [1])
        try second.close()
        let third = try LogStore.open(
            fixture.disk.afterPowerLoss(outcome: outcome), "archive", options: fixture.options)
        #expect(Array(try third.reader.content(receipt.firstIndex).payload) == Array("in doubt".utf8))
        #expect(try third.append([PipelineFixture.batch("in doubt")], token: [1]).firstIndex == receipt.firstIndex)
        try third.close()
    }

    @Test("lets nobody else write meanwhile")
    func secondWriter() throws {
        let fixture = try PipelineFixture()
        let open = { try LogStore.open(fixture.disk, "archive", options: fixture.options) }
        #expect(archiveError { _ = try open() }?.code == .anotherWriter)
        _ = try fixture.store.append([PipelineFixture.batch("mine")])
        try fixture.store.close()
        let next = try open()
        #expect(next.committed.treeSize == 3)
        try next.close()
    }

    @Test("puts off a seal without space, and makes up for it")
    func sealWithoutSpace() throws {
        let fixture = try PipelineFixture {
            $0.limits.segmentEntryCount = 64 + 10
            $0.limits.reserveByteCount = 0
            $0.limits.preparesSegments = false
        }
        let (disk, store) = (fixture.disk, fixture.store)
        var receipts: [AppendReceipt] = []
        var refusals = 0
        for round in 0..<120 {
            if round == 40 { disk.setCapacity(byteCount: (1 << 30) - (try disk.availableByteCount("/"))) }
            if round == 80 { disk.setCapacity(byteCount: 1 << 30) }
            let error = archiveError { receipts.append(try store.append([PipelineFixture.batch("record \(round)")])) }
            guard let error else { continue }
            let isFair = error.code == .full && error.appendOutcome == .failed && (40..<80).contains(round)
            #expect(isFair, "\(error)")
            refusals += 1
        }
        #expect(refusals > 0)
        #expect(store.failure == nil)
        try store.close()
        let reopened = try LogStore.open(disk, "archive", options: fixture.options)
        for receipt in receipts { _ = try reopened.reader.content(receipt.firstIndex) }
        try reopened.close()
    }
}
