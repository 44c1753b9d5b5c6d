// What the machine allows if only one thing had to be done: lines in the plots, not contenders.

import CBenchLZ4
import Crypto
import Foundation

/// A rate that no archive that does this to every record can exceed.
struct PhysicalLimit: Codable, Sendable {
    let name: String
    /// In MB (10^6 bytes) of records a second, all cores at work.
    let megabytesPerSecond: Double

    /// The same in records of `byteCount` bytes.
    func recordsPerSecond(_ byteCount: Int) -> Double { megabytesPerSecond * 1e6 / Double(byteCount) }
}

enum PhysicalLimits {
    private static let blockByteCount = 65_536

    /// Measures SHA-256, LZ4 and AES-256-GCM on one core, times the number of cores, and raw writes to the disk. About a second.
    static func measure(in directory: String) throws -> [PhysicalLimit] {
        let corpus = Corpus(.messages(256), byteCount: 8 << 20)
        let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
        let key = SymmetricKey(size: .bits256)
        let target = UnsafeMutablePointer<CChar>.allocate(capacity: Int(LZ4_compressBound(Int32(blockByteCount))))
        defer { target.deallocate() }
        let hash = rate(corpus.byteCount) {
            for number in 0..<corpus.count { _ = SHA256.hash(data: corpus[number]) }
        }
        let compress = rate(corpus.byteCount) {
            blocks(corpus) { block in
                guard let source = block.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
                LZ4_compress_fast(source, target, Int32(block.count), LZ4_compressBound(Int32(blockByteCount)), 1)
            }
        }
        let seal = try rate(corpus.byteCount) {
            try blocks(corpus) { _ = try AES.GCM.seal($0, using: key) }
        }
        let writing = try DiskCalibration.times(directory, 1 << 20, 48, isPreWritten: true).median
        return [
            PhysicalLimit(name: "SHA-256 of each record", megabytesPerSecond: hash * cores),
            PhysicalLimit(name: "LZ4, 64 KiB blocks", megabytesPerSecond: compress * cores),
            PhysicalLimit(name: "AES-256-GCM, 64 KiB blocks", megabytesPerSecond: seal * cores),
            PhysicalLimit(name: "raw write + fdatasync, 1 MiB", megabytesPerSecond: Double(1 << 20) / 1e6 / writing),
        ]
    }

    /// The best of five, in MB a second: a limit is what the machine can do, not what it does on a busy moment.
    private static func rate(_ byteCount: Int, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<5 { best = min(best, try seconds(body)) }
        return Double(byteCount) / 1e6 / best
    }

    private static func blocks(_ corpus: Corpus, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for start in stride(from: 0, to: corpus.byteCount, by: blockByteCount) {
            let end = min(start + blockByteCount, corpus.byteCount)
            try body(UnsafeRawBufferPointer(rebasing: corpus.bytes[start..<end]))
        }
    }
}
