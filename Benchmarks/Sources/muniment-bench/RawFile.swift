// What the machine itself allows: a raw file with a hash chain, and single writes with fdatasync.

import Foundation

enum RawFile {
    /// A raw file, each record chained with SHA-256, a write and fdatasync for each batch: no tree, no encryption, no compression.
    static func run(_ directory: String, size: Int, count: Int, batch: Int) throws -> Measurement {
        let corpus = Corpus.shared(size)
        let path = directory + "/muniment-raw"
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        var chain = HashChain()
        var buffer: [UInt8] = []
        let elapsed = seconds {
            var number = 0
            while number < count {
                buffer.removeAll(keepingCapacity: true)
                for _ in 0..<min(batch, count - number) {
                    buffer.append(contentsOf: chain.link(corpus[number]))
                    buffer.append(contentsOf: corpus[number])
                    number += 1
                }
                require(write(descriptor, buffer, buffer.count) == buffer.count)
                require(fdatasync(descriptor) == 0)
            }
        }
        return Measurement(
            name: "raw file, hash chain, fdatasync", count: count, seconds: elapsed, byteCount: (size + 32) * count)
    }

    /// 4 KiB writes with fdatasync on space that was written before: the most commits that one client can have.
    static func limit(_ directory: String, count: Int) throws -> Measurement {
        let path = directory + "/muniment-limit"
        let descriptor = open(path, O_CREAT | O_TRUNC | O_RDWR | O_DIRECT_FLAG, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { zeros.deallocate() }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        for _ in 0..<(count * 4096 / zeros.count + 1) {
            require(write(descriptor, zeros.baseAddress, zeros.count) == zeros.count)
        }
        require(fsync(descriptor) == 0)
        zeros[0] = 1
        let elapsed = seconds {
            for number in 0..<count {
                require(pwrite(descriptor, zeros.baseAddress, 4096, number * 4096) == 4096)
                require(fdatasync(descriptor) == 0)
            }
        }
        return Measurement(
            name: "limit: raw 4 KiB write + fdatasync, pre-written", count: count, seconds: elapsed, byteCount: 0)
    }

    private static func require(_ condition: Bool) {
        if !condition { fatalError("the disk refuses: errno \(errno)") }
    }
}

/// O_DIRECT, which Glibc's module hides; the value of x86-64 and of most others.
#if arch(arm64)
    private let O_DIRECT_FLAG: Int32 = 0o200000
#else
    private let O_DIRECT_FLAG: Int32 = 0o40000
#endif
