// Writes text into raw memory that the caller made long enough, and stops at its end.

/// A cursor over the bytes of one record.
struct RecordWriter {
    let target: UnsafeMutableRawBufferPointer
    private(set) var position = 0

    init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

    var remaining: Int { target.count - position }

    /// Each of these writes as much as fits before `end`, or before the end of the memory.
    mutating func text(_ text: StaticString, end: Int = .max) {
        bytes(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), end: end)
    }

    mutating func bytes(_ bytes: [UInt8], end: Int = .max) { bytes.withUnsafeBytes { self.bytes($0, end: end) } }

    mutating func bytes(_ bytes: UnsafeRawBufferPointer, end: Int = .max) {
        let count = min(bytes.count, min(end, target.count) - position)
        guard count > 0, let base = target.baseAddress, let source = bytes.baseAddress else { return }
        (base + position).copyMemory(from: source, byteCount: count)
        position += count
    }

    mutating func byte(_ byte: UInt8) {
        guard position < target.count else { return }
        target[position] = byte
        position += 1
    }

    mutating func decimal(_ value: UInt64) { for digit in String(value).utf8 { byte(digit) } }

    mutating func hexadecimal(_ value: UInt64, digits: Int) {
        for place in 0..<digits {
            let digit = UInt8(value >> UInt64(4 * place) & 15)
            byte(digit < 10 ? 48 + digit : 87 + digit)
        }
    }
}
