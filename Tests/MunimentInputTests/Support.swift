// What the tests of this module share: collecting a reader's records, seeded randomness, the shared data's place.

import Foundation
import MunimentInput

/// A record with bytes of its own, all parts joined.
struct OwnedRecord: Equatable {
    var payload: [UInt8]
    var position: InputPosition
    var attributes: [InputAttribute]
    var occurredAt: Int64?
    var partCount: Int
}

extension RecordReader {
    /// All records from here on.
    func collect() throws(InputError) -> [OwnedRecord] {
        var records: [OwnedRecord] = []
        while let record = try next() {
            records.append(try own(record))
        }
        return records
    }

    func own(_ record: InputRecord) throws(InputError) -> OwnedRecord {
        var owned = OwnedRecord(
            payload: Array(record.payload), position: record.position, attributes: record.attributes,
            occurredAt: record.occurredAt, partCount: 1)
        while !record.isComplete, let part = try readMore() {
            owned.payload += part
            owned.partCount += 1
        }
        return owned
    }
}

func reader(
    _ format: InputFormat, _ bytes: [UInt8], readByteCountMax: Int = .max,
    _ configure: (inout InputOptions) -> Void = { _ in }
) -> RecordReader {
    var options = InputOptions()
    configure(&options)
    return RecordReader(
        format: format, source: MemorySource(bytes, readByteCountMax: readByteCountMax), options: options)
}

/// The payloads as text; for inputs that are ASCII.
func texts(_ format: InputFormat, _ text: String) throws -> [String] {
    try reader(format, Array(text.utf8)).collect().map { String(decoding: $0.payload, as: UTF8.self) }
}

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A source whose reads have random sizes of 1 to 65,536 bytes, or up to `largest`.
func randomSource(_ bytes: [UInt8], seed: UInt64, largest: Int = 65_536) -> ClosureSource {
    var generator = SeededGenerator(seed: seed)
    var source = MemorySource(bytes)
    return ClosureSource { buffer in
        let count = min(buffer.count, Int.random(in: 1...largest, using: &generator))
        return source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    }
}

/// The data that is kept beside the package: real and hostile inputs. Nil, and a line that says so, where it is not
/// there.
enum SharedData {
    static func url(_ path: String) -> URL? {
        let root =
            ProcessInfo.processInfo.environment["MUNIMENT_SHARED"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared")
        let url = root.appendingPathComponent("data").appendingPathComponent(path)
        if FileManager.default.fileExists(atPath: url.path) { return url }
        print("skipped: \(path) is not there; MUNIMENT_SHARED names the folder that holds data/\(path)")
        return nil
    }

    static func files(_ path: String) throws -> [URL] {
        guard let folder = url(path) else { return [] }
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try (all?.compactMap { $0 as? URL } ?? [])
            .filter { try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true }
            .sorted { $0.path < $1.path }
    }
}

extension URL {
    func readBytes() throws -> [UInt8] { Array(try Data(contentsOf: self)) }
}
