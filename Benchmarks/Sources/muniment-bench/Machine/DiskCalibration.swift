// What the disk does at this moment: single writes with fdatasync, on space that grows and on space that was written before. Measured before each
// round, so that a round on a slow moment of the disk is seen to be one.

import Foundation

/// Medians of one calibration, in microseconds a write.
struct DiskCalibration: Codable, Sendable {
    /// One kind of write.
    struct Write: Codable, Sendable {
        let byteCount: Int
        /// On space that was written and synced before, or at the end of a growing file.
        let isPreWritten: Bool
        let microseconds: Double
    }

    let writes: [Write]

    /// Lengths, and how many writes of each are made.
    private static let shapes: [(byteCount: Int, count: Int)] = [(4_096, 60), (65_536, 40), (1 << 20, 12)]

    /// Measures below `directory`; takes some tens of milliseconds on a quick disk.
    static func measure(in directory: String) throws -> DiskCalibration {
        var writes: [Write] = []
        for shape in shapes {
            for isPreWritten in [false, true] {
                let times = try times(directory, shape.byteCount, shape.count, isPreWritten: isPreWritten)
                writes.append(
                    Write(byteCount: shape.byteCount, isPreWritten: isPreWritten, microseconds: times.median * 1e6))
            }
        }
        return DiskCalibration(writes: writes)
    }

    /// The time of each of `count` writes of `byteCount` bytes, each synced, in seconds.
    static func times(_ directory: String, _ byteCount: Int, _ count: Int, isPreWritten: Bool) throws -> [Double] {
        let path = directory + "/calibration-" + UUID().uuidString.prefix(8)
        let descriptor = open(path, O_CREAT | O_TRUNC | O_RDWR | directFlag, 0o600)
        try requireSystem(descriptor >= 0, "Opening \(path)")
        defer {
            close(descriptor)
            unlink(path)
        }
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4_096)
        defer { zeros.deallocate() }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        if isPreWritten {
            try prepare(descriptor, byteCount: byteCount * count)
        }
        zeros[0] = 1
        return try (0..<count).map { number in
            try seconds {
                let written = pwrite(descriptor, zeros.baseAddress, byteCount, number * byteCount)
                try requireSystem(written == byteCount, "Writing \(byteCount) bytes")
                try requireSystem(fdatasync(descriptor) == 0, "fdatasync")
            }
        }
    }

    /// Fills a file with zeros on the device.
    private static func prepare(_ descriptor: Int32, byteCount: Int) throws {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4_096)
        defer { block.deallocate() }
        block.initializeMemory(as: UInt8.self, repeating: 0)
        for offset in stride(from: 0, to: byteCount, by: block.count) {
            let count = min(block.count, byteCount - offset)
            try requireSystem(pwrite(descriptor, block.baseAddress, count, offset) == count, "Preparing space")
        }
        try requireSystem(fsync(descriptor) == 0, "fsync")
    }

    func microseconds(_ byteCount: Int, isPreWritten: Bool) -> Double {
        writes.first { $0.byteCount == byteCount && $0.isPreWritten == isPreWritten }?.microseconds ?? .nan
    }
}

/// O_DIRECT, which Glibc's module hides; the value of x86-64 and of most others.
#if arch(arm64)
    private let directFlag: Int32 = 0o200000
#else
    private let directFlag: Int32 = 0o40000
#endif
