// Mail as archives meet it, the same in every run: 300 bytes to 2 MB, half of it below 4 KB, and most of the bytes in the few that carry
// an attachment, whose base64 compresses hardly at all.

import Foundation

/// Makes RFC 5322 messages.
struct MailGenerator {
    private var random: SplitMix
    private let vocabulary = Vocabulary.shared

    static let byteCountRange = 300...2 << 20

    init(seed: UInt64 = 1) { random = SplitMix(seed: seed &* 0xd134_2543_de82_ef95 | 1) }

    /// The length of the next message: log-normal with a median of 3.5 KB, and one message in twelve 30 times as long.
    mutating func nextByteCount() -> Int {
        // Box and Muller's transformation.
        let (u, v) = (1 - random.nextFraction(), random.nextFraction())
        let normal = (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
        let scale = random.next(below: 12) == 0 ? 30.0 : 1
        let length = Int(3_500 * scale * exp(0.9 * normal))
        return min(max(length, MailGenerator.byteCountRange.lowerBound), MailGenerator.byteCountRange.upperBound)
    }

    /// Fills `target` with the next message.
    mutating func next(into target: UnsafeMutableRawBufferPointer) {
        var writer = RecordWriter(target)
        writer.text("Message-ID: <")
        writer.hexadecimal(random.next(), digits: 16)
        writer.text("@mail.example.com>\r\nFrom: ")
        address(&writer)
        writer.text("\r\nTo: ")
        address(&writer)
        writer.text("\r\nDate: Mon, 06 Jul 2026 12:")
        writer.decimal(UInt64(10 + random.next(below: 50)))
        writer.text(":00 +0000\r\nSubject: ")
        vocabulary.write(&writer, &random, end: writer.position + 40)
        writer.text("\r\nMIME-Version: 1.0\r\n\r\n")
        // Text up to 20 KB; what is longer has an attachment.
        lines(&writer, end: min(target.count, 20_000))
        if writer.remaining > 0 { attachment(&writer) }
    }

    private mutating func address(_ writer: inout RecordWriter) {
        writer.bytes(vocabulary.names[random.next(below: vocabulary.names.count)])
        writer.text("@example.com")
    }

    private mutating func lines(_ writer: inout RecordWriter, end: Int) {
        while writer.position < end {
            vocabulary.write(&writer, &random, end: min(writer.position + 70, end))
            writer.text("\r\n", end: end)
        }
    }

    private mutating func attachment(_ writer: inout RecordWriter) {
        let alphabet = MailGenerator.base64
        writer.text("\r\n--part\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        while writer.remaining > 0 {
            for _ in 0..<8 {
                var bits = random.next()
                for _ in 0..<9 {
                    writer.byte(alphabet[Int(bits & 63)])
                    bits >>= 6
                }
            }
            writer.text("\r\n")
        }
    }

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
