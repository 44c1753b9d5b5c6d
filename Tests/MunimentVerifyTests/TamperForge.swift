// A store taken apart and put together again by somebody who knows every page of Format/ and can write every file: places, counts, checksums,
// digests, roots, footers, seal records, the chain of control records and all derived files are made to fit whatever was changed. What remains
// to give the forger away are the checkpoints, whose key is not theirs, and the contents, where they have no data keys.

import Foundation
import MunimentCrypto
import MunimentFormat
import MunimentMerkle
import MunimentNote
import MunimentStore
import Testing

@testable import MunimentVerify

/// One frame in pieces. Lengths, counts, digests and checksums follow from the pieces when it is encoded.
struct ForgedFrame {
    var header: FrameHeader
    var entries: [Entry]
    var rows: [PartRow]
    var ciphertexts: [[UInt8]]

    init(_ bytes: [UInt8], at offset: Int) throws {
        let whole = Array(bytes[offset...])
        let header = try whole.decode(FrameHeader.init(decoding:))
        let columnBytes = Array(whole[header.headerByteCount..<header.partRowsOffset])
        let columns = try columnBytes.decode { raw throws(FormatError) in
            try EntryColumns(decoding: raw, count: header.entryCount)
        }
        entries = try (0..<header.entryCount).map { ordinal in
            try columnBytes.withUnsafeBytes { columns.entry(ordinal, in: $0) }.decode(Entry.init(decoding:))
        }
        let rows = try whole.decode { raw throws(FormatError) in try PartRow.rows(of: header, in: raw) }
        var place = header.skeletonByteCount
        ciphertexts = rows.map { row in
            defer { place += Int(row.ciphertextByteCount) }
            return Array(whole[place..<place + Int(row.ciphertextByteCount)])
        }
        (self.header, self.rows) = (header, rows)
    }

    /// The columns of the entries, neighbours that can be one run being one.
    var columns: [UInt8] {
        var runs: [EntryRun] = []
        for entry in entries {
            let run = EntryRun(
                count: 1, kind: entry.kind, flags: entry.flags, classID: entry.classID, recorded: entry.recorded,
                compliance: entry.compliance ?? 0, occurred: entry.occurred.map { [$0] } ?? [],
                extensions: entry.extensions.isEmpty ? [] : [entry.extensions])
            if let last = runs.indices.last, runs[last].sharesRun(with: run) {
                runs[last].count += 1
                runs[last].occurred += run.occurred
                runs[last].extensions += run.extensions
            } else {
                runs.append(run)
            }
        }
        return EntryColumns.encodedRuns(runs) + entries.flatMap(\.commitment.bytes)
    }

    /// The leaf hashes, one after another.
    var leaves: [UInt8] {
        entries.flatMap { entry in entry.encoded().withUnsafeBytes { SHA256.hash(tag: 0, body: $0) }.bytes }
    }

    /// The bytes, padded; `header` has everything that follows from the pieces afterwards.
    mutating func encoded() -> [UInt8] {
        let columns = columns
        var body = columns
        for place in rows.indices {
            rows[place].ciphertextByteCount = UInt32(ciphertexts[place].count)
            rows[place].digest = SHA256.hash(ciphertexts[place])
            rows[place].append(to: &body)
        }
        body += ciphertexts.joined()
        (header.entryCount, header.entriesByteCount) = (entries.count, columns.count)
        (header.partCount, header.bodyByteCount) = (rows.count, body.count)
        header.bodyCRC = Checksum.crc32c(body)
        let bytes = header.encoded() + body
        return bytes + [UInt8](repeating: 0, count: header.frameByteCount - bytes.count)
    }

    var skeleton: [UInt8] {
        mutating get { Array(encoded()[..<header.skeletonByteCount]) }
    }
}

/// One segment file in pieces.
struct ForgedSegment {
    var name: String
    var header: SegmentHeader
    var frames: [ForgedFrame]
    /// The pages of the index.
    var pages: [UInt8] = []
    var footer: Footer?

    init(_ name: String, _ bytes: [UInt8]) throws {
        self.name = name
        header = try Array(bytes[..<Limits.blockByteCount]).decode(SegmentHeader.init(decoding:))
        let trailer = Array(bytes.suffix(Footer.trailerByteCount))
        if let count = trailer.withUnsafeBytes({ Footer.claimedByteCount(trailer: $0) }) {
            let footer = try Array(bytes.suffix(count)).decode(Footer.init(decoding:))
            pages = Array(bytes[Int(footer.framesEnd)..<(bytes.count - count)])
            self.footer = footer
        }
        frames = try SegmentBytes(bytes).offsets.map { try ForgedFrame(bytes, at: $0) }
    }

    /// The footer as the frames give it; what they do not give stays.
    private mutating func mendFooter(root: Digest) {
        guard var footer else { return }
        footer.frames = []
        var (skeleton, hashers) = (SHA256.Hasher(), [UInt32: SHA256.Hasher]())
        skeleton.update([Footer.skeletonTag])
        skeleton.update(header.encoded())
        footer.groups = footer.groups.map {
            Footer.Group(
                classID: $0.classID, slot: $0.slot, keyCommitment: $0.keyCommitment, recordCount: 0, partCount: 0,
                digest: .zero)
        }
        for place in frames.indices {
            let digest = frames[place].skeleton.withUnsafeBytes { SHA256.hash(tag: Footer.frameTag, body: $0) }
            digest.withUnsafeBytes { skeleton.update($0) }
            let frame = frames[place]
            footer.frames.append(
                Footer.Frame(
                    offset: frame.header.offset, frameByteCount: UInt64(frame.header.frameByteCount),
                    firstIndex: frame.header.firstIndex, entryCount: UInt32(frame.entries.count),
                    skeletonByteCount: UInt32(frame.header.skeletonByteCount), partCount: UInt32(frame.rows.count),
                    digest: digest))
            for row in frame.rows {
                guard let group = footer.groups.firstIndex(where: { $0.classID == row.classID }) else { continue }
                footer.groups[group].recordCount += UInt64(row.recordCount)
                footer.groups[group].partCount += 1
                if hashers[row.classID] == nil {
                    hashers[row.classID] = SHA256.Hasher()
                    hashers[row.classID]?.update([Footer.groupTag])
                }
                row.digest.withUnsafeBytes { hashers[row.classID]?.update($0) }
            }
        }
        footer.skeletonDigest = skeleton.finalize()
        for group in footer.groups.indices {
            let none = SHA256.hash([Footer.groupTag])
            footer.groups[group].digest = hashers[footer.groups[group].classID]?.finalize() ?? none
        }
        (footer.segment, footer.generation, footer.firstIndex) = (header.segment, header.generation, header.firstIndex)
        footer.root = root
        footer.entryCount = frames.reduce(0) { $0 + UInt64($1.entries.count) }
        let times = frames.flatMap { $0.entries.map(\.recorded) }
        (footer.recordedFirst, footer.recordedLast) = (times.min() ?? 0, times.max() ?? 0)
        self.footer = footer
    }

    /// The bytes of the file, with everything in its place after a tree of `frontier`, which goes on to the segment's end.
    fileprivate mutating func encoded(_ frontier: inout TreeFrontier, _ tree: ForgedTree, last: inout UInt64?)
        -> [UInt8]
    {
        (header.firstIndex, header.root) = (frontier.size, frontier.root())
        var bytes = header.encoded()
        for place in frames.indices {
            frames[place].header.offset = UInt64(bytes.count)
            frames[place].header.firstIndex = frontier.size
            (frames[place].header.segment, frames[place].header.generation) = (header.segment, header.generation)
            if let control = frames[place].entries.lastIndex(where: { $0.kind == .control }) {
                last = frontier.size + UInt64(control)
            }
            frames[place].header.lastControl = last
            tree.append(frames[place].leaves, to: &frontier)
            frames[place].header.root = frontier.root()
            bytes += frames[place].encoded()
        }
        mendFooter(root: frontier.root())
        return bytes + pages + (footer?.encoded() ?? [])
    }
}

/// The stored nodes of a tree that is being forged.
private final class ForgedTree {
    private(set) var levels: [Int: [UInt8]] = [:]

    func append(_ leaves: [UInt8], to frontier: inout TreeFrontier) {
        leaves.withUnsafeBytes { raw in
            frontier.append(leaves: raw, reporting: StoredTree.levels.lowerBound) { level, _, nodes in
                self.levels[level, default: []] += nodes
            }
        }
    }
}

/// A whole store in pieces.
struct ForgedStore {
    let fixture: StoreFixture
    var segments: [ForgedSegment]
    /// The tree after the last `save`.
    private(set) var size: UInt64 = 0
    private(set) var root = Digest.zero
    /// Whether seal and prepared records tell what the segments are made to be, so that every leaf after them changes.
    var mendsSeals = true

    init(_ fixture: StoreFixture) throws {
        self.fixture = fixture
        segments = try fixture.segments().map { try ForgedSegment($0, fixture.read($0)) }
    }

    /// The place of an entry: its segment, frame and ordinal.
    func place(of index: UInt64) throws -> (segment: Int, frame: Int, ordinal: Int) {
        for (segment, pieces) in segments.enumerated() {
            for (frame, piece) in pieces.frames.enumerated() {
                let first = piece.header.firstIndex
                if (first..<first + UInt64(piece.entries.count)).contains(index) {
                    return (segment, frame, Int(index - first))
                }
            }
        }
        throw VerifyError(.absent, "there is no entry \(index)")
    }

    /// Changes the entry of an index; its content stays as it is.
    mutating func change(_ index: UInt64, _ body: (inout Entry) throws -> Void) throws {
        let place = try place(of: index)
        try body(&segments[place.segment].frames[place.frame].entries[place.ordinal])
    }

    /// Changes the body of a control record.
    mutating func changeControl(_ index: UInt64, _ body: (inout ControlRecord) throws -> Void) throws {
        try change(index) { entry in
            guard var record = try ControlRecord(entry: entry) else { return }
            try body(&record)
            entry.extensions = record.extensions()
        }
    }

    /// The indexes of the control records of a kind.
    func controls(_ kind: ControlRecord.Kind) throws -> [UInt64] {
        try segments.flatMap(\.frames).flatMap { frame in
            try frame.entries.indices.filter { try ControlRecord(entry: frame.entries[$0])?.kind == kind }
                .map { frame.header.firstIndex + UInt64($0) }
        }
    }

    /// Links each control record to the one before, and tells each seal what the footer is now that it is about.
    private mutating func mendControls(of segment: Int, _ last: inout UInt64?, _ policy: inout UInt64?) throws {
        var index = segments[segment].frames.first.map { $0.header.firstIndex } ?? 0
        for frame in segments[segment].frames.indices {
            for place in segments[segment].frames[frame].entries.indices {
                defer { index += 1 }
                let entry = segments[segment].frames[frame].entries[place]
                guard entry.kind == .control, var record = (try? ControlRecord(entry: entry)) ?? nil else { continue }
                record.previous = last
                if record.kind == .seal, mendsSeals {
                    record.body = mended(try record.body.decode(SealRecord.init(decoding:)), policy).encoded()
                } else if record.kind == .prepared, mendsSeals {
                    var prepared = try record.body.decode(PreparedRecord.init(decoding:))
                    prepared.seal = mended(prepared.seal, prepared.seal.policy)
                    record.body = prepared.encoded()
                }
                segments[segment].frames[frame].entries[place].extensions = record.extensions()
                last = index
                if record.kind != .seal { policy = index }
            }
        }
    }

    private func mended(_ seal: SealRecord, _ policy: UInt64?) -> SealRecord {
        let footers = segments.compactMap(\.footer)
        let footer = footers.first { $0.segment == seal.segment && $0.generation == seal.generation }
        return footer.map { SealRecord($0, policy: policy) } ?? seal
    }

    /// Writes everything, derived files too. The checkpoints stay what they were: `signed` makes new ones.
    mutating func save() throws {
        var (frontier, last, policy, linked) = (TreeFrontier(), UInt64?.none, UInt64?.none, UInt64?.none)
        let tree = ForgedTree()
        for place in segments.indices {
            var first = frontier.size
            for frame in segments[place].frames.indices {
                segments[place].frames[frame].header.firstIndex = first
                first += UInt64(segments[place].frames[frame].entries.count)
            }
            try mendControls(of: place, &linked, &policy)
            let bytes = segments[place].encoded(&frontier, tree, last: &last)
            try fixture.put(segments[place].name, bytes)
            try fixture.mendRow(segments[place], byteCount: bytes.count)
        }
        for (level, nodes) in tree.levels { try fixture.put("tree/" + (level < 10 ? "0" : "") + String(level), nodes) }
        (size, root) = (frontier.size, frontier.root())
    }

    /// Publishes and keeps a checkpoint of what was saved, signed by `signer`.
    func publish(_ signer: NoteSigner) throws {
        let note = try signer.note(text: Checkpoint(origin: StoreFixture.origin, size: size, root: root).text).bytes
        try fixture.write("checkpoint", note)
        try fixture.write("checkpoints", CheckpointJournal.encoded(note))
    }
}

extension StoreFixture {
    /// The segment files, in order.
    func segments() throws -> [String] { try files().filter { $0.hasSuffix(".seg") } }

    func sealedSegment() throws -> String { try #require(try segments().first) }
    func openSegment() throws -> String { try #require(try segments().last) }

    /// Writes a file, which may be new.
    func put(_ name: String, _ bytes: [UInt8]) throws {
        if FileManager.default.fileExists(atPath: absolute(name)) {
            try write(name, bytes)
        } else {
            create(name, bytes)
        }
    }

    /// Changes a file's bytes in place.
    func change(_ name: String, _ body: (inout [UInt8]) throws -> Void) throws {
        var bytes = try read(name)
        try body(&bytes)
        try write(name, bytes)
    }

    /// Takes the store apart, changes it, and puts it together again.
    func forge(_ body: (inout ForgedStore) throws -> Void) throws {
        var store = try ForgedStore(self)
        try body(&store)
        try store.save()
    }

    /// The same, but entries stay as they were, the seal records too: it is what a forger does who keeps what is signed.
    func forgeBelowTheSeal(_ body: (inout ForgedStore) throws -> Void) throws {
        try forge {
            $0.mendsSeals = false
            try body(&$0)
        }
    }

    /// Makes a segment's row in the segment directory fit it, where there is one.
    func mendRow(_ segment: ForgedSegment, byteCount: Int) throws {
        let start = Int(segment.header.segment) * SegmentRow.byteCount
        guard FileManager.default.fileExists(atPath: absolute("segments.dir")) else { return }
        try change("segments.dir") { bytes in
            guard bytes.count >= start + SegmentRow.byteCount else { return }
            let range = start..<start + SegmentRow.byteCount
            var row = try Array(bytes[range]).decode(SegmentRow.init(decoding:))
            row.firstIndex = segment.header.firstIndex
            if let footer = segment.footer, row.isSealed {
                (row.entryCount, row.fileByteCount) = (footer.entryCount, UInt64(byteCount))
                (row.recordedFirst, row.recordedLast) = (footer.recordedFirst, footer.recordedLast)
                (row.footerDigest, row.generation) = (footer.digest, footer.generation)
            }
            bytes.replaceSubrange(range, with: row.encoded())
        }
    }

    /// The notes of the journal of kept checkpoints.
    func keptNotes() throws -> [[UInt8]] {
        try read("checkpoints").withUnsafeBytes { CheckpointJournal.notes(decoding: $0) }.notes
    }

    /// A signer with a key of its own under the log's name.
    static func forger(name: String = origin) throws -> NoteSigner {
        try NoteSigner(name: name) { body in [UInt8](repeating: 7, count: 32).withUnsafeBytes(body) }
    }

    /// The store's keys, as somebody has them who can read them.
    func keyRing() throws -> KeyRing {
        let system = POSIXFileSystem()
        let manifest = try Recovery(system, StorePaths(path, keys: nil)).manifest()
        return try KeyRing.open(system, path + ".keys", logID: manifest.logID, passphrase: nil, isWritable: false)
    }
}
