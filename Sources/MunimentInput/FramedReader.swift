// Frames: a 32-bit little-endian length, then that many bytes, repeated. A frame that outgrows the buffer is handed out
// in parts. A length cannot be checked against anything, so an input that stops inside a frame is an error that ends
// the run.

/// `framed`: every frame is a record.
struct FramedReader: FormatReader {
    private static let headerByteCount = 4

    private let input: InputBuffer
    private let byteCountMax: Int
    private var remainingCount = 0
    private var position = InputPosition(line: nil, offset: 0)
    private var byteCount = 0

    init(input: InputBuffer, options: InputOptions) {
        self.input = input
        byteCountMax = options.recordByteCountMax
    }

    mutating func next() throws(InputError) -> InputRecord? {
        while try readMore() != nil {}
        guard try input.fill(to: Self.headerByteCount) else {
            if input.count == 0 { return nil }
            throw truncated(
                "the length field", at: input.offset(ofIndex: input.start), input.count, Self.headerByteCount)
        }
        position.offset = input.offset(ofIndex: input.start)
        byteCount = bufferedLength()
        input.start += Self.headerByteCount
        remainingCount = byteCount
        guard byteCount <= byteCountMax else {
            throw .tooLong(.framedTooLong, "frame", at: position, byteCountMax: byteCountMax)
        }
        let payload = try takePart()
        return InputRecord(payload: payload, isComplete: remainingCount == 0, byteCount: byteCount, position: position)
    }

    mutating func readMore() throws(InputError) -> UnsafeRawBufferPointer? {
        remainingCount > 0 ? try takePart() : nil
    }

    var hasBufferedRecord: Bool {
        guard remainingCount == 0, input.count >= Self.headerByteCount else { return false }
        return input.count - Self.headerByteCount >= bufferedLength()
    }

    /// The length field at `start`, which is in the buffer.
    private func bufferedLength() -> Int {
        Int(UInt32(littleEndian: (input.base + input.start).loadUnaligned(as: UInt32.self)))
    }

    /// Consumes as much of the frame as fits in one part.
    private mutating func takePart() throws(InputError) -> UnsafeRawBufferPointer {
        let count = min(remainingCount, input.partByteCountMax)
        guard try input.fill(to: count) else {
            throw truncated("the frame", at: position.offset, byteCount - remainingCount + input.count, byteCount)
        }
        defer { input.start += count }
        remainingCount -= count
        return input.slice(input.start..<input.start + count)
    }

    private func truncated(_ noun: String, at offset: Int, _ count: Int, _ wanted: Int) -> InputError {
        let position = InputPosition(line: nil, offset: offset)
        return InputError(
            code: .framedTruncated, position: position,
            message: "\(position): the input ends after \(count) of the \(wanted) bytes of \(noun) that begins there; "
                + "supply the whole file, or cut it at that offset",
            isRecoverable: false)
    }
}
