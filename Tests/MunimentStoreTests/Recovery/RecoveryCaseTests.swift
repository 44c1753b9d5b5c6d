// Cases of the recovery table (Format/recovery.md) that a crash alone does not make: bytes damaged or put back. Each refusal by itself, where
// another one would stand in for it in the simulation.

import MunimentFormat
import MunimentStore
import Testing

@Suite("Recovery, case by case")
struct RecoveryCaseTests {
    /// A store whose process died with `count` records, each in a frame of its own, past its checkpoint.
    private struct Dead {
        var disk: SimulatedDisk
        let options: StoreOptions
        let path: String
        /// Where the records' frames begin, in bytes.
        let offsets: [UInt64]

        init(count: Int) throws {
            var options = StoreOptions()
            options.isSynchronous = true
            options.limits.reserveByteCount = 256 << 10
            self.options = options
            let living = SimulatedDisk(seed: 1)
            let store = try LogStore.create(living, "archive", origin: "example.org/cases", options: options)
            for number in 0..<count { _ = try store.append([PipelineFixture.batch("record \(number)")]) }
            let segment = store.reader.segments[0]
            path = segment.path
            offsets = try segment.frames().suffix(count).map(\.offset)
            living.processDeath()
            disk = living.restart()
        }

        func open() -> Result<LogStore, ArchiveError> {
            do throws(ArchiveError) {
                return .success(try LogStore.open(disk, "archive", options: options))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test("damage before a valid frame is refused, and nothing is cut off")
    func damageBeforeAValidFrame() throws {
        let dead = try Dead(count: 3)
        for frame in 0..<2 {
            try dead.disk.flipBit(dead.path, bit: (dead.offsets[frame] + 300) * 8)
            let before = dead.disk.peek(dead.path)
            let error = #expect(throws: ArchiveError.self) { try dead.open().get() }
            #expect(error?.code == .damaged)
            #expect(error?.message.contains("is damaged, but a valid one stands at") == true)
            #expect(dead.disk.peek(dead.path) == before)
            try dead.disk.flipBit(dead.path, bit: (dead.offsets[frame] + 300) * 8)
        }
        let store = try dead.open().get()
        #expect(store.committed.treeSize == 5)
        try store.close()
    }

    @Test("damage in the last frame can't be told from a torn write, and is cut off")
    func damageInTheLastFrame() throws {
        let dead = try Dead(count: 3)
        try dead.disk.flipBit(dead.path, bit: (dead.offsets[2] + 300) * 8)
        let store = try dead.open().get()
        #expect(store.committed.treeSize == 4)
        try store.close()
        #expect(UInt64(try #require(dead.disk.peek(dead.path)).count) == dead.offsets[2])
    }

    /// A store that was closed with three records, cut back to two; `restored` is put back as it was before the last record.
    private func cutBack(restoring restored: String) throws -> ArchiveError? {
        let dead = try Dead(count: 2)
        var store = try dead.open().get()
        _ = try store.checkpoint(.kept)
        let old = try #require(dead.disk.peek(restored))
        let end = try #require(dead.disk.peek(dead.path)).count
        try store.close()
        store = try dead.open().get()
        _ = try store.append([PipelineFixture.batch("the last")])
        try store.close()
        let segment = try dead.disk.open(dead.path, .readWrite)
        try segment.truncate(to: UInt64(end))
        segment.close()
        let file = try dead.disk.open(restored, .readWrite)
        try file.truncate(to: UInt64(old.count))
        try file.writeAll(old, at: 0)
        file.close()
        return archiveError { try dead.open().get().close() }
    }

    @Test("a checkpoint ahead of the data is refused, though the signer was rolled back with the data")
    func checkpointAheadOfData() throws {
        let error = try cutBack(restoring: "archive.keys/signer")
        #expect(error?.code == .damaged)
        // The tree of that size can't be had either, which is noticed first.
        #expect(error?.message.contains("checkpoint") == true, "\(String(describing: error))")
    }

    @Test("a signer ahead of the data is refused, though the checkpoint was rolled back with the data")
    func signerAheadOfData() throws {
        let error = try cutBack(restoring: "archive/checkpoint")
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("its key signed size") == true, "\(String(describing: error))")
    }
}
