// A page of an index before it is sealed, and the entries of term pages. Format/index.md, "Pages" and "Term pages".
//
//   0    1   kind         1 filter, 2 terms, 3 top
//   1    1   zero
//   2    2   bodyByteCount, at most 4,076
//   4        body, then zeros to 4,080
//
//   body of a term page, entry after entry:
//     shared        varint   bytes that the term begins with as the one before it in the page does
//     rest          varint + bytes
//     postings      varint + bytes: runs of ordinals, ascending and apart
//       step        varint   2 · (ordinals between this run and the one before, less 1; of the first, before it) + (1 if count follows)
//       count       varint   ordinals of the run less 2; none where the run is a single ordinal

/// The envelope of every page.
package enum IndexPage {
    /// Bytes of a sealed page in the file.
    package static let byteCount = 4_096
    /// Bytes before it is sealed.
    package static let plainByteCount = 4_080
    /// Bytes before the body.
    package static let headByteCount = 4
    /// The most bytes of a body.
    package static let bodyByteCountMax = plainByteCount - headByteCount

    /// What a page holds.
    package enum Kind: UInt8, Sendable { case filter = 1, terms = 2, top = 3 }

    /// A page of that kind; the body has at most `bodyByteCountMax` bytes.
    package static func encoded(_ kind: Kind, body: some Collection<UInt8>) -> [UInt8] {
        precondition(body.count <= bodyByteCountMax)
        var bytes: [UInt8] = [kind.rawValue, 0]
        bytes.reserveCapacity(plainByteCount)
        bytes.append(littleEndian: UInt16(body.count))
        bytes.append(contentsOf: body)
        bytes.append(zeros: plainByteCount - bytes.count)
        return bytes
    }

    /// The body of an opened page that must be of `kind`.
    package static func body(
        decoding plain: UnsafeRawBufferPointer, _ kind: Kind
    ) throws(FormatError) -> UnsafeRawBufferPointer {
        var reader = ByteReader(plain, "index page")
        guard plain.count == plainByteCount else { throw reader.failure(.truncated, "\(plain.count) bytes") }
        guard try reader.integer(UInt8.self) == kind.rawValue else {
            throw reader.failure(.unknownValue, "a page of another kind")
        }
        try reader.requireZeros(1)
        let count = Int(try reader.integer(UInt16.self))
        guard count <= bodyByteCountMax else { throw reader.failure(.outOfBounds, "a body of \(count) bytes") }
        let body = try reader.take(count)
        try reader.requireZeros(reader.remainingByteCount)
        return body
    }
}

/// Reads the entries of a term page in order.
package struct IndexTermReader {
    /// The term of the entry at hand.
    package private(set) var term: [UInt8] = []
    private var reader: ByteReader
    private var isFirst = true

    /// A reader before the first entry of an opened page.
    package init(decoding plain: UnsafeRawBufferPointer) throws(FormatError) {
        reader = ByteReader(try IndexPage.body(decoding: plain, .terms), "index page")
        guard !reader.isAtEnd else { throw reader.failure(.outOfBounds, "a page without terms") }
    }

    /// Goes to the next entry and returns its postings; nil at the page's end.
    package mutating func next() throws(FormatError) -> IndexPostings? {
        guard !reader.isAtEnd else { return nil }
        let shared = try reader.count(atMost: isFirst ? 0 : term.count)
        let rest = try reader.counted(atMost: IndexTerm.byteCountMax - shared)
        guard shared + rest.count > 0 else { throw reader.failure(.outOfBounds, "an empty term") }
        // Ascending: what follows the shared bytes is greater than what followed them before.
        if !isFirst {
            let before = term[shared...]
            guard before.lexicographicallyPrecedes(rest), before.first != rest.first else {
                throw reader.failure(.notCanonical, "terms do not ascend, or share more than is said")
            }
        }
        term.removeSubrange(shared...)
        term.append(contentsOf: rest)
        isFirst = false
        return IndexPostings(try reader.counted(atMost: IndexPage.bodyByteCountMax))
    }
}

/// The ordinals of one entry, as runs. Valid as long as the page's bytes are.
package struct IndexPostings {
    private var reader: ByteReader
    private var end: UInt64 = 0
    private var isFirst = true

    init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes, "index postings") }

    /// The next run; nil at the end. Runs ascend, lie apart, and end within a segment.
    package mutating func next() throws(FormatError) -> Range<UInt32>? {
        guard !reader.isAtEnd else {
            if isFirst { throw reader.failure(.outOfBounds, "a term without records") }
            return nil
        }
        let bound = Limits.entriesPerSegment
        let step = try reader.count(atMost: 2 * bound + 1)
        let first = end + UInt64(step >> 1) + (isFirst ? 0 : 1)
        let count = step & 1 == 0 ? 1 : UInt64(try reader.count(atMost: bound)) + 2
        guard first + count <= UInt64(bound) else { throw reader.failure(.outOfBounds, "an impossible ordinal") }
        (end, isFirst) = (first + count, false)
        return UInt32(first)..<UInt32(end)
    }
}
