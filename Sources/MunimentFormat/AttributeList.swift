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
    @exclusivity(unchecked) private var isAscending = true

    /// An empty list.
    package init() {}

    deinit { memory.deallocate() }

    /// How many attributes there are.
    package var count: Int { spans.count }

    /// The sum of the attributes' bytes, without the lengths that stand before them in a content.
    package private(set) var byteCount = 0

    /// Each attribute's bytes.
    package var encoded: [[UInt8]] {
        spans.map { Array(UnsafeRawBufferPointer(start: memory + $0.start, count: $0.count)) }
    }

    /// Takes the place of what was there before: `attributes`, and the stream's if there is one. Returns why they can't be stored, or nil;
    /// after a refusal the list is empty.
    package func fill(_ attributes: [Attribute], stream: String?) -> String? {
        removeAll()
        let refusal = attributes.withUnsafeBufferPointer { attributes -> String? in
            for place in attributes.indices {
                if let refusal = attributes[place].refusal() { return refusal }
                encode(attributes[place])
            }
            return nil
        }
        if let refusal { return refuse(refusal) }
        if let stream {
            let attribute = Attribute(Attribute.streamName, .text(stream))
            if let refusal = attribute.refusal(reservedAllowed: true) { return refuse(refusal) }
            encode(attribute)
        }
        if !isAscending { sort() }
        byteCount = spans.reduce(0) { $0 + $1.count }
        guard count <= Limits.attributesPerRecord, byteCount + 4 * count <= Limits.attributesByteCount else {
            return refuse("a record has at most \(Limits.attributesPerRecord) attributes, 1 MiB in all")
        }
        return nil
    }

    private func removeAll() {
        (used, byteCount, isAscending) = (0, 0, true)
        spans.removeAll(keepingCapacity: true)
    }

    private func refuse(_ refusal: String) -> String {
        removeAll()
        return refusal
    }

    // MARK: Encoding

    private func encode(_ attribute: Attribute) {
        let start = used
        append(attribute.name, counted: true)
        switch attribute.value {
        case .text(let text):
            append(byte: 1)
            append(text, counted: false)
        case .integer(let integer):
            append(byte: 2)
            withUnsafeBytes(of: Attribute.ordered(integer)) { append($0) }
        case .bytes(let bytes):
            append(byte: 3)
            bytes.withUnsafeBytes { append($0) }
        }
        let span = Span(start: start, end: used)
        if let last = spans.last, isAscending { isAscending = order(last, span) < 0 }
        spans.append(span)
    }

    private func append(_ text: String, counted: Bool) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { utf8 in
            if counted {
                let head = reserve(10)
                used += storeVarint(UInt64(utf8.count), to: head)
            }
            append(UnsafeRawBufferPointer(utf8))
        }
        if isDone == nil { append(String(decoding: Array(text.utf8), as: UTF8.self), counted: counted) }
    }

    private func append(byte: UInt8) {
        reserve(1).storeBytes(of: byte, as: UInt8.self)
        used += 1
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count).copyMemory(from: base, byteCount: bytes.count)
        used += bytes.count
    }

    /// Where the next `count` bytes go.
    private func reserve(_ count: Int) -> UnsafeMutableRawPointer {
        if used + count > capacity {
            capacity = max(used + count, capacity * 2)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: memory, byteCount: used)
            memory.deallocate()
            memory = larger
        }
        return memory + used
    }

    // MARK: Order

    /// Below zero, zero or above it, as the bytes of `a` come before those of `b`, equal them, or come after; eight at a time.
    private func order(_ a: Span, _ b: Span) -> Int {
        let common = min(a.count, b.count)
        var place = 0
        while place + 8 <= common {
            let first = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: a.start + place, as: UInt64.self))
            let second = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: b.start + place, as: UInt64.self))
            if first != second { return first < second ? -1 : 1 }
            place += 8
        }
        while place < common {
            let first = memory.load(fromByteOffset: a.start + place, as: UInt8.self)
            let second = memory.load(fromByteOffset: b.start + place, as: UInt8.self)
            if first != second { return first < second ? -1 : 1 }
            place += 1
        }
        return a.count - b.count
    }

    private func sort() {
        spans.sort { order($0, $1) < 0 }
        var kept = 1
        for place in 1..<spans.count where order(spans[kept - 1], spans[place]) != 0 {
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
    private var bodyByteCount: Int {
        spans.reduce(1 + varintByteCount(UInt64(count))) { $0 + varintByteCount(UInt64($1.count)) + $1.count }
    }

    /// Writes what stands before the payload of a content without explicit salts and body file; returns how much that is. `target` has room
    /// for it.
    package func storeHead(payloadByteCount: Int, to target: UnsafeMutableRawPointer) -> Int {
        var cursor = target
        cursor += storeVarint(UInt64(bodyByteCount + payloadByteCount), to: cursor)
        cursor.storeBytes(of: 0, as: UInt8.self)
        cursor += 1
        cursor += storeVarint(UInt64(count), to: cursor)
        for span in spans {
            cursor += storeVarint(UInt64(span.count), to: cursor)
            cursor.copyMemory(from: memory + span.start, byteCount: span.count)
            cursor += span.count
        }
        return cursor - target
    }
}
