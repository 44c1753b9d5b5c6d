// Records without end, each another: those of a corpus, with a number of their own where the identifier stands. Stamping costs a few
// nanoseconds, so any number of records can be streamed while the clock runs, in the memory of one corpus.

/// An endless run of different JSON messages. Not Sendable: it hands out one buffer again and again.
final class RecordStream {
    private let corpus: Corpus
    private let slot: UnsafeMutableRawBufferPointer

    /// `byteCount` bytes a record.
    init(byteCount: Int) {
        corpus = Corpus(.messages(byteCount), byteCount: 16 << 20)
        slot = .allocate(byteCount: byteCount, alignment: 64)
    }

    deinit { slot.deallocate() }

    /// Record `number`; valid until the next call.
    func record(_ number: Int) -> UnsafeRawBufferPointer {
        slot.copyMemory(from: corpus[number])
        // Well mixed, so that identifiers of neighbours share nothing.
        var mixer = SplitMix(seed: UInt64(number))
        var digits = mixer.next()
        for place in MessageGenerator.idRange {
            let digit = UInt8(truncatingIfNeeded: digits & 15)
            slot[place] = digit < 10 ? 48 + digit : 87 + digit
            digits >>= 4
        }
        return UnsafeRawBufferPointer(slot)
    }
}
