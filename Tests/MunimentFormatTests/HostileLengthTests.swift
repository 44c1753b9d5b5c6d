// Lengths and counts that no honest writer makes: refused before anything is allocated or added up.

import MunimentFormat
import Testing

@Suite struct HostileLengthTests {
    @Test func absurdCounts() throws {
        try [UInt8](repeating: 1, count: 10).decode { raw throws(FormatError) in
            for count in [-1, 11, Int.max, Int.min] {
                var reader = ByteReader(raw, "test")
                let error = #expect(throws: FormatError.self) { try reader.take(count) }
                #expect(error?.code == .truncated && reader.position == 0)
                #expect(throws: FormatError.self) { try reader.requireZeros(count) }
                if count != 10 { #expect(throws: FormatError.self) { try reader.limit(to: count) } }
            }
            var reader = ByteReader(raw, "test")
            #expect(reader.remainingByteCount == 10 && !reader.isAtEnd)
            _ = try reader.take(4)
            try reader.limit(to: 6)
            #expect(throws: FormatError.self) { try reader.limit(to: 3) }
            #expect(throws: FormatError.self) { try reader.take(3) }
            let rest = reader.takeRest()
            #expect(rest.count == 2 && reader.isAtEnd)
        }
        // No bytes at all, and no address either.
        var empty = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0), "test")
        #expect(throws: FormatError.self) { try empty.varint() }
        #expect(throws: FormatError.self) { try empty.digest() }
        let nothing = try empty.take(0)
        #expect(nothing.isEmpty)
    }

    /// A decoder that is given nothing, or a pointer to nothing, refuses it. Only a private part may say nothing.
    @Test(arguments: Codec.all.filter { $0.file != "private-part.json" }) func nothing(codec: Codec) {
        #expect(throws: FormatError.self) { try codec.recoded([]) }
    }

    @Test func decodersWithoutAnAddress() {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(throws: FormatError.self) { try FrameHeader(decoding: nothing) }
        #expect(throws: FormatError.self) { try Footer(decoding: nothing) }
        #expect(throws: FormatError.self) { try SegmentHeader(decoding: nothing) }
        #expect(throws: FormatError.self) { try ContentLayout(decoding: nothing) }
        #expect(throws: FormatError.self) { try EntryColumns(decoding: nothing, count: 1) }
        #expect(throws: FormatError.self) { try PartPrefix(decoding: nothing) }
        #expect(CheckpointJournal.notes(decoding: nothing).notes.isEmpty)
        #expect(FrameHeader.claimedByteCount(nothing) == nil && Footer.claimedByteCount(trailer: nothing) == nil)
    }

    /// The counts of a header that claims the most parts that its body could hold, of which none are there.
    @Test func partsThatAreNotThere() throws {
        let bodyByteCount = (Limits.frameByteCount - 4_096) / 304 * 304
        let header = FrameHeader(
            session: [UInt8](repeating: 1, count: 16), offset: 4_096, segment: 0, generation: 0, entryCount: 1,
            firstIndex: 0, root: .zero, firstPart: 0, entriesByteCount: 0, partCount: bodyByteCount / 304,
            bodyByteCount: bodyByteCount)
        let bytes = header.encoded()
        let decoded = try bytes.decode(FrameHeader.init(decoding:))
        #expect(decoded == header)
        let error = #expect(throws: FormatError.self) {
            try bytes.decode { raw throws(FormatError) in try PartRow.rows(of: decoded, in: raw) }
        }
        #expect(error?.code == .truncated)
    }

    @Test func footerOverItsBound() {
        var bytes = [UInt8](repeating: 0, count: Limits.footerByteCount + 1)
        bytes.replaceSubrange(0..<8, with: Footer.magic)
        let error = #expect(throws: FormatError.self) { try bytes.decode(Footer.init(decoding:)) }
        #expect(error?.code == .outOfBounds)
    }

    @Test func contentAtItsBounds() throws {
        func layout(_ payloadByteCount: Int) throws -> ContentLayout {
            let head = ContentEncoder.head(attributes: [], payloadByteCount: payloadByteCount)
            return try (head + [UInt8](repeating: 7, count: payloadByteCount)).decode(ContentLayout.init(decoding:))
        }
        #expect(try layout(Limits.inlinePayloadByteCount).payload.count == Limits.inlinePayloadByteCount)
        let payload = #expect(throws: FormatError.self) { try layout(Limits.inlinePayloadByteCount + 1) }
        #expect(payload?.code == .outOfBounds)
        // Attributes of exactly 1 MiB together, and one byte more.
        func attributes(_ byteCount: Int) throws -> ContentLayout {
            var list: [[UInt8]] = []
            var left = byteCount
            while left > 0 {
                // Each takes 3 bytes of length; a remainder that could not hold one is avoided.
                let size = min(left - 3, left > 100_000 ? 50_000 : 65_000)
                list.append([1, UInt8(97 + list.count), 3] + [UInt8](repeating: 0, count: size - 3))
                left -= size + 3
            }
            return try ContentEncoder.head(attributes: list, payloadByteCount: 0).decode(ContentLayout.init(decoding:))
        }
        #expect(try attributes(Limits.attributesByteCount).attributes.count == Limits.attributesByteCount)
        let tooMany = #expect(throws: FormatError.self) { try attributes(Limits.attributesByteCount + 1) }
        #expect(tooMany?.code == .outOfBounds)
    }

    @Test func digests() {
        #expect(Digest([UInt8](repeating: 1, count: 31)) == nil && Digest([UInt8](repeating: 1, count: 33)) == nil)
        let digest = Digest((0..<32).map { UInt8($0) })!
        #expect(digest.bytes == (0..<32).map { UInt8($0) } && digest != .zero && Digest(digest.bytes) == digest)
        #expect(digest.description == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        for place in 0..<32 {
            var bytes = digest.bytes
            bytes[place] ^= 1
            #expect(Digest(bytes) != digest)
        }
    }
}
