// Stores of many shapes, made with the engine, verified without it.

import Foundation
import Muniment
import MunimentFormat
import MunimentNote
import MunimentStore

@testable import MunimentVerify

/// A directory that goes with the test. In memory where there is a file system for that: these tests write single
/// bytes many times.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let base = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
        path = base + "muniment-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A store, and how to verify it.
final class StoreFixture: @unchecked Sendable {
    // One test at a time has an instance; the files are its to change.
    let directory: TemporaryDirectory
    let path: String
    private(set) var verifierKey = ""
    static let origin = "example.com/verify"

    /// A clock that never stands still, so that entries differ in their times.
    final class TickingClock: WallClock, @unchecked Sendable {
        private let lock = NSLock()
        private var now: Microseconds = 1_700_000_000_000_000

        func microsecondsSinceEpoch() -> Microseconds {
            lock.lock()
            defer { lock.unlock() }
            now += 250
            return now
        }

        func bootMicroseconds() -> Int64 { microsecondsSinceEpoch() - 1_700_000_000_000_000 }

        func bootID() -> [UInt8] { [UInt8](repeating: 7, count: 16) }
    }

    /// Makes a store, lets `fill` append to it, and closes it.
    init(
        segmentEntryCount: Int = Limits.entriesPerSegment, passphrase: [UInt8]? = nil,
        clock: any WallClock = TickingClock(), _ fill: (LogStore) throws -> Void
    ) throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/archive"
        let options = StoreFixture.options(segmentEntryCount, passphrase, clock)
        let store = try LogStore.create(POSIXFileSystem(), path, origin: StoreFixture.origin, options: options)
        verifierKey = store.manifest.verifierKey
        try fill(store)
        try store.close()
    }

    /// Copies a store and its keys, permissions included.
    init(copying other: StoreFixture) throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/archive"
        verifierKey = other.verifierKey
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
        try FileManager.default.copyItem(atPath: other.path + ".keys", toPath: path + ".keys")
    }

    static func options(
        _ segmentEntryCount: Int, _ passphrase: [UInt8]? = nil, _ clock: any WallClock = TickingClock()
    ) -> StoreOptions {
        var options = StoreOptions()
        options.limits.segmentEntryCount = segmentEntryCount
        options.limits.preparesSegments = false
        options.checkpointCadence = 3_600_000_000
        options.passphrase = passphrase
        options.clock = clock
        return options
    }

    /// From now on another log is here, under its own key.
    func trust(_ key: String) { verifierKey = key }

    /// Opens the store again, lets `fill` append to it, and closes it.
    func reopen(
        segmentEntryCount: Int = Limits.entriesPerSegment, passphrase: [UInt8]? = nil, _ fill: (LogStore) throws -> Void
    ) throws {
        let store = try LogStore.open(
            POSIXFileSystem(), path, options: StoreFixture.options(segmentEntryCount, passphrase))
        try fill(store)
        try store.close()
    }

    /// Options that trust the store's key.
    func options(keys: Bool = false, trusts: Bool = true, jobs: Int = 1) throws -> VerifyOptions {
        var options = VerifyOptions()
        if trusts { options.trustedKeys = [try VerifierKey(verifierKey)] }
        if keys { options.keysDirectory = path + ".keys" }
        options.jobs = jobs
        return options
    }

    func verify(keys: Bool = false, trusts: Bool = true, jobs: Int = 1) throws -> VerifyReport {
        try Verifier(options(keys: keys, trusts: trusts, jobs: jobs)).verify(path)
    }

    /// Every file of the store, relative to it, and of the keys directory, as `keys/…`.
    func files(keys: Bool = false) throws -> [String] {
        func list(_ root: String, _ prefix: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: root).filter { name in
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isDirectory)
                return !isDirectory.boolValue
            }.map { prefix + $0 }
        }
        return try (list(path, "") + (keys ? list(path + ".keys", "keys/") : [])).sorted()
    }

    /// The path of a file by the name that findings give it.
    func absolute(_ name: String) -> String {
        name.hasPrefix("keys/") ? path + ".keys/" + name.dropFirst(5) : path + "/" + name
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: absolute(name)))) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        // In place: permissions stay.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: absolute(name)))
        defer { try? handle.close() }
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(bytes))
    }

    /// Makes a new file with the engine's permissions.
    func create(_ name: String, _ bytes: [UInt8]) {
        _ = FileManager.default.createFile(
            atPath: absolute(name), contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: absolute(name)) }
}

/// Records of class 1 for one append.
func batch(_ payloads: [[UInt8]], attributes: [Attribute] = [], occurred: Microseconds? = nil) -> RecordBatch {
    let batch = RecordBatch(classID: 1, hasOccurred: occurred != nil)
    let encoded = ContentEncoder.canonical(attributes)
    for (place, payload) in payloads.enumerated() {
        payload.withUnsafeBytes {
            batch.append(payload: $0, attributes: encoded, occurred: occurred.map { $0 + Int64(place) })
        }
    }
    return batch
}

extension VerifyReport {
    /// For messages of failed expectations.
    var summary: String {
        "\(verdict) \(treeSize) entries; "
            + findings.map { "\($0.severity) \($0.code.rawValue) \($0.file)@\($0.offset ?? 0): \($0.message)" }
            .joined(separator: "\n")
    }
}
