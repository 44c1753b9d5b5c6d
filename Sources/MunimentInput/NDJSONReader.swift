// JSON lines: every line is judged before it is handed out, so an unfinished line is never a record, and a line may be
// no longer than one part.

/// `ndjson`: every line is a record and must be one JSON text. A line without bytes is refused, but for one that ends
/// the input.
struct NDJSONReader: FormatReader {
    private var cursor: LineCursor
    private let partByteCountMax: Int
    private let fields: JSONFields
    private let names: [[UInt8]]
    /// The index of the time among `fields`, which follows the attributes.
    private let timeIndex: Int?
    private let valueCountMax: Int

    init(input: InputBuffer, options: InputOptions) {
        cursor = LineCursor(input: input)
        partByteCountMax = options.partByteCountMax
        names = options.fieldAttributes.map { Array($0.name.utf8) }
        timeIndex = options.timeField == nil ? nil : names.count
        fields = JSONFields(options.fieldAttributes.map(\.field) + (options.timeField.map { [$0] } ?? []))
        valueCountMax = options.valueCountMax
    }

    mutating func next() throws(InputError) -> InputRecord? {
        guard let line = try cursor.next() else { return nil }
        guard line.isComplete else {
            throw .tooLong(.jsonTooLong, "line", at: line.position, byteCountMax: partByteCountMax)
        }
        let payload = cursor.input.slice(line.range)
        let hasFields = timeIndex != nil || !names.isEmpty
        if let fault = JSONScanner.fault(in: payload, noting: hasFields ? fields : nil) {
            if Self.isBlank(payload) {
                guard try !cursor.isAtEnd() else { return nil }
                throw Self.emptyLine(line.position)
            }
            throw Self.error(fault, line.position)
        }
        var record = InputRecord(
            payload: payload, isComplete: true, byteCount: payload.count, position: line.position)
        if hasFields { try takeFields(&record) }
        return record
    }

    mutating func readMore() -> UnsafeRawBufferPointer? { nil }

    var hasBufferedRecord: Bool { mutating get { cursor.hasBufferedLine } }

    private mutating func takeFields(_ record: inout InputRecord) throws(InputError) {
        var collector = AttributeCollector(valueCountMax: valueCountMax, expectedCount: names.count)
        for (index, name) in names.enumerated() {
            if let value = fields[index] { JSONAttributes.append(value, name: name, to: &collector) }
        }
        record.attributes = collector.attributes
        record.omittedValueCount = collector.omittedValueCount
        guard let timeIndex, let value = fields[timeIndex], value.first != UInt8(ascii: "n") else { return }
        record.occurredAt = JSONTime.microseconds(value)
        if record.occurredAt == nil { throw Self.badTime(record.position) }
    }

    private static func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
        line.isEmpty || (line.count == 1 && line[0] == 0x0D)
    }

    private static func error(_ fault: JSONFault, _ position: InputPosition) -> InputError {
        InputError(
            code: fault.reason == .tooDeep ? .jsonTooDeep : .jsonInvalid, position: position,
            message: "\(position): not a JSON text: \(fault) at byte \(fault.offset + 1) of the line; "
                + "correct the line, or leave it out with --skip-bad",
            isRecoverable: true)
    }

    private static func emptyLine(_ position: InputPosition) -> InputError {
        InputError(
            code: .jsonEmptyLine, position: position,
            message:
                "\(position): the line is empty, which is no JSON text; remove it, or leave it out with --skip-bad",
            isRecoverable: true)
    }

    private static func badTime(_ position: InputPosition) -> InputError {
        InputError(
            code: .jsonTime, position: position,
            message: "\(position): the time field is neither an RFC 3339 time with an offset nor a number since 1970; "
                + "correct it, name another field, or leave the line out with --skip-bad",
            isRecoverable: true)
    }
}

/// How a JSON value becomes attribute values.
///
/// A string is text, unescaped. An integer that fits 64 bits is an integer; any other number is its literal as text.
/// True and false are text. Null is nothing. An array is the values of its elements. An object, and an array within an
/// array, is its literal bytes as text.
enum JSONAttributes {
    static func append(_ value: UnsafeRawBufferPointer, name: [UInt8], to collector: inout AttributeCollector) {
        guard value.first == UInt8(ascii: "[") else { return appendOne(value, name: name, to: &collector) }
        JSONWalk.elements(of: value) { appendOne($0, name: name, to: &collector) }
    }

    private static func appendOne(
        _ value: UnsafeRawBufferPointer, name: [UInt8], to collector: inout AttributeCollector
    ) {
        switch value.first {
        case nil, UInt8(ascii: "n"): return
        case UInt8(ascii: "\""):
            collector.append(InputAttribute(name: name, value: .text(JSONWalk.string(value, 0).0.unescaped)))
        default:
            let attribute = integer(value).map { InputAttribute.Value.integer($0) } ?? .text(Array(value))
            collector.append(InputAttribute(name: name, value: attribute))
        }
    }

    /// The value of a literal of digits, perhaps with a minus sign.
    private static func integer(_ literal: UnsafeRawBufferPointer) -> Int64? {
        let isNegative = literal.first == UInt8(ascii: "-")
        let digits = literal.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard ASCII.isDigit(byte) else { return nil }
            let digit = Int64(byte &- 0x30)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(isNegative ? -digit : digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
