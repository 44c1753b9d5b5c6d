// Who takes part in a comparison, with what records.

import Foundation

/// What every contender of a comparison is given.
struct Workload: Sendable {
    let corpus: Corpus
    /// Records to append.
    var count: Int
    /// Records that are made durable together.
    var batch = 1_000
    /// Whether each record has the four attributes, two of them indexed.
    var hasAttributes = false

    /// Bytes of all payloads.
    var payloadByteCount: Int {
        if case .messages(let length) = corpus.kind { return count * length }
        return (0..<count).reduce(0) { $0 + corpus[$1].count }
    }
}

/// What a contender did.
struct Outcome: Sendable {
    var count: Int
    /// From the first record to the last durable acknowledgement.
    var seconds: Double
    /// Space of everything it left on the disk after it was closed; nil where that means nothing.
    var byteCountOnDisk: Int?

    var rate: Double { Double(count) / seconds }
}

/// What a contender is in the comparison.
enum Role: String, Codable, Sendable {
    /// Muniment, in one of its ways.
    case subject
    /// What others do.
    case peer
    /// What the machine can do at most.
    case limit
}

/// One way to append records durably.
struct Contender: Sendable {
    /// Stable; of letters, digits and hyphens.
    let id: String
    let name: String
    let role: Role
    /// Appends the workload below a directory, which is empty and removed afterwards.
    let run: @Sendable (Workload, String) throws -> Outcome

    /// The contenders by their IDs, for a child process or a profiler that runs one alone.
    static let all: [Contender] = [
        .pipelined, .strict, .single, .clients, .rocksDB, .rocksDBThreads, .sqlite, .rawFile, .writeLimit,
    ]

    static func named(_ id: String) throws -> Contender {
        guard let found = all.first(where: { $0.id == id }) else {
            throw BenchmarkError("There is no contender \(id): choose from \(all.map(\.id).joined(separator: ", ")).")
        }
        return found
    }
}
