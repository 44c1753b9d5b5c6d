// What a compactor does to a store, step by step. It decides nothing: which records are due, and which are held, is for the policy above; the order
// of the steps is Format/retention.md's, and the caller's duty.

package import MunimentFormat

extension LogStore {
    /// The epoch of the group keys.
    package var keyEpoch: UInt64 { keys.epoch }

    private var generationSwitch: GenerationSwitch { GenerationSwitch(reader, keys, statements, committed) }

    /// Step 2: writes and checks the generation of a sealed segment that lacks some contents. It is not in force.
    package func writeGeneration(_ purge: SegmentPurge) throws(ArchiveError) -> UnnamedGeneration {
        try PurgeWriter(reader: reader, keys: keys, classes: classes, statements: statements, committed: committed)
            .write(purge)
    }

    /// Gives up a generation that was written.
    package func discard(_ generation: UnnamedGeneration) throws(ArchiveError) {
        try translating(generation.temporaryPath) { try fileSystem.remove(generation.temporaryPath) }
    }

    /// Whether the generation that a prepared record states has its name.
    package func isNamed(_ seal: SealRecord) throws(ArchiveError) -> Bool {
        try generationSwitch.isNamed(seal)
    }

    /// Step 5, first half: gives generations their names.
    package func nameGenerations(_ seals: [SealRecord]) throws(ArchiveError) {
        try generationSwitch.name(seals)
    }

    /// Step 5, second half: puts named generations in force. Returns how many bytes they have.
    package func installGenerations(_ seals: [SealRecord]) throws(ArchiveError) -> UInt64 {
        try generationSwitch.install(seals)
    }

    /// Step 6, irreversible: destroys the keys of what the new generations lack, and begins the next epoch. After a failure the store takes no appends
    /// until it is reopened: which of the two files of keys the device holds is open.
    package func destroyKeys(_ seals: [SealRecord]) throws(ArchiveError) -> CompletedRecord.Strength {
        do throws(ArchiveError) {
            return try generationSwitch.destroyKeys(seals)
        } catch {
            refuse(because: error)
            throw error
        }
    }

    /// Step 7: removes what the generations replace. Returns the bytes that were freed.
    package func removeRemains(_ seals: [SealRecord]) throws(ArchiveError) -> UInt64 {
        try generationSwitch.removeRemains(seals)
    }

    /// Removes generations without a name, after a run that died.
    package func removeUnnamedGenerations() throws(ArchiveError) {
        try generationSwitch.removeUnnamed(sealedSegments)
    }
}
