// Proofs and reads on an archive that was just made.

import Foundation
import Muniment

enum Reading {
    static func run(_ directory: String, size: Int, count: Int) throws {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let archive = try Archive.createBlocking(
            at: scratch.path + "/archive", origin: "bench.example/log", options: Append.options())
        var number = 0
        while number < count {
            let buffer = archive.makeBuffer()
            for _ in 0..<min(1_000, count - number) {
                try buffer.append(payload: corpus[number])
                number += 1
            }
            _ = try archive.appendBlocking(buffer)
        }
        let snapshot = try archive.snapshotBlocking()
        var random = SplitMix(state: 7)
        let indexes = (0..<50_000).map { _ in 2 + random.next() % UInt64(count) }
        var proofs: [InclusionProof] = []
        let making = try seconds { for index in indexes { proofs.append(try snapshot.inclusionProof(of: index)) } }
        line("proof make", indexes.count, making, "\(format(making / Double(indexes.count) * 1e6)) µs each")
        let again = try seconds { for index in indexes { _ = try snapshot.inclusionProof(of: index) } }
        line("proof make, warm", indexes.count, again, "\(format(again / Double(indexes.count) * 1e6)) µs each")
        let reading = try seconds { for index in indexes { _ = try snapshot.record(at: index) } }
        line(
            "read, opened and proved, random", indexes.count, reading,
            "\(format(reading / Double(indexes.count) * 1e6)) µs each")
        let hot = Array(indexes[..<100])
        let cached = try seconds { for _ in 0..<100 { for index in hot { _ = try snapshot.record(at: index) } } }
        line("read, cached", 10_000, cached, "\(format(cached / 10_000 * 1e6)) µs each")
        try archive.closeBlocking()
    }

    private static func line(_ name: String, _ count: Int, _ elapsed: Double, _ rest: String) {
        print("\(name): \(rest)")
    }
}
