// Encoding and decoding are inverse on random values of every structure.

import MunimentFormat
import Testing

@Suite struct RandomValueTests {
    /// Runs `body` with a generator many times; what it records names the seed.
    private func repeated(_ count: Int = 300, _ body: (inout SeededGenerator) throws -> Bool) throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<count {
            guard try body(&generator) else {
                Issue.record("seed \(seed), round \(round)")
                return
            }
        }
    }

    @Test func integers() throws {
        try repeated(2_000) { generator in
            let (unsigned, signed) = (generator.integer(), generator.int64())
            var bytes: [UInt8] = []
            bytes.append(varint: unsigned)
            bytes.append(signedVarint: signed)
            bytes.append(littleEndian: signed)
            return try bytes.decode { raw throws(FormatError) in
                var reader = ByteReader(raw, "integers")
                let first = try reader.varint()
                let second = try reader.signedVarint()
                let third = try reader.integer(Int64.self)
                return first == unsigned && second == signed && third == signed && reader.isAtEnd
            }
        }
    }

    @Test func hexadecimal() throws {
        try repeated { generator in
            let bytes = generator.bytes(generator.int(0...40))
            let text = Hexadecimal.string(bytes)
            return Hexadecimal.bytes(text) == bytes && Hexadecimal.bytes(text.uppercased()) == bytes
                && Hexadecimal.bytes(text + "0") == nil && Hexadecimal.bytes(text + "0g") == nil
        }
    }

    @Test func entries() throws {
        try repeated { generator in
            let entry = generator.entry()
            return try entry.encoded().decode(Entry.init(decoding:)) == entry
        }
    }

    @Test func contents() throws {
        try repeated { generator in
            let attributes = ContentEncoder.canonical((0..<generator.int(0...20)).map { _ in generator.attribute() })
            let payload = generator.bytes(generator.int(0...300))
            let salts = generator.bool() ? generator.bytes(16 * (1 + attributes.count)) : []
            let content =
                ContentEncoder.head(attributes: attributes, salts: salts, payloadByteCount: payload.count) + payload
            let junk = generator.bytes(generator.int(0...20))
            let layout = try (content + junk).decode(ContentLayout.init(decoding:))
            var found: [[UInt8]] = []
            try content.decode { raw throws(FormatError) in
                try layout.forEachAttribute(in: raw) { _, attribute in found.append(Array(attribute)) }
            }
            return layout.byteCount == content.count && Array(content[layout.payload]) == payload && found == attributes
                && Array(content[layout.salts]) == salts
        }
    }

    @Test func entryColumns() throws {
        try repeated { generator in
            // Entries as a writer meets them: neighbours often share everything.
            var entries: [Entry] = []
            for _ in 0..<generator.int(1...60) {
                if let last = entries.last, generator.int(0...3) > 0 {
                    var next = last
                    next.commitment = generator.digest()
                    if last.occurred != nil { next.occurred = generator.int64() }
                    entries.append(next)
                } else {
                    entries.append(generator.entry())
                }
            }
            let runs = EntryRun.runs(of: entries)
            let bytes = EntryColumns.encodedRuns(runs) + entries.flatMap { $0.commitment.bytes }
            let columns = try bytes.decode { raw throws(FormatError) in
                try EntryColumns(decoding: raw, count: entries.count)
            }
            return bytes.withUnsafeBytes { raw in
                entries.enumerated().allSatisfy { columns.entry($0.offset, in: raw) == $0.element.encoded() }
            }
        }
    }

    @Test func frameHeaders() throws {
        try repeated { generator in
            let header = generator.frameHeader()
            let bytes = header.encoded()
            return try (bytes + generator.bytes(generator.int(0...20))).decode(FrameHeader.init(decoding:)) == header
                && bytes.count == header.headerByteCount
        }
    }

    @Test func segmentHeadersAndNames() throws {
        try repeated { generator in
            let header = SegmentHeader(
                generation: generator.uint32(), logID: generator.digest(),
                segment: generator.integer(below: Limits.segmentCount),
                firstIndex: generator.integer(below: Limits.treeSize), root: generator.digest(),
                created: generator.int64())
            let name = SegmentHeader.fileName(segment: header.segment, generation: header.generation)
            let parsed = SegmentHeader.parse(fileName: name)
            return try header.encoded().decode(SegmentHeader.init(decoding:)) == header
                && parsed?.segment == header.segment && parsed?.generation == header.generation
        }
    }

    @Test func footers() throws {
        try repeated { generator in
            let footer = generator.footer()
            return try footer.encoded().decode(Footer.init(decoding:)) == footer
        }
    }

    @Test func segmentRows() throws {
        try repeated { generator in
            let isSealed = generator.bool()
            let row = SegmentRow(
                segment: generator.integer(), generation: generator.uint32(), isSealed: isSealed,
                firstIndex: generator.integer(below: Limits.treeSize),
                entryCount: isSealed ? generator.integer(below: UInt64(Limits.entriesPerSegment)) : 0,
                recordedFirst: isSealed ? generator.int64() : 0, recordedLast: isSealed ? generator.int64() : 0,
                footerDigest: isSealed ? generator.digest() : .zero, fileByteCount: generator.integer())
            return try row.encoded().decode(SegmentRow.init(decoding:)) == row
        }
    }

    @Test func keyFiles() throws {
        try repeated { generator in
            let hasPassphrase = generator.bool()
            let root = RootKeyFile(
                protection: hasPassphrase ? .passphrase : .file,
                memoryKiB: hasPassphrase ? UInt32(generator.int(8_192...1_048_576)) : 0,
                passes: hasPassphrase ? UInt32(generator.int(1...16)) : 0,
                salt: hasPassphrase ? generator.bytes(16) : [UInt8](repeating: 0, count: 16), logID: generator.digest(),
                secret: generator.bytes(32) + (hasPassphrase ? generator.bytes(16) : [UInt8](repeating: 0, count: 16)),
                keyCheck: generator.digest())
            let header = GroupsHeader(
                logID: generator.digest(), epoch: generator.integer(), salt: generator.bytes(32),
                wrapped: generator.bytes(48))
            let isPresent = generator.bool()
            let row = GroupKeyRow(
                slot: generator.integer(), segment: generator.integer(), classID: generator.uint32(),
                isPresent: isPresent,
                salt: isPresent ? generator.bytes(32) : [UInt8](repeating: 0, count: 32),
                wrapped: isPresent ? generator.bytes(48) : [UInt8](repeating: 0, count: 48),
                generation: generator.uint32())
            let block = SignerKeyBlock(
                logID: generator.digest(), salt: generator.bytes(32), wrapped: generator.bytes(48))
            let state = SignerState(
                sequence: generator.integer(), treeSize: generator.integer(below: Limits.treeSize),
                root: generator.digest())
            return try root.encoded().decode(RootKeyFile.init(decoding:)) == root
                && header.encoded().decode(GroupsHeader.init(decoding:)) == header
                && row.encoded().decode(GroupKeyRow.init(decoding:)) == row
                && block.encoded().decode(SignerKeyBlock.init(decoding:)) == block
                && state.encoded().decode(SignerState.init(decoding:)) == state
        }
    }

    @Test func controlRecords() throws {
        try repeated { generator in
            let kind = ControlRecord.Kind(rawValue: UInt8(generator.int(1...13)))!
            let record = ControlRecord(
                kind: kind, previous: generator.bool() ? nil : generator.integer(below: Limits.treeSize),
                body: generator.bytes(generator.int(0...100)))
            let identity = IdentityRecord(
                logID: generator.digest(), manifestDigest: generator.digest(), origin: generator.text(0...60),
                verifierKey: generator.text(0...60), predecessor: generator.bytes(generator.int(0...300)),
                bootID: generator.bytes(16), boot: Int64(generator.int(0...1_000_000)))
            let retention = ClassRecord(
                classID: UInt32(generator.int(0...1_000)), name: generator.text(1...16),
                mode: generator.bool() ? .compliance : .governance,
                basis: .init(rawValue: UInt8(generator.int(0...2)))!,
                compression: .init(rawValue: UInt8(generator.int(0...2)))!, period: generator.text(0...16),
                grace: generator.text(0...16),
                indexed: generator.bool() ? nil : (0..<generator.int(0...10)).map { _ in generator.text(0...20) })
            let seal = generator.sealRecord()
            return try record.encoded().decode(ControlRecord.init(decoding:)) == record
                && identity.encoded().decode(IdentityRecord.init(decoding:)) == identity
                && retention.encoded().decode(ClassRecord.init(decoding:)).encoded() == retention.encoded()
                && seal.encoded().decode(SealRecord.init(decoding:)) == seal
        }
    }

    @Test func retentionRecords() throws {
        try repeated { generator in
            let event = EventRecord(at: generator.int64(), indexes: generator.indexSet())
            let hold = HoldRecord(
                matter: generator.bool() ? nil : generator.integer(below: Limits.treeSize), scope: generator.scope())
            let clock = ClockRecord(
                kind: .init(rawValue: UInt8(generator.int(0...3)))!, compliance: generator.int64(),
                wall: generator.int64(), bootID: generator.bytes(16), boot: generator.int64() & .max)
            let part = generator.privatePart()
            let form = generator.predicate(depth: 0)
            return try event.encoded().decode(EventRecord.init(decoding:)) == event
                && hold.encoded().decode(HoldRecord.init(decoding:)) == hold
                && clock.encoded().decode(ClockRecord.init(decoding:)) == clock
                && part.encoded().decode(PrivatePart.init(decoding:)) == part
                && form.encoded().decode(PredicateForm.init(decoding:)) == form
        }
    }

    @Test func dispositions() throws {
        try repeated { generator in
            let intent = generator.intent()
            let prepared = generator.preparedRecord()
            let isAborted = generator.bool()
            let completed = CompletedRecord(
                disposition: generator.integer(below: Limits.treeSize), outcome: isAborted ? .aborted : .completed,
                strength: isAborted ? [] : .init(rawValue: UInt8(generator.int(0...7))), epoch: generator.integer(),
                prepared: isAborted ? [] : generator.ascending(0...20))
            return try intent.encoded().decode(IntentRecord.init(decoding:)) == intent
                && prepared.encoded().decode(PreparedRecord.init(decoding:)) == prepared
                && completed.encoded().decode(CompletedRecord.init(decoding:)) == completed
        }
    }

    @Test func journal() throws {
        try repeated { generator in
            let notes = (0..<generator.int(0...5)).map { _ in generator.bytes(generator.int(1...300)) }
            let bytes = notes.flatMap(CheckpointJournal.encoded)
            let found = (bytes + generator.bytes(generator.int(0...7))).withUnsafeBytes(
                CheckpointJournal.notes(decoding:))
            return found.notes == notes && found.byteCount == bytes.count
        }
    }
}

extension EntryRun {
    /// Neighbours that can share a run do.
    static func runs(of entries: [Entry]) -> [EntryRun] {
        var runs: [EntryRun] = []
        for entry in entries {
            let run = EntryRun(
                count: 1, kind: entry.kind, flags: entry.flags, classID: entry.classID, recorded: entry.recorded,
                compliance: entry.compliance ?? 0, occurred: entry.occurred.map { [$0] } ?? [],
                extensions: entry.extensions.isEmpty ? [] : [entry.extensions])
            if let last = runs.last, last.sharesRun(with: run) {
                runs[runs.count - 1].count += 1
                runs[runs.count - 1].occurred += run.occurred
                runs[runs.count - 1].extensions += run.extensions
            } else {
                runs.append(run)
            }
        }
        return runs
    }
}
