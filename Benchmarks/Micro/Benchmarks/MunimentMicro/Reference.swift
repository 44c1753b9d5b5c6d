// What the same work costs with the libraries that everybody has: the units in which the micro benchmarks are judged. A ratio to them holds on
// any machine, an absolute time on none.

import CMicroLZ4
import Crypto
import Foundation

/// Work that a measurement is compared with; run again beside every measurement.
struct Reference: Sendable {
    let name: String
    let run: @Sendable () -> Void

    /// SHA-256 of `count` messages of `byteCount` bytes, by swift-crypto.
    static func hashes(_ count: Int, of byteCount: Int) -> Reference {
        let message = Data(repeating: 0x5a, count: byteCount)
        return Reference(name: "\(count) × SHA-256 of \(byteCount) B") {
            for _ in 0..<count { _ = SHA256.hash(data: message) }
        }
    }

    /// What reading costs at least: `count` blocks of `byteCount` text bytes opened with AES-256-GCM and expanded with LZ4, and the text hashed.
    static func openedBlocks(_ count: Int, of byteCount: Int) -> Reference {
        let text = blockOfText(byteCount)
        let compressed = compress(text)
        let key = SymmetricKey(size: .bits256)
        // The key is of the right length: sealing can't fail.
        guard let box = try? AES.GCM.seal(compressed, using: key) else {
            preconditionFailure("AES-GCM refuses its key")
        }
        return Reference(name: "\(count) × (AES-GCM open + LZ4 expand + SHA-256) of \(byteCount) B") {
            for _ in 0..<count {
                guard let opened = try? AES.GCM.open(box, using: key) else { preconditionFailure("the box is whole") }
                _ = SHA256.hash(data: expand(opened, byteCount))
            }
        }
    }

    /// What writing costs at least: the same the other way round.
    static func sealedBlocks(_ count: Int, of byteCount: Int) -> Reference {
        let text = blockOfText(byteCount)
        let key = SymmetricKey(size: .bits256)
        return Reference(name: "\(count) × (SHA-256 + LZ4 compress + AES-GCM seal) of \(byteCount) B") {
            for _ in 0..<count {
                _ = SHA256.hash(data: text)
                _ = try? AES.GCM.seal(compress(text), using: key)
            }
        }
    }

    private static func blockOfText(_ byteCount: Int) -> Data {
        var text = Data()
        var number = 0
        while text.count < byteCount {
            text.append(contentsOf: MicroRecord.payload(number))
            number += 1
        }
        return text.prefix(byteCount)
    }

    private static func compress(_ data: Data) -> Data {
        let bound = LZ4_compressBound(Int32(data.count))
        var target = Data(count: Int(bound))
        let count = target.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { data in
                LZ4_compress_default(
                    data.baseAddress?.assumingMemoryBound(to: CChar.self),
                    target.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(data.count), bound)
            }
        }
        return target.prefix(Int(count))
    }

    private static func expand(_ data: Data, _ byteCount: Int) -> Data {
        var target = Data(count: byteCount)
        _ = target.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { data in
                LZ4_decompress_safe(
                    data.baseAddress?.assumingMemoryBound(to: CChar.self),
                    target.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(data.count), Int32(byteCount))
            }
        }
        return target
    }
}
