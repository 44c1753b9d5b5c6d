// What is measured of one contender at one size. The contender runs in a process of its own, so that memory is its alone.

import Foundation

/// One row of the growth curves.
struct ScaleStep: Codable, Sendable {
    /// Records in the store.
    let count: Int
    /// Figures by name, as `ScaleMeasure` lists them; what a contender can't do is absent.
    var values: [String: Double] = [:]

    subscript(measure: ScaleMeasure) -> Double? {
        get { values[measure.rawValue] }
        set { values[measure.rawValue] = newValue }
    }
}

/// What grows, or should not.
enum ScaleMeasure: String, Codable, Sendable, CaseIterable {
    case appendRate
    case bytesPerRecord
    case treeBytesPerRecord
    case open
    case verifyRate
    case proofMake
    case proofCheck
    case readCold
    case readCached
    case queryNone
    case queryHundred
    case peakMemory

    var title: String {
        switch self {
        case .appendRate: "append, the last nine tenths"
        case .bytesPerRecord: "on disk"
        case .treeBytesPerRecord: "of that, tree"
        case .open: "open"
        case .verifyRate: "verify or chain scan"
        case .proofMake: "proof, make"
        case .proofCheck: "proof, check"
        case .readCold: "read, from the device"
        case .readCached: "read, cached"
        case .queryNone: "query, nothing, cold"
        case .queryHundred: "query, 100 hits, cold"
        case .peakMemory: "peak memory of appending"
        }
    }

    var unit: String {
        switch self {
        case .appendRate, .verifyRate: "records/s"
        case .bytesPerRecord, .treeBytesPerRecord: "bytes/record"
        case .open, .queryNone, .queryHundred: "ms"
        case .proofMake, .proofCheck, .readCold, .readCached: "µs"
        case .peakMemory: "MB"
        }
    }
}

/// A contender of the growth curves.
enum ScaleContender: String, Codable, Sendable, CaseIterable {
    case muniment
    /// With an indexed attribute and its queries.
    case indexed
    case rocksdb
    case sqlite

    var title: String {
        switch self {
        case .muniment: "Muniment"
        case .indexed: "Muniment, one indexed attribute"
        case .rocksdb: "RocksDB, hash chain"
        case .sqlite: "SQLite, hash chain"
        }
    }

    /// Grows a store through `counts`, ascending, in `directory`, and tells each step as it is done.
    func grow(in directory: String, _ counts: [Int], _ tell: (ScaleStep) throws -> Void) throws {
        switch self {
        case .muniment: try ScaleArchive(directory, isIndexed: false).grow(counts, tell)
        case .indexed: try ScaleArchive(directory, isIndexed: true).grow(counts, tell)
        case .rocksdb: try ScaleRocksDB(directory).grow(counts, tell)
        case .sqlite: try ScaleSQLite(directory).grow(counts, tell)
        }
    }
}

extension ProcessUsage {
    /// Gives back what was freed, and begins a new peak of memory (proc(5), clear_refs).
    static func resetPeak() {
        releaseFreeMemory()
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }
}
