// Appends the format's integers to a byte array: the one way in which headers, rows and records are spelt.

extension [UInt8] {
    /// Appends the integer's bytes, least significant first.
    package mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends an unsigned LEB128 in its shortest form: 1 to 10 bytes.
    package mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Appends the value as a zigzag varint.
    package mutating func append(signedVarint value: Int64) {
        append(varint: UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    /// Appends the digest's 32 bytes.
    package mutating func append(_ digest: Digest) {
        digest.withUnsafeBytes { append(contentsOf: $0) }
    }

    /// Appends `count` zero bytes.
    package mutating func append(zeros count: Int) {
        append(contentsOf: repeatElement(0, count: count))
    }
}

/// The number of bytes of a minimal LEB128.
@inlinable
package func varintByteCount(_ value: UInt64) -> Int {
    (64 - (value | 1).leadingZeroBitCount + 6) / 7
}

/// Writes a minimal LEB128 at `pointer`, which must have room for 10 bytes; returns how many it wrote.
@inlinable
package func storeVarint(_ value: UInt64, to pointer: UnsafeMutableRawPointer) -> Int {
    var rest = value
    var count = 0
    while rest >= 0x80 {
        pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
        rest >>= 7
        count += 1
    }
    pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
    return count + 1
}

extension FixedWidthInteger {
    /// The smallest multiple of `step` that is not less than the value. Traps on overflow: for sizes that the program made itself.
    @inlinable
    package func rounded(upToMultipleOf step: Self) -> Self { (self + step - 1) / step * step }
}
