// Why a note, a key, a checkpoint or a proof file was refused. The codes are stable; the sentences are for people and hold
// nothing of the refused bytes but numbers, so they are safe to print.

/// A refusal by the note formats. Equality looks at the code alone.
public struct NoteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong, in a form that programs may compare and store.
    public struct Code: Sendable, Hashable, RawRepresentable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Larger than the format's bound, or more lines.
        public static let tooLarge = Code(rawValue: "tooLarge")
        /// Not a C2SP signed note.
        public static let malformedNote = Code(rawValue: "malformedNote")
        /// Not a verifier key, or one whose id is not its own.
        public static let malformedKey = Code(rawValue: "malformedKey")
        /// A verifier key of a signature type that this program cannot check.
        public static let unsupportedKey = Code(rawValue: "unsupportedKey")
        /// Two different trusted keys that share name and id, so that their lines cannot be told apart.
        public static let ambiguousKey = Code(rawValue: "ambiguousKey")
        /// A name that is empty or has whitespace, a control character or a plus sign.
        public static let malformedName = Code(rawValue: "malformedName")
        /// A line of a trusted key that does not verify: the whole note is refused.
        public static let invalidSignature = Code(rawValue: "invalidSignature")
        /// No line of a trusted key that counts.
        public static let untrusted = Code(rawValue: "untrusted")
        /// A note whose text is not a checkpoint.
        public static let malformedCheckpoint = Code(rawValue: "malformedCheckpoint")
        /// Not a `tlog-proof@v1` file.
        public static let malformedProof = Code(rawValue: "malformedProof")
        /// Not an add-checkpoint request.
        public static let malformedRequest = Code(rawValue: "malformedRequest")
    }

    public let code: Code
    public let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public static func == (a: NoteError, b: NoteError) -> Bool { a.code == b.code }
}
