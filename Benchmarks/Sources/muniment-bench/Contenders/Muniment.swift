// Durable appends through the library's API, as an embedder would make them.

import Dispatch
import Foundation
import Logging
import Muniment

/// Opens archives as the benchmarks want them: everything at its default, the log quiet.
enum BenchArchive {
    static let origin = "bench.example/log"

    static func options() -> ArchiveOptions {
        var options = ArchiveOptions()
        options.logger.logLevel = .error
        return options
    }

    /// Where in a scratch directory the archive is; its keys are beside it.
    static func path(in directory: String) -> String { directory + "/archive" }

    static func create(in directory: String, hasAttributes: Bool = false) throws -> Archive {
        let archive = try Archive.createBlocking(at: path(in: directory), origin: origin, options: options())
        if hasAttributes {
            try archive.setClassBlocking("default", RetentionClassChange(indexed: .only(RecordAttributes.indexed)))
        }
        return archive
    }

    /// Appends records `range` of a workload, a commit for each batch, `inFlight` commits under way; 1 waits for each.
    static func append(_ workload: Workload, _ range: Range<Int>, to archive: Archive, inFlight: Int) throws {
        let commits = CommitWindow(inFlight)
        var number = range.lowerBound
        while number < range.upperBound {
            let end = min(number + workload.batch, range.upperBound)
            let buffer = try fill(archive, workload, number..<end)
            number = end
            if inFlight == 1 {
                _ = try archive.appendBlocking(buffer)
            } else {
                try commits.begin()
                try archive.submit(buffer, isAlone: true) { commits.end($0.failure) }
            }
        }
        try commits.drain()
    }

    private static func fill(_ archive: Archive, _ workload: Workload, _ range: Range<Int>) throws -> RecordBuffer {
        let corpus = workload.corpus
        let buffer = archive.makeBuffer(reservingByteCount: range.count * (corpus[range.lowerBound].count + 8))
        for number in range {
            if workload.hasAttributes {
                try buffer.append(payload: corpus[number], attributes: RecordAttributes.four(number))
            } else {
                try buffer.append(payload: corpus[number])
            }
        }
        return buffer
    }
}

/// Counts the commits that are under way, and keeps the first failure.
final class CommitWindow: @unchecked Sendable {
    private let width: Int
    private let slots: DispatchSemaphore
    private let lock = NSLock()
    // Under the lock.
    private var failure: (any Error)?

    init(_ width: Int) {
        self.width = width
        slots = DispatchSemaphore(value: width)
    }

    /// Waits for a free place. Throws what an earlier commit failed with.
    func begin() throws {
        slots.wait()
        if let failure = lock.withLock({ failure }) {
            slots.signal()
            throw failure
        }
    }

    func end(_ failure: (any Error)?) {
        if let failure { lock.withLock { self.failure = self.failure ?? failure } }
        slots.signal()
    }

    /// Waits until none is under way.
    func drain() throws {
        for _ in 0..<width { slots.wait() }
        for _ in 0..<width { slots.signal() }
        if let failure = lock.withLock({ failure }) { throw failure }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

extension Contender {
    /// Eight commits under way, each acknowledged after its sync.
    static let pipelined = Contender(id: "muniment-pipelined", name: "Muniment, pipelined", role: .subject) {
        try bulk($0, $1, inFlight: 8)
    }

    /// Waits for each commit, as the peers do.
    static let strict = Contender(id: "muniment-strict", name: "Muniment, waiting for each commit", role: .subject) {
        try bulk($0, $1, inFlight: 1)
    }

    private static func bulk(_ workload: Workload, _ directory: String, inFlight: Int) throws -> Outcome {
        // Made before the clock starts.
        if workload.hasAttributes { _ = RecordAttributes.four(0) }
        let archive = try BenchArchive.create(in: directory, hasAttributes: workload.hasAttributes)
        let elapsed = try seconds {
            try BenchArchive.append(workload, 0..<workload.count, to: archive, inFlight: inFlight)
        }
        try archive.closeBlocking()
        return Outcome(
            count: workload.count, seconds: elapsed, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }

    /// One client that makes one record durable after the other, on its own thread.
    static let single = Contender(id: "muniment-single", name: "Muniment, one client", role: .subject) {
        workload, directory in
        let archive = try BenchArchive.create(in: directory)
        let elapsed = try seconds {
            for number in 0..<workload.count {
                let buffer = archive.makeBuffer()
                try buffer.append(payload: workload.corpus[number])
                _ = try archive.appendBlocking(buffer)
            }
        }
        try archive.closeBlocking()
        return Outcome(
            count: workload.count, seconds: elapsed, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }

    static let clientCount = 256

    /// 256 tasks that each await one record after the other.
    static let clients = Contender(id: "muniment-clients", name: "Muniment, 256 awaiting clients", role: .subject) {
        workload, directory in
        let archive = try BenchArchive.create(in: directory)
        let perClient = max(1, workload.count / clientCount)
        let elapsed = try seconds {
            try waiting {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in 0..<clientCount {
                        group.addTask {
                            for number in 0..<perClient {
                                let buffer = archive.makeBuffer()
                                try buffer.append(payload: workload.corpus[client &* 7_919 &+ number])
                                _ = try await archive.append(buffer)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
        try archive.closeBlocking()
        return Outcome(
            count: perClient * clientCount, seconds: elapsed,
            byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }
}

/// Runs asynchronous work and blocks the calling thread, which is none of Swift's, until it is done.
func waiting<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let done = DispatchSemaphore(value: 0)
    // Written once before the signal, read once after it.
    nonisolated(unsafe) var result: Result<T, any Error>?
    Task {
        do { result = .success(try await body()) } catch { result = .failure(error) }
        done.signal()
    }
    done.wait()
    guard let result else { throw BenchmarkError("A task ended without a result.") }
    return try result.get()
}
