// Decoded fields of the vectors of frames, segments and footers.

import MunimentFormat
import Testing

@Suite struct FrameVectorTests {
    private struct Run: Decodable {
        var count: Int
        var kind: UInt8
        var flags: UInt8
        var `class`: UInt32
        var recorded: Int64
        var compliance: Int64
        var occurred: [Int64]
        var extensions: [Spelt]
    }

    private struct ColumnFields: Decodable {
        var count: Int
        var runs: [Run]
        var entries: [Spelt]
    }

    @Test func entryColumns() throws {
        for vector in try VectorFile<ColumnFields>("entry-columns.json").good {
            let fields = vector.fields
            let columns = try vector.bytes.decode { raw throws(FormatError) in
                try EntryColumns(decoding: raw, count: fields.count)
            }
            #expect(columns.runs.count == fields.runs.count && columns.count == fields.count)
            for (run, expected) in zip(columns.runs, fields.runs) {
                #expect(
                    run.count == expected.count && run.kind.rawValue == expected.kind && run.flags == expected.flags)
                #expect(run.classID == expected.class && run.recorded == expected.recorded)
                #expect(run.compliance == expected.compliance && run.occurred == expected.occurred)
                #expect(run.extensions == expected.extensions.map(\.bytes))
            }
            vector.bytes.withUnsafeBytes { raw in
                for (ordinal, entry) in fields.entries.enumerated() {
                    #expect(columns.entry(ordinal, in: raw) == entry.bytes, "\(vector.name), entry \(ordinal)")
                }
            }
        }
    }

    /// The places of entries among those of their class, against counting.
    @Test func classOrdinals() throws {
        for vector in try VectorFile<ColumnFields>("entry-columns.json").good {
            let columns = try vector.bytes.decode { raw throws(FormatError) in
                try EntryColumns(decoding: raw, count: vector.fields.count)
            }
            let classes = columns.runs.flatMap { run in Array(repeating: run.classID, count: run.count) }
            for (ordinal, classID) in classes.enumerated() {
                #expect(columns.runs[columns.locate(ordinal).run].classID == classID)
                let expected = classes[..<ordinal].count { $0 == classID }
                #expect(columns.classOrdinal(of: ordinal, classID: classID) == expected)
            }
        }
    }

    private struct RowFields: Decodable {
        var `class`: UInt32
        var recordCount: UInt32
        var ciphertextByteCount: UInt32
        var flags: UInt32
        var digest: Spelt

        var row: PartRow {
            PartRow(
                classID: self.class, recordCount: recordCount, ciphertextByteCount: ciphertextByteCount, flags: flags,
                digest: digest.digest)
        }
    }

    @Test func partRows() throws {
        for vector in try VectorFile<RowFields>("part-row.json").good {
            let row = try vector.bytes.decode { raw throws(FormatError) in
                var reader = ByteReader(raw, "part row")
                return try PartRow(decoding: &reader)
            }
            #expect(row == vector.fields.row)
        }
    }

    private struct SkeletonFields: Decodable { var parts: [RowFields] }

    @Test func rowsOfAFrame() throws {
        let vectors = try VectorFile<SkeletonFields>("frame-parts.json")
        for vector in vectors.good {
            #expect(try rows(vector.bytes) == vector.fields.parts.map(\.row), "\(vector.name)")
            // What follows the skeleton is not read.
            #expect(try rows(vector.bytes + [1, 2, 3]) == vector.fields.parts.map(\.row), "\(vector.name)")
        }
        for vector in vectors.bad {
            let error = #expect(throws: FormatError.self) { try rows(vector.bytes) }
            #expect(error?.code.rawValue == vector.error, "\(vector.name)")
        }
    }

    private func rows(_ skeleton: [UInt8]) throws -> [PartRow] {
        try skeleton.decode { raw throws(FormatError) in try PartRow.rows(of: FrameHeader(decoding: raw), in: raw) }
    }

    private struct PartFields: Decodable {
        var contentHex: Spelt
        var compressed: Bool
        var storedByteCount: Int
    }

    @Test func parts() throws {
        for vector in try VectorFile<PartFields>("part.json").good {
            let prefix = try vector.bytes.decode(PartPrefix.init(decoding:))
            #expect(prefix.contentByteCount == vector.fields.contentHex.bytes.count)
            #expect(prefix.isCompressed == vector.fields.compressed)
            #expect(prefix.storedByteCount == vector.fields.storedByteCount)
            if !prefix.isCompressed {
                #expect(Array(vector.bytes[8..<8 + prefix.storedByteCount]) == vector.fields.contentHex.bytes)
            }
        }
        #expect(PartRow.ciphertextByteCount(stored: Limits.partContentByteCount) == PartRow.ciphertextByteCountMax)
    }

    private struct HeaderFields: Decodable {
        struct Group: Decodable {
            var `class`: UInt32
            var slot: UInt64
            var keyCommitment: Spelt
        }
        struct Token: Decodable {
            var `class`: UInt32
            var tokenHash: Spelt
            var contentHash: Spelt
            var firstOrdinal: UInt32
            var recordCount: UInt32
        }
        struct Body: Decodable {
            var id: Spelt
            var ordinal: UInt32
            var fileByteCount: UInt64
            var digest: Spelt
        }
        var session: Spelt
        var offset: UInt64
        var segment: UInt64
        var generation: UInt32
        var entryCount: Int
        var firstIndex: UInt64
        var root: Spelt
        var firstPart: UInt64
        var entriesByteCount: Int
        var partCount: Int
        var bodyByteCount: Int
        var bodyCRC: UInt32
        var lastControl: UInt64?
        var groups: [Group]
        var tokens: [Token]
        var bodyFiles: [Body]

        var header: FrameHeader {
            var header = FrameHeader(
                session: session.bytes, offset: offset, segment: segment, generation: generation,
                entryCount: entryCount,
                firstIndex: firstIndex, root: root.digest, firstPart: firstPart, entriesByteCount: entriesByteCount,
                partCount: partCount, bodyByteCount: bodyByteCount)
            header.bodyCRC = bodyCRC
            header.lastControl = lastControl
            header.groups = groups.map {
                GroupRow(classID: $0.class, slot: $0.slot, keyCommitment: $0.keyCommitment.digest)
            }
            header.tokens = tokens.map {
                TokenRow(
                    classID: $0.class, tokenHash: $0.tokenHash.bytes, contentHash: $0.contentHash.bytes,
                    firstOrdinal: $0.firstOrdinal, recordCount: $0.recordCount)
            }
            header.bodyFiles = bodyFiles.map {
                BodyFileRow(
                    id: $0.id.bytes, ordinal: $0.ordinal, fileByteCount: $0.fileByteCount, digest: $0.digest.digest)
            }
            return header
        }
    }

    @Test func frameHeaders() throws {
        let vectors = try VectorFile<HeaderFields>("frame-header.json")
        for vector in vectors.good {
            #expect(vector.fields.header.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(FrameHeader.init(decoding:)) == vector.fields.header)
            #expect(vector.fields.header.headerByteCount == vector.bytes.count)
            #expect(vector.bytes.withUnsafeBytes(FrameHeader.claimedByteCount) == vector.bytes.count)
        }
        // A whole frame, as it stands in a segment.
        let frame = try #require(vectors.goodWithJunk?.first).bytes
        let header = try frame.decode(FrameHeader.init(decoding:))
        #expect(header.frameByteCount == frame.count)
        let body = Array(frame[header.headerByteCount..<header.headerByteCount + header.bodyByteCount])
        #expect(Checksum.crc32c(body) == header.bodyCRC)
    }

    private struct SegmentFields: Decodable {
        var generation: UInt32
        var logID: Spelt
        var segment: UInt64
        var firstIndex: UInt64
        var root: Spelt
        var created: Int64
    }

    @Test func segmentHeaders() throws {
        for vector in try VectorFile<SegmentFields>("segment-header.json").good {
            let fields = vector.fields
            let header = SegmentHeader(
                generation: fields.generation, logID: fields.logID.digest, segment: fields.segment,
                firstIndex: fields.firstIndex, root: fields.root.digest, created: fields.created)
            #expect(header.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(SegmentHeader.init(decoding:)) == header)
        }
    }

    private struct NameFields: Decodable {
        var segment: UInt64
        var generation: UInt32
    }

    @Test func segmentNames() throws {
        let vectors = try VectorFile<NameFields>("segment-name.json")
        for vector in vectors.good {
            let (segment, generation) = (vector.fields.segment, vector.fields.generation)
            let path = String(decoding: vector.bytes, as: UTF8.self)
            #expect(SegmentHeader.path(segment: segment, generation: generation) == path)
            let parsed = SegmentHeader.parse(fileName: String(path.split(separator: "/").last!))
            #expect(parsed?.segment == segment && parsed?.generation == generation)
        }
        for vector in vectors.bad {
            #expect(
                SegmentHeader.parse(fileName: String(decoding: vector.bytes, as: UTF8.self)) == nil, "\(vector.name)")
        }
    }

    private struct FooterFields: Decodable {
        struct Frame: Decodable {
            var offset: UInt64
            var frameByteCount: UInt64
            var firstIndex: UInt64
            var entryCount: UInt32
            var skeletonByteCount: UInt32
            var partCount: UInt32
            var digest: Spelt
        }
        struct Group: Decodable {
            var `class`: UInt32
            var slot: UInt64
            var keyCommitment: Spelt
            var recordCount: UInt64
            var partCount: UInt64
            var digest: Spelt
        }
        struct Body: Decodable {
            var id: Spelt
            var index: UInt64
            var fileByteCount: UInt64
            var digest: Spelt
        }
        var generation: UInt32
        var segment: UInt64
        var firstIndex: UInt64
        var entryCount: UInt64
        var root: Spelt
        var recordedFirst: Int64
        var recordedLast: Int64
        var skeletonDigest: Spelt
        var frames: [Frame]
        var groups: [Group]
        var bodyFiles: [Body]
        var index: Spelt

        var footer: Footer {
            Footer(
                generation: generation, segment: segment, firstIndex: firstIndex, entryCount: entryCount,
                root: root.digest, recordedFirst: recordedFirst, recordedLast: recordedLast,
                skeletonDigest: skeletonDigest.digest,
                frames: frames.map {
                    Footer.Frame(
                        offset: $0.offset, frameByteCount: $0.frameByteCount, firstIndex: $0.firstIndex,
                        entryCount: $0.entryCount, skeletonByteCount: $0.skeletonByteCount, partCount: $0.partCount,
                        digest: $0.digest.digest)
                },
                groups: groups.map {
                    Footer.Group(
                        classID: $0.class, slot: $0.slot, keyCommitment: $0.keyCommitment.digest,
                        recordCount: $0.recordCount, partCount: $0.partCount, digest: $0.digest.digest)
                },
                bodyFiles: bodyFiles.map {
                    Footer.BodyFile(
                        id: $0.id.bytes, index: $0.index, fileByteCount: $0.fileByteCount, digest: $0.digest.digest)
                }, index: index.bytes)
        }
    }

    @Test func footers() throws {
        for vector in try VectorFile<FooterFields>("footer.json").good {
            #expect(vector.fields.footer.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(Footer.init(decoding:)) == vector.fields.footer)
            #expect(vector.fields.footer.byteCount == vector.bytes.count)
            let trailer = Array(vector.bytes.suffix(Footer.trailerByteCount))
            #expect(trailer.withUnsafeBytes(Footer.claimedByteCount(trailer:)) == vector.bytes.count)
        }
    }
}
