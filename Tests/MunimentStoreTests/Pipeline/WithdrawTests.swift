// A write for which the disk had no room is withdrawn before its append is called *failed*: whatever part of it reached the file, and whatever
// then happens to the process or the power, nobody ever finds that record.

import MunimentFormat
import MunimentStore
import Testing

@Suite("A write that is withdrawn")
struct WithdrawTests {
    /// Each seed decides how much of the write was moved before it failed: nothing, a part, or all of it.
    @Test("never comes back", arguments: 1...64 as ClosedRange<UInt64>, [true, false])
    func neverComesBack(seed: UInt64, isPowerLoss: Bool) throws {
        let fixture = try PipelineFixture(seed: seed) { $0.isSynchronous = true }
        let (disk, store) = (fixture.disk, fixture.store)
        let size = try store.append([PipelineFixture.batch("before")]).treeSize
        disk.arm(FaultPlan([.init(.noSpace, at: 1, of: .operation(.write), pathSuffix: ".seg")]))
        let refusal = try #require(
            archiveError { _ = try store.append([PipelineFixture.batch([[UInt8](repeating: 7, count: 20_000)])]) })
        #expect(refusal.code == .full)
        #expect(refusal.appendOutcome == .failed)
        if isPowerLoss { disk.powerLoss() } else { disk.processDeath() }
        let reopened = try LogStore.open(disk.restart(outcome: seed), "archive", options: fixture.options)
        #expect(reopened.committed.treeSize == size)
        try reopened.close()
    }
}
