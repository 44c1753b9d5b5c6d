// Lines: memchr over a large buffer, nothing copied. A line that outgrows the buffer is handed out in parts.

import Glibc

/// Cuts an input into lines. Shared by `lines` and `ndjson`.
struct LineCursor {
    /// A line, or the first part of one, as a range of the buffer.
    struct Line {
        var range: Range<Int>
        var isComplete: Bool
        var position: InputPosition
    }

    let input: InputBuffer
    private var number = 1
    /// How many unconsumed bytes are known to hold no newline.
    private var searchedCount = 0
    /// Whether the line that was handed out last has further parts.
    private(set) var isInsideLine = false

    init(input: InputBuffer) { self.input = input }

    /// The next line without its newline; nil at the end of the input.
    mutating func next() throws(InputError) -> Line? {
        while isInsideLine { _ = try nextPart() }
        let number = number
        guard let (count, isComplete) = try find() else { return nil }
        let start = input.start
        consume(count, isComplete: isComplete)
        return Line(
            range: start..<start + count, isComplete: isComplete,
            position: InputPosition(line: number, offset: input.offset(ofIndex: start)))
    }

    /// The next part of the line that was handed out last, which may be empty when it is the last; nil if there is
    /// none.
    mutating func nextPart() throws(InputError) -> Range<Int>? {
        guard isInsideLine else { return nil }
        guard let (count, isComplete) = try find() else {
            isInsideLine = false
            return nil
        }
        let start = input.start
        consume(count, isComplete: isComplete)
        return start..<start + count
    }

    /// Whether a whole line waits in the buffer.
    var hasBufferedLine: Bool {
        mutating get { !isInsideLine && (newline() != nil || (input.hasEnded && input.count > 0)) }
    }

    /// Whether the input ends here.
    mutating func isAtEnd() throws(InputError) -> Bool {
        if input.count > 0 { return false }
        return try !input.fill()
    }

    /// The number of bytes up to the next newline or the end of the input, but at most a part; nil at the very end.
    private mutating func find() throws(InputError) -> (count: Int, isComplete: Bool)? {
        while true {
            let found = newline()
            if found ?? input.count > input.partByteCountMax { return (input.partByteCountMax, false) }
            if let found { return (found, true) }
            guard try input.fill() else { return input.count > 0 ? (input.count, true) : nil }
        }
    }

    /// The distance from `start` to the next newline in the buffer.
    private mutating func newline() -> Int? {
        let from = input.base + input.start
        guard let found = memchr(from + searchedCount, 0x0A, input.count - searchedCount) else {
            searchedCount = input.count
            return nil
        }
        searchedCount = UnsafeRawPointer(found) - UnsafeRawPointer(from)
        return searchedCount
    }

    private mutating func consume(_ count: Int, isComplete: Bool) {
        isInsideLine = !isComplete
        searchedCount = 0
        input.start += count
        guard isComplete else { return }
        number += 1
        if input.count > 0 { input.start += 1 }
    }
}

/// `lines`: every line is a record.
struct LineReader: FormatReader {
    private var cursor: LineCursor
    private let byteCountMax: Int
    private var position = InputPosition(line: 1, offset: 0)
    private var handedOutCount = 0

    init(input: InputBuffer, options: InputOptions) {
        cursor = LineCursor(input: input)
        byteCountMax = options.recordByteCountMax
    }

    mutating func next() throws(InputError) -> InputRecord? {
        guard let line = try cursor.next() else { return nil }
        position = line.position
        handedOutCount = line.range.count
        try checkSize()
        return InputRecord(
            payload: cursor.input.slice(line.range), isComplete: line.isComplete,
            byteCount: line.isComplete ? line.range.count : nil, position: line.position)
    }

    mutating func readMore() throws(InputError) -> UnsafeRawBufferPointer? {
        guard let range = try cursor.nextPart(), !range.isEmpty else { return nil }
        handedOutCount += range.count
        try checkSize()
        return cursor.input.slice(range)
    }

    var hasBufferedRecord: Bool { mutating get { cursor.hasBufferedLine } }

    private func checkSize() throws(InputError) {
        guard handedOutCount <= byteCountMax else {
            throw .tooLong(.lineTooLong, "line", at: position, byteCountMax: byteCountMax)
        }
    }
}
