// Nothing that a user wrote stands in plaintext anywhere in a store or its keys, and nobody but the owner may look: every eight bytes in
// a row of payloads, attributes, streams, tokens and the passphrase are looked for in every file, sealed segments and body files included.

import Foundation
import Muniment
import Testing

@Suite struct PlaintextTests {
    /// Windows of eight bytes, and the files in which they are looked for.
    private struct Needles {
        private var windows: Set<UInt64> = []
        /// Whether any window has these 20 low bits: most places are passed over after one look.
        private var hasBits = [Bool](repeating: false, count: 1 << 20)

        /// All windows of `bytes`, or every `step`th.
        mutating func add(_ bytes: [UInt8], step: Int = 1) {
            bytes.withUnsafeBytes { raw in
                for start in stride(from: 0, through: raw.count - 8, by: step) {
                    let window = raw.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                    windows.insert(window)
                    hasBits[Int(window & 0xf_ffff)] = true
                }
            }
        }

        mutating func add(_ text: String) { add(Array(text.utf8)) }

        /// The offset of the first window in `bytes` that is one of these.
        func firstMatch(in bytes: [UInt8]) -> Int? {
            bytes.withUnsafeBytes { raw in
                var start = 0
                while start + 8 <= raw.count {
                    let window = raw.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                    if hasBits[Int(window & 0xf_ffff)], windows.contains(window) { return start }
                    start += 1
                }
                return nil
            }
        }
    }

    /// Letters that no file of a store has for another reason, and random bytes that no compressor shortens.
    private static func word(_ label: String) -> String {
        label + String((0..<24).map { _ in "QXZJKVWqxzjkvw".randomElement() ?? "Q" })
    }

    private static func noise(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    private static func files(_ path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).map { path + "/" + $0 }
    }

    /// Records of every kind under `path`, in more than one segment; returns what must not be found.
    private func fill(_ path: String) async throws -> Needles {
        var needles = Needles()
        let passphrase = Self.word("passphrase-")
        needles.add(passphrase)
        var options = ArchiveOptions()
        options.segmentByteCount = 1 << 20
        options.passphrase = Array(passphrase.utf8)
        let archive = try await Archive.create(at: path, origin: "example.org/plain", options: options)
        for round in 0..<6 {
            let buffer = archive.makeBuffer()
            for number in 0..<120 {
                let payload = number % 2 == 0 ? Array(Self.word("payload-").utf8) : Self.noise(9_000)
                let (name, value, stream) = (Self.word("name-"), Self.word("value-"), Self.word("stream-"))
                let raw = Self.noise(20)
                try buffer.append(
                    Record(
                        payload, attributes: [Attribute(name, .text(value)), Attribute(name, .bytes(raw))],
                        stream: stream))
                needles.add(payload, step: number % 2 == 0 ? 1 : 97)
                for text in [name, value, stream] { needles.add(text) }
                needles.add(raw)
            }
            let token = Self.word("token-")
            needles.add(token)
            _ = try await archive.append(buffer, token: Array(token.utf8))
            if round % 3 == 0 { _ = try await archive.checkpoint() }
        }
        let large = Self.noise(9 << 20)
        needles.add(large, step: 4_099)
        needles.add(Array(large.prefix(4_096)))
        var pieces = [large].makeIterator()
        let (name, stream) = (Self.word("body-"), Self.word("stream-"))
        _ = try await archive.append(
            streaming: { pieces.next() }, attributes: [Attribute(name, .integer(7))], stream: stream)
        needles.add(name)
        needles.add(stream)
        try await archive.close()
        return needles
    }

    @Test func nothingIsPlain() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        let needles = try await fill(path)
        let files = try Self.files(path) + Self.files(path + ".keys")
        #expect(files.filter { $0.hasSuffix(".seg") }.count >= 3, "the store should have sealed segments")
        #expect(files.contains { $0.hasSuffix(".body") }, "the store should have a body file")
        for file in files {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            let bytes = try Array(Data(contentsOf: URL(filePath: file)))
            #expect(needles.firstMatch(in: bytes) == nil, "\(file) holds plaintext")
        }
    }

    /// The search itself finds what it looks for.
    @Test func searchFinds() {
        var needles = Needles()
        needles.add("0123456789")
        #expect(needles.firstMatch(in: Array("abc 23456789".utf8)) == 4)
        #expect(needles.firstMatch(in: Array("abc 2345678".utf8)) == nil)
    }

    @Test func onlyTheOwnerMayLook() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        _ = try await fill(path)
        for root in [path, path + ".keys"] {
            for file in try [root] + Self.files(root) {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                let mode = (attributes[.posixPermissions] as? Int).map { $0 & 0o7777 }
                let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
                #expect(mode == (isFolder ? 0o700 : 0o600), "\(file) has mode \(String(mode ?? 0, radix: 8))")
            }
        }
    }
}
