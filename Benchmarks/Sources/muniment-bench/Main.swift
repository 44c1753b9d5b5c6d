// muniment-bench: compares durable appends with peers in one run, and measures proofs and reads. `make bench` runs it.

import Dispatch
import Foundation
import Muniment

@main
struct Main {
    static func main() async throws {
        let arguments = Arguments()
        let (directory, size, count, batch) = (
            arguments.directory, arguments.value("size", 256), arguments.value("count", 1_000_000),
            arguments.value("batch", 1_000)
        )
        switch CommandLine.arguments.dropFirst().first {
        case "compare":
            try compare(arguments, size: 256, count: count, batch: batch)
            try compare(arguments, size: 1_024, count: count / 4, batch: batch)
            try await small(arguments)
            try Reading.run(directory, size: 256, count: count)
            try Opening.run(directory, size: 256, count: count, batch: batch)
            print("\npeak memory of this process: \(format(peakMemory())) MB, the generated records included")
        case "append":
            show(
                try Append.bulk(
                    directory, size: size, count: count, batch: batch, inFlight: arguments.value("in-flight", 8)))
        case "attributes":
            show(
                try Append.bulk(
                    directory, size: size, count: count, batch: batch, inFlight: arguments.value("in-flight", 8),
                    hasAttributes: true))
        case "single": show(try Append.single(directory, size: size, count: arguments.value("count", 20_000)))
        case "clients":
            show(
                try await Append.clients(directory, size: size, count: count, clients: arguments.value("clients", 256)))
        case "open": try Opening.run(directory, size: size, count: count, batch: batch)
        case "raw": show(try RawFile.run(directory, size: size, count: count, batch: batch))
        case "limit": show(try RawFile.limit(directory, count: arguments.value("count", 20_000)))
        case "rocksdb": show(try RocksDB.run(directory, size: size, count: count, batch: batch))
        case "sqlite": show(try SQLite.run(directory, size: size, count: count, batch: batch))
        case "query": try Querying.run(directory, size: size, count: count)
        case "read": try Reading.run(directory, size: size, count: count)
        default:
            print(
                """
                usage: muniment-bench compare [--rounds 5] [--count 1000000] [--dir DIR]
                       muniment-bench append|attributes|single|clients|open|raw|limit|rocksdb|sqlite|read|query
                                      [--size 256] [--count N] [--batch 1000] [--in-flight 8] [--clients 256] [--dir DIR]
                """)
        }
    }

    private static func show(_ measurement: Measurement) {
        print(
            "\(measurement.name): \(measurement.count) in \(format(measurement.seconds)) s, \(format(measurement.rate / 1000)) k/s, "
                + "\(format(Double(measurement.byteCount) / Double(measurement.count))) bytes/record")
    }

    private static func compare(_ arguments: Arguments, size: Int, count: Int, batch: Int) throws {
        let directory = arguments.directory
        _ = Corpus.shared(size)
        try Comparison.run(
            "Durable append, \(size) B, \(batch) records a commit, \(count) records",
            rounds: arguments.value("rounds", 5),
            reference: "RocksDB",
            contenders: [
                { try Append.bulk(directory, size: size, count: count, batch: batch, inFlight: 8) },
                { try Append.bulk(directory, size: size, count: count, batch: batch, inFlight: 1) },
                {
                    try Append.bulk(directory, size: size, count: count, batch: batch, inFlight: 8, hasAttributes: true)
                },
                { try RocksDB.run(directory, size: size, count: count, batch: batch) },
                { try SQLite.run(directory, size: size, count: count, batch: batch) },
                { try RawFile.run(directory, size: size, count: count, batch: batch) },
            ])
    }

    private static func small(_ arguments: Arguments) async throws {
        let directory = arguments.directory
        let count = min(20_000, arguments.value("count", 20_000))
        try Comparison.run(
            "One record a commit, 256 B", rounds: arguments.value("rounds", 5), reference: "limit",
            contenders: [
                { try Append.single(directory, size: 256, count: count) },
                { try RawFile.limit(directory, count: count) },
                { try RocksDB.run(directory, size: 256, count: count, batch: 1) },
            ])
        var rates: [Double] = []
        for _ in 0..<arguments.value("rounds", 5) {
            rates.append(try await Append.clients(directory, size: 256, count: count * 20, clients: 256).rate / 1000)
        }
        print(
            "\n256 clients, one record each, awaiting: median \(format(Comparison.median(rates))) k/s of \(rates.map(format))"
        )
    }
}

struct Arguments {
    private let all = CommandLine.arguments

    func value(_ name: String, _ fallback: Int) -> Int {
        guard let place = all.firstIndex(of: "--" + name), place + 1 < all.count else { return fallback }
        return Int(all[place + 1]) ?? fallback
    }

    var directory: String {
        guard let place = all.firstIndex(of: "--dir"), place + 1 < all.count else { return NSTemporaryDirectory() }
        return all[place + 1]
    }
}

/// A store directory that goes when the work is done.
struct Scratch {
    let path: String

    init(_ directory: String) throws {
        path = directory + "/muniment-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Bytes of all files of the store, keys left out.
    var byteCount: Int {
        var total = 0
        guard let files = FileManager.default.enumerator(atPath: path + "/archive") else { return 0 }
        for case let name as String in files {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/archive/" + name)
            if attributes?[.type] as? FileAttributeType == .typeRegular { total += attributes?[.size] as? Int ?? 0 }
        }
        return total
    }
}
