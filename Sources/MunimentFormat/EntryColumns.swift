// The entries of one frame as columns: what most of them share is said once for a run, commitments stand side by side.
// Format/frame.md, "Entries".
//
//   runCount  varint
//   each run: count varint ≥ 1 · suite u8 · kind u8 · flags u8 · class varint · recorded zigzag (from the last run's, first from 0)
//             [compliance zigzag, from recorded]  flag bit 1
//             [count × occurred zigzag, from the one before in the frame, first from the run's recorded]  flag bit 0
//             [count × (byteCount varint, extension list)]  flag bit 2
//   commitments: 32 bytes for each entry of the frame, to the end
//
// Two neighbours that could be one run are refused, so the spelling is unique.

/// Entries in a row that share everything but occurred time, commitment and extensions.
package struct EntryRun: Sendable {
    /// How many entries the run or the frame has.
    package var count: Int
    /// Shared by the run.
    package var kind: Entry.Kind
    /// As in the entry; shared by the run.
    package var flags: UInt8
    /// The retention class; 0 is that of control records.
    package var classID: UInt32
    /// Shared by the run.
    package var recorded: Microseconds
    /// Shared by the run; 0 without flag bit 1.
    package var compliance: Microseconds
    /// One for each entry with flag bit 0, otherwise empty.
    package var occurred: [Microseconds]
    /// One extension list for each entry with flag bit 2, otherwise empty.
    package var extensions: [[UInt8]]

    /// A run; `occurred` and `extensions` have `count` elements where the flags ask for them, and none otherwise.
    package init(
        count: Int, kind: Entry.Kind, flags: UInt8, classID: UInt32, recorded: Microseconds,
        compliance: Microseconds = 0,
        occurred: [Microseconds] = [], extensions: [[UInt8]] = []
    ) {
        self.count = count
        self.kind = kind
        self.flags = flags
        self.classID = classID
        self.recorded = recorded
        self.compliance = compliance
        self.occurred = occurred
        self.extensions = extensions
    }

    /// Whether neighbours must be one run: all that a run shares is equal.
    package func sharesRun(with other: EntryRun) -> Bool {
        kind == other.kind && flags == other.flags && classID == other.classID && recorded == other.recorded
            && compliance == other.compliance
    }

    /// Bytes of an entry of this run before its commitment.
    package var headByteCount: Int {
        3 + varintByteCount(UInt64(classID)) + 8 + (flags & Entry.hasOccurred == 0 ? 0 : 8)
            + (flags & Entry.hasCompliance == 0 ? 0 : 8)
    }

    /// Writes the bytes of the run's entry `ordinal` that precede its commitment. `pointer` has room for 40 bytes.
    package func storeHead(ordinal: Int, to pointer: UnsafeMutableRawPointer) -> Int {
        pointer.storeBytes(of: Entry.suite, as: UInt8.self)
        pointer.storeBytes(of: kind.rawValue, toByteOffset: 1, as: UInt8.self)
        pointer.storeBytes(of: flags, toByteOffset: 2, as: UInt8.self)
        var count = 3 + storeVarint(UInt64(classID), to: pointer + 3)
        pointer.storeBytes(of: recorded.littleEndian, toByteOffset: count, as: Int64.self)
        count += 8
        if flags & Entry.hasOccurred != 0 {
            pointer.storeBytes(of: occurred[ordinal].littleEndian, toByteOffset: count, as: Int64.self)
            count += 8
        }
        if flags & Entry.hasCompliance != 0 {
            pointer.storeBytes(of: compliance.littleEndian, toByteOffset: count, as: Int64.self)
            count += 8
        }
        return count
    }
}

/// The decoded entries of one frame. The commitments stay where they are, in the bytes that were decoded.
package struct EntryColumns: Sendable {
    /// In the order of the entries.
    package var runs: [EntryRun]
    /// How many entries the run or the frame has.
    package var count: Int
    /// Where the commitments begin in the decoded bytes.
    package var commitmentsOffset: Int

    /// Encodes everything but the commitments, which follow it on disk.
    package static func encodedRuns(_ runs: [EntryRun]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(runs.count))
        var recorded: Int64 = 0
        var occurred: Int64?
        for run in runs {
            bytes.append(varint: UInt64(run.count))
            bytes.append(contentsOf: [Entry.suite, run.kind.rawValue, run.flags])
            bytes.append(varint: UInt64(run.classID))
            bytes.append(signedVarint: run.recorded &- recorded)
            recorded = run.recorded
            if run.flags & Entry.hasCompliance != 0 { bytes.append(signedVarint: run.compliance &- recorded) }
            if run.flags & Entry.hasOccurred != 0 {
                precondition(run.occurred.count == run.count)
                for time in run.occurred {
                    bytes.append(signedVarint: time &- (occurred ?? recorded))
                    occurred = time
                }
            }
            if run.flags & Entry.hasExtensions != 0 {
                precondition(run.extensions.count == run.count)
                for list in run.extensions {
                    bytes.append(varint: UInt64(list.count))
                    bytes.append(contentsOf: list)
                }
            }
        }
        return bytes
    }

    /// Decodes the entries block of a frame that holds `count` entries.
    package init(decoding bytes: UnsafeRawBufferPointer, count: Int) throws(FormatError) {
        try self.init(decoding: bytes, count: count, blockByteCount: bytes.count)
    }

    /// Decodes the runs of an entries block of `blockByteCount` bytes, of which `bytes` are the first; the commitments need not be among them.
    package init(decoding bytes: UnsafeRawBufferPointer, count: Int, blockByteCount: Int) throws(FormatError) {
        var reader = ByteReader(bytes, "frame entries")
        let runCount = try reader.count(atMost: count)
        runs = []
        runs.reserveCapacity(min(runCount, 1_024))
        var total = 0
        var recorded: Int64 = 0
        var occurred: Int64?
        for _ in 0..<runCount {
            let run = try EntryColumns.run(&reader, countMax: count - total, &recorded, &occurred)
            if let last = runs.last, last.sharesRun(with: run) {
                throw reader.failure(.notCanonical, "two runs could be one")
            }
            total += run.count
            runs.append(run)
        }
        guard total == count else {
            throw reader.failure(.inconsistent, "the runs hold \(total) entries, not \(count)")
        }
        commitmentsOffset = reader.position
        guard blockByteCount - reader.position == count * Digest.byteCount else {
            throw reader.failure(
                .inconsistent, "\(blockByteCount - reader.position) bytes of commitments for \(count) entries")
        }
        self.count = count
    }

    private static func run(
        _ reader: inout ByteReader, countMax: Int, _ recorded: inout Int64, _ occurred: inout Int64?
    ) throws(FormatError) -> EntryRun {
        let count = try reader.count(atMost: countMax)
        guard count > 0 else { throw reader.failure(.notCanonical, "an empty run") }
        guard try reader.integer(UInt8.self) == Entry.suite else {
            throw reader.failure(.unknownValue, "unknown suite")
        }
        guard let kind = Entry.Kind(rawValue: try reader.integer()) else {
            throw reader.failure(.unknownValue, "unknown kind")
        }
        let flags = try reader.integer(UInt8.self)
        guard flags & ~Entry.knownFlags == 0 else { throw reader.failure(.unknownValue, "unknown flags") }
        let classID = UInt32(try reader.count(atMost: Int(UInt32.max)))
        recorded = recorded &+ (try reader.signedVarint())
        var run = EntryRun(count: count, kind: kind, flags: flags, classID: classID, recorded: recorded)
        if flags & Entry.hasCompliance != 0 { run.compliance = recorded &+ (try reader.signedVarint()) }
        if flags & Entry.hasOccurred != 0 {
            run.occurred.reserveCapacity(count)
            for _ in 0..<count {
                let time = (occurred ?? recorded) &+ (try reader.signedVarint())
                run.occurred.append(time)
                occurred = time
            }
        }
        if flags & Entry.hasExtensions != 0 {
            for _ in 0..<count {
                let list = try reader.take(try reader.count(atMost: Limits.entryByteCount))
                _ = try EntryExtension.list(decoding: list)
                guard run.headByteCount + Digest.byteCount + list.count <= Limits.entryByteCount else {
                    throw reader.failure(.outOfBounds, "an entry exceeds 65,535 bytes")
                }
                run.extensions.append(Array(list))
            }
        }
        return run
    }

    /// The run that holds entry `ordinal` of the frame, and the entry's place in it. O(runs).
    package func locate(_ ordinal: Int) -> (run: Int, ordinal: Int) {
        var rest = ordinal
        for (position, run) in runs.enumerated() {
            if rest < run.count { return (position, rest) }
            rest -= run.count
        }
        preconditionFailure("entry \(ordinal) of \(count)")
    }

    /// How many entries before `ordinal` are of class `classID`.
    package func classOrdinal(of ordinal: Int, classID: UInt32) -> Int {
        var seen = 0
        var start = 0
        for run in runs where start < ordinal {
            if run.classID == classID { seen += min(run.count, ordinal - start) }
            start += run.count
        }
        return seen
    }

    /// The entry's bytes. `bytes` is what the columns were decoded from.
    package func entry(_ ordinal: Int, in bytes: UnsafeRawBufferPointer) -> [UInt8] {
        entry(ordinal, commitment: Digest(loading: bytes, at: commitmentsOffset + ordinal * Digest.byteCount))
    }

    /// The entry's bytes, with the commitment that stands at its place.
    package func entry(_ ordinal: Int, commitment: Digest) -> [UInt8] {
        let (position, place) = locate(ordinal)
        let run = runs[position]
        var entry = [UInt8](unsafeUninitializedCapacity: 40 + Digest.byteCount) { buffer, count in
            let base = UnsafeMutableRawPointer(buffer.baseAddress!)
            count = run.storeHead(ordinal: place, to: base)
            commitment.store(to: base + count)
            count += Digest.byteCount
        }
        if run.flags & Entry.hasExtensions != 0 { entry.append(contentsOf: run.extensions[place]) }
        return entry
    }

    /// The 32 bytes of an entry's commitment in what the columns were decoded from.
    package func commitment(_ ordinal: Int, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = commitmentsOffset + ordinal * Digest.byteCount
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Digest.byteCount])
    }
}
