// Durable appends through the library's API.

import Dispatch
import Foundation
import Logging
import Muniment

enum Append {
    static func options() -> ArchiveOptions {
        var options = ArchiveOptions()
        options.logger.logLevel = .warning
        return options
    }

    /// Batches of `batch` records, each a commit of its own, `inFlight` of them under way; 1 waits for each.
    static func bulk(
        _ directory: String, size: Int, count: Int, batch: Int, inFlight: Int, hasAttributes: Bool = false
    ) throws -> Measurement {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let archive = try Archive.createBlocking(
            at: scratch.path + "/archive", origin: "bench.example/log", options: options())
        let slots = DispatchSemaphore(value: inFlight)
        if hasAttributes { _ = attributes(0) }
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
        try archive.closeBlocking()
        let name = "Muniment, \(inFlight == 1 ? "strict" : "pipelined")\(hasAttributes ? ", 4 attributes" : "")"
        return Measurement(name: name, count: count, seconds: elapsed, byteCount: scratch.byteCount)
    }

    /// Made before the clock starts, as the payloads are: what spelling them costs is not the archive's.
    private static let senders = (0..<200).map { Attribute("sender", .text("user\($0)@example.com")) }
    private static let rooms = (0..<40).map { Attribute("room", .text("ops-\($0)")) }
    private static let kind = Attribute("kind", .text("message"))

    private static func attributes(_ number: Int) -> [Attribute] {
        [senders[number % 200], rooms[number % 40], Attribute("sequence", .integer(Int64(number))), kind]
    }

    /// One client, one record at a time.
    static func single(_ directory: String, size: Int, count: Int) throws -> Measurement {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let archive = try Archive.createBlocking(
            at: scratch.path + "/archive", origin: "bench.example/log", options: options())
        let elapsed = try seconds {
            for number in 0..<count {
                let buffer = archive.makeBuffer()
                try buffer.append(payload: corpus[number])
                _ = try archive.appendBlocking(buffer)
            }
        }
        try archive.closeBlocking()
        return Measurement(name: "Muniment, one client", count: count, seconds: elapsed, byteCount: scratch.byteCount)
    }

    /// Many clients that each await one record at a time.
    static func clients(_ directory: String, size: Int, count: Int, clients: Int) async throws -> Measurement {
        let scratch = try Scratch(directory)
        defer { scratch.remove() }
        let corpus = Corpus.shared(size)
        let archive = try await Archive.create(
            at: scratch.path + "/archive", origin: "bench.example/log", options: options())
        let start = DispatchTime.now().uptimeNanoseconds
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    for number in 0..<count / clients {
                        let buffer = archive.makeBuffer()
                        try buffer.append(payload: corpus[client &* 7_919 &+ number])
                        _ = try await archive.append(buffer)
                    }
                }
            }
            try await group.waitForAll()
        }
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        try await archive.close()
        return Measurement(
            name: "Muniment, \(clients) awaiting clients", count: count / clients * clients, seconds: elapsed,
            byteCount: scratch.byteCount)
    }
}
