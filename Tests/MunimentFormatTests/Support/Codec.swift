// Every structure as a pair of a decoder and its encoder, so that one test can ask the same questions of all of them.

import MunimentFormat
import Testing

/// A structure's decoder and encoder.
struct Codec: Sendable, CustomTestStringConvertible {
    let file: String
    let isChecksummed: Bool
    /// Puts the right checksum into changed bytes.
    let repaired: @Sendable ([UInt8]) -> [UInt8]
    /// Decodes all of the bytes and encodes what was found; a decoder that takes a prefix gives back only that.
    let recoded: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { file }

    /// A structure without a checksum.
    init(_ file: String, _ recoded: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
        (self.file, isChecksummed, repaired, self.recoded) = (file, false, { $0 }, recoded)
    }

    /// A structure that ends with its checksum, or has it at `place` from the end.
    init(
        _ file: String, checksumAt place: @escaping @Sendable (Int) -> Int,
        _ recoded: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) {
        self.file = file
        isChecksummed = true
        self.recoded = recoded
        repaired = { bytes in
            let place = place(bytes.count)
            guard place >= 0, place + 4 <= bytes.count else { return bytes }
            var sum: [UInt8] = []
            sum.append(littleEndian: Checksum.crc32c(Array(bytes[..<place])))
            return bytes[..<place] + sum + bytes[(place + 4)...]
        }
    }

    private static func block(_ file: String, _ recoded: @escaping @Sendable ([UInt8]) throws -> [UInt8]) -> Codec {
        Codec(file, checksumAt: { $0 - 4 }, recoded)
    }

    static let all: [Codec] =
        [
            Codec("manifest.json") { try $0.decode(Manifest.init(decoding:)).encoded() },
            Codec("entry.json") { try $0.decode(Entry.init(decoding:)).encoded() },
            Codec("entry-extensions.json") { EntryExtension.encoded(try $0.decode(EntryExtension.list(decoding:))) },
            Codec("attribute.json") { try $0.decode(Attribute.init(decoding:)).encoded },
            Codec("content.json", recodedContent),
            Codec("body-reference.json") { try $0.decode(BodyReference.init(decoding:)).encoded },
            Codec("entry-columns.json", recodedColumns),
            Codec("part-row.json") { bytes in
                try bytes.decode { raw throws(FormatError) in
                    var reader = ByteReader(raw, "part row")
                    let row = try PartRow(decoding: &reader)
                    var encoded: [UInt8] = []
                    row.append(to: &encoded)
                    return encoded
                }
            },
            Codec("part.json") { bytes in
                // The prefix says all there is to say about the layout; the stored bytes are taken as they are.
                let prefix = try bytes.decode(PartPrefix.init(decoding:))
                var encoded: [UInt8] = []
                encoded.append(
                    littleEndian: UInt32(prefix.storedByteCount) | (prefix.isCompressed ? 0 : PartRow.storedAsIs))
                encoded.append(littleEndian: UInt32(prefix.contentByteCount))
                encoded += bytes[8..<8 + prefix.storedByteCount]
                encoded.append(zeros: PartRow.ciphertextByteCount(stored: prefix.storedByteCount) - 16 - encoded.count)
                return encoded
            },
            block("frame-header.json") { try $0.decode(FrameHeader.init(decoding:)).encoded() },
            Codec("segment-header.json", checksumAt: { _ in 104 }) {
                try $0.decode(SegmentHeader.init(decoding:)).encoded()
            },
            Codec("footer.json", checksumAt: { $0 - 16 }) { try $0.decode(Footer.init(decoding:)).encoded() },
            block("segment-row.json") { try $0.decode(SegmentRow.init(decoding:)).encoded() },
            block("root-key.json") { try $0.decode(RootKeyFile.init(decoding:)).encoded() },
            block("groups-header.json") { try $0.decode(GroupsHeader.init(decoding:)).encoded() },
            block("group-key-row.json") { try $0.decode(GroupKeyRow.init(decoding:)).encoded() },
            block("signer-key-block.json") { try $0.decode(SignerKeyBlock.init(decoding:)).encoded() },
            block("signer-state.json") { try $0.decode(SignerState.init(decoding:)).encoded() },
            Codec("control-record.json") { try $0.decode(ControlRecord.init(decoding:)).encoded() },
            Codec("identity-record.json") { try $0.decode(IdentityRecord.init(decoding:)).encoded() },
            Codec("class-record.json") { try $0.decode(ClassRecord.init(decoding:)).encoded() },
            Codec("seal-record.json") { try $0.decode(SealRecord.init(decoding:)).encoded() },
            Codec("index-set.json") { bytes in
                try bytes.decode { raw throws(FormatError) in
                    var reader = ByteReader(raw, "index set")
                    return try IndexSet(decoding: &reader).encoded()
                }
            },
            Codec("private-part.json") { try $0.decode(PrivatePart.init(decoding:)).encoded() },
            Codec("predicate.json") { try $0.decode(PredicateForm.init(decoding:)).encoded() },
            Codec("event-record.json") { try $0.decode(EventRecord.init(decoding:)).encoded() },
            Codec("hold-record.json") { try $0.decode(HoldRecord.init(decoding:)).encoded() },
            Codec("release-record.json") { try $0.decode(ReleaseRecord.init(decoding:)).encoded() },
            Codec("erasure-record.json") { try $0.decode(ErasureRecord.init(decoding:)).encoded() },
            Codec("clock-record.json") { try $0.decode(ClockRecord.init(decoding:)).encoded() },
            Codec("intent-record.json") { try $0.decode(IntentRecord.init(decoding:)).encoded() },
            Codec("prepared-record.json") { try $0.decode(PreparedRecord.init(decoding:)).encoded() },
            Codec("completed-record.json") { try $0.decode(CompletedRecord.init(decoding:)).encoded() },
            Codec("export-record.json") { try $0.decode(ExportRecord.init(decoding:)).encoded() },
            Codec("evidence.json", recodedEvidence),
            Codec("evidence-custody.json") { try $0.decode(EvidenceCustody.init(decoding:)).encoded() },
            Codec("evidence-record.json", recodedEvidenceRecord),
            Codec("evidence-log.json") { try $0.decode(EvidenceLogging.init(decoding:)).encoded() },
            block("body-header.json") { try $0.decode(BodyFileHeader.init(decoding:)).encoded() },
        ] + index

    /// The content with its attributes' order checked, spelt again from its pieces.
    @Sendable static func recodedContent(_ bytes: [UInt8]) throws -> [UInt8] {
        try bytes.decode { raw throws(FormatError) in
            let layout = try ContentLayout(decoding: raw)
            let content = UnsafeRawBufferPointer(rebasing: raw[..<layout.byteCount])
            var attributes: [[UInt8]] = []
            try layout.forEachAttribute(in: content) { _, attribute in attributes.append(Array(attribute)) }
            let head = ContentEncoder.head(
                attributes: attributes, salts: Array(raw[layout.salts]), isBodyFile: layout.hasBodyFile,
                payloadByteCount: layout.payload.count)
            return head + Array(raw[layout.payload])
        }
    }

    /// The chunks of a whole evidence file, spelt again; their bodies have codecs of their own.
    @Sendable static func recodedEvidence(_ bytes: [UInt8]) throws -> [UInt8] {
        var encoded = EvidenceHeader.encoded()
        try bytes.decode { raw throws(FormatError) in
            try EvidenceFile.forEachChunk(in: raw) { chunk, body in
                encoded += EvidenceHeading(chunk, bodyByteCount: UInt64(body.count)).encoded() + Array(body)
            }
        }
        return encoded
    }

    /// A record chunk: its head, and the payload behind it.
    @Sendable static func recodedEvidenceRecord(_ bytes: [UInt8]) throws -> [UInt8] {
        try bytes.decode { raw throws(FormatError) in
            var reader = ByteReader(raw, "evidence record")
            let prefix = try reader.take(EvidenceRecord.prefixByteCount)
            let count = try EvidenceRecord.headByteCount(decoding: prefix, bodyByteCount: UInt64(raw.count))
            let head = try reader.take(count)
            let payload = Array(reader.takeRest())
            return try EvidenceRecord(decoding: head, payloadByteCount: UInt64(payload.count)).encoded() + payload
        }
    }

    /// The columns of as many entries as there are commitments for, and no other count.
    @Sendable static func recodedColumns(_ bytes: [UInt8]) throws -> [UInt8] {
        // The count stands in the frame's header. Here it is found by asking for each that the bytes could hold.
        var refusal = FormatError(.truncated, "frame entries", at: 0, "no count fits")
        for count in 1...max(1, bytes.count / Digest.byteCount) {
            do { return try recodedColumns(bytes, count: count) } catch let error as FormatError { refusal = error }
        }
        throw refusal
    }

    static func recodedColumns(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
        let columns = try bytes.decode { raw throws(FormatError) in try EntryColumns(decoding: raw, count: count) }
        return EntryColumns.encodedRuns(columns.runs) + bytes[columns.commitmentsOffset...]
    }
}
