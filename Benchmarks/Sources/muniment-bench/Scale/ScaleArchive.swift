// Growing one archive, and measuring it at each size.

import Foundation
import Muniment

struct ScaleArchive {
    private let directory: String
    private let isIndexed: Bool
    private var path: String { BenchArchive.path(in: directory) }
    private static let batch = 1_000
    /// Records that share a value of the indexed attribute.
    private static let caseCount = 100
    private static let sampleCount = 2_000

    init(_ directory: String, isIndexed: Bool) { (self.directory, self.isIndexed) = (directory, isIndexed) }

    func grow(_ counts: [Int], _ tell: (ScaleStep) throws -> Void) throws {
        let stream = RecordStream(byteCount: 256)
        var before = 0
        for count in counts {
            var step = ScaleStep(count: count)
            ProcessUsage.resetPeak()
            let archive =
                before == 0
                ? try BenchArchive.create(in: directory)
                : try Archive.openBlocking(at: path, options: BenchArchive.options())
            let elapsed = try seconds { try append(before..<count, stream, to: archive) }
            step[.appendRate] = Double(count - before) / elapsed
            step[.peakMemory] = ProcessUsage.peakMegabytes
            try archive.closeBlocking()
            try measure(&step)
            try tell(step)
            before = count
        }
    }

    private func append(_ range: Range<Int>, _ stream: RecordStream, to archive: Archive) throws {
        let commits = CommitWindow(8)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: ScaleArchive.batch) {
            let buffer = archive.makeBuffer(reservingByteCount: ScaleArchive.batch * 280)
            for number in start..<min(start + ScaleArchive.batch, range.upperBound) {
                if isIndexed {
                    let attribute = Attribute("case", .integer(Int64(number / ScaleArchive.caseCount)))
                    try buffer.append(payload: stream.record(number), attributes: [attribute])
                } else {
                    try buffer.append(payload: stream.record(number))
                }
            }
            try commits.begin()
            try archive.submit(buffer, isAlone: true) { commits.end($0.failure) }
        }
        try commits.drain()
    }

    private func measure(_ step: inout ScaleStep) throws {
        let parts = try DiskParts(archive: path)
        step[.bytesPerRecord] = Double(parts.total) / Double(step.count)
        step[.treeBytesPerRecord] = Double(parts.tree) / Double(step.count)
        step[.open] = try (0..<5).map { _ in try openTime() }.median * 1e3
        if isIndexed {
            try measureQueries(&step)
        } else {
            try measureReads(&step)
            let report = try Verification.run(path, jobs: 2)
            try require(report.records == UInt64(step.count), "verify saw \(report.records) of \(step.count) records.")
            step[.verifyRate] = Double(report.records) / report.seconds
        }
    }

    private func openTime() throws -> Double {
        var archive: Archive?
        let elapsed = try seconds { archive = try Archive.openBlocking(at: path, options: BenchArchive.options()) }
        try archive?.closeBlocking()
        return elapsed
    }

    private func measureReads(_ step: inout ScaleStep) throws {
        DirectoryUsage.dropCaches(path)
        let snapshot = try ArchiveReader(at: path, options: BenchArchive.options()).snapshot
        var random = SplitMix(seed: UInt64(step.count))
        let indexes = (0..<ScaleArchive.sampleCount).map { _ in
            Shelf.firstRecord + UInt64(random.next(below: step.count))
        }
        func microseconds(_ indexes: some Collection<UInt64>, _ body: (UInt64) throws -> Void) throws -> Double {
            try seconds { for index in indexes { try body(index) } } / Double(indexes.count) * 1e6
        }
        let first = indexes.prefix(200)
        step[.readCold] = try microseconds(first) { _ = try snapshot.record(at: $0) }
        let hot = indexes.prefix(20)
        for index in hot { _ = try snapshot.record(at: index) }
        step[.readCached] = try microseconds((0..<100).flatMap { _ in hot }) { _ = try snapshot.record(at: $0) }
        var proofs: [InclusionProof] = []
        for index in indexes { _ = try snapshot.inclusionProof(of: index) }
        step[.proofMake] = try microseconds(indexes) { proofs.append(try snapshot.inclusionProof(of: $0)) }
        let leaves = try indexes.map { try snapshot.record(at: $0).leafHash }
        let checked = try seconds {
            for (leaf, proof) in zip(leaves, proofs) {
                try proof.verify(leafHash: leaf, root: snapshot.checkpoint.root)
            }
        }
        step[.proofCheck] = checked / Double(proofs.count) * 1e6
    }

    private func measureQueries(_ step: inout ScaleStep) throws {
        let some = Int64(step.count / ScaleArchive.caseCount / 2)
        for (measure, value, expected) in [
            (ScaleMeasure.queryNone, Int64.max, 0), (.queryHundred, some, min(ScaleArchive.caseCount, step.count)),
        ] {
            DirectoryUsage.dropCaches(path)
            let snapshot = try ArchiveReader(at: path, options: BenchArchive.options()).snapshot
            var found = 0
            let elapsed = try seconds {
                try snapshot.forEachRecord(matching: .attribute(.integer("case", value...value))) { _ in
                    found += 1
                    return true
                }
            }
            try require(found == expected, "A query at \(step.count) records found \(found), not \(expected).")
            step[measure] = elapsed * 1e3
        }
    }
}
