// What a user appends, and what comes back.

public import MunimentFormat
internal import MunimentMerkle
internal import MunimentStore

/// A record to append: payload, attributes, retention class, occurred time.
public struct Record: Sendable {
    /// Any bytes. Payloads above 8 MiB are better streamed (`Archive.append(streaming:)`).
    public var payload: [UInt8]
    /// Names and typed values; sorted and made unique by the engine. At most 4,096, 1 MiB in all.
    public var attributes: [Attribute]
    /// The stream that the record belongs to, if any: an attribute with a reserved name.
    public var stream: String?
    /// The name of the record's retention class.
    public var retentionClass: String
    /// When what the record tells happened, microseconds since 1970 UTC; nil where that is not known.
    public var occurredAt: Microseconds?

    public init(
        _ payload: [UInt8], attributes: [Attribute] = [], stream: String? = nil, retentionClass: String = "default",
        occurredAt: Microseconds? = nil
    ) {
        (self.payload, self.attributes, self.stream) = (payload, attributes, stream)
        (self.retentionClass, self.occurredAt) = (retentionClass, occurredAt)
    }

    /// A record whose payload is the text's UTF-8.
    public init(
        _ text: String, attributes: [Attribute] = [], stream: String? = nil, retentionClass: String = "default",
        occurredAt: Microseconds? = nil
    ) {
        self.init(
            Array(text.utf8), attributes: attributes, stream: stream, retentionClass: retentionClass,
            occurredAt: occurredAt)
    }
}

/// A record as the archive holds it, proved against a checkpoint.
public struct StoredRecord: Sendable {
    public enum Content: Sendable {
        /// Opened, and equal to what the entry commits to.
        case payload([UInt8])
        /// Above 8 MiB: read it with `Snapshot.readPayload`. The length in bytes.
        case large(UInt64)
        /// Destroyed on schedule; entry and proof remain.
        case purged
    }

    public let index: UInt64
    /// One of the engine's own records.
    public let isControl: Bool
    public let retentionClass: String
    public let stream: String?
    /// The wall clock at the commit, microseconds since 1970 UTC.
    public let recordedAt: Microseconds
    public let occurredAt: Microseconds?
    /// Without the stream; empty when purged.
    public let attributes: [Attribute]
    public let content: Content
    /// Of a purged record: the disposition that purged it, by the index of its intent record. Nil where the snapshot's checkpoint does not cover it yet
    /// (take a newer snapshot), or where no disposition explains the loss (verify says so).
    public internal(set) var disposition: UInt64?
    /// The bytes of the Merkle leaf's input.
    public let entry: [UInt8]

    /// The record's Merkle leaf: SHA-256(0x00 ‖ entry), RFC 6962.
    public var leafHash: Digest { TreeHash.leaf(entry) }

    /// The payload; nil when it is large or purged.
    public var payload: [UInt8]? {
        if case .payload(let bytes) = content { return bytes }
        return nil
    }
}
