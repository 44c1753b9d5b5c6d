// The attributes of one record on their way into its content: encoded one after another in memory that the next record uses again, so that a
// record costs no allocation. The bytes are those of `ContentEncoder`; a test holds the two against each other.

/// A record's attributes in canonical form: sorted by their bytes, equal ones once. One thread at a time uses an instance.
package final class AttributeList {
    private struct Span {
        var start: Int
        var end: Int
        var count: Int { end - start }
    }

    // One thread at a time, and no closure escapes: dynamic exclusivity checks on each field would cost more than the copies.
    @exclusivity(unchecked) private var memory = UnsafeMutableRawPointer.allocate(byteCount: 1_024, alignment: 16)
    @exclusivity(unchecked) private var capacity = 1_024
    @exclusivity(unchecked) private var used = 0
    @exclusivity(unchecked) private var spans: ContiguousArray<Span> = []
    /// Whether what was encoded came in order, each once: then it stands in memory as it does in a content.
    @exclusivity(unchecked) private var isAscending = true

    /// An empty list.
    package init() {}

    deinit { memory.deallocate() }

    /// How many attributes there are.
    package var count: Int { spans.count }

    /// The sum of the attributes' bytes and of the lengths that stand before them in a content.
    @exclusivity(unchecked) private var listByteCount = 0

    /// Each attribute's bytes.
    package var encoded: [[UInt8]] {
        spans.map { Array(bytes($0)) }
    }

    /// Takes the place of what was there before: `attributes`, and the stream's if there is one. Returns why they can't be stored, or nil;
    /// after a refusal the list is empty.
    package func fill(_ attributes: [Attribute], stream: String?) -> String? {
        removeAll()
        let refusal = attributes.withUnsafeBufferPointer { attributes -> String? in
            for place in attributes.indices {
                if let refusal = encode(attributes[place]) { return refusal }
            }
            return nil
        }
        if let refusal { return refuse(refusal) }
        if let stream,
            let refusal = encode(Attribute(Attribute.streamName, .text(stream)), reservedAllowed: true)
        {
            return refuse(refusal)
        }
        listByteCount = used
        if !isAscending {
            sort()
            listByteCount = spans.reduce(0) { $0 + varintByteCount(UInt64($1.count)) + $1.count }
        }
        guard count <= Limits.attributesPerRecord, listByteCount <= Limits.attributesByteCount else {
            return refuse("a record has at most \(Limits.attributesPerRecord) attributes, 1 MiB in all")
        }
        return nil
    }

    private func removeAll() {
        (used, listByteCount, isAscending) = (0, 0, true)
        spans.removeAll(keepingCapacity: true)
    }

    private func refuse(_ refusal: String) -> String {
        removeAll()
        return refusal
    }

    // MARK: Encoding

    /// Appends the attribute as it stands in a content, its length before it; returns why it can't be stored, or nil.
    private func encode(_ attribute: Attribute, reservedAllowed: Bool = false) -> String? {
        var name = attribute.name
        switch attribute.value {
        case .text(var text):
            return name.withUTF8 { name in
                text.withUTF8 { append(name, 1, UnsafeRawBufferPointer($0), reservedAllowed) }
            }
        case .integer(let integer):
            let ordered = Attribute.ordered(integer)
            return name.withUTF8 { name in withUnsafeBytes(of: ordered) { append(name, 2, $0, reservedAllowed) } }
        case .bytes(let bytes):
            return name.withUTF8 { name in bytes.withUnsafeBytes { append(name, 3, $0, reservedAllowed) } }
        }
    }

    private func append(
        _ name: UnsafeBufferPointer<UInt8>, _ type: UInt8, _ value: UnsafeRawBufferPointer, _ reservedAllowed: Bool
    ) -> String? {
        let refusal = Attribute.refusal(
            nameByteCount: name.count, isReserved: name.first == UInt8(ascii: "@") && !reservedAllowed,
            valueByteCount: value.count)
        if let refusal { return refusal }
        let count = varintByteCount(UInt64(name.count)) + name.count + 1 + value.count
        reserve(10 + count)
        used += storeVarint(UInt64(count), to: memory + used)
        let span = Span(start: used, end: used + count)
        used += storeVarint(UInt64(name.count), to: memory + used)
        copy(UnsafeRawBufferPointer(name))
        memory.storeBytes(of: type, toByteOffset: used, as: UInt8.self)
        used += 1
        copy(value)
        if let last = spans.last, isAscending { isAscending = ByteOrder.compare(bytes(last), bytes(span)) < 0 }
        spans.append(span)
        return nil
    }

    /// Appends bytes for which there is room.
    private func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        (memory + used).copyMemory(from: base, byteCount: bytes.count)
        used += bytes.count
    }

    private func reserve(_ count: Int) {
        guard used + count > capacity else { return }
        capacity = max(used + count, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: memory, byteCount: used)
        memory.deallocate()
        memory = larger
    }

    // MARK: Order

    private func bytes(_ span: Span) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory + span.start, count: span.count)
    }

    private func sort() {
        spans.sort { ByteOrder.compare(bytes($0), bytes($1)) < 0 }
        var kept = 1
        for place in 1..<spans.count where ByteOrder.compare(bytes(spans[kept - 1]), bytes(spans[place])) != 0 {
            spans[kept] = spans[place]
            kept += 1
        }
        spans.removeLast(spans.count - kept)
    }

    // MARK: Into a content

    /// The length of the content, its own length field included, whose payload follows.
    package func contentByteCount(payloadByteCount: Int) -> Int {
        let body = bodyByteCount + payloadByteCount
        return varintByteCount(UInt64(body)) + body
    }

    /// Of the content after its length field, without the payload.
    private var bodyByteCount: Int { 1 + varintByteCount(UInt64(count)) + listByteCount }

    /// Writes what stands before the payload of a content without explicit salts and body file; returns how much that is. `target` has room
    /// for it.
    package func storeHead(payloadByteCount: Int, to target: UnsafeMutableRawPointer) -> Int {
        var cursor = target
        cursor += storeVarint(UInt64(bodyByteCount + payloadByteCount), to: cursor)
        cursor.storeBytes(of: 0, as: UInt8.self)
        cursor += 1
        cursor += storeVarint(UInt64(count), to: cursor)
        if isAscending {
            cursor.copyMemory(from: memory, byteCount: used)
            return cursor + used - target
        }
        for span in spans {
            cursor += storeVarint(UInt64(span.count), to: cursor)
            cursor.copyMemory(from: memory + span.start, byteCount: span.count)
            cursor += span.count
        }
        return cursor - target
    }
}
