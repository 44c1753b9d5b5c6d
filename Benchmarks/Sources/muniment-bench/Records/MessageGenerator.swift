// Chat and audit events, the same in every run: JSON messages of an exact length that LZ4 compresses about 2.9 times in 64 KiB blocks, as real ones
// do: a fixed frame of keys, names and rooms from small sets, identifiers that never recur, text from a vocabulary. `generate` checks the ratio.

/// Makes JSON messages.
struct MessageGenerator {
    private var random: SplitMix
    private let vocabulary = Vocabulary.shared

    /// The least length of a message.
    static let byteCountMin = 200
    /// Where the identifier stands, and how many hexadecimal digits it has: what tells two messages apart.
    static let idRange = 31..<43

    init(seed: UInt64 = 1) { random = SplitMix(seed: seed &* 0x9e37_79b9_7f4a_7c15 | 1) }

    /// Fills `target`, at least `byteCountMin` bytes, with the next message.
    mutating func next(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= MessageGenerator.byteCountMin)
        var writer = RecordWriter(target)
        writer.text("{\"type\":\"m.room.message\",\"id\":\"")
        writer.hexadecimal(random.next(), digits: MessageGenerator.idRange.count)
        writer.text("\",\"room\":\"!ops-")
        writer.decimal(UInt64(random.next(below: 40)))
        writer.text(":example.com\",\"sender\":\"@")
        writer.bytes(vocabulary.names[random.next(below: vocabulary.names.count)])
        writer.text(":example.com\",\"ts\":17000")
        writer.decimal(UInt64(10_000_000 + random.next(below: 80_000_000)))
        writer.text(",\"body\":\"")
        // A longer text has less of the frame, which compresses best, and so fewer phrases.
        let wordPercent = target.count < 512 ? 82 : 85
        vocabulary.write(&writer, &random, wordPercent: wordPercent, end: target.count - 2)
        writer.text("\"}")
        precondition(writer.remaining == 0)
    }
}
