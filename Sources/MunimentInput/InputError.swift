// What is wrong with an input, for two readers: a script looks at the code, a person reads the sentence.

/// A place in one input.
package struct InputPosition: Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1; nil where the format has no lines.
    package var line: Int?

    /// The distance in bytes from the start of the input.
    package var offset: Int

    package init(line: Int?, offset: Int) {
        self.line = line
        self.offset = offset
    }

    package var description: String {
        if let line { "line \(line) (byte offset \(offset))" } else { "byte offset \(offset)" }
    }
}

/// A refusal of input: malformed, over a limit, or unreadable. Two are equal when their code and place are.
package struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of fault it is: a stable name such as `json.invalid`.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// The source could not be read: an I/O error, not bad input.
        package static let read = Code(rawValue: "input.read")
        /// A line of `lines` is longer than the largest record.
        package static let lineTooLong = Code(rawValue: "line.tooLong")
        /// A line of `ndjson` is not a JSON text.
        package static let jsonInvalid = Code(rawValue: "json.invalid")
        /// A line of `ndjson` nests deeper than ``JSONScanner/depthMax``.
        package static let jsonTooDeep = Code(rawValue: "json.tooDeep")
        /// A line of `ndjson` has no bytes.
        package static let jsonEmptyLine = Code(rawValue: "json.emptyLine")
        /// A line of `ndjson` is longer than a record part.
        package static let jsonTooLong = Code(rawValue: "json.tooLong")
        /// The field that was named as the record's time holds something that is no time.
        package static let jsonTime = Code(rawValue: "json.time")
        /// A frame's length or body stops before its end.
        package static let framedTruncated = Code(rawValue: "framed.truncated")
        /// A frame is longer than the largest record.
        package static let framedTooLong = Code(rawValue: "framed.tooLong")
        /// A mailbox that does not begin with a `From ` line.
        package static let mboxNoFromLine = Code(rawValue: "mbox.noFromLine")
        /// A message is longer than the largest record.
        package static let mailTooLong = Code(rawValue: "mail.tooLong")
    }

    package let code: Code

    /// Where the bad record begins, or where the input stopped.
    package let position: InputPosition

    /// One sentence: what, where, what to do. It quotes nothing from the input, so it may go to a terminal. The name of
    /// the input is for the caller to add.
    package let message: String

    /// Whether the reader can go on with the next record.
    package let isRecoverable: Bool

    package init(code: Code, position: InputPosition, message: String, isRecoverable: Bool) {
        self.code = code
        self.position = position
        self.message = message
        self.isRecoverable = isRecoverable
    }

    package var description: String { message }

    package static func == (a: InputError, b: InputError) -> Bool { a.code == b.code && a.position == b.position }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(position)
    }
}

extension InputError {
    /// A record that is longer than the reader's limit of `byteCountMax` bytes. The reader can leave it out.
    static func tooLong(_ code: Code, _ noun: String, at position: InputPosition, byteCountMax: Int) -> InputError {
        InputError(
            code: code, position: position,
            message: "\(position): the \(noun) is longer than \(byteCountMax) bytes, the most that is accepted; "
                + "shorten it, or leave it out with --skip-bad",
            isRecoverable: true)
    }
}
