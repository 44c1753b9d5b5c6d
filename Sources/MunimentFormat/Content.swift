// The content of one record: attributes and payload, stored apart from the entry, sealed, erasable. Format/content.md.
//
//   bodyCount        varint      bytes that follow
//   flags            u8          bit 0 explicit salts, bit 1 the payload is a body file
//   attributeCount   varint      then each attribute: byteCount varint, bytes (Attribute.swift), ascending by bytes
//   salts            16 each     only with bit 0: the payload's, then one for each attribute
//   payload          the rest    or, with bit 1: body id (16), payload byteCount (u64), body key (32), payload salt (16)
//
// The payload's length is what is left: no length is kept anywhere else. A part holds contents one after another.

/// Where the pieces of one encoded content lie. Offsets are relative to the first byte of the content, its length field included.
package struct ContentLayout: Sendable {
    /// The content carries its salts.
    package static let explicitSalts: UInt8 = 1 << 0
    /// The payload is a body file, and a reference stands in its place.
    package static let bodyFile: UInt8 = 1 << 1
    /// Bytes of an encoded `BodyReference`.
    package static let bodyReferenceByteCount = 16 + 8 + 32 + 16

    /// Bytes of what stands in the place of a purged content: a length of 0. It is no content, and is not decoded as one.
    package static let purgedByteCount = 1

    /// The whole content, its length field included.
    package var byteCount: Int
    /// The content's flags, known ones only.
    package var flags: UInt8
    /// How many attributes the record has.
    package var attributeCount: Int
    /// The attributes' bytes, each with its length before it.
    package var attributes: Range<Int>
    /// The explicit salts; empty without the flag.
    package var salts: Range<Int>
    /// The payload, or the body reference.
    package var payload: Range<Int>

    /// Whether the payload is a body file.
    package var hasBodyFile: Bool { flags & ContentLayout.bodyFile != 0 }

    /// Finds the content that starts at the first byte of `bytes`; more may follow it. O(attributes); checks everything that does not
    /// need a key except the attributes' own bytes.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "content")
        let bodyCount = try reader.count(atMost: Limits.contentByteCount)
        guard bodyCount <= reader.remainingByteCount else { throw reader.failure(.truncated, "the content is cut off") }
        byteCount = reader.position + bodyCount
        // From here on nothing can reach into what follows the content.
        try reader.limit(to: byteCount)
        flags = try reader.integer()
        guard flags & ~(ContentLayout.explicitSalts | ContentLayout.bodyFile) == 0 else {
            throw reader.failure(.unknownValue, "unknown content flags")
        }
        attributeCount = try reader.count(atMost: Limits.attributesPerRecord)
        let start = reader.position
        for _ in 0..<attributeCount {
            _ = try reader.take(try reader.count(atMost: Limits.attributesByteCount))
        }
        attributes = start..<reader.position
        guard attributes.count <= Limits.attributesByteCount else {
            throw reader.failure(.outOfBounds, "the attributes exceed their bound")
        }
        let saltStart = reader.position
        if flags & ContentLayout.explicitSalts != 0 {
            _ = try reader.take(Limits.saltByteCount * (1 + attributeCount))
        }
        salts = saltStart..<reader.position
        payload = reader.position..<byteCount
        if hasBodyFile {
            try checkBodyReference(bytes, reader)
        } else if payload.count > Limits.inlinePayloadByteCount {
            throw reader.failure(.outOfBounds, "a payload of \(payload.count) bytes is not a body file")
        }
    }

    /// The reference's length; and, where the payload's salt stands twice, that it is the same one.
    private func checkBodyReference(_ bytes: UnsafeRawBufferPointer, _ reader: ByteReader) throws(FormatError) {
        guard payload.count == ContentLayout.bodyReferenceByteCount else {
            throw reader.failure(.outOfBounds, "a body reference has \(ContentLayout.bodyReferenceByteCount) bytes")
        }
        guard !salts.isEmpty else { return }
        let explicit = bytes[salts.lowerBound..<salts.lowerBound + Limits.saltByteCount]
        guard explicit.elementsEqual(bytes[payload.upperBound - Limits.saltByteCount..<payload.upperBound]) else {
            throw reader.failure(.inconsistent, "the payload has two salts")
        }
    }

    /// Calls `body` with each attribute's encoded bytes in order; refuses an order that is not strictly ascending.
    package func forEachAttribute(
        in content: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) throws(FormatError) -> Void
    ) throws(FormatError) {
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: content[attributes]), "content")
        var previous: UnsafeRawBufferPointer?
        for ordinal in 0..<attributeCount {
            let bytes = try reader.take(try reader.count(atMost: Limits.attributesByteCount))
            if let previous, ByteOrder.compare(previous, bytes) >= 0 {
                throw reader.failure(.notCanonical, "attributes do not ascend")
            }
            try body(ordinal, bytes)
            previous = bytes
        }
    }
}

/// Where the payload of a large record is: the fields of a content with the body flag.
package struct BodyReference: Hashable, Sendable {
    /// Bytes of a body file's id.
    package static let idByteCount = 16

    /// Names the body file; random.
    package var id: [UInt8]
    /// The payload's exact length.
    package var payloadByteCount: UInt64
    /// The body file's own key.
    package var key: [UInt8]
    /// The payload's salt in the commitment.
    package var salt: [UInt8]

    /// Traps unless `id` has 16, `key` 32 and `salt` 16 bytes.
    package init(id: [UInt8], payloadByteCount: UInt64, key: [UInt8], salt: [UInt8]) {
        precondition(id.count == 16 && key.count == 32 && salt.count == 16)
        (self.id, self.payloadByteCount, self.key, self.salt) = (id, payloadByteCount, key, salt)
    }

    /// Decodes exactly 72 bytes.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "body reference")
        id = Array(try reader.take(16))
        payloadByteCount = try reader.integer()
        key = Array(try reader.take(32))
        salt = Array(try reader.take(16))
        try reader.requireEnd()
    }

    /// The 72 bytes that stand in the payload's place.
    package var encoded: [UInt8] {
        var bytes = id
        bytes.append(littleEndian: payloadByteCount)
        return bytes + key + salt
    }
}

/// Spells contents.
package enum ContentEncoder {
    /// The canonical list of attributes: sorted by bytes, equal ones once.
    package static func canonical(_ attributes: [Attribute]) -> [[UInt8]] {
        var encoded = attributes.map(\.encoded)
        encoded.sort { $0.lexicographicallyPrecedes($1) }
        var unique: [[UInt8]] = []
        for bytes in encoded where unique.last != bytes { unique.append(bytes) }
        return unique
    }

    /// The bytes before the payload, whose length is `payloadByteCount` (of a body file: the reference's). `attributes` are canonical;
    /// `salts` are empty, or 16 bytes for the payload and each attribute, the first one a body reference's own.
    package static func head(
        attributes: [[UInt8]], salts: [UInt8] = [], isBodyFile: Bool = false, payloadByteCount: Int
    ) -> [UInt8] {
        precondition(salts.isEmpty || salts.count == Limits.saltByteCount * (1 + attributes.count))
        var body: [UInt8] = [
            (salts.isEmpty ? 0 : ContentLayout.explicitSalts) | (isBodyFile ? ContentLayout.bodyFile : 0)
        ]
        body.append(varint: UInt64(attributes.count))
        for attribute in attributes {
            body.append(varint: UInt64(attribute.count))
            body.append(contentsOf: attribute)
        }
        body.append(contentsOf: salts)
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(body.count + payloadByteCount))
        return bytes + body
    }

    /// `content`, whose layout is `layout`, with its salts written out: for a record that outlives the key from which they are derived. `salt` gives
    /// that of a slot; a body file's payload keeps the one of its reference. A content that has them already comes back as it is.
    package static func withSalts(
        _ layout: ContentLayout, _ content: UnsafeRawBufferPointer, salt: (UInt64) -> [UInt8]
    ) -> [UInt8] {
        guard layout.salts.isEmpty else { return Array(content[..<layout.byteCount]) }
        var body: [UInt8] = [layout.flags | ContentLayout.explicitSalts]
        body.append(varint: UInt64(layout.attributeCount))
        body.append(contentsOf: content[layout.attributes])
        body += layout.hasBodyFile ? Array(content[layout.payload].suffix(Limits.saltByteCount)) : salt(0)
        for slot in 0..<layout.attributeCount { body += salt(UInt64(slot) + 1) }
        body.append(contentsOf: content[layout.payload])
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(body.count))
        return bytes + body
    }
}
