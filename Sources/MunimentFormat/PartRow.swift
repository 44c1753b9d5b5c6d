// Part rows and the inside of a part. Format/frame.md, "Parts".
//
//   row, 48 bytes: class u32 · recordCount u32 · ciphertextByteCount u32 · flags u32 (bit 0 continues a record) · SHA-256 of the ciphertext
//
//   A part holds the contents of records of one class, in the order of their entries. recordCount says how many begin in it. A content
//   longer than 65,536 bytes has parts to itself: the first with recordCount 1, the rest with recordCount 0 and the flag.
//
//   plaintext: storedByteCount u32 (bit 31: not compressed) · contentByteCount u32 · that many stored bytes (one LZ4 block, or as is)
//              · zeros, so that plaintext + 16 is a multiple of 256

/// What a frame says of one of its parts.
package struct PartRow: Hashable, Sendable {
    /// Bytes of the encoded row.
    package static let byteCount = 48
    /// Flag: continues the record of the part before.
    package static let continues: UInt32 = 1 << 0
    /// Bytes of the AEAD's tag.
    package static let tagByteCount = 16
    /// Bytes of a plaintext before what is stored.
    package static let prefixByteCount = 8
    /// Bit of storedByteCount: not compressed.
    package static let storedAsIs: UInt32 = 1 << 31

    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// How many contents begin in the part.
    package var recordCount: UInt32
    /// With the tag; a multiple of 256.
    package var ciphertextByteCount: UInt32
    /// `continues`, or 0.
    package var flags: UInt32
    /// SHA-256 of the ciphertext with its tag.
    package var digest: Digest

    /// The fields as given.
    package init(classID: UInt32, recordCount: UInt32, ciphertextByteCount: UInt32, flags: UInt32, digest: Digest) {
        self.classID = classID
        self.recordCount = recordCount
        self.ciphertextByteCount = ciphertextByteCount
        self.flags = flags
        self.digest = digest
    }

    /// The ciphertext bytes of a part that stores `count` bytes.
    package static func ciphertextByteCount(stored count: Int) -> Int {
        (prefixByteCount + count + tagByteCount).rounded(upToMultipleOf: Limits.partPaddingByteCount)
    }

    /// The longest ciphertext: of a part that stores 65,536 bytes as they are.
    package static let ciphertextByteCountMax =
        (prefixByteCount + Limits.partContentByteCount + tagByteCount + Limits.partPaddingByteCount - 1)
        / Limits.partPaddingByteCount * Limits.partPaddingByteCount

    /// Appends the 48 bytes.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: classID)
        bytes.append(littleEndian: recordCount)
        bytes.append(littleEndian: ciphertextByteCount)
        bytes.append(littleEndian: flags)
        bytes.append(digest)
    }

    /// Decodes the next 48 bytes.
    package init(decoding reader: inout ByteReader) throws(FormatError) {
        classID = try reader.integer()
        recordCount = try reader.integer()
        ciphertextByteCount = try reader.integer()
        flags = try reader.integer()
        digest = try reader.digest()
        guard ciphertextByteCount >= UInt32(Limits.partPaddingByteCount),
            ciphertextByteCount <= UInt32(PartRow.ciphertextByteCountMax),
            ciphertextByteCount % UInt32(Limits.partPaddingByteCount) == 0
        else { throw reader.failure(.outOfBounds, "a part's length is impossible") }
        guard flags & ~PartRow.continues == 0 else { throw reader.failure(.unknownValue, "unknown part flags") }
        guard recordCount <= UInt32(Limits.entriesPerFrame) else {
            throw reader.failure(.outOfBounds, "a part of \(recordCount) records")
        }
        guard (flags & PartRow.continues != 0) == (recordCount == 0) else {
            throw reader.failure(.inconsistent, "a part holds records or continues one, never both")
        }
    }

    /// Whether this row may continue the record of `row`, the one before it.
    private func isContinuation(of row: PartRow) -> Bool {
        classID == row.classID && (row.recordCount == 1 || row.flags & PartRow.continues != 0)
    }

    /// Decodes the part rows of a frame. `bytes` are its skeleton, or begin with it.
    package static func rows(of header: FrameHeader, in bytes: UnsafeRawBufferPointer) throws(FormatError) -> [PartRow]
    {
        guard header.skeletonByteCount <= bytes.count else {
            throw ByteReader(bytes, "frame parts").failure(
                .truncated, "\(bytes.count) bytes of a skeleton of \(header.skeletonByteCount)")
        }
        return try rows(
            of: header, decoding: UnsafeRawBufferPointer(rebasing: bytes[header.partRowsOffset...]))
    }

    /// Decodes the part rows of a frame. `bytes` begin with them.
    package static func rows(
        of header: FrameHeader, decoding bytes: UnsafeRawBufferPointer
    ) throws(FormatError) -> [PartRow] {
        var reader = ByteReader(bytes, "frame parts")
        var rows: [PartRow] = []
        rows.reserveCapacity(header.partCount)
        var byteCount = header.entriesByteCount + header.partCount * PartRow.byteCount
        var recordCount = 0
        for _ in 0..<header.partCount {
            let row = try PartRow(decoding: &reader)
            guard row.flags & PartRow.continues == 0 || rows.last.map(row.isContinuation(of:)) == true else {
                throw reader.failure(.inconsistent, "a part continues nothing")
            }
            byteCount += Int(row.ciphertextByteCount)
            recordCount += Int(row.recordCount)
            rows.append(row)
        }
        guard byteCount == header.bodyByteCount, recordCount <= header.entryCount else {
            throw reader.failure(.inconsistent, "the parts do not fill the frame's body, or hold too many records")
        }
        return rows
    }

    /// What a part's AEAD authenticates beside its plaintext: where it stands. 96 bytes. `part` is the nonce's count, the frame's
    /// `firstPart` and the row's place in the frame together; `firstIndex` is the frame's.
    package static func associatedData(
        logID: Digest, segment: UInt64, generation: UInt32, session: [UInt8], part: UInt64, classID: UInt32,
        recordCount: UInt32, flags: UInt32, firstIndex: UInt64
    ) -> [UInt8] {
        var bytes = Array("MUNPART1".utf8)
        bytes.append(logID)
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: classID)
        bytes.append(contentsOf: session)
        bytes.append(littleEndian: part)
        bytes.append(littleEndian: recordCount)
        bytes.append(littleEndian: flags)
        bytes.append(littleEndian: firstIndex)
        return bytes
    }
}

/// The first bytes of a part's plaintext.
package struct PartPrefix: Sendable {
    /// Bytes after the prefix, before the padding.
    package var storedByteCount: Int
    /// Whether they are an LZ4 block.
    package var isCompressed: Bool
    /// Bytes of content: 1 to 65,536.
    package var contentByteCount: Int

    /// Checks the lengths and that the padding is zero. `plaintext` is a whole opened part.
    package init(decoding plaintext: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(plaintext, "part")
        let stored = try reader.integer(UInt32.self)
        storedByteCount = Int(stored & ~PartRow.storedAsIs)
        isCompressed = stored & PartRow.storedAsIs == 0
        contentByteCount = Int(try reader.integer(UInt32.self))
        guard contentByteCount > 0, contentByteCount <= Limits.partContentByteCount,
            isCompressed || storedByteCount == contentByteCount
        else { throw reader.failure(.outOfBounds, "a part's content length is impossible") }
        _ = try reader.take(storedByteCount)
        guard plaintext.count + PartRow.tagByteCount == PartRow.ciphertextByteCount(stored: storedByteCount) else {
            throw reader.failure(.notCanonical, "a part has the wrong padding")
        }
        try reader.requireZeros(reader.remainingByteCount)
    }
}
