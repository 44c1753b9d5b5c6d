import MunimentFormat
import MunimentMerkle
import Testing

/// Every proof of every small tree, made and judged two ways, and every way of spoiling one.
struct ProofTests {
    let tree = NaiveTree(count: 300)
    let seed = UInt64.random(in: 0 ... .max)

    @Test func everyInclusionProofToSize300() throws {
        for size in 0...300 {
            let root = tree.root(0..<size)
            for index in 0..<size {
                let proof = try InclusionProof.make(index: UInt64(index), treeSize: UInt64(size), reader: tree)
                let leaf = tree.leaves[index]
                #expect(proof.path == tree.path(index, 0..<size), "entry \(index) at \(size)")
                #expect(proof.path.count == InclusionProof.length(index: UInt64(index), treeSize: UInt64(size)))
                try proof.verify(leafHash: leaf, root: root)
                let holds = RFC9162.inclusionHolds(
                    index: UInt64(index), size: UInt64(size), leaf: leaf, path: proof.path, root: root)
                #expect(holds, "entry \(index) at \(size)")
            }
        }
    }

    @Test func everyConsistencyProofToSize300() throws {
        for new in 0...300 {
            let newRoot = tree.root(0..<new)
            for old in 0...new {
                let proof = try ConsistencyProof.make(oldSize: UInt64(old), newSize: UInt64(new), reader: tree)
                let oldRoot = tree.root(0..<old)
                #expect(proof.path == tree.proof(old, new), "\(old) to \(new)")
                #expect(proof.path.count == ConsistencyProof.length(oldSize: UInt64(old), newSize: UInt64(new)))
                try proof.verify(oldRoot: oldRoot, newRoot: newRoot)
                guard old > 0, old < new else { continue }
                let holds = RFC9162.consistencyHolds(
                    first: UInt64(old), second: UInt64(new), firstRoot: oldRoot, secondRoot: newRoot, path: proof.path)
                #expect(holds, "\(old) to \(new)")
            }
        }
    }

    /// Up to this size all bits of all hashes are flipped; from there to 64 every hash, with a few bits of each.
    #if DEBUG
        static let thoroughSize = 24
    #else
        static let thoroughSize = 64
    #endif

    @Test func everyFlippedBitOfAnInclusionProofIsRefused() throws {
        var generator = SeededGenerator(seed: seed)
        for size in 1...64 {
            let root = tree.root(0..<size)
            for index in 0..<size {
                let leaf = tree.leaves[index]
                let path = tree.path(index, 0..<size)
                for bit in bits(size, &generator) {
                    for position in path.indices {
                        var spoiled = path
                        spoiled[position] = path[position].flipping(bit)
                        expectRefused(index, size, spoiled, leaf, root, "hash \(position), bit \(bit)")
                    }
                    expectRefused(index, size, path, leaf.flipping(bit), root, "leaf, bit \(bit)")
                    expectRefused(index, size, path, leaf, root.flipping(bit), "root, bit \(bit)")
                }
            }
        }
    }

    @Test func everyFlippedBitOfAConsistencyProofIsRefused() throws {
        var generator = SeededGenerator(seed: seed)
        for new in 1...64 {
            let newRoot = tree.root(0..<new)
            for old in 1...new {
                let oldRoot = tree.root(0..<old)
                let path = tree.proof(old, new)
                for bit in bits(new, &generator) {
                    for position in path.indices {
                        var spoiled = path
                        spoiled[position] = path[position].flipping(bit)
                        expectRefused(old, new, spoiled, oldRoot: oldRoot, newRoot: newRoot)
                    }
                    expectRefused(old, new, path, oldRoot: oldRoot.flipping(bit), newRoot: newRoot)
                    expectRefused(old, new, path, oldRoot: oldRoot, newRoot: newRoot.flipping(bit))
                }
            }
        }
    }

    private func bits(_ size: Int, _ generator: inout SeededGenerator) -> [Int] {
        size <= Self.thoroughSize ? Array(0..<256) : (0..<4).map { _ in Int.random(in: 0..<256, using: &generator) }
    }

    private func expectRefused(
        _ index: Int, _ size: Int, _ path: [Digest], _ leaf: Digest, _ root: Digest, _ what: String
    ) {
        let proof = InclusionProof(index: UInt64(index), treeSize: UInt64(size), path: path)
        let code = refusal { try proof.verify(leafHash: leaf, root: root) }
        if code != .rootMismatch {
            Issue.record("entry \(index) at \(size), \(what), seed \(seed): \(String(describing: code))")
        }
    }

    private func expectRefused(_ old: Int, _ new: Int, _ path: [Digest], oldRoot: Digest, newRoot: Digest) {
        let proof = ConsistencyProof(oldSize: UInt64(old), newSize: UInt64(new), path: path)
        let code = refusal { try proof.verify(oldRoot: oldRoot, newRoot: newRoot) }
        if code != .rootMismatch { Issue.record("\(old) to \(new), seed \(seed): \(String(describing: code))") }
    }

    /// The ways in which others' implementations were once fooled: other indexes, other sizes, longer and shorter paths.
    @Test func structuralChangesAreRefused() throws {
        for size in 1...40 {
            let root = tree.root(0..<size)
            for index in 0..<size {
                let leaf = tree.leaves[index]
                let path = tree.path(index, 0..<size)
                let junk = TreeHash.emptyRoot
                var spoiled: [(Int, Int, [Digest])] = [
                    (index, size, path + [junk]), (index, size, [junk] + path), (index, size, path + [root]),
                    (index + 1, size, path), (index ^ 2, size, path), (index, size * 2, path), (index, size / 2, path),
                    (index, size + 64, path),
                ]
                if index > 0 { spoiled.append((index - 1, size, path)) }
                if !path.isEmpty {
                    spoiled += [
                        (index, size, path.dropLast()), (index, size, Array(path.dropFirst())), (index, size, []),
                    ]
                }
                for (index, size, path) in spoiled {
                    let proof = InclusionProof(index: UInt64(index), treeSize: UInt64(size), path: path)
                    let code = refusal { try proof.verify(leafHash: leaf, root: root) }
                    #expect(code != nil, "entry \(index) at \(size) with \(path.count) hashes")
                }
            }
        }
    }

    @Test func swappedRootsAndWrongSizesAreRefused() throws {
        for new in 2...40 {
            for old in 1..<new {
                let path = tree.proof(old, new)
                let oldRoot = tree.root(0..<old)
                let newRoot = tree.root(0..<new)
                func code(_ old: Int, _ new: Int, _ path: [Digest], _ oldRoot: Digest, _ newRoot: Digest) -> MerkleError
                    .Code?
                {
                    refusal {
                        try ConsistencyProof(oldSize: UInt64(old), newSize: UInt64(new), path: path)
                            .verify(oldRoot: oldRoot, newRoot: newRoot)
                    }
                }
                #expect(code(old, new, path, newRoot, oldRoot) == .rootMismatch)
                #expect(code(old, new, path + [newRoot], oldRoot, newRoot) == .malformedProof)
                #expect(code(old, new, [], oldRoot, newRoot) == .malformedProof)
                #expect(code(new, old, path, oldRoot, newRoot) == .invalidRange)
                #expect(code(old, old, [], oldRoot, newRoot) == .rootMismatch)
                #expect(code(0, new, path, TreeHash.emptyRoot, newRoot) == .malformedProof)
            }
        }
    }

    @Test func fromTheEmptyTree() throws {
        let root = tree.root(0..<7)
        let proof = ConsistencyProof(oldSize: 0, newSize: 7, path: [])
        try proof.verify(oldRoot: TreeHash.emptyRoot, newRoot: root)
        #expect(refusal { try proof.verify(oldRoot: root, newRoot: root) } == .rootMismatch)
        let empty = ConsistencyProof(oldSize: 0, newSize: 0, path: [])
        try empty.verify(oldRoot: TreeHash.emptyRoot, newRoot: TreeHash.emptyRoot)
        #expect(refusal { try empty.verify(oldRoot: TreeHash.emptyRoot, newRoot: root) } == .rootMismatch)
    }

    @Test func askingForWhatNoTreeHas() {
        #expect(refusal { _ = try InclusionProof.make(index: 5, treeSize: 5, reader: tree) } == .invalidRange)
        #expect(refusal { _ = try ConsistencyProof.make(oldSize: 6, newSize: 5, reader: tree) } == .invalidRange)
        #expect(refusal { _ = try tree.root(size: 1 << 63 + 1) } == .invalidRange)
        #expect(InclusionProof.length(index: 0, treeSize: 0) == nil)
        #expect(InclusionProof.length(index: 0, treeSize: 1 << 63) == 63)
        #expect(InclusionProof.length(index: 0, treeSize: 1 << 63 + 1) == nil)
        #expect(ConsistencyProof.length(oldSize: 1, newSize: 1 << 63) == 63)
    }

    /// Nothing that arrives from outside may trap, whatever its numbers; none of this can be a true proof.
    @Test func hostileNumbersAndLengths() {
        var generator = SeededGenerator(seed: seed)
        let hashes = (0..<70).map { _ in generator.digest() }
        for _ in 0..<20_000 {
            let (a, b, c) = (generator.number(), generator.number(), generator.number())
            let path = Array(hashes.prefix(Int.random(in: 0...70, using: &generator)))
            let inclusion = InclusionProof(index: a, treeSize: b, path: path)
            #expect(refusal { try inclusion.verify(leafHash: hashes[0], root: hashes[1]) } != nil, "seed \(seed)")
            let consistency = ConsistencyProof(oldSize: a, newSize: b, path: path)
            #expect(refusal { try consistency.verify(oldRoot: hashes[0], newRoot: hashes[1]) } != nil, "seed \(seed)")
            if let subtree = Subtree(start: a & ~0 << (generator.number() % 64), end: b) {
                let code = refusal {
                    try subtree.verifyConsistency(hash: hashes[0], size: c, path: path, root: hashes[1])
                }
                #expect(code != nil, "seed \(seed)")
            }
            let multi = MultiProof(indexes: [a, b, c].sorted(), treeSize: generator.number(), nodes: path)
            #expect(refusal { try multi.verify(leafHashes: [hashes[0]], root: hashes[1]) } != nil, "seed \(seed)")
            if let (left, right) = Subtree.cover(start: a, end: b) { #expect(left.end == right.start, "seed \(seed)") }
        }
    }

    /// Right lengths at extreme sizes: the procedures must agree with RFC 9162's where no array could hold the tree.
    @Test func pathsAtExtremeSizes() throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let size = generator.number() % (1 << 63) + 1
            let index = generator.next() % size
            let length = try #require(InclusionProof.length(index: index, treeSize: size))
            let path = (0..<length).map { _ in generator.digest() }
            let leaf = generator.digest()
            let proof = InclusionProof(index: index, treeSize: size, path: path)
            let root = try proof.root(leafHash: leaf)
            #expect(
                RFC9162.inclusionHolds(index: index, size: size, leaf: leaf, path: path, root: root), "seed \(seed)")
            try proof.verify(leafHash: leaf, root: root)
            let asSubtree = try #require(Subtree(start: index, end: index + 1))
            try asSubtree.verifyConsistency(hash: leaf, size: size, path: path, root: root)
        }
    }
}
