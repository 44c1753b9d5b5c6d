// Why a proof, a size or a tile name was refused. The codes are stable; the sentences are for people.

/// A refusal by the tree's functions. Equality looks at the code alone.
public struct MerkleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong, in a form that programs may compare and store.
    public struct Code: Sendable, Hashable, RawRepresentable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// An index, a size or a range that no tree has: index ≥ size, size above 2^63, start above end.
        public static let invalidRange = Code(rawValue: "invalidRange")
        /// A proof whose number of hashes is not the one that its index and sizes demand.
        public static let malformedProof = Code(rawValue: "malformedProof")
        /// A well-formed proof that leads to another root than the given one.
        public static let rootMismatch = Code(rawValue: "rootMismatch")
        /// A tile path, level or width outside the layout.
        public static let malformedTile = Code(rawValue: "malformedTile")
        /// A node reader that answered with another number of digests than asked.
        public static let missingNodes = Code(rawValue: "missingNodes")
    }

    public let code: Code
    public let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public static func == (a: MerkleError, b: MerkleError) -> Bool { a.code == b.code }
}
