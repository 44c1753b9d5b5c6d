// UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF.

package enum UTF8Check {
    /// The length of the valid sequence that begins at `position`, 1 to 4 bytes; 0 if there is none before `end`.
    @inline(__always)
    static func sequenceByteCount(_ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        let first = position.pointee
        if first < 0x80 { return 1 }
        let available = end - position
        guard first >= 0xC2, available >= 2 else { return 0 }
        let second = position[1]
        if first < 0xE0 { return isContinuation(second) ? 2 : 0 }
        guard available >= 3, isContinuation(second), isContinuation(position[2]) else { return 0 }
        if first < 0xF0 {
            let isBad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)
            return isBad ? 0 : 3
        }
        guard first < 0xF5, available >= 4, isContinuation(position[3]) else { return 0 }
        let isBad = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)
        return isBad ? 0 : 4
    }

    /// Whether all of `bytes` is valid UTF-8; so are no bytes at all.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            guard var position = bytes.baseAddress.map({ UnsafePointer($0) }) else { return true }
            let end = position + bytes.count
            while position < end {
                if end - position >= 8, WordScan.load(position) & WordScan.highBits == 0 {
                    position += 8
                    continue
                }
                let count = sequenceByteCount(position, end)
                if count == 0 { return false }
                position += count
            }
            return true
        }
    }

    /// The scalar of a valid sequence of `count` bytes.
    @inline(__always)
    static func scalar(_ position: UnsafePointer<UInt8>, count: Int) -> UInt32 {
        switch count {
        case 1: return UInt32(position[0])
        case 2: return UInt32(position[0] & 0x1F) << 6 | tail(position[1])
        case 3: return UInt32(position[0] & 0x0F) << 12 | tail(position[1]) << 6 | tail(position[2])
        default:
            return UInt32(position[0] & 0x07) << 18 | tail(position[1]) << 12 | tail(position[2]) << 6
                | tail(position[3])
        }
    }

    /// Appends the 1 to 4 bytes of `scalar`, which is no surrogate and at most U+10FFFF.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        switch scalar {
        case ..<0x80: bytes.append(UInt8(scalar))
        case ..<0x800:
            bytes.append(UInt8(0xC0 | scalar >> 6))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        case ..<0x10000:
            bytes.append(UInt8(0xE0 | scalar >> 12))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        default:
            bytes.append(UInt8(0xF0 | scalar >> 18))
            bytes.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        }
    }

    @inline(__always)
    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    @inline(__always)
    private static func tail(_ byte: UInt8) -> UInt32 { UInt32(byte & 0x3F) }
}

/// Eight bytes looked at in one machine word. A mark is the high bit of its byte; only the lowest one of a result is
/// exact, since the subtraction that finds it may borrow into the bytes above.
enum WordScan {
    static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    @inline(__always)
    static func load(_ position: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
    }

    /// Marks the bytes of `word` that equal `byte`.
    @inline(__always)
    static func marks(_ word: UInt64, equal byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & highBits
    }

    /// Marks the bytes of `word` below 0x20, the bytes `"` and `\`, and those above 0x7F.
    @inline(__always)
    static func stringMarks(_ word: UInt64) -> UInt64 {
        let controls = (word &- ones &* 0x20) & ~word
        return (controls | word) & highBits | marks(word, equal: 0x22) | marks(word, equal: 0x5C)
    }

    /// The index, 0 to 7, of the lowest mark.
    @inline(__always)
    static func index(_ marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }
}
