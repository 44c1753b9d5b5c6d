// Consistency of two sizes: RFC 6962 section 2.1.2, RFC 9162 sections 2.1.4.1 and 2.1.4.2. The old tree is the subtree
// [0, old) of the new one, so the work is done there. From size 0 anything follows, and the proof is empty.

public import MunimentFormat

/// A proof that a tree only grew: the first `oldSize` leaves of the newer tree are the older one.
public struct ConsistencyProof: Hashable, Sendable {
    public let oldSize: UInt64
    public let newSize: UInt64
    public let path: [Digest]

    /// Any values; `verify` is what judges them.
    public init(oldSize: UInt64, newSize: UInt64, path: [Digest]) {
        self.oldSize = oldSize
        self.newSize = newSize
        self.path = path
    }

    /// Throws unless the proof leads to both roots: `invalidRange`, `malformedProof` or `rootMismatch`. O(log n) hashes.
    public func verify(oldRoot: Digest, newRoot: Digest) throws(MerkleError) {
        guard let old = Subtree(start: 0, end: oldSize), old.isValid(in: newSize) else { throw refusal }
        try old.verifyConsistency(hash: oldRoot, size: newSize, path: path, root: newRoot)
    }

    /// The number of hashes between two sizes; nil where old > new, or new is above 2^63.
    package static func length(oldSize: UInt64, newSize: UInt64) -> Int? {
        guard let old = Subtree(start: 0, end: oldSize), old.isValid(in: newSize) else { return nil }
        return old.proofLength(in: newSize)
    }

    /// The proof between two sizes, from complete nodes. Throws `invalidRange`, and what the reader throws. O(log n),
    /// one call of the reader.
    package static func make(oldSize: UInt64, newSize: UInt64, reader: some NodeReader) throws -> ConsistencyProof {
        let empty = ConsistencyProof(oldSize: oldSize, newSize: newSize, path: [])
        guard let old = Subtree(start: 0, end: oldSize), old.isValid(in: newSize) else { throw empty.refusal }
        return ConsistencyProof(
            oldSize: oldSize, newSize: newSize, path: try old.consistencyPath(size: newSize, reader: reader))
    }

    private var refusal: MerkleError {
        MerkleError(.invalidRange, "A tree of \(newSize) entries cannot extend one of \(oldSize).")
    }
}
