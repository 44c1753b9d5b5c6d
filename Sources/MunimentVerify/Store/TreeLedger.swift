// The tree as the frames go by: leaves in order, the root after each frame against its header, the roots that
// checkpoints claim, the stored nodes byte for byte.
//
// Where a frame's entries are lost or wrong, the tree can't simply go on. It is taken up again at a later frame in one
// of two ways, believed only if it gives the root in that frame's header: with the leaves as they were read (the
// header of the frame before lied), or from the stored nodes (its entries did). So one bad frame is one finding, and
// checkpoints after it can still be checked.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

struct TreeLedger {
    private let stored: StoredTree
    /// Ascending by size.
    private let claims: [RootClaim]
    private var nextClaim = 0
    /// The tree as it stands; nil while it is lost.
    private var frontier: TreeFrontier? = TreeFrontier()
    /// Whether the last root that a header stated followed from the leaves.
    private var isConfirmed = true
    /// The first index from which on the tree was lost, if it is.
    private var lostFrom: UInt64?
    /// The top of the tree so far.
    private var top = TreeSketch()

    init(_ stored: StoredTree, claims: [RootClaim]) {
        self.stored = stored
        self.claims = claims.sorted { $0.size < $1.size }
    }

    /// Begins in the middle of a log, where nothing is known of the entries before.
    mutating func beginInside() {
        frontier = nil
        isConfirmed = false
    }

    /// The root of the tree of `size`; nil where it is not known.
    func root(size: UInt64) -> Digest? { frontier.flatMap { $0.size == size ? $0.root() : nil } }

    /// The top of the tree, for a drawing; nil where the tree is lost.
    var sketch: TreeSketch? {
        guard let frontier else { return nil }
        var sketch = top
        sketch.finish(frontier)
        return sketch
    }

    /// Entries from `index` on are lost.
    mutating func lose(from index: UInt64) {
        frontier = nil
        isConfirmed = false
        lostFrom = lostFrom ?? index
    }

    /// Claims before `end` that no tree could be held against.
    private mutating func skipClaims(before end: Int, _ findings: inout Findings) {
        while nextClaim < end {
            let claim = claims[nextClaim]
            nextClaim += 1
            findings.append(
                Finding(
                    .treeLost, .error, claim.file, offset: claim.offset, index: claim.size,
                    "The root at size \(claim.size) can't be checked, since entries before it are lost or wrong."))
        }
    }

    /// Claims of sizes at or below `size`, likewise.
    private mutating func skipClaims(upTo size: UInt64, _ findings: inout Findings) {
        var end = nextClaim
        while end < claims.count, claims[end].size <= size { end += 1 }
        skipClaims(before: end, &findings)
    }

    /// A tree after a frame's leaves, and what came up on the way.
    private struct Step {
        var frontier: TreeFrontier
        var root = Digest.zero
        var mismatches: [StoredTree.Mismatch] = []
        var top: [TreeSketch.Node] = []
        /// The claims that were reached, from this one on, and the roots there.
        var firstClaim = 0
        var roots: [Digest] = []
        var failure: FileFailure?
    }

    /// Appends leaves to a tree, stopping at the sizes of claims.
    private func step(_ start: TreeFrontier, _ leaves: UnsafeRawBufferPointer) -> Step {
        var step = Step(frontier: start)
        var claim = nextClaim
        while claim < claims.count, claims[claim].size < start.size { claim += 1 }
        step.firstClaim = claim
        var place = 0
        while true {
            if claim < claims.count, claims[claim].size == step.frontier.size {
                let root = step.frontier.root()
                while claim < claims.count, claims[claim].size == step.frontier.size {
                    step.roots.append(root)
                    claim += 1
                }
            }
            guard place < leaves.count else { break }
            var end = leaves.count
            if claim < claims.count {
                let distance = claims[claim].size - step.frontier.size
                if distance < UInt64((end - place) / Digest.byteCount) {
                    end = place + Int(distance) * Digest.byteCount
                }
            }
            var (mismatches, failure, top) = (step.mismatches, step.failure, step.top)
            step.frontier.append(leaves: leaves.slice(place..<end), reporting: 0) { level, first, nodes in
                if first < UInt64(TreeSketch.nodeCountMax) {
                    top += TreeSketch.kept(level: level, first: first, nodes)
                }
                guard level >= StoredTree.levels.lowerBound else { return }
                do throws(FileFailure) {
                    try stored.compare(level: level, firstIndex: first, nodes: nodes, &mismatches)
                } catch {
                    failure = error
                }
            }
            (step.mismatches, step.failure, step.top) = (mismatches, failure, top)
            place = end
        }
        step.root = step.frontier.root()
        return step
    }

    /// Takes the leaves of the next frame, whose header is `header`, in segment file `name`. Nil leaves are leaves
    /// that are lost.
    mutating func take(
        _ leaves: UnsafeRawBufferPointer?, _ header: FrameHeader, _ name: String, _ findings: inout Findings
    ) {
        guard let leaves else {
            lose(from: header.firstIndex)
            return skipClaims(upTo: header.treeSize, &findings)
        }
        var first: Step?
        if let frontier, frontier.size == header.firstIndex {
            let taken = step(frontier, leaves)
            if taken.root == header.root { return accept(taken, &findings) }
            first = taken
        }
        if !isConfirmed, let taken = resume(leaves, header) { return accept(taken, &findings) }
        guard var taken = first else { return skipClaims(upTo: header.treeSize, &findings) }
        if isConfirmed {
            findings.append(
                Finding(
                    .frameRoot, .error, name, offset: header.offset, index: header.firstIndex,
                    "The entries \(header.firstIndex) to \(header.treeSize - 1) do not give the root that their frame states."
                ))
        }
        // The nodes above wrong leaves are wrong too: not the stored ones.
        taken.mismatches = []
        accept(taken, &findings)
        isConfirmed = false
    }

    private mutating func accept(_ step: Step, _ findings: inout Findings) {
        frontier = step.frontier
        isConfirmed = true
        lostFrom = nil
        for node in step.top { top.append(node) }
        for mismatch in step.mismatches {
            findings.append(
                Finding(
                    .treeNode, .error, StoredTree.name(level: mismatch.level),
                    offset: mismatch.index * UInt64(Digest.byteCount),
                    index: mismatch.index << UInt64(mismatch.level),
                    "Node \(mismatch.index) of level \(mismatch.level) is not the one that the entries give."))
        }
        if let failure = step.failure { findings.append(Finding(unreadable: "tree", failure)) }
        // Claims that the tree passed while it was lost come first.
        skipClaims(before: step.firstClaim, &findings)
        for root in step.roots {
            judge(claims[nextClaim], root, &findings)
            nextClaim += 1
        }
    }

    private func judge(_ claim: RootClaim, _ root: Digest, _ findings: inout Findings) {
        guard root != claim.root else { return }
        let (code, what): (Finding.Code, String) =
            switch claim.claimant {
            case .published, .kept:
                (.checkpointRoot, "The checkpoint of size \(claim.size) has another root than the entries give.")
            case .outside:
                (.checkpointInconsistent, "The log does not extend the given checkpoint of size \(claim.size).")
            case .signer: (.keySigner, "The key signed another root at size \(claim.size) than the entries give.")
            }
        findings.append(Finding(code, .error, claim.file, offset: claim.offset, index: claim.size, what))
    }

    /// The tree after a frame, taken up from the stored nodes at a size within it. Sizes that are multiples of the
    /// lowest stored level's width need no leaves from before.
    private func resume(_ leaves: UnsafeRawBufferPointer, _ header: FrameHeader) -> Step? {
        let width: UInt64 = 1 << UInt64(StoredTree.levels.lowerBound)
        let anchor = (header.firstIndex + width - 1) / width * width
        guard anchor <= header.treeSize, let start = try? TreeFrontier(size: anchor, reader: stored) else { return nil }
        let skipped = Int(anchor - header.firstIndex) * Digest.byteCount
        let taken = step(start, leaves.slice(skipped..<leaves.count))
        return taken.root == header.root ? taken : nil
    }

    /// The end of the log at `size`: claims that it does not reach, and whether the tree was lost.
    /// `lastName` is the last segment's file, and `end` where its frames end.
    mutating func finish(size: UInt64, lastName: String, end: UInt64) -> Findings {
        var findings = Findings()
        if let lostFrom {
            findings.append(
                Finding(
                    .treeLost, .error, lastName, index: lostFrom,
                    "From entry \(lostFrom) on the tree could not be computed: entries are lost, and the stored nodes do not make up for them."
                ))
        }
        if size > 0 { skipClaims(upTo: size, &findings) }
        if let newest = claims[nextClaim...].last(where: { $0.claimant != .outside }) {
            findings.append(
                Finding(
                    .segmentGap, .error, lastName, offset: end, index: size,
                    "The entries \(size) to \(newest.size - 1), which were signed, are missing."))
        }
        for claim in claims[nextClaim...] {
            let who =
                switch claim.claimant {
                case .published: "the checkpoint is"
                case .kept: "a kept checkpoint is"
                case .outside: "the given checkpoint is"
                case .signer: "the key has signed one"
                }
            findings.append(
                Finding(
                    claim.claimant == .signer ? .keySigner : .checkpointAhead, .error, claim.file, offset: claim.offset,
                    index: size,
                    "The store holds \(size) entries, but \(who) of size \(claim.size): it was cut off or rolled back.")
            )
        }
        return findings
    }
}
