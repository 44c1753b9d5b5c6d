// A frame: one durable commit. It starts on a 4,096-byte boundary. Format/frame.md.
//
//   header     fixed part, rows, CRC32C        says what the frame holds and where it stands
//   entries    EntryColumns                    the batch's entries
//   parts      48 bytes each                   PartRow: which class, how many records, how long, digest of the ciphertext
//   ciphertext one after another, in the order of the part rows
//   zeros      to the next multiple of 4,096
//
//   fixed part, 152 bytes:
//   0    8   magic "MUNFRAME"
//   8    4   headerByteCount      fixed part + rows + 4
//   12   4   bodyCRC              CRC32C of entries, part rows and ciphertext
//   16   16  session              random, drawn at each open for writing, repack and compaction
//   32   8   offset               of this frame in its file
//   40   8   frameByteCount       a multiple of 4,096
//   48   8   segment
//   56   4   generation
//   60   4   entryCount           1…65,536
//   64   8   firstIndex
//   72   8   treeSize             firstIndex + entryCount
//   80   32  root                 of the tree of that size
//   112  8   firstPart            the session's count of parts before this frame: the nonces' base
//   120  4   entriesByteCount
//   124  4   partCount
//   128  2   groupCount  ·  130 2 tokenCount  ·  132 2 bodyFileCount  ·  134 2 zero
//   136  8   bodyByteCount        entries, part rows, ciphertext
//   144  8   lastControl          index + 1 of the newest control record up to this frame's end; 0 for none
//   rows: groups 48 bytes each, tokens 44, body files 64; then CRC32C of all that precedes it

/// A group that appears in this segment for the first time with this frame.
package struct GroupRow: Hashable, Sendable {
    /// Bytes of the encoded row.
    package static let byteCount = 48
    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// The row of the wrapped key in the keys' `groups` file.
    package var slot: UInt64
    /// HKDF output that binds the key without revealing it.
    package var keyCommitment: Digest

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(classID: UInt32, slot: UInt64, keyCommitment: Digest) {
        (self.classID, self.slot, self.keyCommitment) = (classID, slot, keyCommitment)
    }
}

/// An idempotency token's trace: keyed hashes, and the records that the call appended.
package struct TokenRow: Hashable, Sendable {
    /// Bytes of the encoded row.
    package static let byteCount = 44
    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// 16 bytes keyed with the control group's key of this segment.
    package var tokenHash: [UInt8]
    /// 16 bytes keyed with the class's group key of this segment.
    package var contentHash: [UInt8]
    /// Place in the frame of the first of the records.
    package var firstOrdinal: UInt32
    /// How many records the call appended; all stand in this frame.
    package var recordCount: UInt32

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(classID: UInt32, tokenHash: [UInt8], contentHash: [UInt8], firstOrdinal: UInt32, recordCount: UInt32) {
        precondition(tokenHash.count == 16 && contentHash.count == 16)
        (self.classID, self.tokenHash, self.contentHash) = (classID, tokenHash, contentHash)
        (self.firstOrdinal, self.recordCount) = (firstOrdinal, recordCount)
    }
}

/// A body file that belongs to one record of this frame.
package struct BodyFileRow: Hashable, Sendable {
    /// Bytes of the encoded row.
    package static let byteCount = 64
    /// 16 bytes, which name the body file.
    package var id: [UInt8]
    /// The record's place in the frame.
    package var ordinal: UInt32
    /// The file's length.
    package var fileByteCount: UInt64
    /// SHA-256 of the whole file.
    package var digest: Digest

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(id: [UInt8], ordinal: UInt32, fileByteCount: UInt64, digest: Digest) {
        precondition(id.count == 16)
        (self.id, self.ordinal, self.fileByteCount, self.digest) = (id, ordinal, fileByteCount, digest)
    }
}

/// A frame's header with its rows, decoded.
package struct FrameHeader: Hashable, Sendable {
    /// The first eight bytes.
    package static let magic: [UInt8] = Array("MUNFRAME".utf8)
    /// Bytes before the rows.
    package static let fixedByteCount = 152

    /// CRC32C of entries, part rows and ciphertext.
    package var bodyCRC: UInt32 = 0
    /// 16 random bytes, drawn at each open for writing, repack and compaction.
    package var session: [UInt8]
    /// Of the frame in its file: a multiple of 4,096, never 0.
    package var offset: UInt64
    /// The segment's number, below 2^48.
    package var segment: UInt64
    /// The file's generation: 0 for the journal itself, 1 more for each rewrite.
    package var generation: UInt32
    /// 1 to 65,536.
    package var entryCount: Int
    /// Of the frame's first entry.
    package var firstIndex: UInt64
    /// Of the tree after the frame's last entry.
    package var root: Digest
    /// Parts that the session has sealed before: the base of the nonces.
    package var firstPart: UInt64
    /// Bytes of the entry columns.
    package var entriesByteCount: Int
    /// How many part rows and ciphertexts.
    package var partCount: Int
    /// Entries, part rows and ciphertext.
    package var bodyByteCount: Int
    /// The newest control record in the log up to the end of this frame: where a reader enters their chain.
    package var lastControl: UInt64?
    /// Groups that the frame announces, in any order, each class once.
    package var groups: [GroupRow] = []
    /// Idempotency tokens of appends in the frame.
    package var tokens: [TokenRow] = []
    /// Ascending by ordinal.
    package var bodyFiles: [BodyFileRow] = []

    /// The fields as given. Traps where a field of fixed size has another one.
    package init(
        session: [UInt8], offset: UInt64, segment: UInt64, generation: UInt32, entryCount: Int, firstIndex: UInt64,
        root: Digest, firstPart: UInt64, entriesByteCount: Int, partCount: Int, bodyByteCount: Int
    ) {
        precondition(session.count == 16)
        self.session = session
        self.offset = offset
        self.segment = segment
        self.generation = generation
        self.entryCount = entryCount
        self.firstIndex = firstIndex
        self.root = root
        self.firstPart = firstPart
        self.entriesByteCount = entriesByteCount
        self.partCount = partCount
        self.bodyByteCount = bodyByteCount
    }

    /// The size of the tree after the frame.
    package var treeSize: UInt64 { firstIndex + UInt64(entryCount) }
    /// Fixed part, rows and checksum.
    package var headerByteCount: Int {
        FrameHeader.fixedByteCount + groups.count * GroupRow.byteCount + tokens.count * TokenRow.byteCount
            + bodyFiles.count * BodyFileRow.byteCount + 4
    }
    /// The whole frame with its padding.
    package var frameByteCount: Int {
        (headerByteCount + bodyByteCount).rounded(upToMultipleOf: Limits.blockByteCount)
    }
    /// Header, entries and part rows: all of the frame but ciphertext and padding.
    package var skeletonByteCount: Int { headerByteCount + entriesByteCount + partCount * PartRow.byteCount }
    /// Where the part rows begin, from the frame's start.
    package var partRowsOffset: Int { headerByteCount + entriesByteCount }

    /// The bytes, in their one spelling.
    package func encoded() -> [UInt8] {
        var bytes = FrameHeader.magic
        bytes.reserveCapacity(headerByteCount)
        bytes.append(littleEndian: UInt32(headerByteCount))
        bytes.append(littleEndian: bodyCRC)
        bytes.append(contentsOf: session)
        bytes.append(littleEndian: offset)
        bytes.append(littleEndian: UInt64(frameByteCount))
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: UInt32(entryCount))
        bytes.append(littleEndian: firstIndex)
        bytes.append(littleEndian: treeSize)
        bytes.append(root)
        bytes.append(littleEndian: firstPart)
        bytes.append(littleEndian: UInt32(entriesByteCount))
        bytes.append(littleEndian: UInt32(partCount))
        bytes.append(littleEndian: UInt16(groups.count))
        bytes.append(littleEndian: UInt16(tokens.count))
        bytes.append(littleEndian: UInt16(bodyFiles.count))
        bytes.append(zeros: 2)
        bytes.append(littleEndian: UInt64(bodyByteCount))
        bytes.append(littleEndian: lastControl.map { $0 + 1 } ?? 0)
        appendRows(to: &bytes)
        bytes.append(littleEndian: Checksum.crc32c(bytes))
        return bytes
    }

    private func appendRows(to bytes: inout [UInt8]) {
        for group in groups {
            bytes.append(littleEndian: group.classID)
            bytes.append(zeros: 4)
            bytes.append(littleEndian: group.slot)
            bytes.append(group.keyCommitment)
        }
        for token in tokens {
            bytes.append(littleEndian: token.classID)
            bytes.append(contentsOf: token.tokenHash)
            bytes.append(contentsOf: token.contentHash)
            bytes.append(littleEndian: token.firstOrdinal)
            bytes.append(littleEndian: token.recordCount)
        }
        for file in bodyFiles {
            bytes.append(contentsOf: file.id)
            bytes.append(littleEndian: file.ordinal)
            bytes.append(zeros: 4)
            bytes.append(littleEndian: file.fileByteCount)
            bytes.append(file.digest)
        }
    }

    /// The number of header bytes that `fixed`, at least the first 16 bytes of a frame, claims; nil if this is no frame.
    package static func claimedByteCount(_ fixed: UnsafeRawBufferPointer) -> Int? {
        guard fixed.count >= 16, fixed.prefix(8).elementsEqual(magic) else { return nil }
        let count = Int(UInt32(littleEndian: fixed.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        return (fixedByteCount + 4...Limits.frameHeaderByteCount).contains(count) ? count : nil
    }

    /// Decodes the header at the start of `bytes`; entries and the rest may follow it.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "frame header")
        guard try reader.take(8).elementsEqual(FrameHeader.magic) else {
            throw reader.failure(.wrongMagic, "no frame starts here")
        }
        guard let headerByteCount = FrameHeader.claimedByteCount(bytes), headerByteCount <= bytes.count else {
            throw reader.failure(.outOfBounds, "the header's length is impossible")
        }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<(headerByteCount - 4)])
        let crc = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: headerByteCount - 4, as: UInt32.self))
        guard Checksum.crc32c(checked) == crc else {
            throw reader.failure(.checksum, "the header's checksum does not match")
        }
        reader = ByteReader(checked, "frame header")
        _ = try reader.take(12)
        bodyCRC = try reader.integer()
        session = Array(try reader.take(16))
        offset = try reader.integer()
        let frameByteCount = try reader.integer(UInt64.self)
        segment = try reader.integer()
        generation = try reader.integer()
        entryCount = Int(try reader.integer(UInt32.self))
        firstIndex = try reader.integer()
        let treeSize = try reader.integer(UInt64.self)
        root = try reader.digest()
        firstPart = try reader.integer()
        entriesByteCount = Int(try reader.integer(UInt32.self))
        partCount = Int(try reader.integer(UInt32.self))
        let groupCount = try reader.integer(UInt16.self)
        let tokenCount = try reader.integer(UInt16.self)
        let bodyFileCount = try reader.integer(UInt16.self)
        try reader.requireZeros(2)
        let bodyByteCount = try reader.integer(UInt64.self)
        guard bodyByteCount <= UInt64(Limits.frameByteCount) else {
            throw reader.failure(.outOfBounds, "the body is too long")
        }
        self.bodyByteCount = Int(bodyByteCount)
        let lastControl = try reader.integer(UInt64.self)
        guard lastControl <= treeSize else {
            throw reader.failure(.outOfBounds, "a control record that is still to come")
        }
        self.lastControl = lastControl == 0 ? nil : lastControl - 1
        for _ in 0..<groupCount { groups.append(try FrameHeader.groupRow(&reader)) }
        for _ in 0..<tokenCount { tokens.append(try FrameHeader.tokenRow(&reader)) }
        for _ in 0..<bodyFileCount { bodyFiles.append(try FrameHeader.bodyFileRow(&reader)) }
        try reader.requireEnd()
        guard self.frameByteCount == Int(clamping: frameByteCount), frameByteCount <= UInt64(Limits.frameByteCount)
        else {
            throw reader.failure(.inconsistent, "the frame's length does not follow from its parts")
        }
        try checkCounts(reader, treeSize)
        try checkRows(reader)
    }

    private func checkCounts(_ reader: ByteReader, _ treeSize: UInt64) throws(FormatError) {
        let leastPart = PartRow.byteCount + Limits.partPaddingByteCount
        guard (1...Limits.entriesPerFrame).contains(entryCount), firstIndex < Limits.treeSize,
            treeSize == self.treeSize, treeSize <= Limits.treeSize, segment < Limits.segmentCount,
            firstPart <= UInt64.max / 2, partCount <= bodyByteCount / leastPart,
            entriesByteCount + partCount * PartRow.byteCount <= bodyByteCount
        else { throw reader.failure(.inconsistent, "the frame's counts contradict each other") }
        let block = UInt64(Limits.blockByteCount)
        guard offset >= block, offset % block == 0, offset <= Limits.segmentByteCount - UInt64(frameByteCount) else {
            throw reader.failure(.inconsistent, "no frame can stand at offset \(offset)")
        }
    }

    private func checkRows(_ reader: ByteReader) throws(FormatError) {
        guard
            tokens.allSatisfy({
                $0.recordCount > 0 && UInt64($0.firstOrdinal) + UInt64($0.recordCount) <= UInt64(entryCount)
            }),
            bodyFiles.allSatisfy({ $0.ordinal < entryCount })
        else { throw reader.failure(.inconsistent, "a row names an entry that the frame does not hold") }
        guard Set(groups.map(\.classID)).count == groups.count,
            zip(bodyFiles, bodyFiles.dropFirst()).allSatisfy({ $0.ordinal < $1.ordinal })
        else { throw reader.failure(.notCanonical, "a class stands twice, or body files do not ascend") }
    }

    private static func groupRow(_ reader: inout ByteReader) throws(FormatError) -> GroupRow {
        let classID = try reader.integer(UInt32.self)
        try reader.requireZeros(4)
        return GroupRow(classID: classID, slot: try reader.integer(), keyCommitment: try reader.digest())
    }

    private static func tokenRow(_ reader: inout ByteReader) throws(FormatError) -> TokenRow {
        TokenRow(
            classID: try reader.integer(), tokenHash: Array(try reader.take(16)),
            contentHash: Array(try reader.take(16)),
            firstOrdinal: try reader.integer(), recordCount: try reader.integer())
    }

    private static func bodyFileRow(_ reader: inout ByteReader) throws(FormatError) -> BodyFileRow {
        let id = Array(try reader.take(16))
        let ordinal = try reader.integer(UInt32.self)
        try reader.requireZeros(4)
        return BodyFileRow(id: id, ordinal: ordinal, fileByteCount: try reader.integer(), digest: try reader.digest())
    }
}
