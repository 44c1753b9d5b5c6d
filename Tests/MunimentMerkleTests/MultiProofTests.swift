import MunimentFormat
import MunimentMerkle
import Testing

struct MultiProofTests {
    let tree = NaiveTree(count: 700)
    let seed = UInt64.random(in: 0 ... .max)

    private func leafHashes(_ indexes: [Int]) -> [Digest] { indexes.map { tree.leaves[$0] } }

    private func make(_ indexes: [Int], _ size: Int) throws -> MultiProof {
        try MultiProof.make(indexes: indexes.map(UInt64.init), treeSize: UInt64(size), reader: tree)
    }

    /// All subsets of all trees up to nine leaves.
    @Test func everySubsetOfSmallTrees() throws {
        for size in 1...9 {
            for mask in 1..<1 << size {
                let indexes = (0..<size).filter { mask >> $0 & 1 == 1 }
                let proof = try make(indexes, size)
                #expect(proof.nodes == tree.multiProof(indexes, 0..<size), "\(indexes) at \(size)")
                try proof.verify(leafHashes: leafHashes(indexes), root: tree.root(0..<size))
                let length = try MultiProof.length(indexes: indexes.map(UInt64.init), treeSize: UInt64(size))
                #expect(length == proof.nodes.count)
            }
        }
    }

    @Test func randomSetsAgainstTheModel() throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let size = Int.random(in: 1...700, using: &generator)
            let indexes = randomIndexes(size, &generator)
            let proof = try make(indexes, size)
            #expect(proof.nodes == tree.multiProof(indexes, 0..<size), "\(indexes) at \(size), seed \(seed)")
            try proof.verify(leafHashes: leafHashes(indexes), root: tree.root(0..<size))
        }
    }

    /// Sparse, dense, and runs.
    private func randomIndexes(_ size: Int, _ generator: inout SeededGenerator) -> [Int] {
        let share = Double.random(in: 0...1, using: &generator)
        let run = Int.random(in: 0..<size, using: &generator)
        let runEnd = min(size, run + Int.random(in: 0...100, using: &generator))
        let chosen = (0..<size).filter {
            (run..<runEnd).contains($0) || Double.random(in: 0...1, using: &generator) < share * share
        }
        return chosen.isEmpty ? [run] : chosen
    }

    @Test func aSingleEntryIsAnInclusionProof() throws {
        for size in [1, 2, 7, 64, 699] {
            for index in stride(from: 0, to: size, by: 13) {
                let proof = try make([index], size)
                #expect(Set(proof.nodes) == Set(tree.path(index, 0..<size)))
            }
        }
    }

    @Test func spoiledProofsAreRefused() throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let size = Int.random(in: 2...700, using: &generator)
            let indexes = randomIndexes(size, &generator)
            let root = tree.root(0..<size)
            let leaves = leafHashes(indexes)
            let good = try make(indexes, size)
            func code(
                _ indexes: [UInt64], _ size: Int, _ nodes: [Digest], _ leaves: [Digest]
            ) -> MerkleError.Code? {
                refusal {
                    try MultiProof(indexes: indexes, treeSize: UInt64(size), nodes: nodes)
                        .verify(leafHashes: leaves, root: root)
                }
            }
            let bit = Int.random(in: 0..<256, using: &generator)
            #expect(code(good.indexes, size, good.nodes + [root], leaves) == .malformedProof)
            #expect(code(good.indexes, size, good.nodes, leaves + [root]) == .malformedProof)
            #expect(code(good.indexes, size, good.nodes, leaves.dropLast()) == .malformedProof)
            for position in good.nodes.indices.prefix(20) {
                var nodes = good.nodes
                nodes[position] = nodes[position].flipping(bit)
                #expect(code(good.indexes, size, nodes, leaves) == .rootMismatch, "seed \(seed)")
                nodes.remove(at: position)
                #expect(code(good.indexes, size, nodes, leaves) == .malformedProof, "seed \(seed)")
            }
            let position = Int.random(in: 0..<leaves.count, using: &generator)
            var spoiled = leaves
            spoiled[position] = spoiled[position].flipping(bit)
            #expect(code(good.indexes, size, good.nodes, spoiled) == .rootMismatch, "seed \(seed)")
        }
    }

    @Test func indexesThatAreNoSortedSet() {
        func code(_ indexes: [UInt64], _ size: UInt64) -> MerkleError.Code? {
            refusal {
                try MultiProof(indexes: indexes, treeSize: size, nodes: [])
                    .verify(leafHashes: indexes.map { _ in .zero }, root: .zero)
            }
        }
        #expect(code([], 5) == .invalidRange)
        #expect(code([], 0) == .invalidRange)
        #expect(code([0], 0) == .invalidRange)
        #expect(code([5], 5) == .invalidRange)
        #expect(code([1, 1], 5) == .invalidRange)
        #expect(code([2, 1], 5) == .invalidRange)
        #expect(code([7, 1], 5) == .invalidRange)
        #expect(code([.max], .max) == .invalidRange)
        #expect(code([0], 1 << 63 + 1) == .invalidRange)
        #expect(code([0, 1 << 62, 1 << 63 - 1], 1 << 63) == .malformedProof)
    }
}
