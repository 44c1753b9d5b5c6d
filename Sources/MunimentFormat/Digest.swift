// A SHA-256 digest as a value of four machine words: no allocation, no reference counting, cheap equality.
// The words are the digest's bytes in memory order; their numeric value means nothing.

/// 32 bytes of SHA-256 output.
public struct Digest: Hashable, Sendable {
    @usableFromInline var words: (UInt64, UInt64, UInt64, UInt64)

    /// The number of bytes in a digest.
    public static let byteCount = 32

    /// All bytes zero: the mark of "none" in the formats that allow it, and never the hash of anything known.
    public static let zero = Digest()

    /// All bytes zero.
    @inlinable
    public init() { words = (0, 0, 0, 0) }

    /// Reads 32 bytes at `pointer`, which needs no alignment.
    @inlinable
    public init(loading pointer: UnsafeRawPointer) {
        words = pointer.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    /// Reads the 32 bytes at `offset` of `bytes`, which must be there; no alignment is needed.
    @inlinable
    package init(loading bytes: UnsafeRawBufferPointer, at offset: Int) {
        words = bytes.loadUnaligned(fromByteOffset: offset, as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    /// Copies exactly 32 bytes; nil for any other count.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        self.init()
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Writes the 32 bytes at `pointer`, which needs no alignment.
    @inlinable
    public func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: words, as: (UInt64, UInt64, UInt64, UInt64).self)
    }

    /// Calls `body` with the 32 bytes.
    @inlinable
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try Swift.withUnsafeBytes(of: words, body)
    }

    /// The bytes as an array, for text forms and tests; not for hot loops.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Equal bytes. Not constant in time: digests are no secrets.
    @inlinable
    public static func == (a: Digest, b: Digest) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3
    }

    /// Hashes the first 16 bytes, which are as good as all.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

extension Digest: CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    public var description: String { Hexadecimal.string(bytes) }
}
