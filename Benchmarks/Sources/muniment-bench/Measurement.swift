// A measured run of a contender, and the table of a comparison: medians over rounds in which all contenders took turns.

import Foundation

struct Measurement {
    var name: String
    var count: Int
    var seconds: Double
    var byteCount: Int
    var peakMegabytes: Double?

    var rate: Double { Double(count) / seconds }
}

enum Comparison {
    /// Runs every contender once a round, so that a slow moment of the machine falls on all of them; prints medians and ranges, and ratios to the
    /// contender whose name begins with `reference`.
    static func run(_ title: String, rounds: Int, reference: String, contenders: [() throws -> Measurement]) throws {
        var results: [[Measurement]] = Array(repeating: [], count: contenders.count)
        for _ in 0..<rounds {
            for (place, contender) in contenders.enumerated() { results[place].append(try contender()) }
        }
        print("\n\(title)\n")
        print("| contender | median k/s | range k/s | ratio to \(reference) | bytes/record |")
        print("|---|---|---|---|---|")
        let base = results.first { $0[0].name.hasPrefix(reference) }.map { median($0.map(\.rate)) } ?? .nan
        for list in results {
            let rates = list.map { $0.rate / 1000 }
            print(
                "| \(list[0].name) | \(format(median(rates))) | \(format(rates.min() ?? 0))–\(format(rates.max() ?? 0)) | "
                    + "\(format(median(list.map(\.rate)) / base)) | "
                    + "\(list[0].byteCount == 0 ? "–" : format(Double(list[0].byteCount) / Double(list[0].count))) |")
        }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}

func format(_ value: Double) -> String { String(format: "%.2f", value) }

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}

/// The process's peak of resident memory so far, in MB.
func peakMemory() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
}
