// The reader that a caller holds: one input, one format, records in order, memory bounded by the size of a part.
// The formats differ only in how they find a record's end; each is a `FormatReader` over the same buffer.

/// The formats of `append --format`.
package enum InputFormat: String, CaseIterable, Sendable {
    /// One JSON text (RFC 8259) a line; the record is the line's exact bytes without its newline.
    case ndjson
    /// The record is the line's exact bytes without its newline; a carriage return belongs to the record, and a line
    /// without bytes is a record without bytes. A last line needs no newline.
    case lines
    /// Messages between `From ` lines.
    case mbox
    /// The whole input is one message.
    case eml
    /// A 32-bit little-endian length, then that many bytes, repeated.
    case framed
}

/// A field of a JSON record that becomes an attribute: `--attr NAME=FIELD`.
package struct FieldAttribute: Hashable, Sendable {
    /// The attribute's name.
    package var name: String
    /// A dotted path of object keys, such as `user.name`.
    package var field: String

    package init(name: String, field: String) {
        self.name = name
        self.field = field
    }
}

/// What to take from an input, and how much of it at most.
package struct InputOptions: Sendable {
    /// Fields of an `ndjson` record that become attributes.
    package var fieldAttributes: [FieldAttribute] = []

    /// The field of an `ndjson` record that holds its time. See ``JSONTime`` for what is read; anything else but null
    /// is an error of code `json.time`.
    package var timeField: String?

    /// The most that ``InputRecord/payload`` and one ``RecordReader/readMore()`` hold, and so the longest `ndjson`
    /// line.
    package var partByteCountMax = 8 << 20

    /// The largest record of the other formats, in bytes.
    package var recordByteCountMax = 1 << 30

    /// The most attribute values of a record.
    package var valueCountMax = 4_096

    /// Whether a bad record is left out and counted where the reader can go on after it.
    package var skipsBad = false

    /// Told of each record that is left out.
    package var onSkip: (@Sendable (InputError) -> Void)?

    package init() {}
}

/// Finds the records of one format. `next` after an unfinished record goes on behind it.
protocol FormatReader {
    mutating func next() throws(InputError) -> InputRecord?
    mutating func readMore() throws(InputError) -> UnsafeRawBufferPointer?
    var hasBufferedRecord: Bool { mutating get }
}

/// Reads the records of one input in order. Not safe for use from two threads at once.
///
/// Payloads up to ``InputOptions/partByteCountMax`` come in one piece. A larger one comes in parts: the record says
/// that it is not complete, and ``readMore()`` yields the rest, so that a record of any size needs the memory of one
/// part.
package final class RecordReader {
    private var reader: any FormatReader
    private let options: InputOptions

    /// Records left out so far.
    package private(set) var skippedCount = 0

    /// - Precondition: the limits of `options` are positive, and a part has at least 64 bytes.
    package init(format: InputFormat, source: any ByteSource, options: InputOptions = InputOptions()) {
        precondition(options.partByteCountMax >= 64 && options.recordByteCountMax > 0 && options.valueCountMax > 0)
        self.options = options
        let input = InputBuffer(source: source, partByteCountMax: options.partByteCountMax)
        switch format {
        case .lines: reader = LineReader(input: input, options: options)
        case .ndjson: reader = NDJSONReader(input: input, options: options)
        case .framed: reader = FramedReader(input: input, options: options)
        case .mbox: reader = MboxReader(input: input, options: options)
        case .eml: reader = EMLReader(input: input, options: options)
        }
    }

    /// The next record; nil at the end of the input. What remains of an unfinished record is passed over.
    ///
    /// After an error that ``InputError/isRecoverable``, a further call goes on with the record behind the bad one;
    /// after any other it throws the same again. With ``InputOptions/skipsBad`` the first kind is counted instead of
    /// thrown.
    package func next() throws(InputError) -> InputRecord? {
        while true {
            do {
                return try reader.next()
            } catch {
                guard options.skipsBad, error.isRecoverable else { throw error }
                skippedCount += 1
                options.onSkip?(error)
            }
        }
    }

    /// The next part of an unfinished record, never empty; nil when the record is complete. An error means that the
    /// record as a whole is bad: drop the parts that came before. It is thrown whatever ``InputOptions/skipsBad`` says.
    package func readMore() throws(InputError) -> UnsafeRawBufferPointer? { try reader.readMore() }

    /// True when the next ``next()`` will not pull from the source: it cannot block, and the payloads that were handed
    /// out stay valid through it. False promises nothing.
    package var hasBufferedRecord: Bool { reader.hasBufferedRecord }
}
