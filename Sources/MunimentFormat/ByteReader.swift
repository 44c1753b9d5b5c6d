// A bounded cursor over bytes from outside. Every read checks what is left first; nothing here can trap on any input.

/// Reads little-endian integers and variable-length integers from a raw buffer that outlives it.
package struct ByteReader {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// The structure's name, for errors.
    @usableFromInline let structure: String
    /// The next byte to be read.
    package private(set) var position: Int

    package init(_ bytes: UnsafeRawBufferPointer, _ structure: String) {
        self.bytes = bytes
        self.structure = structure
        position = 0
    }

    package var remainingByteCount: Int { bytes.count - position }
    package var isAtEnd: Bool { position == bytes.count }

    package func failure(_ code: FormatError.Code, _ reason: String) -> FormatError {
        FormatError(code, structure, at: position, reason)
    }

    /// Takes `count` bytes. `count` may be any value, however absurd.
    package mutating func take(_ count: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - position else {
            throw failure(.truncated, "\(count) bytes wanted, \(bytes.count - position) left")
        }
        let taken = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        position += count
        return taken
    }

    /// Takes everything that is left.
    package mutating func takeRest() -> UnsafeRawBufferPointer {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        position = bytes.count
        return rest
    }

    package mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(FormatError) -> T {
        let raw = try take(MemoryLayout<T>.size)
        return T(littleEndian: raw.loadUnaligned(as: T.self))
    }

    package mutating func digest() throws(FormatError) -> Digest {
        Digest(loading: try take(Digest.byteCount).baseAddress!)
    }

    /// An unsigned LEB128 of at most 10 bytes, in its shortest form only.
    package mutating func varint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard shift < 63 || byte <= 1 else { throw failure(.outOfBounds, "a varint exceeds 64 bits") }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard byte != 0 || position - start == 1 else {
                    throw failure(.notCanonical, "a varint is not minimal")
                }
                return value
            }
            guard shift < 63 else { throw failure(.outOfBounds, "a varint exceeds 64 bits") }
            shift += 7
        }
        throw failure(.truncated, "a varint has no end")
    }

    /// A varint that must not exceed `bound`.
    package mutating func count(atMost bound: Int) throws(FormatError) -> Int {
        let value = try varint()
        guard value <= UInt64(bound) else { throw failure(.outOfBounds, "\(value) exceeds the bound \(bound)") }
        return Int(value)
    }

    /// A zigzag varint.
    package mutating func signedVarint() throws(FormatError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    package mutating func requireZeros(_ count: Int) throws(FormatError) {
        for byte in try take(count) where byte != 0 { throw failure(.notCanonical, "reserved bytes are not zero") }
    }

    package func requireEnd() throws(FormatError) {
        guard isAtEnd else { throw failure(.notCanonical, "\(remainingByteCount) bytes follow the structure") }
    }
}

extension [UInt8] {
    /// Runs a decoder over the array's bytes.
    package func decode<T>(_ body: (UnsafeRawBufferPointer) throws(FormatError) -> T) throws(FormatError) -> T {
        let result = withUnsafeBytes { bytes -> Result<T, FormatError> in
            do throws(FormatError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
