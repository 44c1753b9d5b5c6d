// The keys directory of an open store: root key, epoch key, and the group keys, opened when first used. Few are kept (`OpenedKeys`), and none
// that was destroyed. Format/keys.md.
//
// A group key is durable before the first frame that uses it: `makeGroup` returns after fdatasync. If we die before
// that, nothing refers to the row; if after, the row may stay without a frame, which is harmless: the next open makes
// sure of it, and uses it for the same place.

import Synchronization

package import MunimentCrypto
package import MunimentFormat

package final class KeyRing: Sendable {
    fileprivate struct State {
        var header: GroupsHeader
        var epochKey: SecretKey
        var rowCount: UInt64
        /// Present rows by place, ascending by generation; complete.
        var places: [Place: [Served]] = [:]
        /// Present rows by segment.
        var present: [UInt64: Set<UInt64>] = [:]
        /// Places that have a destroyed row.
        var destroyed: Set<Place> = []
        var opened = OpenedKeys()

        /// The row whose key serves a generation of a place.
        func slot(_ place: Place, _ generation: UInt32) -> UInt64? {
            places[place]?.last { $0.generation <= generation }?.slot
        }

        mutating func insert(_ row: GroupKeyRow) {
            let place = Place(segment: row.segment, classID: row.classID)
            guard row.isPresent else {
                destroyed.insert(place)
                return
            }
            present[row.segment, default: []].insert(row.slot)
            // Of two rows for one generation the newer counts: the older belongs to a purge that was given up.
            places[place, default: []].removeAll { $0.generation == row.generation }
            places[place, default: []].append(Served(generation: row.generation, slot: row.slot))
            places[place]?.sort { $0.generation < $1.generation }
        }
    }

    /// A row, and the first generation that its key serves.
    fileprivate struct Served {
        var generation: UInt32
        var slot: UInt64
    }

    fileprivate struct Place: Hashable {
        var segment: UInt64
        var classID: UInt32
    }

    package let logID: Digest
    let directory: String
    let fileSystem: any FileSystem
    let root: SecretKey
    private let isWritable: Bool
    private let state: Guarded<State>
    /// Held by whoever changes the file, from reading what is there to having changed `state`: a former that adds a row and a purge that begins an
    /// epoch are different threads.
    let rows = Guarded(())

    private init(
        _ fileSystem: any FileSystem, _ directory: String, logID: Digest, root: SecretKey, state: sending State,
        isWritable: Bool
    ) {
        self.logID = logID
        self.directory = directory
        self.fileSystem = fileSystem
        self.root = root
        self.isWritable = isWritable
        self.state = Guarded(state)
    }

    package static func rootPath(_ directory: String) -> String { directory + "/root.key" }
    package static func groupsPath(_ directory: String) -> String { directory + "/groups" }
    package static func signerPath(_ directory: String) -> String { directory + "/signer" }

    /// Makes a keys directory for a new store: all files durable, then the directory.
    package static func create(
        _ fileSystem: any FileSystem, _ directory: String, logID: Digest, passphrase: [UInt8]?
    ) throws(ArchiveError) -> (ring: KeyRing, seed: SecretKey) {
        try translating(directory) {
            try fileSystem.createDirectory(directory)
            let root = SecretKey.random()
            let seed = SecretKey.random()
            let epochKey = SecretKey.random()
            let header = GroupsHeader.make(epochKey, epoch: 0, logID: logID, root: root)
            try writeNew(
                fileSystem, rootPath(directory), RootKeyFile.make(root, logID: logID, passphrase: passphrase).encoded())
            try writeNew(fileSystem, groupsPath(directory), header.encoded())
            let empty = SignerState(sequence: 1, treeSize: 0, root: .zero).encoded()
            let signer = SignerKeyBlock.make(seed, logID: logID, root: root).encoded() + empty + empty
            try writeNew(fileSystem, signerPath(directory), signer)
            try fileSystem.synchronizeDirectory(directory)
            try fileSystem.synchronizeDirectory(StorePaths.parent(directory))
            let state = State(header: header, epochKey: epochKey, rowCount: 0)
            return (KeyRing(fileSystem, directory, logID: logID, root: root, state: state, isWritable: true), seed)
        }
    }

    private static func writeNew(_ fileSystem: any FileSystem, _ path: String, _ bytes: [UInt8]) throws {
        let file = try fileSystem.open(path, .create)
        defer { file.close() }
        try file.writeAll(bytes, at: 0)
        try file.synchronize()
    }

    /// Opens the keys of the store `logID`.
    package static func open(
        _ fileSystem: any FileSystem, _ directory: String, logID: Digest, passphrase: [UInt8]?, isWritable: Bool
    ) throws(ArchiveError) -> KeyRing {
        guard (try? fileSystem.status(rootPath(directory))) ?? nil != nil else {
            throw ArchiveError(.keyMissing, "No keys at \(directory): name their directory with --keys.")
        }
        let root = try translating(rootPath(directory)) {
            let file = try fileSystem.readFully(rootPath(directory), maximumByteCount: RootKeyFile.byteCount)
                .decode(RootKeyFile.init(decoding:))
            guard file.logID == logID else { throw KeyError.wrongKey }
            return try file.unlocked(passphrase: passphrase)
        }
        let state = try readGroups(fileSystem, directory, logID: logID, root: root)
        return KeyRing(fileSystem, directory, logID: logID, root: root, state: state, isWritable: isWritable)
    }

    private static func readGroups(
        _ fileSystem: any FileSystem, _ directory: String, logID: Digest, root: SecretKey
    ) throws(ArchiveError) -> State {
        let path = groupsPath(directory)
        return try translating(path) {
            try decodeGroups(try fileSystem.readFully(path, maximumByteCount: 1 << 32), logID: logID, root: root)
        }
    }

    private static func decodeGroups(_ bytes: [UInt8], logID: Digest, root: SecretKey) throws -> State {
        return try bytes.withUnsafeBytes { bytes in
            guard bytes.count >= GroupsHeader.byteCount else {
                throw FormatError(.truncated, "group keys header", at: 0, "the file is too short")
            }
            let header = try GroupsHeader(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[..<GroupsHeader.byteCount]))
            guard header.logID == logID else { throw KeyError.wrongKey }
            var state = State(header: header, epochKey: try header.epochKey(root: root), rowCount: 0)
            var offset = GroupsHeader.byteCount
            while offset + GroupKeyRow.byteCount <= bytes.count {
                let raw = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + GroupKeyRow.byteCount])
                // A torn last row was never used by a frame: it is written over.
                if offset + 2 * GroupKeyRow.byteCount > bytes.count, (try? GroupKeyRow(decoding: raw)) == nil {
                    break
                }
                let row = try GroupKeyRow(decoding: raw)
                guard row.slot == state.rowCount else {
                    throw FormatError(
                        .inconsistent, "group key row", at: offset, "row \(state.rowCount) says \(row.slot)")
                }
                state.insert(row)
                state.rowCount += 1
                offset += GroupKeyRow.byteCount
            }
            return state
        }
    }

    /// The key of a group in a generation of its segment; `.keyMissing` when there is no row for it, `.purged` when it was destroyed.
    package func group(segment: UInt64, classID: UInt32, generation: UInt32 = 0) throws(ArchiveError) -> (
        key: GroupKey, slot: UInt64
    ) {
        if let found = try existingGroup(segment: segment, classID: classID, generation: generation) { return found }
        if !isWritable {
            // The writer may have added rows, or purged some, since this reader opened.
            try refresh()
            if let found = try existingGroup(segment: segment, classID: classID, generation: generation) {
                return found
            }
        }
        if state.withLock({ $0.destroyed.contains(Place(segment: segment, classID: classID)) }) {
            throw ArchiveError(
                .purged, "The key of class \(classID) in segment \(segment) was destroyed: what it sealed is purged.")
        }
        throw ArchiveError(
            .keyMissing,
            "The key of class \(classID) in segment \(segment) is not in \(directory): restore the newest backup of the keys."
        )
    }

    /// Calls `body` with the epoch in force.
    func withHeader<R>(_ body: (GroupsHeader, SecretKey) -> R) -> R {
        let (header, key) = state.withLock { ($0.header, $0.epochKey) }
        return body(header, key)
    }

    /// The present rows of a segment, whatever generation they serve; those of purges that were given up are among them.
    func slots(segment: UInt64) -> Set<UInt64> {
        state.withLock { $0.present[segment] ?? [] }
    }

    /// Where the file's rows end, in bytes.
    var endOfRows: UInt64 {
        state.withLock { UInt64(GroupsHeader.byteCount) + $0.rowCount * UInt64(GroupKeyRow.byteCount) }
    }

    /// Reads the file again.
    func refresh() throws(ArchiveError) {
        let fresh = try KeyRing.readGroups(fileSystem, directory, logID: logID, root: root)
        replace(with: fresh)
    }

    /// The contents of a file, decoded, before it has its name.
    struct Replacement {
        fileprivate let state: State
    }

    /// Decodes the bytes that are to become the file.
    func replacement(_ bytes: [UInt8]) throws -> Replacement {
        Replacement(state: try KeyRing.decodeGroups(bytes, logID: logID, root: root))
    }

    /// Takes what the file holds from now on.
    func install(_ replacement: Replacement) { replace(with: replacement.state) }

    private func replace(with fresh: State) {
        let (header, epochKey, rowCount) = (fresh.header, fresh.epochKey, fresh.rowCount)
        let (places, present, destroyed) = (fresh.places, fresh.present, fresh.destroyed)
        state.withLock { state in
            (state.header, state.epochKey, state.rowCount) = (header, epochKey, rowCount)
            (state.places, state.present, state.destroyed) = (places, present, destroyed)
            state.opened = OpenedKeys()
        }
    }

    /// The key of a group in a generation of its segment, or nil when there is no row for it.
    package func existingGroup(segment: UInt64, classID: UInt32, generation: UInt32 = 0) throws(ArchiveError) -> (
        key: GroupKey, slot: UInt64
    )? {
        let wanted = Place(segment: segment, classID: classID)
        let (slot, cached, header, epochKey) = state.withLock { state in
            let slot = state.slot(wanted, generation)
            return (slot, slot.flatMap { state.opened.key(of: $0) }, state.header, state.epochKey)
        }
        guard let slot else { return nil }
        if let cached { return (cached, slot) }
        let path = KeyRing.groupsPath(directory)
        let key: GroupKey
        do throws(ArchiveError) {
            key = try translating(path) {
                let file = try fileSystem.open(path, .read)
                defer { file.close() }
                let row = try KeyRing.row(slot, file)
                guard row.isPresent, row.segment == segment, row.classID == classID else { throw KeyError.damaged }
                return try row.groupKey(logID: logID, epoch: header.epoch, epochKey: epochKey)
            }
        } catch {
            // Beside a purge, the row belongs to another epoch, or is gone: another process's is read again, this one's is waited for.
            if isWritable { rows.withLock { _ in } } else { try refresh() }
            let isNew = state.withLock { $0.header.epoch != header.epoch || $0.slot(wanted, generation) != slot }
            guard isNew else { throw error }
            return try existingGroup(segment: segment, classID: classID, generation: generation)
        }
        remember(key, slot, header.epoch)
        return (key, slot)
    }

    private static func row(_ slot: UInt64, _ file: any File) throws -> GroupKeyRow {
        let row = try file.readExactly(
            GroupKeyRow.byteCount, at: UInt64(GroupsHeader.byteCount) + slot * UInt64(GroupKeyRow.byteCount)
        ).decode(GroupKeyRow.init(decoding:))
        guard row.slot == slot else { throw KeyError.damaged }
        return row
    }

    /// Keeps a key that was opened in `epoch`, unless a purge has begun the next one and may have destroyed it.
    private func remember(_ key: GroupKey, _ slot: UInt64, _ epoch: UInt64) {
        state.withLock { state in
            if state.header.epoch == epoch { state.opened.insert(key, slot) }
        }
    }

    /// Lets go of the opened keys of a segment under which no more records are sealed. They are opened again when something is read.
    func forget(segment: UInt64) {
        state.withLock { state in
            for slot in state.present[segment] ?? [] { state.opened.remove(slot) }
        }
    }

    /// How many opened keys are kept.
    var openedCount: Int { state.withLock { $0.opened.count } }

    /// Makes the key of a new group and its row, durably. `generation` is the first that it serves.
    package func makeGroup(segment: UInt64, classID: UInt32, generation: UInt32 = 0) throws(ArchiveError) -> (
        key: GroupKey, slot: UInt64
    ) {
        precondition(isWritable)
        return try rows.withLock { _ throws(ArchiveError) in
            try addRow(GroupPlace(logID: logID, segment: segment, classID: classID), generation)
        }
    }

    private func addRow(_ place: GroupPlace, _ generation: UInt32) throws(ArchiveError) -> (key: GroupKey, slot: UInt64)
    {
        let (slot, header, epochKey) = state.withLock { state in (state.rowCount, state.header, state.epochKey) }
        let key = GroupKey(key: .random(), place: place)
        var row = GroupKeyRow.make(key.key, slot: slot, place: place, epoch: header.epoch, epochKey: epochKey)
        row.generation = generation
        let path = KeyRing.groupsPath(directory)
        try translating(path) {
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            try file.writeAll(row.encoded(), at: UInt64(GroupsHeader.byteCount) + slot * UInt64(GroupKeyRow.byteCount))
            try file.synchronize()
        }
        state.withLock { state in
            state.insert(row)
            state.rowCount = slot + 1
        }
        remember(key, slot, header.epoch)
        return (key, slot)
    }

    /// Case *key without frame*: makes certain that the last row is on the device, unless a frame that `isUsed` knows
    /// of proves that it is. A sync that failed may have left it in the cache alone, and the next frame would trust it.
    package func secureLastRow(isUsed: (UInt64, UInt32) -> Bool) throws(ArchiveError) {
        precondition(isWritable)
        let rowCount = state.withLock { $0.rowCount }
        let path = KeyRing.groupsPath(directory)
        try translating(path) {
            // The file may have been replaced by a purge that died before its name was durable.
            try fileSystem.synchronizeDirectory(directory)
            guard rowCount > 0 else { return }
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            let offset = UInt64(GroupsHeader.byteCount) + (rowCount - 1) * UInt64(GroupKeyRow.byteCount)
            let bytes = try file.readExactly(GroupKeyRow.byteCount, at: offset)
            let row = try bytes.decode(GroupKeyRow.init(decoding:))
            if isUsed(row.segment, row.classID) { return }
            try file.writeAll(bytes, at: offset)
            try file.synchronize()
        }
    }

    /// The signing seed.
    package func signerSeed() throws(ArchiveError) -> SecretKey {
        let path = KeyRing.signerPath(directory)
        return try translating(path) {
            let file = try fileSystem.open(path, .read)
            defer { file.close() }
            let block = try file.readExactly(SignerKeyBlock.byteCount, at: 0).decode(SignerKeyBlock.init(decoding:))
            guard block.logID == logID else { throw KeyError.wrongKey }
            return try block.seed(root: root)
        }
    }

    /// Protects the root key with another passphrase, or with none. The file is replaced atomically; everything else
    /// stays.
    package func changePassphrase(_ passphrase: [UInt8]?) throws(ArchiveError) {
        let path = KeyRing.rootPath(directory)
        try translating(path) {
            try fileSystem.replaceAtomically(
                path, RootKeyFile.make(root, logID: logID, passphrase: passphrase).encoded())
        }
    }
}
