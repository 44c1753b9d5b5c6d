// Reading what an evidence file discloses, to hand it on in another form. It does not verify: MunimentVerify does, and shares none of this.

public import MunimentFormat
public import MunimentStore

/// A record as an evidence file discloses it.
public struct DisclosedRecord: Sendable {
    public enum State: Sendable {
        /// Disclosed, in part at least.
        case opened
        /// The exporter disclosed nothing of its content.
        case withheld
        /// Its content was destroyed.
        case purged
    }

    public let index: UInt64
    public let state: State
    public let retentionClass: String
    /// Microseconds since 1970 UTC.
    public let recordedAt: Microseconds
    public let occurredAt: Microseconds?
    /// Those that are disclosed, the stream among them.
    public let attributes: [Attribute]
    /// How many are not.
    public let withheldAttributeCount: Int
    /// The payload's length; nil where it is not disclosed.
    public let payloadByteCount: UInt64?
    /// Where the payload stands in the file.
    let payloadOffset: UInt64
}

/// An evidence file, open for reading. Used by one thread.
public final class EvidenceContents {
    /// Who took the records out, and how.
    public let custody: EvidenceCustody
    private let file: any File
    private let path: String
    private let byteCount: UInt64
    private var classes: [UInt32: String] = [:]

    /// Opens the file, and finds its custody and its classes. Throws `damaged` for what is no evidence file.
    public init(_ path: String) throws(ArchiveError) {
        self.path = path
        (file, byteCount, custody, classes) = try translating(path) {
            let file = try POSIXFileSystem().open(path, .read)
            let byteCount = try file.byteCount()
            var custody: EvidenceCustody?
            var classes: [UInt32: String] = [:]
            try EvidenceContents.forEachChunk(in: file, byteCount) { heading, offset in
                if heading.chunk == .custody {
                    let body = try file.readExactly(Int(heading.bodyByteCount), at: offset)
                    custody = try body.decode(EvidenceCustody.init(decoding:))
                } else if heading.chunk == .control {
                    let control = try file.readExactly(Int(heading.bodyByteCount), at: offset)
                        .decode(EvidenceControl.init(decoding:))
                    let entry = try control.entry.decode(Entry.init(decoding:))
                    guard let record = try ControlRecord(entry: entry), record.kind == .retentionClass else { return }
                    let stated = try record.body.decode(ClassRecord.init(decoding:))
                    classes[stated.classID] = stated.name
                }
            }
            guard let custody else { throw FormatError(.truncated, "evidence file", at: 0, "it has no custody") }
            return (file, byteCount, custody, classes)
        }
    }

    deinit { file.close() }

    /// Calls `body` with each heading and where its body begins.
    private static func forEachChunk(
        in file: any File, _ byteCount: UInt64, _ body: (EvidenceHeading, UInt64) throws -> Void
    ) throws {
        try file.readExactly(EvidenceHeader.byteCount, at: 0).withUnsafeBytes { try EvidenceHeader.check($0) }
        var order = EvidenceOrder()
        var offset = UInt64(EvidenceHeader.byteCount)
        while !order.isAtEnd {
            let heading = try file.readExactly(EvidenceHeading.byteCount, at: offset)
                .decode(EvidenceHeading.init(decoding:))
            try order.take(heading)
            offset += UInt64(EvidenceHeading.byteCount)
            guard heading.bodyByteCount <= byteCount - min(byteCount, offset) else {
                throw FormatError(.truncated, "evidence file", at: Int(clamping: offset), "a chunk is cut off")
            }
            try body(heading, offset)
            offset += heading.bodyByteCount
        }
    }

    /// Calls `body` with each record, ascending by index.
    public func forEachRecord(_ body: (DisclosedRecord) throws -> Void) throws {
        try EvidenceContents.forEachChunk(in: file, byteCount) { heading, offset in
            guard heading.chunk == .record else { return }
            try body(try record(heading, at: offset))
        }
    }

    /// Calls `body` with the pieces of a record's payload; with none where it is not disclosed.
    public func readPayload(
        of record: DisclosedRecord, atMost limit: UInt64 = .max, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var offset = record.payloadOffset
        let end = offset + min(limit, record.payloadByteCount ?? 0)
        while offset < end {
            let bytes = try file.readExactly(Int(min(256 << 10, end - offset)), at: offset)
            try bytes.withUnsafeBytes { try body($0) }
            offset += UInt64(bytes.count)
        }
    }

    private func record(_ heading: EvidenceHeading, at offset: UInt64) throws -> DisclosedRecord {
        let headOffset = offset + UInt64(EvidenceRecord.prefixByteCount)
        let headByteCount = try file.readExactly(EvidenceRecord.prefixByteCount, at: offset)
            .decode { raw throws(FormatError) in
                try EvidenceRecord.headByteCount(decoding: raw, bodyByteCount: heading.bodyByteCount)
            }
        let payloadOffset = headOffset + UInt64(headByteCount)
        let payloadByteCount = offset + heading.bodyByteCount - payloadOffset
        let record = try file.readExactly(headByteCount, at: headOffset).decode { raw throws(FormatError) in
            try EvidenceRecord(decoding: raw, payloadByteCount: payloadByteCount)
        }
        let entry = try record.entry.decode(Entry.init(decoding:))
        var attributes: [Attribute] = []
        var withheldCount = 0
        var state = DisclosedRecord.State.withheld
        switch record.content {
        case .opened(let pieces, _):
            state = .opened
            for piece in pieces {
                switch piece {
                case .disclosed(_, let bytes): attributes.append(try bytes.decode(Attribute.init(decoding:)))
                case .withheld: withheldCount += 1
                }
            }
        case .withheld: break
        case .purged: state = .purged
        }
        return DisclosedRecord(
            index: record.index, state: state,
            retentionClass: classes[entry.classID] ?? "class \(entry.classID)", recordedAt: entry.recorded,
            occurredAt: entry.occurred, attributes: attributes, withheldAttributeCount: withheldCount,
            payloadByteCount: record.disclosesPayload ? payloadByteCount : nil, payloadOffset: payloadOffset)
    }
}
