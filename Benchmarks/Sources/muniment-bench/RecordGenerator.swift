// Realistic records, the same in every run: JSON messages of an exact length that LZ4 compresses about 2.9 times in 64 KiB blocks, as chat and
// audit events do: a fixed frame of keys, names and rooms from small sets, identifiers that never recur, text from a vocabulary.

struct RecordGenerator {
    private var state: UInt64
    private let byteCount: Int
    private let words: [[UInt8]]
    private let names: [[UInt8]]

    init(byteCount: Int, seed: UInt64 = 1) {
        precondition(byteCount >= 200)
        state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        self.byteCount = byteCount
        var maker = SplitMix(state: 42)
        words = (0..<1_200).map { _ in RecordGenerator.word(&maker, length: 2 + Int(maker.next() % 8)) }
        names = (0..<200).map { _ in RecordGenerator.word(&maker, length: 5 + Int(maker.next() % 6)) }
    }

    private static func word(_ maker: inout SplitMix, length: Int) -> [UInt8] {
        (0..<length).map { _ in UInt8(ascii: "a") + UInt8(maker.next() % 26) }
    }

    /// Writes the next record, exactly `byteCount` bytes, at `target`.
    mutating func next(into target: UnsafeMutableRawBufferPointer) {
        var writer = Writer(target: target)
        writer.text("{\"type\":\"m.room.message\",\"id\":\"")
        writer.hexadecimal(random(), digits: 12)
        writer.text("\",\"room\":\"!ops-")
        writer.decimal(random() % 40)
        writer.text(":example.com\",\"sender\":\"@")
        writer.bytes(names[Int(random() % UInt64(names.count))])
        writer.text(":example.com\",\"ts\":17000")
        writer.decimal(10_000_000 + random() % 80_000_000)
        writer.text(",\"body\":\"")
        let end = byteCount - 2
        // Half of the text is drawn from the vocabulary, half repeats set phrases, as signatures and quotations do.
        while writer.position < end {
            if random() % 100 < 80 {
                writer.bytes(words[Int(random() % UInt64(words.count))], end: end)
                writer.text(" ", end: end)
            } else {
                writer.text(RecordGenerator.phrases[Int(random() % UInt64(RecordGenerator.phrases.count))], end: end)
            }
        }
        writer.text("\"}")
        precondition(writer.position == byteCount)
    }

    private static let phrases: [StaticString] = [
        "please review the attached change before the end of the day ", "the deployment has finished without errors ",
        "kind regards from the operations team ", "see the runbook for the next steps ",
        "acknowledged, will follow up tomorrow ",
        "the quarterly report is ready for approval ", "access was granted by the duty officer ",
        "meeting moved to the usual room ",
    ]

    private mutating func random() -> UInt64 {
        var generator = SplitMix(state: state)
        let value = generator.next()
        state = generator.state
        return value
    }

    private struct Writer {
        let target: UnsafeMutableRawBufferPointer
        var position = 0

        mutating func text(_ text: StaticString, end: Int = .max) {
            bytes(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), end: end)
        }

        mutating func bytes(_ bytes: [UInt8], end: Int = .max) { bytes.withUnsafeBytes { self.bytes($0, end: end) } }

        mutating func bytes(_ bytes: UnsafeRawBufferPointer, end: Int = .max) {
            let count = min(bytes.count, end - position)
            guard count > 0 else { return }
            (target.baseAddress! + position).copyMemory(from: bytes.baseAddress!, byteCount: count)
            position += count
        }

        mutating func decimal(_ value: UInt64) {
            for byte in String(value).utf8 {
                target[position] = byte
                position += 1
            }
        }

        mutating func hexadecimal(_ value: UInt64, digits: Int) {
            for place in 0..<digits {
                let digit = UInt8(value >> UInt64(4 * place) & 15)
                target[position] = digit < 10 ? 48 + digit : 87 + digit
                position += 1
            }
        }
    }
}

struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Records made before the clock starts, so that the generator costs the measured work nothing.
final class Corpus: @unchecked Sendable {
    // Written in init only.
    let memory: UnsafeMutableRawBufferPointer
    let recordByteCount: Int
    let count: Int

    init(recordByteCount: Int, count: Int) {
        (self.recordByteCount, self.count) = (recordByteCount, count)
        memory = .allocate(byteCount: recordByteCount * count, alignment: 64)
        var generator = RecordGenerator(byteCount: recordByteCount)
        for number in 0..<count {
            generator.next(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: memory[number * recordByteCount..<(number + 1) * recordByteCount]))
        }
    }

    deinit { memory.deallocate() }

    private static let small = Corpus(recordByteCount: 256, count: 200_000)
    private static let large = Corpus(recordByteCount: 1_024, count: 100_000)

    /// The records of a size, made once for the process.
    static func shared(_ recordByteCount: Int) -> Corpus {
        switch recordByteCount {
        case 256: small
        case 1_024: large
        default: Corpus(recordByteCount: recordByteCount, count: 100_000)
        }
    }

    subscript(number: Int) -> UnsafeRawBufferPointer {
        let start = number % count * recordByteCount
        return UnsafeRawBufferPointer(rebasing: memory[start..<start + recordByteCount])
    }
}
