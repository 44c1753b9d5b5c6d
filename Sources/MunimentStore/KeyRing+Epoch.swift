// Destroying group keys: the one irreversible step of a purge. All rows of `groups` that stay are wrapped anew under a fresh epoch key, the
// others are zero, and the file is replaced. Whoever has the new file, and the root key, can't open what the old rows sealed.
//
// The story, and what happens if we die after each step:
//   1. groups.new written, fdatasync                         the old file counts; the next purge writes it again
//   2. rename over groups, directory synced                  irreversible: the old epoch key is in no file that has a name
//   3. the old file's bytes overwritten with zeros, synced   its blocks may still hold the old rows, for who reads the raw device and has the root key

internal import MunimentCrypto
package import MunimentFormat

extension KeyRing {
    /// The epoch of the keys.
    package var epoch: UInt64 { withHeader { header, _ in header.epoch } }

    /// Begins the next epoch without the keys of `slots`, and says how they were destroyed. O(groups). When this throws, the file may be the old one
    /// or the new one: no key may be added until it is read again.
    package func beginEpoch(destroying slots: Set<UInt64>) throws(ArchiveError) -> CompletedRecord.Strength {
        try rows.withLock { _ throws(ArchiveError) in
            try translating(KeyRing.groupsPath(directory)) { try replaceFile(destroying: slots) }
        }
    }

    private func replaceFile(destroying slots: Set<UInt64>) throws -> CompletedRecord.Strength {
        let path = KeyRing.groupsPath(directory)
        let bytes = try nextEpoch(destroying: slots)
        let next = try replacement(bytes)
        let temporary = path + TemporaryFile.suffix
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        let old = try fileSystem.open(path, .readWrite)
        defer { old.close() }
        let file = try fileSystem.open(temporary, .create)
        do {
            defer { file.close() }
            try file.writeAll(bytes, at: 0)
            try file.synchronize()
            try fileSystem.rename(temporary, to: path)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        // From here on the name leads to the new rows, whatever happens.
        install(next)
        try fileSystem.synchronizeDirectory(directory)
        return KeyRing.overwrite(old) ? [.epochDestroyed, .overwritten] : .epochDestroyed
    }

    /// The bytes of the file in the next epoch.
    private func nextEpoch(destroying slots: Set<UInt64>) throws -> [UInt8] {
        let epochKey = SecretKey.random()
        let (header, oldKey) = withHeader { ($0, $1) }
        let epoch = header.epoch + 1
        let old = try fileSystem.readFully(KeyRing.groupsPath(directory), maximumByteCount: 1 << 32)
        var bytes = GroupsHeader.make(epochKey, epoch: epoch, logID: logID, root: root).encoded()
        bytes.reserveCapacity(old.count)
        var offset = GroupsHeader.byteCount
        while offset + GroupKeyRow.byteCount <= old.count, UInt64(bytes.count) < endOfRows {
            let row = try Array(old[offset..<offset + GroupKeyRow.byteCount]).decode(GroupKeyRow.init(decoding:))
            bytes += try next(row, slots, header.epoch, oldKey, epochKey).encoded()
            offset += GroupKeyRow.byteCount
        }
        return bytes
    }

    private func next(
        _ row: GroupKeyRow, _ slots: Set<UInt64>, _ epoch: UInt64, _ oldKey: SecretKey, _ epochKey: SecretKey
    ) throws -> GroupKeyRow {
        // A row that was moved is not the key of the place that it names: destroying it would destroy another's.
        let key = row.isPresent ? try row.groupKey(logID: logID, epoch: epoch, epochKey: oldKey) : nil
        guard let key, !slots.contains(row.slot) else {
            return GroupKeyRow(
                slot: row.slot, segment: row.segment, classID: row.classID, isPresent: false,
                salt: [UInt8](repeating: 0, count: KeyLayout.saltByteCount),
                wrapped: [UInt8](repeating: 0, count: KeyLayout.wrappedByteCount), generation: row.generation)
        }
        let place = GroupPlace(logID: logID, segment: row.segment, classID: row.classID)
        var next = GroupKeyRow.make(key.key, slot: row.slot, place: place, epoch: epoch + 1, epochKey: epochKey)
        next.generation = row.generation
        return next
    }

    /// Whether the bytes of a file without a name are zeros on the device now. What it can't do, another strength says.
    private static func overwrite(_ file: any File) -> Bool {
        do {
            let byteCount = try file.byteCount()
            let zeros = [UInt8](repeating: 0, count: 1 << 16)
            var offset: UInt64 = 0
            while offset < byteCount {
                let count = min(UInt64(zeros.count), byteCount - offset)
                try file.writeAll(Array(zeros[..<Int(count)]), at: offset)
                offset += count
            }
            try file.synchronize()
            return true
        } catch {
            return false
        }
    }
}
