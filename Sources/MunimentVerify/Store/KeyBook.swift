// The keys directory, opened with the root key: the verifier's own reading of it. Rows are read when a segment names
// them, so memory does not grow with their number; each row is decoded once at the end or the beginning of a
// verification by `KeysAudit`.

internal import MunimentCrypto
internal import MunimentFormat

/// The unlocked keys of a store.
final class KeyBook: Sendable {
    /// The file `groups` at some time. A purge replaces it, and writes zeros over what it was.
    struct Opened: Sendable {
        let header: GroupsHeader
        let epochKey: SecretKey
        let file: ReadOnlyFile

        var rowCount: UInt64 {
            (file.byteCount - min(file.byteCount, UInt64(GroupsHeader.byteCount))) / UInt64(GroupKeyRow.byteCount)
        }

        func row(_ slot: UInt64) throws(FileFailure) -> GroupKeyRow? {
            try? file.bytes(GroupKeyRow.byteCount, at: KeyBook.offset(ofSlot: slot)).decode(GroupKeyRow.init(decoding:))
        }
    }

    let logID: Digest
    let root: SecretKey
    private let path: String
    private let present: Monitor<Opened>
    /// A bit for each row that a segment named.
    private let used: Monitor<[UInt64]>

    /// `path` is the file's.
    init(logID: Digest, root: SecretKey, _ opened: Opened, path: String) {
        (self.logID, self.root, self.path, present) = (logID, root, path, Monitor(opened))
        used = Monitor([])
    }

    /// The file as it was when it was last looked for.
    var opened: Opened { present.withLock { $0 } }
    var header: GroupsHeader { opened.header }
    var rowCount: UInt64 { opened.rowCount }

    /// Looks for the file again: true where a purge has put one of a later epoch in the place of `known`. What could not be read of the one before
    /// is no fault then.
    func isReplaced(since known: Opened) -> Bool {
        if opened.header.epoch > known.header.epoch { return true }
        guard let file = try? ReadOnlyFile(path),
            let header = try? file.bytes(GroupsHeader.byteCount).decode(GroupsHeader.init(decoding:)),
            header.logID == logID, header.epoch > known.header.epoch,
            let epochKey = try? header.epochKey(root: root)
        else { return false }
        present.withLock { $0 = Opened(header: header, epochKey: epochKey, file: file) }
        return true
    }

    static let name = "keys/groups"

    static func offset(ofSlot slot: UInt64) -> UInt64 {
        UInt64(GroupsHeader.byteCount) + slot * UInt64(GroupKeyRow.byteCount)
    }

    /// The key of the group that `row`, of a frame in `segment`, announces; or what is wrong with it.
    func open(_ row: GroupRow, in source: SegmentSource, index: UInt64) -> Result<GroupKey, KeyRefusal> {
        while true {
            let opened = opened
            let result = open(row, in: source, index: index, opened)
            guard case .failure = result, isReplaced(since: opened) else { return result }
        }
    }

    private func open(
        _ row: GroupRow, in source: SegmentSource, index: UInt64, _ opened: Opened
    ) -> Result<GroupKey, KeyRefusal> {
        let (segment, rowCount, file) = (source.segment, opened.rowCount, opened.file)
        func missing(_ what: String) -> Result<GroupKey, KeyRefusal> {
            .failure(
                KeyRefusal(
                    Finding(
                        .keyMissing, .unattested, KeyBook.name, offset: KeyBook.offset(ofSlot: min(row.slot, rowCount)),
                        index: index,
                        "The key of class \(row.classID) in segment \(segment) can't be had: \(what). Its contents are not opened."
                    )))
        }
        guard row.slot < rowCount else { return missing("the keys have no slot \(row.slot)") }
        let place = KeyBook.offset(ofSlot: row.slot)
        do throws(FileFailure) {
            let bytes = try file.bytes(GroupKeyRow.byteCount, at: place)
            guard let key = try? bytes.decode(GroupKeyRow.init(decoding:)) else { return missing("its row is damaged") }
            guard key.slot == row.slot, key.segment == segment, key.classID == row.classID else {
                return .failure(
                    KeyRefusal(
                        Finding(
                            .keyMalformed, .error, KeyBook.name, offset: place,
                            "The row of slot \(row.slot) is of class \(key.classID) in segment \(key.segment), but class \(row.classID) in "
                                + "segment \(segment) names it.")))
            }
            use(row.slot)
            guard key.generation <= source.generation else {
                return .failure(
                    KeyRefusal(
                        Finding(
                            .keyMalformed, .error, KeyBook.name, offset: place,
                            "The key in slot \(row.slot) is of generation \(key.generation), but generation \(source.generation) of "
                                + "segment \(segment) names it.")))
            }
            // Whether a disposition destroyed it is known once the log has been read.
            guard key.isPresent else { return .failure(.destroyed) }
            return try unwrap(key, row, place, opened)
        } catch {
            return missing(error.description)
        }
    }

    private func unwrap(
        _ key: GroupKeyRow, _ row: GroupRow, _ place: UInt64, _ book: Opened
    ) throws(FileFailure) -> Result<GroupKey, KeyRefusal> {
        guard let opened = try? key.groupKey(logID: logID, epoch: book.header.epoch, epochKey: book.epochKey) else {
            return .failure(
                KeyRefusal(
                    Finding(
                        .keyMalformed, .error, KeyBook.name, offset: place,
                        "The key in slot \(row.slot) was not wrapped in this place under the epoch's key.")))
        }
        guard opened.commitment == row.keyCommitment else {
            return .failure(
                KeyRefusal(
                    Finding(
                        .keyCommitment, .error, KeyBook.name, offset: place,
                        "The key in slot \(row.slot) does not give the key commitment that segment \(key.segment) states for class "
                            + "\(key.classID).")))
        }
        return .success(opened)
    }

    private func use(_ slot: UInt64) {
        used.withLock { used in
            let place = Int(slot / 64)
            if place >= used.count { used += [UInt64](repeating: 0, count: place + 1 - used.count) }
            used[place] |= 1 << (slot % 64)
        }
    }

    /// Whether a segment named this row.
    func isUsed(_ slot: UInt64) -> Bool {
        used.withLock { used in
            let place = Int(slot / 64)
            return place < used.count && used[place] & 1 << (slot % 64) != 0
        }
    }

    /// A row opened for its own sake: false where it does not unwrap.
    func unwraps(_ row: GroupKeyRow, _ opened: Opened) -> Bool {
        !row.isPresent
            || (try? row.groupKey(logID: logID, epoch: opened.header.epoch, epochKey: opened.epochKey)) != nil
    }
}

/// Why a group's key can't be had.
struct KeyRefusal: Error {
    /// Nil where the key was destroyed: what that means is for whoever has read the whole log.
    let finding: Finding?
    init(_ finding: Finding?) { self.finding = finding }

    static let destroyed = KeyRefusal(nil)
}

/// The opened groups of one segment.
final class SegmentKeys: Sendable {
    private let book: KeyBook
    private let source: SegmentSource
    private let file: ReadOnlyFile?
    private let groups = Monitor<[UInt32: OpenedGroup]>([:])
    private let destroyed = Monitor<Set<UInt32>>([])

    /// `file` is the segment's, if it can be opened: the indexed names are read from it.
    init(_ book: KeyBook, logID: Digest, source: SegmentSource, file: ReadOnlyFile?) {
        (self.book, self.source, self.file) = (book, source, file)
    }

    var logID: Digest { book.logID }

    /// Opens the groups that a frame announces; what can't be opened is a finding.
    func open(_ header: FrameHeader) -> Findings {
        var findings = Findings()
        for row in header.groups {
            switch book.open(row, in: source, index: header.firstIndex) {
            case .success(let key):
                let indexKey = IndexKey(key)
                let pages = file.flatMap { source.index?.pages(row.classID, in: $0) }
                let group = OpenedGroup(
                    key, generation: source.generation, indexKey: indexKey, indexed: pages?.indexed(indexKey))
                groups.withLock { $0[row.classID] = $0[row.classID] ?? group }
            case .failure(let refusal):
                if let finding = refusal.finding {
                    findings.append(finding)
                } else {
                    destroyed.withLock { _ = $0.insert(row.classID) }
                }
            }
        }
        return findings
    }

    /// Whether the key of a class was destroyed.
    func isDestroyed(_ classID: UInt32) -> Bool { destroyed.withLock { $0.contains(classID) } }

    /// The group of a class; nil where its key can't be had.
    func group(_ classID: UInt32) -> OpenedGroup? { groups.withLock { $0[classID] } }
}

/// A group with its key, and what is derived from it again and again.
final class OpenedGroup: Sendable {
    let salts: SaltStream
    let indexKey: IndexKey
    /// Which attributes the group's index lists; nil where it has none, or it can't be read.
    let indexed: IndexedNames?
    private let key: GroupKey
    private let generation: UInt32
    private let newest = Monitor<(session: [UInt8], key: SealingKey)?>(nil)

    init(_ key: GroupKey, generation: UInt32, indexKey: IndexKey, indexed: IndexedNames?) {
        (self.key, self.generation, salts) = (key, generation, key.saltStream)
        (self.indexKey, self.indexed) = (indexKey, indexed)
    }

    /// The key of the parts that a session sealed.
    func partKey(session: [UInt8]) -> SealingKey {
        if let found = newest.withLock({ $0?.session == session ? $0?.key : nil }) { return found }
        let derived = key.partKey(generation: generation, session: session)
        newest.withLock { $0 = (session, derived) }
        return derived
    }
}
