// Appends that go on while something else is done beside them.

import Foundation
import Muniment

/// Pipelined appends on a thread of their own, counted as they become durable.
final class AppendLoop: @unchecked Sendable {
    private let durable = Guarded(0)
    private let stop = StopFlag()
    // Set in init, once.
    private var thread: BackgroundThread?

    init(_ archive: Archive, _ corpus: Corpus, batch: Int = 1_000) {
        thread = BackgroundThread {
            let commits = CommitWindow(8)
            var number = 0
            while !self.stop.isSet {
                let buffer = archive.makeBuffer(reservingByteCount: batch * 264)
                for _ in 0..<batch {
                    try buffer.append(payload: corpus[number])
                    number += 1
                }
                try commits.begin()
                try archive.submit(buffer, isAlone: true) { result in
                    if case .success(let receipt) = result { self.durable.withLock { $0 += receipt.count } }
                    commits.end(result.failure)
                }
            }
            try commits.drain()
        }
    }

    /// Records that are durable so far.
    var count: Int { durable.withLock { $0 } }

    /// Records a second that become durable while `body` runs.
    func rate(during body: () throws -> Void) rethrows -> Double {
        let before = count
        let elapsed = try seconds(body)
        return Double(count - before) / elapsed
    }

    /// Stops and waits; throws what an append failed with.
    func end() throws {
        stop.set()
        try thread?.join()
    }
}
