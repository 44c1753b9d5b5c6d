// The operations that read, and what is compared with the model.

import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore

extension Simulation {
    func checkpoint() throws {
        note("checkpoint")
        do {
            let note = try store.checkpoint(.kept)
            let checkpoint = try Checkpoint(text: note.text)
            guard checkpoint.size == store.committed.treeSize else {
                throw Violation("a checkpoint of size \(checkpoint.size) where \(store.committed.treeSize) are durable")
            }
            try model.publish(Head(size: checkpoint.size, root: checkpoint.root))
        } catch let error as ArchiveError {
            self.note("  \(error.code): \(error.message)")
            try excuse(error)
        }
    }

    func readBack() throws {
        note("read back")
        do {
            let head = Head(size: store.committed.treeSize, root: store.committed.root)
            try checkRecords(store.reader, head, model.allRecords, sample: 10)
            try checkProofs(store.reader, head, sample: 4)
        } catch let error as ArchiveError {
            note("  \(error.code): \(error.message)")
            try excuse(error)
        }
    }

    /// A reader of another process, in the middle of everything.
    func readBeside() throws {
        note("read beside")
        do {
            let recovered = try Recovery(observed, store.paths).recover(keysDirectory: store.paths.keys)
            if let reason = recovered.readOnlyReason { throw reason }
            let keys = try KeyRing.open(
                observed, store.paths.keys, logID: recovered.manifest.logID, passphrase: nil, isWritable: false)
            let reader = try LogStore.makeReader(observed, store.paths, recovered, keys, isWritable: false)
            guard recovered.committed.treeSize >= store.committed.treeSize else {
                throw Violation("a reader sees \(recovered.committed.treeSize) of \(store.committed.treeSize) entries")
            }
            let head = Head(size: recovered.committed.treeSize, root: recovered.committed.root)
            try checkRecords(reader, head, model.allRecords, sample: 5)
            try checkProofs(reader, head, sample: 2)
        } catch let error as ArchiveError {
            note("  \(error.code): \(error.message)")
            try excuse(error)
        }
    }

    func openTwice() throws {
        note("open twice")
        do {
            let other = try LogStore.open(observed, path, options: options)
            try? other.close()
            throw Violation("two writers at once")
        } catch let error as ArchiveError {
            if error.code != .anotherWriter { try excuse(error) }
        }
    }

    /// All that an open found, against all that was promised.
    func settle() throws {
        do {
            let size = store.committed.treeSize
            let entries = try (0..<size).map { try store.reader.entry($0) }
            try model.settle(entries: entries, root: store.committed.root) { index in
                try CarefulReader.open(entries[Int(index)], at: index, with: store.reader)
            }
            guard store.committed.frontier.size == size, store.committed.frontier.root() == store.committed.root else {
                throw Violation("the frontier is not the tree's")
            }
            try checkOpened()
            try checkEverything(sample: 10)
        } catch let error as ArchiveError {
            note("  settle: \(error.code): \(error.message)")
            if isRotten { throw Ruined() }
            // A fault struck a read: nothing is wrong with the store.
            try excuse(error)
            if disk.isDead {
                try? store.close()
                restart()
                return try reopen()
            }
            disk.arm(.none)
            try settle()
        } catch let violation as Violation {
            if isRotten { throw Ruined() }
            throw violation
        }
    }

    func checkEverything(sample: Int) throws {
        let head = Head(size: store.committed.treeSize, root: store.committed.root)
        try checkRecords(store.reader, head, model.records, sample: sample)
        try checkProofs(store.reader, head, sample: min(sample, 20))
        if sample == .max { try checkFiles() }
    }

    /// The directory's rows and the stored tree nodes must be right where they are.
    private func checkFiles() throws {
        for (index, leaf) in model.leaves.enumerated() where index % 8 == 0 && index + 8 <= model.leaves.count {
            var level = Array(model.leaves[index..<index + 8])
            while level.count > 1 {
                level = (0..<level.count / 2).map { TreeHash.node(level[2 * $0], level[2 * $0 + 1]) }
            }
            var stored: [Digest?] = [nil]
            try store.reader.tree.read([NodeID(level: 3, index: UInt64(index / 8))], into: &stored)
            guard stored[0] == nil || stored[0] == level[0] || isRotten else {
                throw Violation("stored node \(index / 8) of level 3 is wrong (\(leaf))")
            }
        }
    }

    // MARK: Records and proofs

    private func checkRecords(
        _ reader: LogReader, _ head: Head, _ expected: [UInt64: ModelRecord], sample: Int
    ) throws {
        let careful = CarefulReader(reader: reader, head: head)
        var indexes = expected.keys.sorted()
        if sample < indexes.count { indexes = (0..<sample).map { _ in indexes.randomElement(using: &random)! } }
        for index in indexes {
            guard try careful.record(index) == expected[index] else {
                throw Violation("record \(index) reads back differently")
            }
        }
    }

    private func checkProofs(_ reader: LogReader, _ head: Head, sample: Int) throws {
        guard head.size > 0 else { return }
        let heads = model.heads.filter { $0.size > 0 && $0.size <= head.size }.sorted { $0.size < $1.size }
        for _ in 0..<sample {
            let old = heads.randomElement(using: &random) ?? head
            do {
                let consistency = try translating("tree") {
                    try ConsistencyProof.make(oldSize: old.size, newSize: head.size, reader: reader)
                }
                try consistency.verify(oldRoot: old.root, newRoot: head.root)
                let index = UInt64.random(in: 0..<old.size, using: &random)
                let proof = try translating("tree") {
                    try InclusionProof.make(index: index, treeSize: old.size, reader: reader)
                }
                try proof.verify(leafHash: TreeHash.leaf(try reader.entry(index)), root: old.root)
            } catch let error as MerkleError {
                if isRotten { throw Ruined() }
                throw Violation("a proof between \(old.size) and \(head.size) fails: \(error)")
            }
        }
    }
}
