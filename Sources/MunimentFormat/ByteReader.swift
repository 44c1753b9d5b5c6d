// A bounded cursor over bytes from outside. Every read checks what is left first; nothing here can trap on any input.
//
// What is read for each record or attribute is inlinable: a call across modules for every varint would cost more than the read.

/// Reads little-endian integers and variable-length integers from a raw buffer that outlives it.
package struct ByteReader {
    @usableFromInline var bytes: UnsafeRawBufferPointer
    /// The structure's name, for errors.
    @usableFromInline let structure: String
    /// The offset of the next byte to be read.
    @usableFromInline package internal(set) var position: Int

    /// A cursor at the first of `bytes`.
    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer, _ structure: String) {
        self.bytes = bytes
        self.structure = structure
        position = 0
    }

    /// The bytes that have not been read.
    @inlinable
    package var remainingByteCount: Int { bytes.count - position }
    /// Whether everything has been read.
    @inlinable
    package var isAtEnd: Bool { position == bytes.count }

    /// A refusal at the cursor's place.
    package func failure(_ code: FormatError.Code, _ reason: String) -> FormatError {
        FormatError(code, structure, at: position, reason)
    }

    @usableFromInline
    func shortage(of count: Int) -> FormatError {
        failure(.truncated, "\(count) bytes wanted, \(bytes.count - position) left")
    }

    /// Takes `count` bytes. `count` may be any value, however absurd.
    @inlinable
    package mutating func take(_ count: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - position else { throw shortage(of: count) }
        let taken = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        position += count
        return taken
    }

    /// From now on the bytes end at offset `end`, which must not lie before the cursor or past the present end.
    package mutating func limit(to end: Int) throws(FormatError) {
        guard end >= position, end <= bytes.count else {
            throw failure(.truncated, "the bytes end before offset \(end)")
        }
        bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }

    /// Takes everything that is left.
    package mutating func takeRest() -> UnsafeRawBufferPointer {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        position = bytes.count
        return rest
    }

    /// A little-endian integer of `T`'s size.
    @inlinable
    package mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(FormatError) -> T {
        let raw = try take(MemoryLayout<T>.size)
        return T(littleEndian: raw.loadUnaligned(as: T.self))
    }

    /// The next 32 bytes as a digest.
    package mutating func digest() throws(FormatError) -> Digest {
        Digest(loading: try take(Digest.byteCount).baseAddress!)
    }

    /// An unsigned LEB128 of at most 10 bytes, in its shortest form only.
    @inlinable
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

    @usableFromInline
    func excess(_ value: UInt64, of bound: Int) -> FormatError {
        failure(.outOfBounds, "\(value) exceeds the bound \(bound)")
    }

    /// A varint that must not exceed `bound`.
    @inlinable
    package mutating func count(atMost bound: Int) throws(FormatError) -> Int {
        let value = try varint()
        guard value <= UInt64(bound) else { throw excess(value, of: bound) }
        return Int(value)
    }

    /// A zigzag varint: 0, 1, 2, 3 stand for 0, -1, 1, -2.
    package mutating func signedVarint() throws(FormatError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The version field of a structure: a greater one is a newer program's, and 0 nobody's.
    package mutating func requireVersion() throws(FormatError) {
        let version = try integer(UInt32.self)
        guard version == Limits.formatVersion else {
            throw failure(version > Limits.formatVersion ? .newerVersion : .unknownValue, "format version \(version)")
        }
    }

    /// Reserved bytes. Refuses any that is not zero.
    package mutating func requireZeros(_ count: Int) throws(FormatError) {
        for byte in try take(count) where byte != 0 { throw failure(.notCanonical, "reserved bytes are not zero") }
    }

    /// Refuses bytes after the structure.
    package func requireEnd() throws(FormatError) {
        guard isAtEnd else { throw failure(.notCanonical, "\(remainingByteCount) bytes follow the structure") }
    }
}

extension [UInt8] {
    /// Runs a decoder over the array's bytes.
    @inlinable
    package func decode<T>(_ body: (UnsafeRawBufferPointer) throws(FormatError) -> T) throws(FormatError) -> T {
        let result = withUnsafeBytes { bytes -> Result<T, FormatError> in
            do throws(FormatError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
