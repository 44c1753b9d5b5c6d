// Records on their way in: contents already encoded one after another in one arena, so that a worker hashes, compresses and seals straight
// from here. All records of a batch share their class and whether they have an occurred time; a call that mixes them makes several batches.
//
// Built by one thread, then handed over and never changed: that is what makes it Sendable.

package import MunimentFormat

package final class RecordBatch: @unchecked Sendable {
    /// A payload that was stored as a body file before its record is appended.
    package struct Body: Sendable {
        /// P: salted, what the commitment is made of.
        package var payloadDigest: Digest
        /// SHA-256 of the payload alone; in memory only, to recognise a repeated append.
        package var plainDigest: Digest
        package var fileByteCount: UInt64
        package var fileDigest: Digest
        package var id: [UInt8]

        package init(payloadDigest: Digest, plainDigest: Digest, fileByteCount: UInt64, fileDigest: Digest, id: [UInt8])
        {
            (self.payloadDigest, self.plainDigest) = (payloadDigest, plainDigest)
            (self.fileByteCount, self.fileDigest, self.id) = (fileByteCount, fileDigest, id)
        }
    }

    package let classID: UInt32
    package let hasOccurred: Bool
    package let kind: Entry.Kind
    /// Where each content ends in the arena.
    // One thread builds a batch, record by record: dynamic exclusivity checks on its fields would cost more than the copy.
    @exclusivity(unchecked) package private(set) var ends: ContiguousArray<Int> = []
    /// One for each record if `hasOccurred`.
    @exclusivity(unchecked) package private(set) var occurred: ContiguousArray<Microseconds> = []
    /// By the record's place in the batch.
    package private(set) var bodies: [Int: Body] = [:]
    /// Of a control batch: what becomes each record's public part once its index is known.
    package private(set) var drafts: [ControlDraft] = []
    /// Whether a record may have attributes: an index needs no look at those of a batch that has none.
    package private(set) var hasAttributes = false
    /// Allocated when the first content comes: a batch of one record is as large as that.
    @exclusivity(unchecked) private var arena = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private let reservedByteCount: Int

    package init(classID: UInt32, hasOccurred: Bool, kind: Entry.Kind = .record, reservingByteCount: Int = 4_096) {
        self.classID = classID
        self.hasOccurred = hasOccurred
        self.kind = kind
        reservedByteCount = reservingByteCount
    }

    deinit { arena.deallocate() }

    package var count: Int { ends.count }
    /// Bytes of content.
    @exclusivity(unchecked) package private(set) var byteCount = 0

    /// The contents of a range of records.
    package func contents(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        let start = range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1]
        let end = range.isEmpty ? start : ends[range.upperBound - 1]
        return UnsafeRawBufferPointer(rebasing: arena[start..<end])
    }

    /// Adds a record. `attributes` are canonical encodings (`ContentEncoder.canonical`); the payload is at most 8 MiB.
    package func append(
        payload: UnsafeRawBufferPointer, attributes: [[UInt8]] = [], occurred time: Microseconds? = nil
    ) {
        precondition(payload.count <= Limits.inlinePayloadByteCount && (time != nil) == hasOccurred)
        if attributes.isEmpty {
            appendPlain(payload)
        } else {
            hasAttributes = true
            let head = ContentEncoder.head(attributes: attributes, payloadByteCount: payload.count)
            let target = grow(head.count + payload.count)
            head.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: head.count) }
            if payload.count > 0 {
                (target + head.count).copyMemory(from: payload.baseAddress!, byteCount: payload.count)
            }
        }
        if let time { occurred.append(time) }
    }

    /// Adds a record with the attributes of `list`, which are encoded straight into place.
    package func append(
        payload: UnsafeRawBufferPointer, list: AttributeList, occurred time: Microseconds? = nil
    ) {
        precondition(payload.count <= Limits.inlinePayloadByteCount && (time != nil) == hasOccurred)
        // Whoever seals the segment would otherwise take it that the class has no terms.
        if list.count > 0 { hasAttributes = true }
        let target = grow(list.contentByteCount(payloadByteCount: payload.count))
        let head = list.storeHead(payloadByteCount: payload.count, to: target)
        if let base = payload.baseAddress { (target + head).copyMemory(from: base, byteCount: payload.count) }
        if let time { occurred.append(time) }
    }

    /// A batch of one control record. Its private part is empty unless given.
    package convenience init(control draft: ControlDraft, privatePart: [UInt8] = []) {
        self.init(
            classID: ControlRecord.classID, hasOccurred: false, kind: .control,
            reservingByteCount: privatePart.count + 16)
        privatePart.withUnsafeBytes { append(payload: $0) }
        drafts.append(draft)
    }

    /// Adds a content that is encoded already, as when frames are packed anew. Not for batches with occurred times or bodies.
    package func append(encoded content: UnsafeRawBufferPointer) {
        hasAttributes = true
        let target = grow(content.count)
        if content.count > 0 { target.copyMemory(from: content.baseAddress!, byteCount: content.count) }
    }

    /// Adds the place of a content that is purged, when frames are packed anew.
    package func appendPurged() { grow(ContentLayout.purgedByteCount).storeBytes(of: 0, as: UInt8.self) }

    /// Adds a content that is encoded already.
    package func append(encoded content: [UInt8]) { content.withUnsafeBytes { append(encoded: $0) } }

    /// Adds a record whose payload is a body file.
    package func append(reference: BodyReference, body: Body, attributes: [[UInt8]], occurred time: Microseconds?) {
        precondition((time != nil) == hasOccurred)
        let tail = reference.encoded
        let content = ContentEncoder.head(attributes: attributes, isBodyFile: true, payloadByteCount: tail.count) + tail
        let target = grow(content.count)
        content.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: content.count) }
        bodies[ends.count - 1] = body
        if !attributes.isEmpty { hasAttributes = true }
        if let time { occurred.append(time) }
    }

    /// The common case without an array: length, no flags, no attributes, payload.
    private func appendPlain(_ payload: UnsafeRawBufferPointer) {
        let bodyCount = UInt64(payload.count + 2)
        let headCount = varintByteCount(bodyCount)
        let target = grow(headCount + 2 + payload.count)
        _ = storeVarint(bodyCount, to: target)
        target.storeBytes(of: 0, toByteOffset: headCount, as: UInt16.self)
        if payload.count > 0 {
            (target + headCount + 2).copyMemory(from: payload.baseAddress!, byteCount: payload.count)
        }
    }

    private func grow(_ count: Int) -> UnsafeMutableRawPointer {
        let start = byteCount
        if start + count > arena.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(start + count, arena.count * 2, reservedByteCount), alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: arena[..<start]))
            arena.deallocate()
            arena = larger
        }
        byteCount = start + count
        ends.append(byteCount)
        return arena.baseAddress! + start
    }
}

/// The heads of the chain of control records at some point of the log.
package struct ControlChain: Hashable, Sendable {
    /// The newest control record.
    package var last: UInt64?
    /// The newest one that is not a seal.
    package var policy: UInt64?
    /// The newest one that anchors the compliance clock: a clock record, or the identity.
    package var clock: UInt64?

    package init(last: UInt64? = nil, policy: UInt64? = nil) { (self.last, self.policy) = (last, policy) }

    /// The chain after a record of `kind` at `index`.
    package mutating func append(_ kind: ControlRecord.Kind, at index: UInt64) {
        last = index
        if kind != .seal { policy = index }
        if kind == .clock || kind == .identity { clock = index }
    }
}

/// A control record that does not know its place in the chain yet.
package struct ControlDraft: Sendable {
    package let kind: ControlRecord.Kind
    /// The body, given the chain before the record.
    package let body: @Sendable (ControlChain) -> [UInt8]
    /// Of a clock record: what anchors the compliance clock from here on.
    let clock: ClockRecord?

    package init(_ kind: ControlRecord.Kind, body: @escaping @Sendable (ControlChain) -> [UInt8]) {
        (self.kind, self.body, clock) = (kind, body, nil)
    }

    init(clock record: ClockRecord) {
        (kind, body, clock) = (.clock, { _ in record.encoded() }, record)
    }
}
