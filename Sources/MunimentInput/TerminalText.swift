// What a record holds, made fit for a terminal: no byte of it can act on the terminal or hide from the reader.

package enum TerminalText {
    /// `bytes` as visible text that names every byte.
    ///
    /// Printable UTF-8 stays. A backslash becomes `\\`; tab, newline and carriage return `\t`, `\n` and `\r`; another
    /// control character, mark of direction or invisible character `\u{…}`; a byte that is not part of valid UTF-8
    /// `\xNN`. Linear; the text is at most six times as long as `bytes`.
    package static func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            guard var position = bytes.baseAddress.map({ UnsafePointer($0) }) else { return }
            let end = position + bytes.count
            while position < end {
                let count = UTF8Check.sequenceByteCount(position, end)
                if count == 0 {
                    text += "\\x".utf8
                    appendHexadecimal(UInt32(position.pointee), digitCountMin: 2, to: &text)
                    position += 1
                } else {
                    append(UTF8Check.scalar(position, count: count), to: &text)
                    position += count
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// As ``escaped(_:)-(UnsafeRawBufferPointer)``.
    package static func escaped(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { escaped($0) } }

    /// As ``escaped(_:)-(UnsafeRawBufferPointer)``: of the text's UTF-8.
    package static func escaped(_ text: String) -> String { escaped(Array(text.utf8)) }

    private static func append(_ scalar: UInt32, to text: inout [UInt8]) {
        switch scalar {
        case 0x5C: text += "\\\\".utf8
        case 0x09: text += "\\t".utf8
        case 0x0A: text += "\\n".utf8
        case 0x0D: text += "\\r".utf8
        case _ where HazardousScalars.contains(scalar):
            text += "\\u{".utf8
            appendHexadecimal(scalar, digitCountMin: 2, to: &text)
            text.append(UInt8(ascii: "}"))
        default: UTF8Check.append(scalar, to: &text)
        }
    }

    private static func appendHexadecimal(_ value: UInt32, digitCountMin: Int, to text: inout [UInt8]) {
        let digits = String(value, radix: 16, uppercase: true)
        for _ in 0..<max(0, digitCountMin - digits.utf8.count) { text.append(UInt8(ascii: "0")) }
        text += digits.utf8
    }
}
