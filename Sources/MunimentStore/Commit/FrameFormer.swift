// Forming a frame: indexes, recorded time, runs, blocks, nonces, keys. Everything that must happen in order and does not need the records'
// bytes to be hashed first. One thread at a time owns a former.
//
// Invariants: indexes and part numbers are given out once and in order; a group's key is durable before a plan that uses it is returned;
// what belongs to one append stays in one frame.

import Synchronization

internal import MunimentCrypto
package import MunimentFormat

/// Where in the log an open segment stands, as far as it has been planned.
final class SegmentPlan: @unchecked Sendable {
    // Owned by whoever owns the former; `segment`, `firstIndex` and `created` never change. `durable` is the committer's,
    // who also takes back what a plan was estimated at while the former plans the next: so the two lengths are atomic.
    let segment: UInt64
    let firstIndex: UInt64
    let created: Microseconds
    var entryCount = 0
    /// The length of what is durable, in bytes.
    let durableByteCount: Atomic<UInt64>
    /// What planned frames that are not durable yet may take, in bytes.
    let plannedByteCount = Atomic<UInt64>(0)
    var byteCount: UInt64 { durableByteCount.load(ordering: .relaxed) + plannedByteCount.load(ordering: .relaxed) }
    var groups: [UInt32: OpenGroup] = [:]
    /// Classes whose group row stands in a frame already.
    var announced: Set<UInt32> = []
    /// What is durable of all this; the rest is undone when a full disk makes planned frames fail.
    var durable = Durable()

    struct Durable {
        var entryCount = 0
        var announced: Set<UInt32> = []
        /// The recorded time of the newest entry.
        var lastRecorded = Microseconds.min
    }
    var tokens: [[UInt8]: TokenTrace] = [:]
    /// Gives the tokens of the segment's frames, where they are not in `tokens` yet: an open leaves reading them to the first append that has
    /// one.
    var readTokens: (() throws(ArchiveError) -> [[UInt8]: TokenTrace])?

    init(segment: UInt64, firstIndex: UInt64, created: Microseconds, byteCount: UInt64 = UInt64(Limits.blockByteCount))
    {
        (self.segment, self.firstIndex, self.created) = (segment, firstIndex, created)
        durableByteCount = Atomic(byteCount)
    }
}

extension SegmentPlan {
    /// Sees to it that all tokens of the segment are in `tokens`.
    func recallTokens() throws(ArchiveError) {
        guard let readTokens else { return }
        tokens.merge(try readTokens()) { known, _ in known }
        self.readTokens = nil
    }
}

/// What is remembered of a token.
struct TokenTrace: Sendable {
    var classID: UInt32
    var contentHash: [UInt8]
    var firstIndex: UInt64
    var count: Int

    var end: UInt64 { firstIndex + UInt64(count) }
}

/// When a segment ends, how large a frame may become.
package struct StoreLimits: Sendable {
    /// Entries of a segment; a few more are kept for the engine's own records.
    package var segmentEntryCount = Limits.entriesPerSegment
    package var segmentByteCount: UInt64 = 64 << 20
    package var segmentAge: Microseconds = 86_400_000_000
    /// Content that is gathered into one frame when many appends wait.
    package var frameContentByteCount = 4 << 20
    package var frameEntryCount = 16_384
    /// Space that only the engine's own records may use.
    package var reserveByteCount: UInt64 = 16 << 20
    /// Content that may wait for its commit before appenders have to.
    package var pendingByteCount = 16 << 20
    /// Whether segment files are filled with zeros ahead of their use.
    package var preparesSegments = true

    package init() {}
}

final class FrameFormer {
    /// Entries that records leave to control records at the end of a segment.
    static let controlEntryCount = 64
    /// Entries that control records leave to the seal of the segment before, which must stand in this one.
    static let sealEntryCount = 8

    let logID: Digest
    let session: [UInt8]
    private let keys: KeyRing
    private let clock: ComplianceClock
    private let limits: StoreLimits
    private let compression: @Sendable (UInt32) -> ClassRecord.Compression
    private(set) var segment: SegmentPlan
    private(set) var previousSegment: SegmentPlan?
    /// The one before `previousSegment`: what is remembered again when the present segment is withdrawn.
    private(set) var olderSegment: SegmentPlan?
    private(set) var nextIndex: UInt64
    private(set) var chain: ControlChain
    private var nextPart: UInt64 = 0
    /// The recorded time of the entry before the next.
    private var lastRecorded: Microseconds
    /// Proves the chain that an open found; nil once that is done. Before the first control record, whose link would else hide others.
    var requireChain: (() throws(ArchiveError) -> Void)?

    init(
        logID: Digest, session: [UInt8], keys: KeyRing, clock: ComplianceClock, limits: StoreLimits,
        segment: SegmentPlan,
        previous: SegmentPlan?, nextIndex: UInt64, chain: ControlChain,
        compression: @escaping @Sendable (UInt32) -> ClassRecord.Compression
    ) {
        (self.logID, self.session, self.keys, self.clock, self.limits) = (logID, session, keys, clock, limits)
        (self.segment, self.previousSegment, self.nextIndex) = (segment, previous, nextIndex)
        lastRecorded = segment.durable.lastRecorded
        self.chain = chain
        self.compression = compression
    }

    /// Whether records of `count` entries and `byteCount` bytes of content would go to a new segment.
    func wantsNewSegment(count: Int, byteCount: Int) -> Bool {
        guard segment.entryCount > 0 else { return false }
        return !hasRoom(count: count, byteCount: byteCount)
            || clock.machine.microsecondsSinceEpoch() - segment.created > limits.segmentAge
    }

    /// Whether `count` control records would go to a new segment.
    func isFull(forControl count: Int) -> Bool {
        segment.entryCount > 0 && segment.entryCount + count > limits.segmentEntryCount - FrameFormer.sealEntryCount
    }

    /// What the frames that are planned and not durable yet may take, in bytes.
    var plannedByteCount: UInt64 {
        segment.plannedByteCount.load(ordering: .relaxed)
            + (previousSegment?.plannedByteCount.load(ordering: .relaxed) ?? 0)
    }

    /// Whether so much fits into the segment, whatever its age. An empty one takes anything.
    func hasRoom(count: Int, byteCount: Int) -> Bool {
        if segment.entryCount == 0 { return true }
        let worstByteCount = UInt64(byteCount + count * 48 + 3 * Limits.blockByteCount)
        return segment.entryCount + count <= limits.segmentEntryCount - FrameFormer.controlEntryCount
            && segment.byteCount + worstByteCount <= limits.segmentByteCount
    }

    /// Goes on in a new segment. The one before must be sealed by the time the next is begun.
    private func beginSegment() {
        (olderSegment, previousSegment) = (previousSegment, segment)
        // Whoever takes a segment up again reads its keys again: secrets stay in memory no longer than records are sealed under them.
        segment.groups = [:]
        segment = SegmentPlan(
            segment: segment.segment + 1, firstIndex: nextIndex, created: clock.machine.microsecondsSinceEpoch())
        segment.durable.lastRecorded = lastRecorded
    }

    /// Goes back to what is durable, after planned frames failed without harm to the log.
    func reset(nextIndex: UInt64, chain: ControlChain, segment: SegmentPlan, previous: SegmentPlan?) {
        self.nextIndex = nextIndex
        self.chain = chain
        self.segment = segment
        previousSegment = previous
        segment.entryCount = segment.durable.entryCount
        segment.plannedByteCount.store(0, ordering: .relaxed)
        segment.announced = segment.durable.announced
        segment.tokens = segment.tokens.filter { $0.value.firstIndex < nextIndex }
        lastRecorded = segment.durable.lastRecorded
        clock.revert()
    }

    /// Forms one frame of all `appends`, the first of a new segment if `beginsSegment`. When this throws, no segment has begun: it would push the
    /// tokens of the one before the last out of memory, and a crash would bring them back.
    func form(_ appends: [PendingAppend], beginsSegment: Bool) throws(ArchiveError) -> FramePlan {
        guard beginsSegment else {
            if let first = appends.first, first.isControl, !first.isSeal, isFull(forControl: first.count) {
                throw ArchiveError(
                    .full,
                    "The open segment is full, and the one before it is not sealed yet: free some space, and try again."
                )
            }
            return try form(appends)
        }
        let before = (segment, previousSegment, olderSegment)
        beginSegment()
        do throws(ArchiveError) {
            return try form(appends)
        } catch {
            (segment, previousSegment, olderSegment) = before
            throw error
        }
    }

    private func form(_ appends: [PendingAppend]) throws(ArchiveError) -> FramePlan {
        if let requireChain, appends.contains(where: { $0.batches.contains { !$0.drafts.isEmpty } }) {
            try requireChain()
            self.requireChain = nil
        }
        let (recorded, compliance) = clock.stamp(after: lastRecorded)
        var runs: [EntryRun] = []
        var chain = chain
        var anchor: ClockRecord?
        var pieces = PiecesByClass()
        var bodyFiles: [BodyFileRow] = []
        var tokenOrdinals: [Int] = []
        var ordinal = 0
        for append in appends {
            let first = ordinal
            for batch in append.batches where batch.count > 0 {
                let (run, runOrdinal) = FrameFormer.add(
                    batch, recorded: recorded, compliance, firstIndex: nextIndex + UInt64(ordinal), chain: &chain,
                    clock: &anchor, to: &runs)
                pieces.append(
                    Piece(batch: batch, range: 0..<batch.count, ordinal: ordinal, run: run, runOrdinal: runOrdinal))
                for (place, body) in batch.bodies.isEmpty ? [] : batch.bodies.sorted(by: { $0.key < $1.key }) {
                    bodyFiles.append(
                        BodyFileRow(
                            id: body.id, ordinal: UInt32(ordinal + place), fileByteCount: body.fileByteCount,
                            digest: body.fileDigest))
                }
                ordinal += batch.count
            }
            if append.token != nil { tokenOrdinals.append(first) }
        }
        let newGroups = try openGroups(pieces.classes)
        var tokens: [TokenRow] = []
        for (append, first) in zip(appends.filter({ $0.token != nil }), tokenOrdinals) {
            if let token = append.token { tokens.append(try trace(append, token, firstOrdinal: first)) }
        }
        let blocks = makeBlocks(pieces)
        let plan = FramePlan(
            segment: segment, session: session, firstIndex: nextIndex, recorded: recorded, runs: runs, blocks: blocks,
            firstPart: nextPart,
            newGroups: newGroups, tokens: tokens, bodyFiles: bodyFiles, chain: chain, appends: appends)
        self.chain = chain
        lastRecorded = recorded
        if let anchor { clock.advance(to: anchor) }
        nextIndex += UInt64(ordinal)
        nextPart += UInt64(blocks.count)
        segment.entryCount += ordinal
        segment.plannedByteCount.add(FrameFormer.estimate(plan), ordering: .relaxed)
        return plan
    }

    /// An upper bound of a planned frame's length.
    static func estimate(_ plan: FramePlan) -> UInt64 {
        let content = plan.blocks.reduce(0) { $0 + $1.byteCount + 512 }
        return UInt64(content + plan.entryCount * 48 + 2 * Limits.blockByteCount)
    }

    /// Adds a batch's entries; returns their run and their place in it. Control records get their links here.
    private static func add(
        _ batch: RecordBatch, recorded: Microseconds, _ compliance: Microseconds?, firstIndex: UInt64,
        chain: inout ControlChain, clock: inout ClockRecord?,
        to runs: inout [EntryRun]
    ) -> (Int, Int) {
        var extensions: [[UInt8]] = []
        for (place, draft) in batch.drafts.enumerated() {
            let record = ControlRecord(kind: draft.kind, previous: chain.last, body: draft.body(chain))
            extensions.append(record.extensions())
            chain.append(draft.kind, at: firstIndex + UInt64(place))
            clock = draft.clock ?? clock
        }
        let flags =
            (batch.hasOccurred ? Entry.hasOccurred : 0) | (batch.kind == .control ? Entry.hasExtensions : 0)
            | (compliance != nil ? Entry.hasCompliance : 0)
        let run = EntryRun(
            count: batch.count, kind: batch.kind, flags: flags, classID: batch.classID, recorded: recorded,
            compliance: compliance ?? 0, occurred: Array(batch.occurred), extensions: extensions)
        guard let last = runs.last, last.sharesRun(with: run) else {
            runs.append(run)
            return (runs.count - 1, 0)
        }
        let place = last.count
        runs[runs.count - 1].count += run.count
        runs[runs.count - 1].occurred += run.occurred
        runs[runs.count - 1].extensions += run.extensions
        return (runs.count - 1, place)
    }

    // MARK: Groups

    /// Sees to the keys of the classes, and of the control class, and tells which groups this frame is the first to use.
    private func openGroups(_ classes: [UInt32]) throws(ArchiveError) -> [OpenGroup] {
        var new: [OpenGroup] = []
        for classID in [ControlRecord.classID] + classes where !segment.announced.contains(classID) {
            // The control class may be among `classes`.
            if !new.contains(where: { $0.classID == classID }) { new.append(try openGroup(classID)) }
        }
        // A group of an earlier session has its row in the segment already, but not yet its keys in memory.
        for classID in classes { _ = try openGroup(classID) }
        // Only now: had one of the keys failed, there would be no frame to announce the others.
        for group in new { segment.announced.insert(group.classID) }
        return new
    }

    private func openGroup(_ classID: UInt32) throws(ArchiveError) -> OpenGroup {
        if let group = segment.groups[classID] { return group }
        var found = try keys.existingGroup(segment: segment.segment, classID: classID)
        if found == nil { found = try keys.makeGroup(segment: segment.segment, classID: classID) }
        guard let found else { preconditionFailure("a group that was just made") }
        let group = OpenGroup(
            classID: classID, slot: found.slot, key: found.key,
            partKey: found.key.partKey(generation: 0, session: session),
            salts: found.key.saltStream, commitment: found.key.commitment)
        segment.groups[classID] = group
        return group
    }

    // MARK: Blocks

    private func makeBlocks(_ pieces: PiecesByClass) -> [Block] {
        var blocks: [Block] = []
        for (classID, list) in pieces.lists {
            guard let group = segment.groups[classID] else { continue }
            let mode = compression(classID)
            let byteCountMax = mode == .record ? 0 : Limits.partContentByteCount
            let shapes = BlockShape.split(list, byteCountMax: byteCountMax)
            for shape in shapes {
                let flags = shape.recordCount == 0 ? PartRow.continues : 0
                let place = PartPlace(
                    logID: logID, segment: segment.segment, generation: 0, session: session,
                    part: nextPart + UInt64(blocks.count),
                    classID: classID, recordCount: shape.recordCount, flags: flags, firstIndex: nextIndex)
                blocks.append(
                    Block(
                        pieces: shape.pieces, byteCount: shape.byteCount, recordCount: shape.recordCount,
                        slice: shape.slice,
                        place: place, isCompressed: mode != .none, group: group))
            }
        }
        return blocks
    }

    // MARK: Tokens

    /// What became of an earlier append with this token; nil when there was none. Throws `.tokenConflict` for other content.
    func earlierAppend(_ append: PendingAppend) throws(ArchiveError) -> TokenTrace? {
        guard let token = append.token else { return nil }
        for plan in [segment, previousSegment].compactMap({ $0 }) {
            try plan.recallTokens()
            if plan.tokens.isEmpty { continue }
            guard let control = try keys.existingGroup(segment: plan.segment, classID: ControlRecord.classID) else {
                continue
            }
            guard let trace = plan.tokens[TokenHash(tokenKey: control.key.tokenKey).token(token)] else { continue }
            let conflict = ArchiveError(
                .tokenConflict, "This token was used at index \(trace.firstIndex) for other content: use a new token.",
                appendOutcome: .failed)
            guard let classID = append.batches.first?.classID, classID == trace.classID, append.count == trace.count
            else { throw conflict }
            // A purge of the segment destroyed what could tell other content: the token was used for as many records of the class.
            guard let group = try keys.existingGroup(segment: plan.segment, classID: classID) else { return trace }
            guard FrameFormer.contentHash(append, group.key) == trace.contentHash else { throw conflict }
            return trace
        }
        return nil
    }

    private func trace(_ append: PendingAppend, _ token: [UInt8], firstOrdinal: Int) throws(ArchiveError) -> TokenRow {
        let classID = append.batches[0].classID
        let control = try openGroup(ControlRecord.classID)
        let group = try openGroup(classID)
        let row = TokenRow(
            classID: classID, tokenHash: TokenHash(tokenKey: control.key.tokenKey).token(token),
            contentHash: FrameFormer.contentHash(append, group.key), firstOrdinal: UInt32(firstOrdinal),
            recordCount: UInt32(append.count))
        segment.tokens[row.tokenHash] = TokenTrace(
            classID: classID, contentHash: row.contentHash, firstIndex: nextIndex + UInt64(firstOrdinal),
            count: append.count)
        return row
    }

    private static func contentHash(_ append: PendingAppend, _ key: GroupKey) -> [UInt8] {
        TokenHash(tokenKey: key.tokenKey).content { feed in
            for batch in append.batches {
                for place in 0..<batch.count {
                    var head: [UInt8] = [batch.hasOccurred ? 1 : 0]
                    head.append(littleEndian: batch.hasOccurred ? batch.occurred[place] : 0)
                    head.withUnsafeBytes { feed($0) }
                    let content = batch.contents(place..<place + 1)
                    if let body = batch.bodies[place] {
                        // The reference holds a random key and salt; the payload itself is what must be the same.
                        feed(UnsafeRawBufferPointer(rebasing: content.dropLast(ContentLayout.bodyReferenceByteCount)))
                        body.plainDigest.withUnsafeBytes { feed($0) }
                    } else {
                        feed(content)
                    }
                }
            }
        }
    }
}

/// The pieces of a frame by class, in the order in which the classes first come. Most frames have one class, or long runs of one.
private struct PiecesByClass {
    private(set) var lists: [(classID: UInt32, pieces: [Piece])] = []
    private var places: [UInt32: Int] = [:]
    private var last = 0

    var classes: [UInt32] { lists.map(\.classID) }

    mutating func append(_ piece: Piece) {
        let classID = piece.batch.classID
        if last >= lists.count || lists[last].classID != classID {
            last = places[classID] ?? lists.count
            if last == lists.count {
                lists.append((classID, []))
                places[classID] = last
            }
        }
        lists[last].pieces.append(piece)
    }
}
