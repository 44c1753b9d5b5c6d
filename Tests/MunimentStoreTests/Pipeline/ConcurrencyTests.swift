// Many appenders and readers at once. These tests are the ones to run under the thread sanitizer.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentStore
import Synchronization
import Testing

@Suite("The commit pipeline under concurrency")
struct ConcurrencyTests {
    @Test("gives 256 appenders distinct, contiguous indexes, and each its own records")
    func manyAppenders() async throws {
        let fixture = try PipelineFixture(cadence: 5_000) { $0.limits.segmentEntryCount = 64 + 500 }
        let store = fixture.store
        let receipts = try await withThrowingTaskGroup(of: [(AppendReceipt, String)].self) { group in
            for task in 0..<256 {
                group.addTask {
                    var receipts: [(AppendReceipt, String)] = []
                    for round in 0..<8 {
                        let text = "task \(task) round \(round)"
                        let payloads = (0...round % 3).map { Array("\(text) item \($0)".utf8) }
                        receipts.append((try await store.appended(PipelineFixture.batch(payloads)), text))
                    }
                    return receipts
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        var owner: [UInt64: String] = [:]
        for (receipt, text) in receipts {
            for place in 0..<receipt.count {
                let name = "\(text) item \(place)"
                #expect(owner.updateValue(name, forKey: receipt.firstIndex + UInt64(place)) == nil)
            }
        }
        for (index, text) in owner { #expect(try fixture.payload(index) == Array(text.utf8)) }
        #expect(store.reader.segments.count > 4)
        let root = store.committed.root
        try store.close()
        let reopened = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(reopened.committed.treeSize >= UInt64(owner.count + 2))
        #expect(reopened.committed.root == root)
        try reopened.close()
    }

    /// Room is made before completions are called, by one thread: what is counted here is up to one filling behind.
    /// A filling is the limit, and one append for each thread that found room just below it.
    @Test("lets no more content wait than the limit, and one append for each thread")
    func backPressure() throws {
        let limit = 64 << 10
        let fixture = try PipelineFixture(cadence: 5_000) { $0.limits.pendingByteCount = limit }
        let store = fixture.store
        let pending = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let payload = [UInt8](repeating: 7, count: 5_000)
        let threadCount = 4
        onThreads(threadCount) { _ in
            for _ in 0..<60 {
                store.waitForRoom()
                let now = pending.add(payload.count, ordering: .relaxed).newValue
                most.max(now, ordering: .relaxed)
                store.submit(
                    PendingAppend([PipelineFixture.batch([payload])]) { _ in
                        pending.subtract(payload.count, ordering: .relaxed)
                    })
            }
        }
        try store.close()
        #expect(pending.load(ordering: .relaxed) == 0)
        #expect(most.load(ordering: .relaxed) <= 2 * (limit + threadCount * (payload.count + 64)))
        #expect(most.load(ordering: .relaxed) > payload.count, "nothing ever waited: the test shows nothing")
    }

    @Test("answers the same token once, and its repeats with the same index")
    func concurrentToken() async throws {
        let fixture = try PipelineFixture(cadence: 5_000)
        let store = fixture.store
        for round in 0..<20 {
            let token = Array("token \(round)".utf8)
            let receipts = try await withThrowingTaskGroup(of: AppendReceipt.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await store.appended(PipelineFixture.batch("round \(round)"), token: token) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(receipts.map(\.firstIndex)).count == 1)
            #expect(receipts.count { !$0.isRepeat } == 1)
            #expect(throws: ArchiveError(.tokenConflict, "")) {
                try store.append([PipelineFixture.batch("other")], token: token)
            }
        }
        #expect(store.committed.treeSize == 22)
        try store.close()
    }

    @Test("serves reads of its own process while segments are sealed and repacked")
    func readsBesideRepacking() throws {
        let fixture = try PipelineFixture(cadence: 5_000) { $0.limits.segmentEntryCount = 64 + 30 }
        let store = fixture.store
        let known = Guarded<[UInt64: String]>([:])
        let isDone = Atomic<Bool>(false)
        let failures = Guarded<[String]>([])
        onThreads(3) { thread in
            if thread == 0 {
                for round in 0..<600 {
                    let text = "record \(round)"
                    guard let receipt = try? store.append([PipelineFixture.batch(text)]) else {
                        failures.withLock { $0.append("append \(round)") }
                        break
                    }
                    known.withLock { $0[receipt.firstIndex] = text }
                }
                isDone.store(true, ordering: .relaxed)
                return
            }
            while !isDone.load(ordering: .relaxed) {
                guard let (index, text) = known.withLock({ $0.randomElement() }) else { continue }
                do {
                    let committed = store.committed
                    if try fixture.payload(index) != Array(text.utf8) {
                        failures.withLock { $0.append("record \(index) differs") }
                    }
                    let proof = try InclusionProof.make(
                        index: index, treeSize: committed.treeSize, reader: store.reader)
                    try proof.verify(leafHash: TreeHash.leaf(try store.reader.entry(index)), root: committed.root)
                } catch {
                    failures.withLock { $0.append("\(index): \(error)") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(store.reader.segments.contains { $0.generation > 0 }, "nothing was repacked: the test shows nothing")
        try store.close()
    }

    @Test("is readable by others at any instant")
    func readersBesideWriter() throws {
        let fixture = try PipelineFixture(cadence: 5_000) { $0.limits.segmentEntryCount = 64 + 30 }
        let store = fixture.store
        let isDone = Atomic<Bool>(false)
        let refreshes = Atomic<Int>(0)
        let failures = Guarded<[String]>([])
        onThreads(2) { thread in
            if thread == 0 {
                var round = 0
                while (round < 300 || refreshes.load(ordering: .relaxed) < 15) && failures.withLock({ $0.isEmpty }) {
                    round += 1
                    if (try? store.append([PipelineFixture.batch("record \(round)")])) == nil {
                        failures.withLock { $0.append("append \(round): \(String(describing: store.failure))") }
                    }
                }
                isDone.store(true, ordering: .relaxed)
                return
            }
            while !isDone.load(ordering: .relaxed) {
                let least = store.committed.treeSize
                do {
                    try ConcurrencyTests.readAll(fixture.disk, atLeast: least)
                    refreshes.add(1, ordering: .relaxed)
                } catch {
                    failures.withLock { $0.append("refresh: \(error)") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(refreshes.load(ordering: .relaxed) >= 15)
        try store.close()
    }

    /// A refresh as a reader of another process makes it, tried again while the writer moves files.
    private static func readAll(_ disk: SimulatedDisk, atLeast least: UInt64) throws {
        let paths = StorePaths("archive")
        for attempt in 1... {
            do {
                let recovered = try Recovery(disk, paths).recover(keysDirectory: paths.keys)
                if let reason = recovered.readOnlyReason { throw reason }
                let keys = try KeyRing.open(
                    disk, paths.keys, logID: recovered.manifest.logID, passphrase: nil, isWritable: false)
                let reader = try LogStore.makeReader(disk, paths, recovered, keys, isWritable: false)
                let committed = recovered.committed
                #expect(committed.treeSize >= least)
                for index in 0..<committed.treeSize where index % 7 == 0 {
                    let proof = try InclusionProof.make(index: index, treeSize: committed.treeSize, reader: reader)
                    try proof.verify(leafHash: TreeHash.leaf(try reader.entry(index)), root: committed.root)
                    _ = try reader.content(index)
                }
                return
            } catch let error as ArchiveError where attempt < 5 && (error.code == .absent || error.code == .damaged) {
                continue
            }
        }
    }

    @Test("closes with a queue that reaches over many segments")
    func closeWithLongQueue() throws {
        let fixture = try PipelineFixture(cadence: 5_000) { $0.limits.segmentEntryCount = 64 + 20 }
        let store = fixture.store
        let outcomes = Guarded<[Bool]>([])
        for round in 0..<200 {
            store.submit(
                PendingAppend([PipelineFixture.batch("record \(round)")], isAlone: true) { result in
                    outcomes.withLock { $0.append((try? result.get()) != nil) }
                })
        }
        try store.close()
        #expect(outcomes.withLock { $0 } == [Bool](repeating: true, count: 200))
        #expect(archiveError { _ = try store.append([PipelineFixture.batch("late")]) }?.code == .closed)
        let reopened = try LogStore.open(fixture.disk, "archive", options: fixture.options)
        #expect(reopened.reader.segments.count >= 9)
        try reopened.close()
    }
}
