// However many threads verify, they say the same in the same order.

import Foundation
import MunimentFormat
import MunimentStore
import Testing

@testable import MunimentVerify

@Suite struct ReportJobsTests {
    /// A store of many segments and frames.
    private static func store() throws -> StoreFixture {
        try StoreFixture(segmentEntryCount: 200) { store in
            for number in 0..<240 {
                let payloads = (0..<9).map { [UInt8](repeating: UInt8(truncatingIfNeeded: number ^ $0), count: 300) }
                _ = try store.append([batch(payloads, attributes: [Attribute("n", .integer(Int64(number)))])])
            }
        }
    }

    @Test func findingsAndFactsDoNotDependOnThreads() throws {
        let fixture = try ReportJobsTests.store()
        let segments = try fixture.files().filter { $0.hasSuffix(".seg") }
        #expect(segments.count >= 10)
        var generator = SeededGenerator(seed: TestRun.seed)
        for round in 0..<6 {
            let damaged = try fixture.copy()
            // Some bytes in most segments, one segment gone, nodes of the tree, a checkpoint.
            for name in segments where round == 0 || Bool.random(using: &generator) {
                var bytes = try damaged.read(name)
                for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 0x10 }
                try damaged.write(name, bytes)
            }
            if round > 2 { try damaged.remove(segments[round]) }
            var nodes = try damaged.read("tree/03")
            nodes[Int.random(in: 0..<nodes.count, using: &generator)] ^= 1
            try damaged.write("tree/03", nodes)
            for keys in [false, true] {
                let alone = try damaged.verify(keys: keys, jobs: 1)
                #expect(alone.verdict == .tampered && alone.findings.count > 5)
                for jobs in [2, 3, 8] {
                    let heard = MunimentVerify.Monitor<[Finding]>([])
                    var options = try damaged.options(keys: keys, jobs: jobs)
                    options.found = { finding in heard.withLock { $0.append(finding) } }
                    let many = try Verifier(options).verify(damaged.path)
                    let seed = "seed \(TestRun.seed), round \(round), \(jobs) jobs"
                    #expect(many.findings == alone.findings, "\(seed)")
                    #expect(heard.withLock { $0 } == alone.findings, "\(seed)")
                    #expect(many.facts.counts == alone.facts.counts, "\(seed)")
                    #expect(many.root == alone.root && many.treeSize == alone.treeSize)
                    #expect(many.opened == alone.opened && many.unexplained == alone.unexplained)
                    let strips = [many, alone].map { $0.facts.strip?.cells.map(\.found) }
                    #expect(strips[0] == strips[1], "\(seed)")
                }
            }
        }
    }

    @Test func progressOnlyGrowsAndEndsWhole() throws {
        let fixture = try ReportJobsTests.store()
        for jobs in [1, 2, 8] {
            let seen = MunimentVerify.Monitor<[VerifyProgress]>([])
            var options = try fixture.options(keys: true, jobs: jobs)
            options.progress = { state in seen.withLock { $0.append(state) } }
            let report = try Verifier(options).verify(fixture.path)
            let states = seen.withLock { $0 }
            #expect(states.last?.byteCount == states.last?.byteCountTotal && !states.isEmpty)
            #expect(states.last?.entryCount == report.treeSize)
            #expect(zip(states, states.dropFirst()).allSatisfy { $0.byteCount <= $1.byteCount })
        }
    }

    @Test func countsAreThoseOfTheStore() throws {
        let fixture = try ReportJobsTests.store()
        let report = try fixture.verify(keys: true, jobs: 2)
        let counts = report.facts.counts
        #expect(report.verdict == .intact, "\(report.summary)")
        #expect(counts.segments == UInt64(try fixture.files().filter { $0.hasSuffix(".seg") }.count))
        #expect(counts.entries == report.treeSize && counts.contents == report.treeSize)
        #expect(counts.seals == counts.segments - 1 && counts.signatures >= 2 && counts.indexPages > 0)
        #expect(counts.nodes == StoredTree.levels.reduce(0) { $0 + report.treeSize >> UInt64($1) })
        let strip = try #require(report.facts.strip)
        #expect(
            strip.segmentCount == counts.segments && strip.cells.reduce(0) { $0 + $1.entryCount } == report.treeSize)
        #expect(try #require(report.facts.tree).frontier.count == report.treeSize.nonzeroBitCount)
        let timeline = try #require(report.facts.timeline)
        #expect(timeline.checkpointCount == timeline.checkpoints.count && !timeline.checkpoints.isEmpty)
        #expect(timeline.matters.isEmpty && report.facts.dispositions.isEmpty)
    }
}
