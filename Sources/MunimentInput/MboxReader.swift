// Mailboxes: messages between lines that begin with `From `. A message's bytes are everything after its `From ` line,
// less the one blank line that precedes the next or ends the file, and less one `>` of every line `>From `, `>>From `,
// and so on. Such a `>` is removed in place: kept bytes move down over it, and the gap is closed before more input is
// pulled.
//
//     start        kept      scanned                        end
//     | message     | gap     | lines not yet looked at      |
//
// Every line that begins with `From ` separates, whether a blank line precedes it or not, as most mailbox readers do.

import Glibc

/// `mbox`: every message is a record.
struct MboxReader: FormatReader {
    private let input: InputBuffer
    private let options: InputOptions

    /// Distances from the buffer's start: the end of the bytes that belong to the message, and the next line to look
    /// at.
    private var kept = 0
    private var scanned = 0
    /// How many bytes behind `scanned` are known to hold no newline.
    private var searched = 0
    /// How many of the kept bytes are a blank line that is part of the message only if more of it follows.
    private var blankByteCount = 0
    /// Whether `scanned` is within a line whose beginning was handed out.
    private var isInsideLine = false
    private var isInsideMessage = false
    /// How many bytes at the start were handed out, and go with the next call.
    private var handedOutCount = 0
    private var lineNumber = 1
    private var position = InputPosition(line: 1, offset: 0)
    private var messageByteCount = 0

    init(input: InputBuffer, options: InputOptions) {
        self.input = input
        self.options = options
    }

    mutating func next() throws(InputError) -> InputRecord? {
        while isInsideMessage { _ = try takePart() }
        dropHandedOut()
        guard try skipFromLine() else { return nil }
        position = InputPosition(line: lineNumber, offset: input.offset(ofIndex: input.start))
        isInsideMessage = true
        messageByteCount = 0
        let payload = try takePart()
        try checkSize()
        var record = InputRecord(
            payload: payload, isComplete: !isInsideMessage, byteCount: isInsideMessage ? nil : payload.count,
            position: position)
        MailHeaders.read(payload, into: &record, valueCountMax: options.valueCountMax)
        return record
    }

    mutating func readMore() throws(InputError) -> UnsafeRawBufferPointer? {
        guard isInsideMessage else { return nil }
        let part = try takePart()
        try checkSize()
        return part.isEmpty ? nil : part
    }

    /// A message ends where the next begins, which is rarely in the buffer; no promise is made.
    var hasBufferedRecord: Bool { false }

    /// Passes a `From ` line; false at the end of the input.
    private mutating func skipFromLine() throws(InputError) -> Bool {
        guard try input.fill(to: Self.separator.utf8CodeUnitCount) || input.count > 0 else { return false }
        guard isSeparator(at: 0, byteCount: input.count) else { throw noFromLine() }
        while true {
            if let byteCount = lineByteCount() {
                input.start += byteCount
                searched = 0
                lineNumber += 1
                return true
            }
            input.start = input.end
            searched = 0
            guard try input.fill() else { return true }
        }
    }

    /// The message's bytes up to its end, but at most one part; the rest of the part that went before is dropped.
    private mutating func takePart() throws(InputError) -> UnsafeRawBufferPointer {
        dropHandedOut()
        while true {
            let wholeByteCount = lineByteCount()
            let byteCount = wholeByteCount ?? input.count - scanned
            let fits = kept + byteCount <= options.partByteCountMax
            if wholeByteCount == nil, fits, try pull() { continue }
            if byteCount == 0 || (!isInsideLine && isSeparator(at: scanned, byteCount: byteCount)) {
                isInsideMessage = false
                return handOut(kept - blankByteCount)
            }
            let isQuoted = !isInsideLine && isQuotedSeparator(at: scanned, byteCount: byteCount)
            if fits {
                keepLine(byteCount, isWhole: wholeByteCount != nil, isQuoted: isQuoted)
            } else if kept > blankByteCount {
                return handOut(kept - blankByteCount)
            } else {
                keepPiece(isQuoted: isQuoted)
                return handOut(kept)
            }
        }
    }

    /// Pulls more input behind the kept bytes; false at the end.
    private mutating func pull() throws(InputError) -> Bool {
        input.closeGap(before: input.start + scanned, count: scanned - kept)
        scanned = kept
        return try input.fill()
    }

    /// Adds the next line, or its rest, to the message.
    private mutating func keepLine(_ byteCount: Int, isWhole: Bool, isQuoted: Bool) {
        let first = (input.base + input.start + scanned).load(as: UInt8.self)
        let isBlank = isWhole && (byteCount == 1 || (byteCount == 2 && first == 0x0D))
        keep(byteCount, isQuoted: isQuoted)
        blankByteCount = isBlank && !isInsideLine ? byteCount : 0
        isInsideLine = false
        if isWhole { lineNumber += 1 }
    }

    /// Adds as much of a line that is longer than a part as fits.
    private mutating func keepPiece(isQuoted: Bool) {
        keep(options.partByteCountMax - kept, isQuoted: isQuoted)
        blankByteCount = 0
        isInsideLine = true
    }

    private mutating func keep(_ byteCount: Int, isQuoted: Bool) {
        let skipped = isQuoted ? 1 : 0
        let target = input.base + input.start + kept
        let source = input.base + input.start + scanned + skipped
        if target != source { target.copyMemory(from: source, byteCount: byteCount - skipped) }
        kept += byteCount - skipped
        scanned += byteCount
        searched = 0
    }

    private mutating func handOut(_ byteCount: Int) -> UnsafeRawBufferPointer {
        handedOutCount = byteCount
        messageByteCount += byteCount
        return input.slice(input.start..<input.start + byteCount)
    }

    /// Consumes what the last call returned and, behind a message's end, all that was looked at.
    private mutating func dropHandedOut() {
        let count = isInsideMessage ? handedOutCount : scanned
        input.start += count
        scanned -= count
        kept = isInsideMessage ? kept - count : 0
        if !isInsideMessage { blankByteCount = 0 }
        handedOutCount = 0
    }

    /// The number of bytes from `scanned` through the next newline in the buffer.
    private mutating func lineByteCount() -> Int? {
        let line = input.base + input.start + scanned
        let available = input.count - scanned
        guard let newline = memchr(line + searched, 0x0A, available - searched) else {
            searched = available
            return nil
        }
        searched = UnsafeRawPointer(newline) - UnsafeRawPointer(line)
        return searched + 1
    }

    private static let separator: StaticString = "From "

    private func isSeparator(at distance: Int, byteCount: Int) -> Bool {
        let separatorByteCount = Self.separator.utf8CodeUnitCount
        return byteCount >= separatorByteCount
            && memcmp(input.base + input.start + distance, Self.separator.utf8Start, separatorByteCount) == 0
    }

    /// Whether the line matches `^>+From `. A run of `>` longer than a part matches nothing.
    private func isQuotedSeparator(at distance: Int, byteCount: Int) -> Bool {
        let line = input.slice(input.start + distance..<input.start + distance + byteCount)
        guard let first = line.firstIndex(where: { $0 != UInt8(ascii: ">") }), first > 0 else { return false }
        return isSeparator(at: distance + first, byteCount: byteCount - first)
    }

    private func checkSize() throws(InputError) {
        guard messageByteCount <= options.recordByteCountMax else {
            throw .tooLong(.mailTooLong, "message", at: position, byteCountMax: options.recordByteCountMax)
        }
    }

    private func noFromLine() -> InputError {
        let position = InputPosition(line: lineNumber, offset: input.offset(ofIndex: input.start))
        return InputError(
            code: .mboxNoFromLine, position: position,
            message: "\(position): not a mailbox: the first line does not begin with \"From \"; "
                + "a file that is a single message goes in with --format eml",
            isRecoverable: false)
    }
}
