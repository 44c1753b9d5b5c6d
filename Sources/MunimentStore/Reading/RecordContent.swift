// A record's opened content, decoded: attributes, and the payload or the reference to its body file.

package import MunimentCrypto
package import MunimentFormat

package struct RecordContent: Sendable {
    /// The whole encoded content.
    package let bytes: [UInt8]
    package let layout: ContentLayout

    package init(_ bytes: [UInt8]) throws(FormatError) {
        self.bytes = bytes
        layout = try bytes.decode(ContentLayout.init(decoding:))
        guard layout.byteCount == bytes.count else {
            throw FormatError(.inconsistent, "content", at: 0, "the length differs")
        }
    }

    /// The payload; empty, with `body` set, where it is a body file.
    package var payload: ArraySlice<UInt8> { layout.hasBodyFile ? [] : bytes[layout.payload] }

    package func body() throws(FormatError) -> BodyReference? {
        guard layout.hasBodyFile else { return nil }
        return try Array(bytes[layout.payload]).decode(BodyReference.init(decoding:))
    }

    package func attributes() throws(FormatError) -> [Attribute] {
        try bytes.decode { raw throws(FormatError) in
            var attributes: [Attribute] = []
            try layout.forEachAttribute(in: raw) { _, bytes throws(FormatError) in
                attributes.append(try Attribute(decoding: bytes))
            }
            return attributes
        }
    }

    /// The commitment that the content opens to at `index`. `bodyDigest` is P of a payload that is a body file.
    package func commitment(index: UInt64, salts: SaltStream, bodyDigest: Digest?) throws(FormatError) -> Digest {
        let hasher = RecordContent.hashers.take()
        defer { RecordContent.hashers.give(hasher) }
        var commitment = [UInt8](repeating: 0, count: Digest.byteCount)
        let result = commitment.withUnsafeMutableBytes { output in
            bytes.withUnsafeBytes { raw -> Result<Int, FormatError> in
                do throws(FormatError) {
                    return .success(
                        try hasher.value.commit(
                            contents: raw, count: 1, firstIndex: index, salts: salts,
                            bodyDigest: { _, _ throws(FormatError) in
                                guard let bodyDigest else {
                                    throw FormatError(.inconsistent, "content", at: 0, "a body file was not expected")
                                }
                                return bodyDigest
                            }, to: output.baseAddress!))
                } catch {
                    return .failure(error)
                }
            }
        }
        _ = try result.get()
        return commitment.withUnsafeBytes { Digest(loading: $0.baseAddress!) }
    }

    private final class HasherBox: @unchecked Sendable {
        let value = ContentHasher()
    }

    private static let hashers = ObjectPool { HasherBox() }
}
