// Bytes behind their length, as the bodies of control records have them.

extension [UInt8] {
    /// Appends a length as a varint, and the bytes.
    package mutating func append(counted bytes: some Collection<UInt8>) {
        append(varint: UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}

extension ByteReader {
    /// Takes a length of at most `bound`, and that many bytes.
    package mutating func counted(atMost bound: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        try take(try count(atMost: bound))
    }

    /// Takes counted UTF-8.
    package mutating func text(atMost bound: Int) throws(FormatError) -> String {
        guard let text = String(validating: try counted(atMost: bound), as: UTF8.self) else {
            throw failure(.notCanonical, "text that is not UTF-8")
        }
        return text
    }
}
