// Inclusion proofs: making them from the stored tree, and checking them, by the size of the tree.

import Muniment

extension Part {
    static let proofs = Part(id: "proofs") { session in
        let path = BenchArchive.path(in: try session.shelf.plain())
        let trees = session.shelf.plainTrees
        session.say("inclusion proofs")
        let reader = try ArchiveReader(at: path, options: BenchArchive.options())
        var making = ReportSection(
            id: "proof-make", title: "Making an inclusion proof", unit: "µs", isRate: false,
            note:
                "\(grouped(Double(session.effort.sampleCount))) random entries a round, a second time: nodes are in memory."
        )
        var checking = ReportSection(
            id: "proof-check", title: "Checking an inclusion proof", unit: "µs", isRate: false,
            note: "The same proofs, each against its root.")
        for round in 0..<session.effort.rounds {
            for tree in trees {
                let sample = try ProofSample(
                    reader.snapshot, tree, count: session.effort.sampleCount, seed: UInt64(round))
                let (id, name) = ("muniment-\(tree.size)", "tree of \(grouped(Double(tree.size)))")
                making.add(sample.making, to: id, name, .subject)
                checking.add(sample.checking, to: id, name, .subject)
            }
        }
        session.add(making)
        session.add(checking)
    }
}

/// Means of many proofs in a tree of one size, in microseconds each.
struct ProofSample {
    let making: Double
    let checking: Double

    init(_ snapshot: Snapshot, _ tree: Checkpoint, count: Int, seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let indexes = (0..<count).map { _ in random.next() % tree.size }
        let leaves = try indexes.map { try snapshot.record(at: $0).leafHash }
        var proofs: [InclusionProof] = []
        proofs.reserveCapacity(count)
        for index in indexes { _ = try snapshot.inclusionProof(of: index, treeSize: tree.size) }
        let made = try seconds {
            for index in indexes { proofs.append(try snapshot.inclusionProof(of: index, treeSize: tree.size)) }
        }
        let checked = try seconds {
            for (leaf, proof) in zip(leaves, proofs) { try proof.verify(leafHash: leaf, root: tree.root) }
        }
        making = made / Double(count) * 1e6
        checking = checked / Double(count) * 1e6
    }
}
