// A payload of unknown length: gathered in memory up to 8 MiB, from there on written as a body file.

public import MunimentFormat
public import MunimentStore

/// Collects a payload that arrives in pieces. One thread at a time uses it. Blocks on the disk.
public final class PayloadStream {
    private let store: LogStore
    private let archive: Archive
    private var gathered: [UInt8] = []
    private var writer: BodyFileWriter?

    init(_ store: LogStore, _ archive: Archive) { (self.store, self.archive) = (store, archive) }

    /// Takes the next bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        if let writer { return try writer.append(bytes) }
        if gathered.count + bytes.count <= Limits.inlinePayloadByteCount {
            gathered.append(contentsOf: bytes)
            return
        }
        let writer = try BodyFileWriter(store.fileSystem, store.paths, logID: store.manifest.logID)
        let start = gathered
        gathered = []
        try start.withUnsafeBytesTyped { raw throws(ArchiveError) in try writer.append(raw) }
        try writer.append(bytes)
        self.writer = writer
    }

    /// Ends the payload and adds its record to `buffer`, which is then appended as any other. A body file is durable when this returns.
    public func finish(
        into buffer: RecordBuffer, attributes: [Attribute] = [], stream: String? = nil,
        retentionClass: String = "default",
        occurredAt: Microseconds? = nil
    ) throws(ArchiveError) {
        let encoded = try buffer.encoded(attributes, stream: stream).encoded
        let classID = try buffer.id(ofClass: retentionClass)
        if let writer {
            let (reference, body) = try writer.finish()
            buffer.append(reference, body, attributes: encoded, classID: classID, occurredAt: occurredAt)
        } else {
            try gathered.withUnsafeBytesTyped { raw throws(ArchiveError) in
                try buffer.append(
                    payload: raw, attributes: attributes, stream: stream, retentionClass: retentionClass,
                    occurredAt: occurredAt)
            }
        }
        gathered = []
        writer = nil
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` for closures that throw an `ArchiveError`.
    fileprivate func withUnsafeBytesTyped(_ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void)
        throws(ArchiveError)
    {
        let result = withUnsafeBytes { raw -> Result<Void, ArchiveError> in
            do throws(ArchiveError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
