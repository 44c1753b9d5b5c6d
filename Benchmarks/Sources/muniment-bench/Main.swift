// muniment-bench: measures one row of the table at a time. `make bench` runs it.

import Dispatch
import Foundation
import Muniment

@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        func value(_ name: String, _ fallback: Int) -> Int {
            guard let place = arguments.firstIndex(of: "--" + name), place + 1 < arguments.count else {
                return fallback
            }
            return Int(arguments[place + 1]) ?? fallback
        }
        let directory = arguments.firstIndex(of: "--dir").map { arguments[$0 + 1] } ?? NSTemporaryDirectory()
        let size = value("size", 256)
        let count = value("count", 1_000_000)
        let batch = value("batch", 1_000)
        switch arguments.dropFirst().first {
        case "append":
            try Append.bulk(directory, size: size, count: count, batch: batch, inFlight: value("in-flight", 8))
        case "attributes":
            try Append.bulk(
                directory, size: size, count: count, batch: batch, inFlight: value("in-flight", 8), hasAttributes: true)
        case "single": try Append.single(directory, size: size, count: value("count", 20_000))
        case "clients": try await Append.clients(directory, size: size, count: count, clients: value("clients", 256))
        case "raw": try RawFile.run(directory, size: size, count: count, batch: batch)
        case "limit": try RawFile.limit(directory, count: value("count", 5_000))
        case "read": try Reading.run(directory, size: size, count: count)
        default:
            print(
                "usage: muniment-bench append|attributes|single|clients|raw|limit|read [--size 256] [--count N] [--batch 1000] [--in-flight 8] [--dir D]"
            )
        }
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

    var byteCount: Int {
        var total = 0
        for case let name as String in FileManager.default.enumerator(atPath: path + "/archive") ?? .init() {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/archive/" + name)
            if attributes?[.type] as? FileAttributeType == .typeRegular { total += attributes?[.size] as? Int ?? 0 }
        }
        return total
    }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}

func peakMemory() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
}
