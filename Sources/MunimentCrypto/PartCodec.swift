// Parts: contents in, ciphertext out, and back. One LZ4 block and one AEAD message each, padded. Format/frame.md, "Parts".

internal import CLZ4
internal import Glibc
package import MunimentFormat

/// Where a part stands: what its nonce and its associated data are made of.
package struct PartPlace: Sendable {
    /// The log's ID.
    package var logID: Digest
    /// Number and generation of the segment file.
    package var segment: UInt64
    /// See `segment`.
    package var generation: UInt32
    /// The session of the frame.
    package var session: [UInt8]
    /// The nonce: firstPart of the frame + the row's place in it.
    package var part: UInt64
    /// As in the part's row, like the two that follow.
    package var classID: UInt32
    /// How many contents begin in the part.
    package var recordCount: UInt32
    /// The row's flags.
    package var flags: UInt32
    /// The first index of the frame.
    package var firstIndex: UInt64

    /// The place by its parts.
    package init(
        logID: Digest, segment: UInt64, generation: UInt32, session: [UInt8], part: UInt64, classID: UInt32,
        recordCount: UInt32,
        flags: UInt32, firstIndex: UInt64
    ) {
        (self.logID, self.segment, self.generation, self.session, self.part) = (
            logID, segment, generation, session, part
        )
        (self.classID, self.recordCount, self.flags, self.firstIndex) = (classID, recordCount, flags, firstIndex)
    }

    /// The place of row `ordinal` of a frame.
    package init(logID: Digest, header: FrameHeader, row: PartRow, ordinal: Int) {
        self.init(
            logID: logID, segment: header.segment, generation: header.generation, session: header.session,
            part: header.firstPart + UInt64(ordinal), classID: row.classID, recordCount: row.recordCount,
            flags: row.flags,
            firstIndex: header.firstIndex)
    }

    /// The 96 bytes that the AEAD authenticates beside the plaintext.
    package var associatedData: [UInt8] {
        PartRow.associatedData(
            logID: logID, segment: segment, generation: generation, session: session, part: part, classID: classID,
            recordCount: recordCount, flags: flags, firstIndex: firstIndex)
    }
}

/// Compresses and seals, opens and decompresses. Owns its buffers; one thread at a time uses an instance.
package final class PartCodec {
    private let plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: PartRow.ciphertextByteCountMax, alignment: 64)
    private let gathered = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.partContentByteCount, alignment: 64)
    private let state = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 64)

    /// A codec with buffers of its own.
    package init() {}

    deinit {
        zeroize(plaintext)
        zeroize(gathered)
        plaintext.deallocate()
        gathered.deallocate()
        state.deallocate()
    }

    /// Room for a part's contents that do not lie side by side: the caller copies them here and passes this to `seal`.
    package var gatherBuffer: UnsafeMutableRawBufferPointer { gathered }

    /// Seals 1 to 65,536 bytes of content into `output`, which has room for `PartRow.ciphertextByteCountMax`; returns the ciphertext's
    /// length.
    package func seal(
        _ content: UnsafeRawBufferPointer, isCompressed: Bool, key: SealingKey, place: PartPlace,
        to output: UnsafeMutableRawPointer
    ) -> Int {
        seal(
            content, isCompressed: isCompressed, key: key, nonce: place.part, associatedData: place.associatedData,
            to: output)
    }

    /// Opens a part; its contents are valid until the next call. Throws `.checksum` when it was not sealed in this place with this key.
    package func open(
        _ ciphertext: UnsafeRawBufferPointer, key: SealingKey, place: PartPlace
    ) throws(FormatError) -> UnsafeRawBufferPointer {
        try open(ciphertext, key: key, nonce: place.part, associatedData: place.associatedData)
    }

    /// As `open`, but decompresses only as much as the first `count` contents need, which halves the time of a single read. What comes
    /// back holds at least those, if the part does.
    package func open(
        _ ciphertext: UnsafeRawBufferPointer, key: SealingKey, place: PartPlace, firstContents count: Int
    ) throws(FormatError) -> UnsafeRawBufferPointer {
        let (stored, prefix) = try unseal(ciphertext, key: key, nonce: place.part, associatedData: place.associatedData)
        guard prefix.isCompressed, count < Int(place.recordCount) else { return try decompress(stored, prefix) }
        // Contents of one part are mostly alike; an eighth more than their share, and a little for the first, is nearly always enough.
        let share = prefix.contentByteCount * count / Int(place.recordCount)
        let wanted = min(prefix.contentByteCount, share + share / 8 + 1_024)
        let decoded = LZ4_decompress_safe_partial(
            stored.baseAddress!.assumingMemoryBound(to: CChar.self),
            gathered.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(stored.count), Int32(wanted),
            Int32(Limits.partContentByteCount))
        guard decoded >= 0 else { return try decompress(stored, prefix) }
        let start = UnsafeRawBufferPointer(rebasing: gathered[..<min(Int(decoded), prefix.contentByteCount)])
        return PartCodec.holds(start, contents: count) ? start : try decompress(stored, prefix)
    }

    /// Whether `count` whole contents stand at the start of `bytes`.
    private static func holds(_ bytes: UnsafeRawBufferPointer, contents count: Int) -> Bool {
        var reader = ByteReader(bytes, "content")
        for _ in 0..<count {
            guard let byteCount = try? reader.count(atMost: Limits.contentByteCount),
                (try? reader.take(byteCount)) != nil
            else {
                return false
            }
        }
        return true
    }

    /// Opens any ciphertext that holds a part's plaintext: parts, and the chunks of body files.
    package func open(
        _ ciphertext: UnsafeRawBufferPointer, key: SealingKey, nonce: UInt64, associatedData: [UInt8]
    ) throws(FormatError) -> UnsafeRawBufferPointer {
        let (stored, prefix) = try unseal(ciphertext, key: key, nonce: nonce, associatedData: associatedData)
        return try decompress(stored, prefix)
    }

    /// The stored bytes of a part, authenticated, and what its prefix says of them.
    private func unseal(
        _ ciphertext: UnsafeRawBufferPointer, key: SealingKey, nonce: UInt64, associatedData: [UInt8]
    ) throws(FormatError) -> (UnsafeRawBufferPointer, PartPrefix) {
        guard ciphertext.count >= Limits.partPaddingByteCount, ciphertext.count <= PartRow.ciphertextByteCountMax else {
            throw FormatError(.outOfBounds, "part", at: 0, "a part's length is impossible")
        }
        guard key.open(ciphertext, count: nonce, associatedData: associatedData, to: plaintext.baseAddress!) else {
            throw FormatError(.checksum, "part", at: 0, "the ciphertext was not sealed in this place with this key")
        }
        let opened = UnsafeRawBufferPointer(rebasing: plaintext[..<(ciphertext.count - PartRow.tagByteCount)])
        let prefix = try PartPrefix(decoding: opened)
        let end = PartRow.prefixByteCount + prefix.storedByteCount
        return (UnsafeRawBufferPointer(rebasing: opened[PartRow.prefixByteCount..<end]), prefix)
    }

    private func decompress(
        _ stored: UnsafeRawBufferPointer, _ prefix: PartPrefix
    ) throws(FormatError) -> UnsafeRawBufferPointer {
        guard prefix.isCompressed else { return stored }
        let count = LZ4_decompress_safe(
            stored.baseAddress!.assumingMemoryBound(to: CChar.self),
            gathered.baseAddress!.assumingMemoryBound(to: CChar.self),
            Int32(stored.count), Int32(Limits.partContentByteCount))
        guard Int(count) == prefix.contentByteCount else {
            throw FormatError(
                .inconsistent, "part", at: 0, "the LZ4 block does not hold the content that the part claims")
        }
        return UnsafeRawBufferPointer(rebasing: gathered[..<prefix.contentByteCount])
    }

    /// Seals under any nonce and associated data: parts, and the chunks of body files.
    package func seal(
        _ content: UnsafeRawBufferPointer, isCompressed: Bool, key: SealingKey, nonce: UInt64, associatedData: [UInt8],
        to output: UnsafeMutableRawPointer
    ) -> Int {
        precondition((1...Limits.partContentByteCount).contains(content.count))
        let base = plaintext.baseAddress!
        let stored = base + PartRow.prefixByteCount
        var storedByteCount = 0
        if isCompressed && content.count > 16 {
            storedByteCount = Int(
                LZ4_compress_fast_extState(
                    state, content.baseAddress!.assumingMemoryBound(to: CChar.self),
                    stored.assumingMemoryBound(to: CChar.self),
                    Int32(content.count), Int32(content.count - 1), 1))
        }
        var prefix = UInt32(storedByteCount)
        if storedByteCount == 0 {
            stored.copyMemory(from: content.baseAddress!, byteCount: content.count)
            storedByteCount = content.count
            prefix = UInt32(storedByteCount) | PartRow.storedAsIs
        }
        base.storeBytes(of: prefix.littleEndian, as: UInt32.self)
        base.storeBytes(of: UInt32(content.count).littleEndian, toByteOffset: 4, as: UInt32.self)
        let ciphertextByteCount = PartRow.ciphertextByteCount(stored: storedByteCount)
        let plaintextByteCount = ciphertextByteCount - PartRow.tagByteCount
        let used = PartRow.prefixByteCount + storedByteCount
        memset(base + used, 0, plaintextByteCount - used)
        key.seal(
            UnsafeRawBufferPointer(start: base, count: plaintextByteCount), count: nonce,
            associatedData: associatedData, to: output)
        return ciphertextByteCount
    }
}

/// Zeroes a buffer that held plaintext.
private func zeroize(_ buffer: UnsafeMutableRawBufferPointer) {
    explicit_bzero(buffer.baseAddress!, buffer.count)
}
