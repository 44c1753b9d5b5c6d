// Base64 of RFC 4648 section 4, canonical only: padded, no whitespace, unused bits zero. So a value has one text and a text
// one value, and re-encoding what was decoded gives the same bytes.

/// The standard alphabet, strictly.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// The value of each byte as a digit; 255 for others.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// Four digits for each three bytes, the last group padded.
    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        func put(_ count: Int) {
            for position in 0..<count { digits.append(alphabet[Int(group >> UInt32(18 - 6 * position) & 63)]) }
        }
        for byte in bytes {
            group |= UInt32(byte) << UInt32(16 - 8 * held)
            held += 1
            if held == 3 {
                put(4)
                (group, held) = (0, 0)
            }
        }
        if held > 0 {
            put(held + 1)
            digits.append(contentsOf: repeatElement(padding, count: 3 - held))
        }
        return digits
    }

    /// The text of `bytes`.
    package static func string(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    /// The bytes that `digits` spell; nil unless they are canonical. The empty text is the empty value. O(n).
    package static func decode(_ digits: some Collection<UInt8>) -> [UInt8]? {
        guard digits.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var group: UInt32 = 0
        var held = 0
        var paddingCount = 0
        for digit in digits {
            if digit == padding {
                paddingCount += 1
            } else {
                let value = values[Int(digit)]
                guard value != 255, paddingCount == 0 else { return nil }
                group |= UInt32(value) << UInt32(18 - 6 * held)
            }
            held += 1
            if held == 4 {
                guard appendGroup(group, without: paddingCount, to: &bytes) else { return nil }
                (group, held) = (0, 0)
            }
        }
        return bytes
    }

    /// Three bytes less the padding; false if there is too much of it or a bit is set that no byte takes.
    private static func appendGroup(_ group: UInt32, without paddingCount: Int, to bytes: inout [UInt8]) -> Bool {
        guard paddingCount <= 2 else { return false }
        let unused: UInt32 = 1 << UInt32(8 * paddingCount) - 1
        guard group & unused == 0 else { return false }
        for position in 0..<3 - paddingCount {
            bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * position)))
        }
        return true
    }
}
