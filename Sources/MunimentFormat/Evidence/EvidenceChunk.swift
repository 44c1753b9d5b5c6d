// The chunks of an evidence file. Format/evidence.md, "The file".
//
//   header   16      magic "MUNEVID1" · version u32 · zero u32
//   chunk    9 + n   type u8 · byteCount u64 · body
//
// The chunks stand in the order of their types, so that a writer and a reader pass over the file once, whatever a payload's length.

/// What a chunk of an evidence file holds. The raw value is its type byte.
package enum EvidenceChunk: UInt8, Sendable, CaseIterable {
    case custody = 1
    case record = 2
    case control = 3
    case log = 4
    case checkpoint = 5
    case proof = 6
    case end = 7

    /// The longest body.
    package var byteCountMax: UInt64 {
        switch self {
        case .custody: 262_144
        case .record: 1 << 62
        case .control: 8 + UInt64(Limits.entryByteCount)
        case .log: 25 + UInt64(Limits.entryByteCount)
        case .checkpoint: 1 << 20
        case .proof: 1 << 38
        case .end: UInt64(Digest.byteCount)
        }
    }

    /// The most chunks of this type that a file has.
    package var countMax: Int {
        switch self {
        case .record: 1 << 22
        case .control: 1 << 16
        default: 1
        }
    }
}

/// The first bytes of an evidence file.
package enum EvidenceHeader {
    /// The first eight.
    package static let magic = Array("MUNEVID1".utf8)
    /// Magic, version and zeros.
    package static let byteCount = 16

    /// The bytes, in their one spelling.
    package static func encoded() -> [UInt8] {
        var bytes = magic
        bytes.append(littleEndian: Limits.formatVersion)
        bytes.append(zeros: 4)
        return bytes
    }

    /// Checks the first bytes of a file.
    package static func check(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence file")
        guard bytes.prefix(8).elementsEqual(magic) else { throw reader.failure(.wrongMagic, "not an evidence file") }
        _ = try reader.take(8)
        try reader.requireVersion()
        try reader.requireZeros(4)
    }
}

/// What stands before a chunk's body.
package struct EvidenceHeading: Hashable, Sendable {
    /// Type and length.
    package static let byteCount = 9

    /// What the body holds.
    package var chunk: EvidenceChunk
    /// The body's length.
    package var bodyByteCount: UInt64

    /// The fields as given.
    package init(_ chunk: EvidenceChunk, bodyByteCount: UInt64) {
        (self.chunk, self.bodyByteCount) = (chunk, bodyByteCount)
    }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = [chunk.rawValue]
        bytes.append(littleEndian: bodyByteCount)
        return bytes
    }

    /// Decodes the bytes, all of them. Whether the chunk may stand here is `EvidenceOrder`'s to say.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "evidence file")
        guard let chunk = EvidenceChunk(rawValue: try reader.integer()) else {
            throw FormatError(.unknownValue, "evidence file", at: 0, "a chunk of an unknown type")
        }
        self.chunk = chunk
        bodyByteCount = try reader.integer()
        try reader.requireEnd()
    }
}

/// Which chunk may come next.
package struct EvidenceOrder: Sendable {
    private var last: EvidenceChunk?
    private var count = 0

    /// Before the first chunk.
    package init() {}

    /// Whether the end chunk has been taken, and nothing may follow.
    package var isAtEnd: Bool { last == .end }

    /// Takes the next heading, or refuses it as `inconsistent` (a chunk that may not stand here) or `outOfBounds` (its length).
    package mutating func take(_ heading: EvidenceHeading) throws(FormatError) {
        let chunk = heading.chunk
        let next = (last?.rawValue ?? 0) + 1
        if chunk == last, count < chunk.countMax {
            count += 1
        } else if chunk.rawValue == next {
            count = 1
        } else {
            throw FormatError(.inconsistent, "evidence file", at: 0, "a \(chunk) chunk may not stand here")
        }
        last = chunk
        let isWhole = chunk != .end || heading.bodyByteCount == chunk.byteCountMax
        let isNodes = chunk != .proof || heading.bodyByteCount % UInt64(Digest.byteCount) == 0
        guard heading.bodyByteCount <= chunk.byteCountMax, isWhole, isNodes else {
            throw FormatError(
                .outOfBounds, "evidence file", at: 1, "a \(chunk) chunk of \(heading.bodyByteCount) bytes")
        }
    }
}

/// A whole evidence file in memory, for what is small: tests, fuzzers. A verifier reads files piece by piece.
package enum EvidenceFile {
    /// Calls `body` with each chunk. Refuses what Format/evidence.md lists under "The file", in its order; the bodies are not looked at.
    package static func forEachChunk(
        in bytes: UnsafeRawBufferPointer,
        _ body: (EvidenceChunk, UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(FormatError) {
        try EvidenceHeader.check(bytes)
        var reader = ByteReader(bytes, "evidence file")
        _ = try reader.take(EvidenceHeader.byteCount)
        var order = EvidenceOrder()
        while !order.isAtEnd {
            let heading = try EvidenceHeading(decoding: try reader.take(EvidenceHeading.byteCount))
            try order.take(heading)
            try body(heading.chunk, try reader.take(Int(heading.bodyByteCount)))
        }
        try reader.requireEnd()
    }
}
