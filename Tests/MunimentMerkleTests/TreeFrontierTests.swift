import MunimentFormat
import MunimentMerkle
import Testing

struct TreeFrontierTests {
    let seed = UInt64.random(in: 0 ... .max)

    @Test func oneByOneToSize300() throws {
        let tree = NaiveTree(count: 300)
        var frontier = TreeFrontier()
        for size in 0...300 {
            #expect(frontier.size == UInt64(size))
            #expect(frontier.root() == tree.root(0..<size), "size \(size)")
            #expect(try TreeFrontier(size: UInt64(size), reader: tree) == frontier)
            #expect(TreeFrontier(size: UInt64(size), peaks: frontier.peaks) == frontier)
            if size < 300 { frontier.append(leaf: tree.leaves[size]) }
        }
    }

    /// From every size below 70, a batch of every length below 70: all parities of both edges, several levels deep.
    @Test func everySmallBatchFromEverySmallSize() {
        let tree = NaiveTree(count: 140)
        for start in 0..<70 {
            var before = TreeFrontier()
            append(tree.leaves[..<start], to: &before)
            for count in 0..<70 {
                var frontier = before
                let reported = append(tree.leaves[start..<start + count], to: &frontier, floor: 0)
                #expect(frontier.root() == tree.root(0..<start + count), "\(count) after \(start)")
                #expect(
                    reported == completed(tree, from: start, to: start + count, floor: 0), "\(count) after \(start)")
            }
            #expect(before.root() == tree.root(0..<start), "a copy changed its original")
        }
    }

    @Test(arguments: 1...5) func randomBatchesReportEachNodeOnce(floor: Int) {
        var generator = SeededGenerator(seed: seed)
        let tree = NaiveTree(leaves: (0..<20_000).map { _ in generator.digest() })
        var frontier = TreeFrontier()
        var reported: [NodeID: Digest] = [:]
        var size = 0
        while size < tree.leaves.count {
            let count = min(Int.random(in: 1...9000, using: &generator), tree.leaves.count - size)
            let part = append(tree.leaves[size..<size + count], to: &frontier, floor: floor)
            reported.merge(part) { _, _ in
                Issue.record("a node was reported twice, seed \(seed)")
                return .zero
            }
            size += count
            #expect(frontier.root() == tree.root(0..<size), "size \(size), seed \(seed)")
        }
        #expect(reported == completed(tree, from: 0, to: size, floor: floor), "seed \(seed)")
    }

    @Test func runsArriveInOrderWithinALevel() {
        let tree = NaiveTree(count: 10_000)
        var frontier = TreeFrontier()
        append(tree.leaves[..<4_095], to: &frontier)
        var next: [Int: UInt64] = [:]
        let bytes = tree.leaves[4_095...].flatMap(\.bytes)
        bytes.withUnsafeBytes {
            frontier.append(leaves: $0, reporting: 1) { level, first, nodes in
                if let expected = next[level] { #expect(first == expected) }
                next[level] = first + UInt64(nodes.count / 32)
            }
        }
        #expect(next[1] == 5_000)
        #expect(next[12] == 2)
    }

    /// Sizes that no test could reach by appending.
    @Test func atTheLargestSizes() throws {
        var generator = SeededGenerator(seed: seed)
        let size: UInt64 = 1 << 63 - 1
        let peaks = (0..<63).map { _ in generator.digest() }
        var frontier = try #require(TreeFrontier(size: size, peaks: peaks))
        #expect(frontier.peaks == peaks)
        let leaf = generator.digest()
        frontier.append(leaf: leaf)
        #expect(frontier.size == 1 << 63)
        let expected = peaks.reversed().reduce(leaf) { TreeHash.node($1, $0) }
        #expect(frontier.peaks == [expected])
        #expect(frontier.root() == expected)
    }

    @Test func peaksThatDoNotFitTheSize() {
        #expect(TreeFrontier(size: 3, peaks: [.zero]) == nil)
        #expect(TreeFrontier(size: 0, peaks: [.zero]) == nil)
        #expect(TreeFrontier(size: 1 << 63 + 1, peaks: [.zero, .zero]) == nil)
        #expect(TreeFrontier(size: 0, peaks: []) == TreeFrontier())
    }

    /// Appends as one buffer at an odd address; returns what was reported.
    @discardableResult
    private func append(
        _ leaves: ArraySlice<Digest>, to frontier: inout TreeFrontier, floor: Int = 64
    ) -> [NodeID: Digest] {
        var reported: [NodeID: Digest] = [:]
        ([0] + leaves.flatMap(\.bytes)).withUnsafeBytes {
            frontier.append(leaves: .init(rebasing: $0[1...]), reporting: floor) { level, first, nodes in
                for position in 0..<nodes.count / 32 {
                    let digest = Digest(loading: nodes.baseAddress! + 32 * position)
                    reported[NodeID(level: level, index: first + UInt64(position))] = digest
                }
            }
        }
        return reported
    }

    /// The nodes that are complete at `end` and were not at `start`.
    private func completed(_ tree: NaiveTree, from start: Int, to end: Int, floor: Int) -> [NodeID: Digest] {
        var nodes: [NodeID: Digest] = [:]
        for level in floor..<40 {
            for index in (start >> level)..<(end >> level) {
                nodes[NodeID(level: level, index: UInt64(index))] = tree.root(index << level..<(index + 1) << level)
            }
        }
        return nodes
    }
}
