// What a decoder says of bytes that it will not accept. Bytes from outside never trap: every decoder throws this, and nothing else.

/// A refusal by a decoder: which structure, at which byte of it, and why.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reasons a decoder can have. Stable: tools may rely on the raw values.
    public enum Code: String, Sendable {
        /// The bytes end before the structure does.
        case truncated
        /// The first bytes are not this structure's.
        case wrongMagic
        /// Written by a newer version of the format.
        case newerVersion
        /// A checksum does not match: accidental damage.
        case checksum
        /// A length or count lies outside the bounds of the format.
        case outOfBounds
        /// Readable, but not the one way in which the format spells it.
        case notCanonical
        /// A value that the format does not define, in a place where it may not be skipped.
        case unknownValue
        /// Fields that contradict each other.
        case inconsistent
    }

    /// The kind of reason. Equality and handling go by it.
    public let code: Code
    /// The structure that was being decoded, by the name of its page in Format/.
    public let structure: String
    /// Bytes from the start of the structure.
    public let offset: Int
    /// For people: what was found, with numbers.
    public let reason: String

    /// A refusal at `offset` of `structure`.
    public init(_ code: Code, _ structure: String, at offset: Int, _ reason: String) {
        self.code = code
        self.structure = structure
        self.offset = offset
        self.reason = reason
    }

    /// One line: structure, place, reason, code.
    public var description: String { "\(structure), byte \(offset): \(reason) (\(code.rawValue))" }
}
