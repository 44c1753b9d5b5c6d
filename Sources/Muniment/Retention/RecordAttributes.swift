// The attributes of a record as holds are tested against them: still encoded, in the opened bytes that they stand in.

package import MunimentFormat

/// One record's encoded attributes. Copies share the bytes.
package struct RecordAttributes: Sendable {
    private let bytes: [UInt8]
    /// The attributes, each with its length before it.
    private let range: Range<Int>
    private let count: Int

    /// Of the content that starts at `offset` of `bytes`, and whose layout was found by decoding it.
    package init(_ layout: ContentLayout, at offset: Int, of bytes: [UInt8]) {
        self.bytes = bytes
        range = layout.attributes.lowerBound + offset..<layout.attributes.upperBound + offset
        count = layout.attributeCount
    }

    /// Whether one of the attributes satisfies `test`. O(attributes).
    func contains(where test: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[range]), "content")
            for _ in 0..<count {
                // The lengths were checked when the layout was found.
                guard let byteCount = try? reader.count(atMost: Limits.attributesByteCount),
                    let attribute = try? reader.take(byteCount)
                else { return false }
                if test(attribute) { return true }
            }
            return false
        }
    }
}
