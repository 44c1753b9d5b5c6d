// Clients that each append one record at a time and wait for it to be durable: as fast as they can, or when their requests are due.

import Muniment

/// What clients do to an archive.
struct ClientLoad: Sendable {
    let archive: Archive
    let corpus: Corpus
    var clientCount = 256
    /// Records a second of all clients together; nil for as many as they get answered.
    var rate: Double?
    var seconds: Double
    /// How many of eight clients append records that are due at once (`DueClass`).
    var dueEighths = 1

    /// What was measured, by one client or by all.
    struct Outcome: Sendable {
        /// A request, by when it was due.
        struct Request: Sendable {
            var due: Nanoseconds = 0
            var latency: Nanoseconds = 0
        }

        var histogram = LatencyHistogram()
        /// The slowest of the requests that were due in each tenth of a second.
        var windows: [Request]
        let start: Nanoseconds
        var end: Nanoseconds

        static let windowNanoseconds: Nanoseconds = 100_000_000

        init(start: Nanoseconds, windowCount: Int) {
            (self.start, end) = (start, start)
            windows = [Request](repeating: Request(), count: windowCount)
        }

        mutating func record(due: Nanoseconds, now: Nanoseconds) {
            let latency = now > due ? now - due : 0
            histogram.record(latency)
            let window = min(Int((max(due, start) - start) / Outcome.windowNanoseconds), windows.count - 1)
            if latency > windows[window].latency { windows[window] = Request(due: due, latency: latency) }
            end = max(end, now)
        }

        mutating func merge(_ other: Outcome) {
            histogram.merge(other.histogram)
            for place in windows.indices where other.windows[place].latency > windows[place].latency {
                windows[place] = other.windows[place]
            }
            end = max(end, other.end)
        }

        var seconds: Double { Double(end - start) / 1e9 }
        var rate: Double { Double(histogram.count) / seconds }
    }

    /// A load that can't be carried is given up so long after its end.
    private static let patience: Nanoseconds = 30_000_000_000

    /// Runs the load to its end, that is until every request that was due has been answered.
    func run() throws -> Outcome {
        let pacer = Pacer(clientCount: clientCount)
        // A little ahead, so that all clients are there when the first request is due.
        let start = monotonicNow() + 20_000_000
        let outcome = try waiting { try await self.run(pacer, start) }
        try pacer.end()
        return outcome
    }

    private func run(_ pacer: Pacer, _ start: Nanoseconds) async throws -> Outcome {
        let empty = Outcome(start: start, windowCount: Int(seconds * 10) + 1)
        return try await withThrowingTaskGroup(of: Outcome.self) { group in
            for client in 0..<clientCount {
                group.addTask {
                    var outcome = empty
                    try await self.run(client, pacer, &outcome)
                    return outcome
                }
            }
            var all = empty
            for try await outcome in group { all.merge(outcome) }
            return all
        }
    }

    private func run(_ client: Int, _ pacer: Pacer, _ outcome: inout Outcome) async throws {
        let end = outcome.start + Nanoseconds(seconds * 1e9)
        let isDue = client % 8 < dueEighths
        await pacer.wait(client, until: outcome.start)
        var number = 0
        while true {
            var due = monotonicNow()
            if let rate {
                // Requests of all clients are evenly spaced: client after client, round after round.
                due = outcome.start + Nanoseconds(Double(number * clientCount + client) / rate * 1e9)
                if monotonicNow() > end + ClientLoad.patience { return }
            }
            if due >= end { return }
            await pacer.wait(client, until: due)
            let buffer = archive.makeBuffer()
            try buffer.append(
                payload: corpus[client &* 7_919 &+ number], retentionClass: isDue ? DueClass.name : "default",
                occurredAt: isDue ? DueClass.occurredAt : nil)
            _ = try await archive.append(buffer)
            outcome.record(due: due, now: monotonicNow())
            number += 1
        }
    }
}
