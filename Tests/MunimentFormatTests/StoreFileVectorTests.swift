// Decoded fields of the vectors of key files, the segment directory, the journal of checkpoints, control records and body files.

import MunimentFormat
import Testing

@Suite struct StoreFileVectorTests {
    private struct RowFields: Decodable {
        var segment: UInt64
        var generation: UInt32
        var isSealed: Bool
        var firstIndex: UInt64
        var entryCount: UInt64
        var recordedFirst: Int64
        var recordedLast: Int64
        var footerDigest: Spelt
        var fileByteCount: UInt64
    }

    @Test func segmentRows() throws {
        for vector in try VectorFile<RowFields>("segment-row.json").good {
            let fields = vector.fields
            let row = SegmentRow(
                segment: fields.segment, generation: fields.generation, isSealed: fields.isSealed,
                firstIndex: fields.firstIndex, entryCount: fields.entryCount, recordedFirst: fields.recordedFirst,
                recordedLast: fields.recordedLast, footerDigest: fields.footerDigest.digest,
                fileByteCount: fields.fileByteCount)
            #expect(row.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(SegmentRow.init(decoding:)) == row)
        }
    }

    private struct RootFields: Decodable {
        var protection: UInt32
        var memoryKiB: UInt32
        var passes: UInt32
        var salt: Spelt
        var logID: Spelt
        var secret: Spelt
        var keyCheck: Spelt
    }

    @Test func rootKeyFiles() throws {
        for vector in try VectorFile<RootFields>("root-key.json").good {
            let fields = vector.fields
            let file = RootKeyFile(
                protection: try #require(RootKeyFile.Protection(rawValue: fields.protection)),
                memoryKiB: fields.memoryKiB, passes: fields.passes, salt: fields.salt.bytes, logID: fields.logID.digest,
                secret: fields.secret.bytes, keyCheck: fields.keyCheck.digest)
            #expect(file.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(RootKeyFile.init(decoding:)) == file)
        }
    }

    private struct WrappedFields: Decodable {
        var logID: Spelt?
        var epoch: UInt64?
        var slot: UInt64?
        var segment: UInt64?
        var `class`: UInt32?
        var isPresent: Bool?
        var generation: UInt32?
        var salt: Spelt
        var wrapped: Spelt
    }

    @Test func groupKeys() throws {
        for vector in try VectorFile<WrappedFields>("groups-header.json").good {
            let header = GroupsHeader(
                logID: try #require(vector.fields.logID).digest, epoch: try #require(vector.fields.epoch),
                salt: vector.fields.salt.bytes, wrapped: vector.fields.wrapped.bytes)
            #expect(header.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(GroupsHeader.init(decoding:)) == header)
        }
        for vector in try VectorFile<WrappedFields>("group-key-row.json").good {
            let fields = vector.fields
            let row = GroupKeyRow(
                slot: try #require(fields.slot), segment: try #require(fields.segment),
                classID: try #require(fields.class), isPresent: try #require(fields.isPresent as Bool?),
                salt: fields.salt.bytes,
                wrapped: fields.wrapped.bytes, generation: try #require(fields.generation))
            #expect(row.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(GroupKeyRow.init(decoding:)) == row)
        }
    }

    private struct StateFields: Decodable {
        var sequence: UInt64
        var treeSize: UInt64
        var root: Spelt
    }

    @Test func signer() throws {
        for vector in try VectorFile<WrappedFields>("signer-key-block.json").good {
            let block = SignerKeyBlock(
                logID: try #require(vector.fields.logID).digest, salt: vector.fields.salt.bytes,
                wrapped: vector.fields.wrapped.bytes)
            #expect(block.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(SignerKeyBlock.init(decoding:)) == block)
        }
        for vector in try VectorFile<StateFields>("signer-state.json").good {
            let state = SignerState(
                sequence: vector.fields.sequence, treeSize: vector.fields.treeSize, root: vector.fields.root.digest)
            #expect(state.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(SignerState.init(decoding:)) == state)
        }
    }

    private struct JournalFields: Decodable { var notes: [Spelt] }

    @Test func checkpointJournal() throws {
        let vectors = try VectorFile<JournalFields>("checkpoint-journal.json")
        for vector in vectors.good {
            let notes = vector.fields.notes.map(\.bytes)
            #expect(notes.flatMap(CheckpointJournal.encoded) == vector.bytes)
            let found = vector.bytes.withUnsafeBytes(CheckpointJournal.notes(decoding:))
            #expect(found.notes == notes && found.byteCount == vector.bytes.count)
        }
        for vector in try #require(vectors.goodWithJunk) {
            let found = vector.bytes.withUnsafeBytes(CheckpointJournal.notes(decoding:))
            #expect(found.notes.count == 1 && found.byteCount == vector.byteCount, "\(vector.name)")
        }
    }

    /// Every cut and every flipped bit leaves whole notes from the start, and nothing else.
    @Test func damagedJournal() throws {
        let good = try #require(try VectorFile<JournalFields>("checkpoint-journal.json").good.last)
        let notes = good.fields.notes.map(\.bytes)
        for count in 0..<good.bytes.count {
            let found = good.bytes[..<count].withUnsafeBytes(CheckpointJournal.notes(decoding:))
            #expect(found.notes == Array(notes.prefix(found.notes.count)) && found.byteCount <= count)
        }
        for bit in 0..<good.bytes.count * 8 {
            var bytes = good.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = bytes.withUnsafeBytes(CheckpointJournal.notes(decoding:))
            #expect(found.notes == Array(notes.prefix(found.notes.count)) && found.notes.count < notes.count)
        }
    }

    private struct ControlFields: Decodable {
        var type: UInt8
        var previous: UInt64?
        var body: Spelt
    }

    @Test func controlRecords() throws {
        for vector in try VectorFile<ControlFields>("control-record.json").good {
            let record = ControlRecord(
                kind: try #require(ControlRecord.Kind(rawValue: vector.fields.type)), previous: vector.fields.previous,
                body: vector.fields.body.bytes)
            #expect(record.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(ControlRecord.init(decoding:)) == record)
            let entry = Entry(
                kind: .control, classID: 0, recorded: 0, commitment: .zero, extensions: record.extensions())
            #expect(try ControlRecord(entry: entry) == record)
        }
    }

    @Test func controlRecordsInEntries() throws {
        let user = Entry(kind: .record, classID: 1, recorded: 0, commitment: .zero)
        #expect(try ControlRecord(entry: user) == nil)
        let bare = Entry(kind: .control, classID: 0, recorded: 0, commitment: .zero)
        #expect(throws: FormatError.self) { try ControlRecord(entry: bare) }
        let record = ControlRecord(kind: .clock, previous: 1, body: [])
        let lenient = EntryExtension(type: EntryExtension.controlType, isCritical: false, bytes: record.encoded())
        let entry = Entry(
            kind: .control, classID: 0, recorded: 0, commitment: .zero, extensions: EntryExtension.encoded([lenient]))
        let error = #expect(throws: FormatError.self) { try ControlRecord(entry: entry) }
        #expect(error?.code == .inconsistent)
    }

    private struct IdentityFields: Decodable {
        var logID: Spelt
        var manifestDigest: Spelt
        var origin: String
        var key: String
        var predecessor: Spelt
        var bootID: Spelt
        var boot: Int64
    }

    private struct ClassFields: Decodable {
        var `class`: UInt32
        var name: String
        var mode: UInt8
        var basis: UInt8
        var compression: UInt8
        var period: String
        var grace: String
        var indexed: [String]?
    }

    private struct SealFields: Decodable {
        struct Group: Decodable {
            var `class`: UInt32
            var digest: Spelt
        }
        var segment: UInt64
        var generation: UInt32
        var firstIndex: UInt64
        var entryCount: UInt64
        var footerDigest: Spelt
        var indexRoot: Spelt
        var policy: UInt64?
        var groups: [Group]
    }

    @Test func controlBodies() throws {
        for vector in try VectorFile<IdentityFields>("identity-record.json").good {
            let fields = vector.fields
            let record = IdentityRecord(
                logID: fields.logID.digest, manifestDigest: fields.manifestDigest.digest, origin: fields.origin,
                verifierKey: fields.key, predecessor: fields.predecessor.bytes,
                bootID: fields.bootID.bytes, boot: fields.boot)
            #expect(record.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(IdentityRecord.init(decoding:)) == record)
        }
        for vector in try VectorFile<ClassFields>("class-record.json").good {
            let fields = vector.fields
            let record = ClassRecord(
                classID: fields.class, name: fields.name, mode: try #require(.init(rawValue: fields.mode)),
                basis: try #require(.init(rawValue: fields.basis)),
                compression: try #require(.init(rawValue: fields.compression)), period: fields.period,
                grace: fields.grace, indexed: fields.indexed)
            #expect(record.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(ClassRecord.init(decoding:)) == record)
        }
        for vector in try VectorFile<SealFields>("seal-record.json").good {
            let fields = vector.fields
            let record = SealRecord(
                segment: fields.segment, generation: fields.generation, firstIndex: fields.firstIndex,
                entryCount: fields.entryCount, footerDigest: fields.footerDigest.digest,
                indexRoot: fields.indexRoot.digest, policy: fields.policy,
                groups: fields.groups.map { SealRecord.Group(classID: $0.class, digest: $0.digest.digest) })
            #expect(record.policy == fields.policy)
            #expect(record.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(SealRecord.init(decoding:)) == record)
        }
    }

    private struct BodyFields: Decodable {
        var logID: Spelt
        var id: Spelt
        var path: String
    }

    @Test func bodyFiles() throws {
        for vector in try VectorFile<BodyFields>("body-header.json").good {
            let header = BodyFileHeader(logID: vector.fields.logID.digest, id: vector.fields.id.bytes)
            #expect(header.encoded() == vector.bytes)
            #expect(try vector.bytes.decode(BodyFileHeader.init(decoding:)) == header)
            #expect(BodyFileHeader.path(id: vector.fields.id.bytes) == vector.fields.path)
        }
    }
}
