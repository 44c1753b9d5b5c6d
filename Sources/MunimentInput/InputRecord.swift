// What a reader hands out, and the attributes that it found in a record. Attribute bytes are compared as bytes: the
// equality of Swift's String, which unifies canonically equivalent texts, must never decide.

/// A named, typed value that an input format yields beside the payload.
package struct InputAttribute: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        /// Valid UTF-8.
        case text([UInt8])
        case integer(Int64)
        /// Bytes that are not valid UTF-8, as they stood in the input.
        case bytes([UInt8])
    }

    /// The name: valid UTF-8.
    package var name: [UInt8]
    package var value: Value

    package init(name: [UInt8], value: Value) {
        self.name = name
        self.value = value
    }

    /// Text where `bytes` are valid UTF-8, bytes otherwise.
    package init(name: [UInt8], bytes: [UInt8]) {
        self.init(name: name, value: bytes.withUnsafeBytes(UTF8Check.isValid) ? .text(bytes) : .bytes(bytes))
    }
}

/// One record of an input.
///
/// `payload` points into the reader's buffer. It stays valid until the next call of ``RecordReader/next()`` or
/// ``RecordReader/readMore()`` that has to pull from the source; ``RecordReader/hasBufferedRecord`` tells when the next
/// one does not.
package struct InputRecord {
    /// The record's bytes, or the first part of them.
    package var payload: UnsafeRawBufferPointer

    /// Whether `payload` is all of it. If not, ``RecordReader/readMore()`` yields the other parts.
    package var isComplete: Bool

    /// The size of the whole record in bytes, where it is known beforehand.
    package var byteCount: Int?

    /// Where the record's bytes begin; of a frame, where its length field does.
    package var position: InputPosition

    /// At most ``InputOptions/valueCountMax``, no two equal, in the order of the input.
    package var attributes: [InputAttribute] = []

    /// How many attribute values were left out because of that limit.
    package var omittedValueCount = 0

    /// Microseconds since 1970-01-01T00:00:00Z; nil where the record says none that can be read.
    package var occurredAt: Int64?

    init(payload: UnsafeRawBufferPointer, isComplete: Bool, byteCount: Int?, position: InputPosition) {
        self.payload = payload
        self.isComplete = isComplete
        self.byteCount = byteCount
        self.position = position
    }
}

/// Gathers the attributes of one record: bounded in number, without repetitions.
struct AttributeCollector {
    private(set) var attributes: [InputAttribute] = []
    private(set) var omittedValueCount = 0
    private var seen: Set<InputAttribute> = []
    private let valueCountMax: Int

    /// Up to this many are compared one by one; beyond it a set answers.
    private static let linearCountMax = 16

    init(valueCountMax: Int, expectedCount: Int) {
        self.valueCountMax = valueCountMax
        attributes.reserveCapacity(min(expectedCount, valueCountMax))
    }

    var isFull: Bool { attributes.count >= valueCountMax }

    mutating func append(_ attribute: InputAttribute) {
        guard !contains(attribute) else { return }
        guard !isFull else {
            omittedValueCount += 1
            return
        }
        attributes.append(attribute)
        if !seen.isEmpty { seen.insert(attribute) }
    }

    private mutating func contains(_ attribute: InputAttribute) -> Bool {
        if attributes.count < Self.linearCountMax { return attributes.contains(attribute) }
        if seen.isEmpty { seen = Set(attributes) }
        return seen.contains(attribute)
    }
}
