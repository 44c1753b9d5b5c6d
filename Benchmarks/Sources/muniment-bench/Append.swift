// Durable appends through the library's API.

import Dispatch
import Foundation
import Muniment

enum Append {
    /// Batches of `batch` records, each a commit of its own, `inFlight` of them under way.
    static func bulk(_ directory: String, size: Int, count: Int, batch: Int, inFlight: Int, hasAttributes: Bool = false)
        throws
    {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus(recordByteCount: size, count: min(count, 200_000))
        let baseline = peakMemory()
        let archive = try Archive.createBlocking(at: scratch.path + "/archive", origin: "bench.example/log")
        let slots = DispatchSemaphore(value: inFlight)
        let elapsed = try seconds {
            var number = 0
            while number < count {
                let buffer = archive.makeBuffer(reservingByteCount: batch * (size + 8))
                for _ in 0..<min(batch, count - number) {
                    if hasAttributes {
                        try buffer.append(payload: corpus[number], attributes: attributes(number))
                    } else {
                        try buffer.append(payload: corpus[number])
                    }
                    number += 1
                }
                slots.wait()
                if inFlight == 1 {
                    _ = try archive.appendBlocking(buffer)
                    slots.signal()
                } else {
                    try archive.submit(buffer, isAlone: true) { result in
                        if case .failure(let error) = result { fatalError("\(error)") }
                        slots.signal()
                    }
                }
            }
            for _ in 0..<inFlight { slots.wait() }
        }
        for _ in 0..<inFlight { slots.signal() }
        let closing = try seconds { try archive.closeBlocking() }
        let opening = try seconds { try Archive.openBlocking(at: scratch.path + "/archive").closeBlocking() }
        report(
            "append size=\(size) batch=\(batch) in-flight=\(inFlight)\(hasAttributes ? " attributes=4" : "")", count,
            elapsed,
            "bytes/record \(format(Double(scratch.byteCount) / Double(count))) close \(format(closing * 1000)) ms open+close "
                + "\(format(opening * 1000)) ms memory +\(format(peakMemory() - baseline)) MB")
    }

    private static func attributes(_ number: Int) -> [Attribute] {
        [
            Attribute("sender", .text("user\(number % 200)@example.com")),
            Attribute("room", .text("ops-\(number % 40)")),
            Attribute("sequence", .integer(Int64(number))), Attribute("kind", .text("message")),
        ]
    }

    /// One client, one record at a time.
    static func single(_ directory: String, size: Int, count: Int) throws {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus(recordByteCount: size, count: 10_000)
        let archive = try Archive.createBlocking(at: scratch.path + "/archive", origin: "bench.example/log")
        let elapsed = try seconds {
            for number in 0..<count {
                let buffer = archive.makeBuffer()
                try buffer.append(payload: corpus[number])
                _ = try archive.appendBlocking(buffer)
            }
        }
        try archive.closeBlocking()
        report(
            "single size=\(size)", count, elapsed, "bytes/record \(format(Double(scratch.byteCount) / Double(count)))")
    }

    /// Many clients that each await one record at a time.
    static func clients(_ directory: String, size: Int, count: Int, clients: Int) async throws {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus(recordByteCount: size, count: 10_000)
        let archive = try await Archive.create(at: scratch.path + "/archive", origin: "bench.example/log")
        let start = DispatchTime.now().uptimeNanoseconds
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    for number in 0..<count / clients {
                        let buffer = archive.makeBuffer()
                        try buffer.append(payload: corpus[client &* 7919 &+ number])
                        _ = try await archive.append(buffer)
                    }
                }
            }
            try await group.waitForAll()
        }
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        try await archive.close()
        report("clients=\(clients) size=\(size)", count / clients * clients, elapsed, "")
    }
}

func report(_ name: String, _ count: Int, _ elapsed: Double, _ rest: String) {
    print("\(name): \(count) records in \(format(elapsed)) s, \(format(Double(count) / elapsed / 1000)) k/s \(rest)")
}

func format(_ value: Double) -> String { String(format: "%.2f", value) }
