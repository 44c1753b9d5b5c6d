// What an open for writing does to the files before it goes on with them. Everything has been judged by then
// (`Recovery`), and nothing that was durable is changed: what is written is what is there already, so that it is
// certain to be on the device, and what is removed is no part of the store. Format/recovery.md. If we die anywhere
// here, the next open starts over.

internal import MunimentCrypto
internal import MunimentFormat

struct StoreRepair {
    private let fileSystem: any FileSystem
    private let paths: StorePaths
    private let recovered: RecoveredStore

    init(_ fileSystem: any FileSystem, _ paths: StorePaths, _ recovered: RecoveredStore) {
        (self.fileSystem, self.paths, self.recovered) = (fileSystem, paths, recovered)
    }

    func run(_ keys: KeyRing) throws(ArchiveError) {
        try secureNames()
        try removeLeftovers()
        for segment in recovered.unsealed {
            try TailRepair.run(
                fileSystem, paths.segment(segment.header.segment, generation: segment.header.generation), segment,
                checkpointSize: recovered.checkpointSize)
        }
        try requireKeys(keys)
        try keys.secureLastRow(isUsed: { segment, classID in
            recovered.unsealed.contains { scanned in
                scanned.header.segment == segment
                    && scanned.frames.contains { $0.groups.contains { $0.classID == classID } }
            }
        })
    }

    /// A segment's name may be in the cache only: the process that gave it may have died, or failed, before the
    /// directory was synced.
    private func secureNames() throws(ArchiveError) {
        guard !recovered.unsealed.isEmpty else { return }
        try translating(paths.segments) {
            let directories = Set(recovered.unsealed.map { paths.segmentDirectory($0.header.segment) })
            for directory in directories.sorted() { try fileSystem.synchronizeDirectory(directory) }
            try fileSystem.synchronizeDirectory(paths.segments)
        }
    }

    /// Cases *unfinished generation* and *withdrawn segment*, but not *older generation*; and the file that was prepared for the next segment.
    private func removeLeftovers() throws(ArchiveError) {
        try translating(paths.segments) {
            for path in recovered.leftovers { try fileSystem.remove(path) }
            if try fileSystem.status(paths.prepared) != nil { try fileSystem.remove(paths.prepared) }
        }
    }

    /// Case *frame without key*: a group of the open segment whose key is not there, or is not the one that the frame
    /// states. To go on would put two keys in one group's place.
    private func requireKeys(_ keys: KeyRing) throws(ArchiveError) {
        guard let open = recovered.unsealed.last else { return }
        for group in open.frames.flatMap(\.groups) {
            let found = try keys.existingGroup(segment: open.header.segment, classID: group.classID)
            guard let found, found.slot == group.slot, found.key.commitment == group.keyCommitment else {
                throw ArchiveError(
                    .keyMissing,
                    "The key of class \(group.classID) in segment \(open.header.segment) is not in \(paths.keys): restore the newest "
                        + "backup of the keys.")
            }
        }
    }
}
