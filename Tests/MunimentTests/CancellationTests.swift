// Cancelling a task that appends: before the hand-over nothing is appended, afterwards the true outcome is told.

import MunimentFormat
import MunimentStore
import Testing

@testable import Muniment

@Suite("A cancelled append")
struct CancellationTests {
    /// A store whose pipeline stands still, between two commits, until it is let go.
    private struct Stalled {
        let disk = SimulatedDisk(seed: 1)
        let store: LogStore
        private let gate = Monitor(false)

        /// Room for `pendingByteCount` bytes of content.
        init(pendingByteCount: Int) throws {
            var options = StoreOptions()
            options.limits.reserveByteCount = 256 << 10
            options.limits.pendingByteCount = pendingByteCount
            options.checkpointCadence = 3_600_000_000
            store = try LogStore.create(disk, "archive", origin: "example.org/cancelled", options: options)
            let stalled = Monitor(false)
            let gate = gate
            store.submit(
                PendingAppend([Stalled.batch("stalls")]) { _ in
                    stalled.change { $0 = true }
                    gate.wait { $0 ? () : nil }
                })
            stalled.wait { $0 ? () : nil }
        }

        func letGo() { gate.change { $0 = true } }

        static func batch(_ text: String) -> RecordBatch {
            let batch = RecordBatch(classID: 1, hasOccurred: false)
            Array(text.utf8).withUnsafeBytes { batch.append(payload: $0) }
            return batch
        }

        func append(_ text: String) -> Task<AppendReceipt, any Error> {
            Task { [store] in try await store.appended([Stalled.batch(text)], nil) }
        }

        /// Appends that will take all the room, and one after the other those that stand in line for it.
        func fill(_ handedOver: String, line: [String]) async throws -> [Task<AppendReceipt, any Error>] {
            var tasks = [append(handedOver)]
            while !store.isWaiting { try await Task.sleep(for: .milliseconds(1)) }
            for (place, text) in line.enumerated() {
                tasks.append(append(text))
                while store.lineCount <= place { try await Task.sleep(for: .milliseconds(1)) }
            }
            return tasks
        }

        /// What the log holds, without control records.
        func texts() throws -> [String] {
            try (0..<store.committed.treeSize).compactMap { index in
                let entry = try store.reader.entry(index).decode(Entry.init(decoding:))
                guard entry.kind == .record else { return nil }
                return String(decoding: try store.reader.content(index).payload, as: UTF8.self)
            }
        }
    }

    @Test("before it is handed over appends nothing") func beforeHandOver() async throws {
        let folder = try TemporaryFolder()
        let archive = try await Archive.create(at: folder.path + "/archive", origin: "example.org/cancelled")
        let size = archive.durableSize
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await archive.append(Record(Array("never".utf8)))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(archive.durableSize == size)
        try await archive.close()
    }

    @Test("after it was handed over tells its indexes") func afterHandOver() async throws {
        let stalled = try Stalled(pendingByteCount: 1)
        let task = try await stalled.fill("handed over", line: [])[0]
        task.cancel()
        stalled.letGo()
        #expect(try await task.value.treeSize == stalled.store.committed.treeSize)
        #expect(try stalled.texts() == ["stalls", "handed over"])
        try stalled.store.close()
    }

    @Test("after it was handed over tells its failure", arguments: [FileOperation.write, .synchronize])
    func failureAfterHandOver(operation: FileOperation) async throws {
        let stalled = try Stalled(pendingByteCount: 1)
        let tasks = try await stalled.fill("handed over", line: ["in line", "cancelled in line"])
        tasks[0].cancel()
        tasks[2].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[2].value }
        // Only frames: other threads prepare files meanwhile.
        stalled.disk.arm(FaultPlan([.init(.inputOutput, at: 1, of: .operation(operation), pathSuffix: ".seg")]))
        stalled.letGo()
        // What the write left is known to the next open alone.
        for (task, outcome) in zip(tasks, [ArchiveError.AppendOutcome.unknown, .failed]) {
            let error = await #expect(throws: ArchiveError.self) { try await task.value }
            #expect(error?.appendOutcome == outcome)
        }
        #expect(stalled.store.lineCount == 0)
        try? stalled.store.close()
    }

    @Test("in line for room leaves it at once, and the others keep their order") func inLine() async throws {
        let stalled = try Stalled(pendingByteCount: 1)
        let tasks = try await stalled.fill("0", line: ["1", "2", "3", "4"])
        for place in [1, 3] {
            tasks[place].cancel()
            // The pipeline stands still: nothing but the cancellation can end this.
            await #expect(throws: CancellationError.self) { try await tasks[place].value }
        }
        #expect(stalled.store.lineCount == 2)
        stalled.letGo()
        for place in [0, 2, 4] { _ = try await tasks[place].value }
        #expect(try stalled.texts() == ["stalls", "0", "2", "4"])
        #expect(stalled.store.lineCount == 0)
        try stalled.store.close()
    }

    @Test("in line gives back its memory") func memory() async throws {
        let stalled = try Stalled(pendingByteCount: 1)
        weak var batch: RecordBatch?
        let task: Task<AppendReceipt, any Error>
        _ = try await stalled.fill("0", line: [])
        do {
            let waiting = Stalled.batch("waiting")
            batch = waiting
            task = Task { [store = stalled.store] in try await store.appended([waiting], nil) }
        }
        while stalled.store.lineCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(batch != nil)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // The task's own frame may outlive its result by a moment.
        for _ in 0..<1_000 where batch != nil { try await Task.sleep(for: .milliseconds(1)) }
        #expect(batch == nil)
        stalled.letGo()
        try stalled.store.close()
    }

    @Test("in line of an archive that closes is told so") func closing() async throws {
        let stalled = try Stalled(pendingByteCount: 1)
        let tasks = try await stalled.fill("0", line: ["1"])
        let store = stalled.store
        let closing = Task { try await offCooperativeThreads { try store.close() } }
        let error = await #expect(throws: ArchiveError.self) { try await tasks[1].value }
        #expect(error?.code == .closed && error?.appendOutcome == .failed)
        tasks[1].cancel()
        stalled.letGo()
        _ = try await tasks[0].value
        try await closing.value
    }

    /// Cancellations that race with hand-overs and commits. Also for the thread sanitizer.
    @Test("tells the truth, whenever the cancellation comes") func races() async throws {
        for round in 0..<20 {
            let stalled = try Stalled(pendingByteCount: 40)
            let tasks = (0..<60).map { stalled.append("record \($0)") }
            for (place, task) in tasks.enumerated() where (place + round) % 3 == 0 {
                if place == 30 { stalled.letGo() }
                if place % 2 == 0 { await Task.yield() }
                task.cancel()
            }
            stalled.letGo()
            var appended: Set<String> = ["stalls"]
            for (place, task) in tasks.enumerated() {
                do {
                    _ = try await task.value
                    appended.insert("record \(place)")
                } catch is CancellationError {
                    #expect((place + round) % 3 == 0, "record \(place) was not cancelled")
                }
            }
            let texts = try stalled.texts()
            #expect(texts.count == appended.count && Set(texts) == appended, "round \(round)")
            #expect(stalled.store.lineCount == 0)
            try stalled.store.close()
        }
    }
}
