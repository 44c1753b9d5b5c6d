// What the machine itself allows: a raw file with a hash chain, and single writes with fdatasync.

import Crypto
import Foundation

enum RawFile {
    /// A raw file, each record chained with SHA-256, a write and fdatasync for each batch: no tree, no encryption, no compression.
    static func run(_ directory: String, size: Int, count: Int, batch: Int) throws {
        let corpus = Corpus(recordByteCount: size, count: min(count, 200_000))
        let path = directory + "/muniment-raw"
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        var head = SHA256.hash(data: [UInt8]())
        var buffer: [UInt8] = []
        let elapsed = seconds {
            var number = 0
            while number < count {
                buffer.removeAll(keepingCapacity: true)
                for _ in 0..<min(batch, count - number) {
                    var hasher = SHA256()
                    head.withUnsafeBytes { hasher.update(bufferPointer: $0) }
                    hasher.update(bufferPointer: corpus[number])
                    head = hasher.finalize()
                    head.withUnsafeBytes { buffer.append(contentsOf: $0) }
                    buffer.append(contentsOf: corpus[number])
                    number += 1
                }
                write(descriptor, buffer, buffer.count)
                fdatasync(descriptor)
            }
        }
        report("raw size=\(size) batch=\(batch)", count, elapsed, "")
    }

    /// 4 KiB writes with fdatasync on space that was written before: the most commits that one client can have.
    static func limit(_ directory: String, count: Int) throws {
        let path = directory + "/muniment-limit"
        let descriptor = open(path, O_CREAT | O_TRUNC | O_RDWR, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<(count * 4096 / zeros.count + 1) { write(descriptor, zeros, zeros.count) }
        fsync(descriptor)
        let block = [UInt8](repeating: 1, count: 4096)
        let elapsed = seconds {
            for number in 0..<count {
                pwrite(descriptor, block, block.count, number * 4096)
                fdatasync(descriptor)
            }
        }
        report("limit 4 KiB pre-written", count, elapsed, "")
    }
}
