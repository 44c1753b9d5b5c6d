// A file that is one message: all its bytes are the record. Nothing about it can be malformed.

/// `eml`: the whole input is one record, even where it has no bytes.
struct EMLReader: FormatReader {
    private let input: InputBuffer
    private let options: InputOptions
    private let position = InputPosition(line: 1, offset: 0)
    private var isStarted = false
    private var isFinished = false
    private var byteCount = 0

    init(input: InputBuffer, options: InputOptions) {
        self.input = input
        self.options = options
    }

    mutating func next() throws(InputError) -> InputRecord? {
        while try readMore() != nil {}
        guard !isStarted else { return nil }
        isStarted = true
        let payload = try takePart()
        try checkSize()
        var record = InputRecord(
            payload: payload, isComplete: isFinished, byteCount: isFinished ? payload.count : nil, position: position)
        MailHeaders.read(payload, into: &record, valueCountMax: options.valueCountMax)
        return record
    }

    mutating func readMore() throws(InputError) -> UnsafeRawBufferPointer? {
        guard isStarted, !isFinished else { return nil }
        let part = try takePart()
        try checkSize()
        return part
    }

    var hasBufferedRecord: Bool { false }

    private mutating func takePart() throws(InputError) -> UnsafeRawBufferPointer {
        isFinished = try !input.fill(to: options.partByteCountMax + 1)
        let count = min(input.count, options.partByteCountMax)
        defer { input.start += count }
        byteCount += count
        return input.slice(input.start..<input.start + count)
    }

    private mutating func checkSize() throws(InputError) {
        guard byteCount <= options.recordByteCountMax else {
            isFinished = true
            throw .tooLong(.mailTooLong, "message", at: position, byteCountMax: options.recordByteCountMax)
        }
    }
}
