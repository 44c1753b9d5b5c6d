// What plain files allow: records with a hash chain and nothing else, and single synced writes.

import Foundation

extension Contender {
    /// A raw file, each record chained with SHA-256, a write and fdatasync for each batch: no tree, no encryption, no compression.
    static let rawFile = Contender(id: "raw-file", name: "raw file, hash chain, fdatasync", role: .peer) {
        workload, directory in
        let path = directory + "/raw"
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        try requireSystem(descriptor >= 0, "Opening \(path)")
        defer { close(descriptor) }
        var chain = HashChain()
        var buffer: [UInt8] = []
        let elapsed = try seconds {
            var number = 0
            while number < workload.count {
                buffer.removeAll(keepingCapacity: true)
                for _ in 0..<min(workload.batch, workload.count - number) {
                    buffer.append(contentsOf: chain.link(workload.corpus[number]))
                    buffer.append(contentsOf: workload.corpus[number])
                    number += 1
                }
                try requireSystem(write(descriptor, buffer, buffer.count) == buffer.count, "Writing \(path)")
                try requireSystem(fdatasync(descriptor) == 0, "fdatasync")
            }
        }
        return Outcome(
            count: workload.count, seconds: elapsed, byteCountOnDisk: DirectoryUsage.allocatedByteCount(directory))
    }

    /// 4 KiB writes with fdatasync on space that was written before: the most commits that one client can have.
    static let writeLimit = Contender(
        id: "write-limit", name: "limit: 4 KiB write + fdatasync, pre-written", role: .limit
    ) { workload, directory in
        let times = try DiskCalibration.times(directory, 4_096, workload.count, isPreWritten: true)
        return Outcome(count: workload.count, seconds: times.reduce(0, +))
    }
}
