// Many records for one append, encoded as they are added: no array and no object for each. The fast way in.

public import MunimentFormat
public import MunimentStore

/// Records that will be committed together. Not Sendable while it is being filled: hand it over with `sending`, then make a new one.
public final class RecordBuffer {
    /// The most records that one append commits.
    public static let countMax = 32_768
    /// The content, in bytes, from which a buffer should be appended rather than filled further.
    public static let byteCountMax = 8 << 20

    private let classes: ClassTable
    // One thread fills a buffer: dynamic exclusivity checks on its fields would cost more than the copy.
    @exclusivity(unchecked) private(set) var batches: [RecordBatch] = []
    @exclusivity(unchecked) public private(set) var count = 0
    /// Bytes of payload and attributes so far, as encoded.
    @exclusivity(unchecked) public private(set) var byteCount = 0
    /// Room that the next batch starts with.
    private var nextReserve: Int
    /// The last of `batches`.
    @exclusivity(unchecked) private var open: RecordBatch?
    @exclusivity(unchecked) private var lastClass: (name: String, id: UInt32)?

    init(classes: ClassTable, reservingByteCount: Int) { (self.classes, nextReserve) = (classes, reservingByteCount) }

    /// Whether the buffer should be appended before more is added.
    public var isFull: Bool { count >= RecordBuffer.countMax || byteCount >= RecordBuffer.byteCountMax }

    /// Adds a record. Throws `unknownClass` and `badInput`, and then adds nothing.
    public func append(_ record: Record) throws(ArchiveError) {
        let attributes = try RecordBuffer.canonical(record.attributes, stream: record.stream)
        let classID = try id(ofClass: record.retentionClass)
        let result = record.payload.withUnsafeBytes { payload -> Result<Void, ArchiveError> in
            do throws(ArchiveError) {
                return .success(try append(payload, attributes, classID, record.occurredAt))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Adds a record from raw memory, which is copied.
    public func append(
        payload: UnsafeRawBufferPointer, attributes: [Attribute] = [], stream: String? = nil,
        retentionClass: String = "default",
        occurredAt: Microseconds? = nil
    ) throws(ArchiveError) {
        let encoded = attributes.isEmpty && stream == nil ? [] : try RecordBuffer.canonical(attributes, stream: stream)
        try append(payload, encoded, try id(ofClass: retentionClass), occurredAt)
    }

    private func append(
        _ payload: UnsafeRawBufferPointer, _ attributes: [[UInt8]], _ classID: UInt32, _ occurredAt: Microseconds?
    ) throws(ArchiveError) {
        guard payload.count <= Limits.inlinePayloadByteCount else {
            throw ArchiveError(
                .badInput, "A payload of \(payload.count) bytes is above 8 MiB: stream it.", appendOutcome: .failed)
        }
        let batch = batch(classID, hasOccurred: occurredAt != nil)
        let before = batch.byteCount
        batch.append(payload: payload, attributes: attributes, occurred: occurredAt)
        count += 1
        byteCount += batch.byteCount - before
    }

    /// Adds a record whose payload has been written as a body file.
    func append(
        _ reference: BodyReference, _ body: RecordBatch.Body, attributes: [[UInt8]], classID: UInt32,
        occurredAt: Microseconds?
    ) {
        batch(classID, hasOccurred: occurredAt != nil).append(
            reference: reference, body: body, attributes: attributes, occurred: occurredAt)
        count += 1
    }

    private func batch(_ classID: UInt32, hasOccurred: Bool) -> RecordBatch {
        if let open, open.classID == classID, open.hasOccurred == hasOccurred { return open }
        let batch = RecordBatch(classID: classID, hasOccurred: hasOccurred, reservingByteCount: nextReserve)
        nextReserve = min(nextReserve, 4_096)
        batches.append(batch)
        open = batch
        return batch
    }

    func id(ofClass name: String) throws(ArchiveError) -> UInt32 {
        if let lastClass, lastClass.name.utf8.elementsEqual(name.utf8) { return lastClass.id }
        guard let found = classes.named(name) else {
            throw ArchiveError(
                .unknownClass, "There is no retention class \"\(name)\": class list shows those that exist.",
                appendOutcome: .failed)
        }
        lastClass = (name, found.classID)
        return found.classID
    }

    /// Sorted, unique encodings, the stream's attribute among them.
    static func canonical(_ attributes: [Attribute], stream: String?) throws(ArchiveError) -> [[UInt8]] {
        for attribute in attributes {
            if let refusal = attribute.refusal() {
                throw ArchiveError(.badInput, "\(refusal).", appendOutcome: .failed)
            }
        }
        var all = attributes
        if let stream {
            let attribute = Attribute(Attribute.streamName, .text(stream))
            if let refusal = attribute.refusal(reservedAllowed: true) {
                throw ArchiveError(.badInput, "\(refusal).", appendOutcome: .failed)
            }
            all.append(attribute)
        }
        let encoded = ContentEncoder.canonical(all)
        guard encoded.count <= Limits.attributesPerRecord,
            encoded.reduce(0, { $0 + $1.count + 4 }) <= Limits.attributesByteCount
        else {
            throw ArchiveError(
                .badInput, "A record has at most \(Limits.attributesPerRecord) attributes, 1 MiB in all.",
                appendOutcome: .failed)
        }
        return encoded
    }
}
