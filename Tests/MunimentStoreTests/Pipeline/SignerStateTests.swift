// What the signer remembers of its last signature, across a death in the middle of writing that down: never less than what was published.

import MunimentFormat
import MunimentNote
import MunimentStore
import Testing

@Suite("The signer's memory")
struct SignerStateTests {
    private let signerPath = "archive.keys/signer"

    /// A store on a disk of that seed, with two checkpoints, so that both of the signer's blocks are in use.
    private func fixture(_ seed: UInt64) throws -> PipelineFixture {
        let fixture = try PipelineFixture(seed: seed) { $0.isSynchronous = true }
        for text in ["first", "second"] {
            _ = try fixture.store.append([PipelineFixture.batch(text)])
            _ = try fixture.store.checkpoint(.kept)
        }
        _ = try fixture.store.append([PipelineFixture.batch("third")])
        return fixture
    }

    private func publishedSize(_ store: LogStore) throws -> UInt64 {
        try Checkpoint(text: try #require(store.signer.newest).text).size
    }

    /// Opens what a dead disk left; the signer must know all that was published.
    private func check(_ disk: SimulatedDisk, _ fixture: PipelineFixture, published: UInt64, outcome: UInt64) throws {
        let store = try LogStore.open(disk.restart(outcome: outcome), "archive", options: fixture.options)
        #expect(store.signer.lastSigned.treeSize >= published)
        try store.close()
    }

    @Test("outlives a death while it is written", arguments: 1...24 as ClosedRange<UInt64>)
    func deathWhileWriting(seed: UInt64) throws {
        // The first write of a session secures the newest block, the second goes over the older one.
        for write in 1...2 {
            let fixture = try fixture(seed)
            let published = try publishedSize(fixture.store)
            try fixture.store.close()
            let store = try LogStore.open(fixture.disk, "archive", options: fixture.options)
            _ = try store.append([PipelineFixture.batch("fourth")])
            fixture.disk.arm(
                FaultPlan([.init(.processDeath, at: write, of: .operation(.write), pathSuffix: signerPath)]))
            #expect(archiveError { _ = try store.checkpoint(.kept) } != nil)
            try check(fixture.disk, fixture, published: published, outcome: seed)
        }
    }

    /// A sync failed and left its page clean: what the next session reads in the cache need not be on the device, and must be written again before
    /// the block that surely is there is written over.
    @Test("outlives a failed sync and then a death", arguments: 1...48 as ClosedRange<UInt64>)
    func failedSyncThenDeath(seed: UInt64) throws {
        for write in 1...2 {
            let fixture = try fixture(seed)
            let disk = fixture.disk
            let published = try publishedSize(fixture.store)
            disk.arm(FaultPlan([.init(.lostPages, at: 1, of: .operation(.synchronize), pathSuffix: signerPath)]))
            #expect(archiveError { _ = try fixture.store.checkpoint(.kept) } != nil)
            try? fixture.store.close()
            let store = try LogStore.open(disk, "archive", options: fixture.options)
            _ = try store.append([PipelineFixture.batch("fourth")])
            disk.arm(FaultPlan([.init(.processDeath, at: write, of: .operation(.write), pathSuffix: signerPath)]))
            _ = try? store.checkpoint(.kept)
            if !disk.isDead { disk.processDeath() }
            try check(disk, fixture, published: published, outcome: seed)
        }
    }
}
