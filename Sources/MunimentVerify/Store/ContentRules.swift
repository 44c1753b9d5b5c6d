// Whether contents are spelt canonically, attributes and all. Nothing is allocated for an attribute: a record may have
// thousands.

internal import MunimentFormat

enum ContentRules {
    /// Checks that the `count` contents at the start of `opened`, which `ContentLayout` accepts and which have
    /// `byteCount` bytes, are all there is, and that their attributes are canonical; hands over each of these with the place of
    /// its content among the `count`.
    static func check(
        _ opened: UnsafeRawBufferPointer, count: Int, byteCount: Int,
        _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws(FormatError) {
        guard byteCount == opened.count else {
            throw FormatError(.notCanonical, "part", at: byteCount, "bytes follow the last content")
        }
        // A content that fits one part has one; a longer one has parts to itself.
        guard opened.count <= Limits.partContentByteCount || count == 1 else {
            throw FormatError(.notCanonical, "part", at: 0, "a long content shares its parts")
        }
        var place = 0
        for ordinal in 0..<count {
            // The layout was accepted before: length, flags, number of attributes. Most records have none.
            var cursor = place
            let bodyCount = varint(opened, &cursor)
            let end = cursor + bodyCount
            if bodyCount == 0 {
                // The place of a purged one, which only later generations have.
                place = end
                continue
            }
            cursor += 1
            if varint(opened, &cursor) > 0 {
                let content = opened.slice(place..<opened.count)
                try ContentLayout(decoding: content).forEachAttribute(in: content) { _, bytes throws(FormatError) in
                    try checkAttribute(bytes)
                    body(ordinal, bytes)
                }
            }
            place = end
        }
    }

    /// A varint of at most five bytes that was decoded before.
    private static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> Int {
        var value = 0
        var shift = 0
        while true {
            let byte = Int(bytes[place])
            place += 1
            value |= (byte & 0x7f) << shift
            if byte < 0x80 || shift >= 28 { return value }
            shift += 7
        }
    }

    /// The rules of `Attribute`, without making one.
    static func checkAttribute(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var reader = ByteReader(bytes, "attribute")
        let nameCount = try reader.count(atMost: Limits.attributeNameByteCount)
        guard nameCount > 0 else { throw reader.failure(.outOfBounds, "an empty name") }
        guard isUTF8(try reader.take(nameCount)) else { throw reader.failure(.notCanonical, "the name is not UTF-8") }
        let type = try reader.integer(UInt8.self)
        let value = reader.takeRest()
        guard value.count <= Limits.attributeValueByteCount else {
            throw reader.failure(.outOfBounds, "the value is too long")
        }
        switch type {
        case 1: guard isUTF8(value) else { throw reader.failure(.notCanonical, "the text is not UTF-8") }
        case 2: guard value.count == 8 else { throw reader.failure(.outOfBounds, "an integer has 8 bytes") }
        case 3: break
        default: throw reader.failure(.unknownValue, "unknown attribute type \(type)")
        }
    }

    /// Whether `bytes` are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. The Unicode standard,
    /// table 3-7.
    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        while place < bytes.count {
            if place + 8 <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                place += 8
                continue
            }
            let first = bytes[place]
            let (count, second): (Int, ClosedRange<UInt8>)
            switch first {
            case 0x00...0x7f: (count, second) = (1, 0x80...0xbf)
            case 0xc2...0xdf: (count, second) = (2, 0x80...0xbf)
            case 0xe0: (count, second) = (3, 0xa0...0xbf)
            case 0xed: (count, second) = (3, 0x80...0x9f)
            case 0xe1...0xef: (count, second) = (3, 0x80...0xbf)
            case 0xf0: (count, second) = (4, 0x90...0xbf)
            case 0xf1...0xf3: (count, second) = (4, 0x80...0xbf)
            case 0xf4: (count, second) = (4, 0x80...0x8f)
            default: return false
            }
            guard place + count <= bytes.count else { return false }
            if count > 1 {
                guard second.contains(bytes[place + 1]) else { return false }
                for next in place + 2..<place + count where bytes[next] & 0xc0 != 0x80 { return false }
            }
            place += count
        }
        return true
    }
}
