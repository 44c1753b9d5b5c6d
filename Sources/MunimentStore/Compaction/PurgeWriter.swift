// Writing the generation of a segment that lacks what a purge destroys. Format/retention.md, "The new generation". Step 2 of the protocol: the file is
// complete, durable, read back from the device and checked against the unchanged leaves, and has no name yet; if we die, recovery removes it.
//
// Nothing here destroys anything. New group keys that never come into force stay in `groups` until the next purge of their segment.

internal import MunimentCrypto
package import MunimentFormat
internal import MunimentMerkle

/// What one sealed segment loses.
package struct SegmentPurge: Sendable {
    package var handle: SegmentHandle
    /// The records that lose their content now.
    package var purged: IndexSet
    /// These, and those that lost it before.
    package var missing: IndexSet
    /// How many due records of the segment are kept because they are held.
    package var heldCount: UInt64

    package init(handle: SegmentHandle, purged: IndexSet, missing: IndexSet, heldCount: UInt64) {
        (self.handle, self.purged, self.missing, self.heldCount) = (handle, purged, missing, heldCount)
    }
}

/// A new generation that is complete and checked, under its temporary name.
package struct UnnamedGeneration: Sendable {
    package var purge: SegmentPurge
    package var footer: Footer
    package var temporaryPath: String
    /// What a prepared record says of its bytes.
    package var seal: SealRecord { SealRecord(footer, policy: nil) }
}

struct PurgeWriter {
    let reader: LogReader
    let keys: KeyRing
    let classes: ClassTable
    let statements: FooterStatements
    /// The log as it is.
    let committed: Committed

    func write(_ purge: SegmentPurge) throws(ArchiveError) -> UnnamedGeneration {
        let handle = purge.handle
        return try translating(handle.path) {
            let header = try SegmentFile.header(try handle.file())
            guard header.segment == handle.segment, header.generation == handle.generation,
                let old = try SegmentFile.footer(try handle.file())
            else {
                throw ArchiveError(.damaged, "\(handle.path) is not the sealed segment that it should be; run verify.")
            }
            // Where its frames are, and that these are all of them, is the footer's word.
            guard try statements.state(old, committed) else {
                throw ArchiveError(
                    .damaged,
                    "The footer of \(handle.path) is not the one that the log states: nothing is purged of it; run verify on a copy."
                )
            }
            let omission = try omission(purge, generation: header.generation + 1)
            let repacker = Repacker(reader, header, handle, omitting: omission, classes)
            let footer = try repacker.writeUnnamed(try handle.frames())
            do {
                try check(purge, footer, repacker.temporaryPath, root: old.root)
            } catch {
                try? reader.fileSystem.remove(repacker.temporaryPath)
                throw error
            }
            return UnnamedGeneration(purge: purge, footer: footer, temporaryPath: repacker.temporaryPath)
        }
    }

    /// Which classes keep something, and new keys for those that also lose something.
    private func omission(_ purge: SegmentPurge, generation: UInt32) throws -> Repacker.Omission {
        var losing: Set<UInt32> = []
        var keeping: Set<UInt32> = []
        var all: Set<UInt32> = []
        for reference in try purge.handle.frames() {
            let frame = try reader.frame(reference, in: purge.handle)
            var first = frame.header.firstIndex
            for run in frame.columns.runs {
                let indexes = first..<first + UInt64(run.count)
                let missing = purge.missing.intersection(IndexSet(indexes))
                all.insert(run.classID)
                if missing.count < UInt64(run.count) { keeping.insert(run.classID) }
                if !purge.purged.intersection(missing).isEmpty { losing.insert(run.classID) }
                if !missing.isEmpty && run.kind == .control {
                    throw ArchiveError(.usage, "Control records can't be purged: \(missing.first ?? 0) is one.")
                }
                first = indexes.upperBound
            }
        }
        var omission = Repacker.Omission(purged: purge.missing)
        omission.gone = all.subtracting(keeping)
        let stale = try keeping.subtracting(losing).filter { try isStale($0, purge.handle.segment, generation) }
        for classID in losing.intersection(keeping).union(stale).sorted() {
            let made = try keys.makeGroup(
                segment: purge.handle.segment, classID: classID, generation: generation)
            omission.rekeyed[classID] = GroupRow(
                classID: classID, slot: made.slot, keyCommitment: made.key.commitment)
        }
        return omission
    }

    /// Whether a purge that was given up left a key for this generation: it would serve the class from now on, and die as unused.
    private func isStale(_ classID: UInt32, _ segment: UInt64, _ generation: UInt32) throws(ArchiveError) -> Bool {
        let next = try keys.existingGroup(segment: segment, classID: classID, generation: generation)?.slot
        return try next != keys.existingGroup(segment: segment, classID: classID, generation: generation - 1)?.slot
    }

    // MARK: Reading back

    /// Reads the file from the device: it has the old leaves, the contents that stay open to their commitments, the others are not there.
    private func check(_ purge: SegmentPurge, _ footer: Footer, _ path: String, root: Digest) throws {
        let handle = SegmentHandle(
            reader.fileSystem, path, segment: footer.segment, generation: footer.generation,
            firstIndex: footer.firstIndex)
        let file = try handle.file()
        defer { handle.closeFile() }
        file.dropCache()
        guard let stored = try SegmentFile.footer(file), stored.digest == footer.digest else { throw mismatch(path) }
        for group in stored.groups {
            // Contents are sealed under the key that the ring gives; the footer says which is kept.
            let used = try keys.group(segment: stored.segment, classID: group.classID, generation: stored.generation)
            guard used.slot == group.slot, used.key.commitment == group.keyCommitment else { throw mismatch(path) }
        }
        var frontier = try TreeFrontier(size: footer.firstIndex, reader: reader)
        let hasher = EntryHasher()
        for reference in try handle.frames() {
            let frame = try FrameView(file.readExactly(Int(reference.skeletonByteCount), at: reference.offset))
            frontier.append(leaves: frame, hasher)
            guard frontier.root() == frame.header.root else { throw mismatch(path) }
            try checkContents(frame, handle, purge.missing, path)
        }
        guard frontier.root() == root else { throw mismatch(path) }
    }

    private func checkContents(_ frame: FrameView, _ handle: SegmentHandle, _ missing: IndexSet, _ path: String) throws
    {
        for (classID, ordinals) in frame.outline.ordinalsByClass {
            let header = frame.header
            let salts =
                try frame.hasParts(ofClass: classID)
                ? keys.group(segment: header.segment, classID: classID, generation: header.generation).key.saltStream
                : nil
            try FrameContents(frame.outline, handle, reader, classID: classID, ordinals: ordinals).forEach {
                index, layout, bytes throws(FormatError) in
                guard (layout == nil) == missing.contains(index) else { throw mismatch(path) }
                guard layout != nil, let salts else { return }
                let content = try RecordContent(Array(bytes))
                let digest = try content.body().map { body throws(FormatError) in try payloadDigest(of: body) }
                let entry = try frame.entry(index).decode(Entry.init(decoding:))
                guard try content.commitment(index: index, salts: salts, bodyDigest: digest) == entry.commitment else {
                    throw mismatch(path)
                }
            }
        }
    }

    /// P of a body file, read in full.
    private func payloadDigest(of reference: BodyReference) throws(FormatError) -> Digest {
        let path = reader.paths.body(reference.id)
        do throws(ArchiveError) {
            return try BodyFileReader.read(reader.fileSystem, path, logID: reader.logID, reference: reference) { _ in }
        } catch {
            throw FormatError(.inconsistent, "body file", at: 0, error.message)
        }
    }

    private func mismatch(_ path: String) -> FormatError {
        FormatError(.inconsistent, "new generation", at: 0, "\(path) read back is not what was to be written")
    }
}
