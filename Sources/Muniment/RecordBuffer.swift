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
    /// Where the attributes of each record are encoded; made when the first has some.
    @exclusivity(unchecked) private var list: AttributeList?
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
        let result = record.payload.withUnsafeBytes { payload -> Result<Void, ArchiveError> in
            do throws(ArchiveError) {
                return .success(
                    try append(
                        payload: payload, attributes: record.attributes, stream: record.stream,
                        retentionClass: record.retentionClass, occurredAt: record.occurredAt))
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
        let list = attributes.isEmpty && stream == nil ? nil : try encoded(attributes, stream: stream)
        let classID = try id(ofClass: retentionClass)
        guard payload.count <= Limits.inlinePayloadByteCount else {
            throw ArchiveError(
                .badInput, "A payload of \(payload.count) bytes is above 8 MiB: stream it.", appendOutcome: .failed)
        }
        let batch = batch(classID, hasOccurred: occurredAt != nil)
        let before = batch.byteCount
        if let list {
            batch.append(payload: payload, list: list, occurred: occurredAt)
        } else {
            batch.append(payload: payload, occurred: occurredAt)
        }
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

    /// The attributes of one record, and its stream among them; valid until the next.
    func encoded(_ attributes: [Attribute], stream: String?) throws(ArchiveError) -> AttributeList {
        let list = self.list ?? AttributeList()
        self.list = list
        if let refusal = list.fill(attributes, stream: stream) {
            throw ArchiveError(.badInput, "\(refusal).", appendOutcome: .failed)
        }
        return list
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
        if let lastClass, lastClass.name.hasSameBytes(as: name) { return lastClass.id }
        guard let found = classes.named(name) else {
            throw ArchiveError(
                .unknownClass, "There is no retention class \"\(name)\": class list shows those that exist.",
                appendOutcome: .failed)
        }
        lastClass = (name, found.classID)
        return found.classID
    }
}

extension String {
    /// Whether both have the same UTF-8; `==` would take canonically equivalent ones for the same.
    fileprivate func hasSameBytes(as other: String) -> Bool {
        // Strings of up to 15 bytes are their own 16 bytes, and longer ones point to shared storage as a rule: so this is nearly always enough.
        if unsafeBitCast(self, to: (UInt64, UInt64).self) == unsafeBitCast(other, to: (UInt64, UInt64).self) {
            return true
        }
        return utf8.elementsEqual(other.utf8)
    }
}
