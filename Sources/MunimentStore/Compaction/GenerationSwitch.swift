// Putting new generations in force and destroying what they lack: steps 5, 6 and 7 of the protocol (Format/retention.md). Everything is derived from
// the prepared records, and doing any of it twice is the same as doing it once: so a run that died is carried on by the same code.

internal import MunimentCrypto
internal import MunimentFormat

struct GenerationSwitch {
    let reader: LogReader
    let keys: KeyRing
    let statements: FooterStatements
    /// The log as it is.
    let committed: Committed
    private var fileSystem: any FileSystem { reader.fileSystem }
    private var paths: StorePaths { reader.paths }

    init(_ reader: LogReader, _ keys: KeyRing, _ statements: FooterStatements, _ committed: Committed) {
        (self.reader, self.keys, self.statements, self.committed) = (reader, keys, statements, committed)
    }

    private func path(_ seal: SealRecord) -> String { paths.segment(seal.segment, generation: seal.generation) }

    /// Whether a generation has its name.
    func isNamed(_ seal: SealRecord) throws(ArchiveError) -> Bool {
        let path = path(seal)
        return try translating(path) { try fileSystem.status(path) != nil }
    }

    // MARK: Step 5: names and rows

    /// Gives generations that are complete their names, durably.
    func name(_ seals: [SealRecord]) throws(ArchiveError) {
        try translating(paths.segments) {
            for seal in seals { try fileSystem.rename(path(seal) + TemporaryFile.suffix, to: path(seal)) }
            for directory in Set(seals.map { paths.segmentDirectory($0.segment) }).sorted() {
                try fileSystem.synchronizeDirectory(directory)
            }
        }
    }

    /// Makes named generations those that every open finds, and that this process reads; returns how many bytes they have.
    func install(_ seals: [SealRecord]) throws(ArchiveError) -> UInt64 {
        // A name that was given before a crash may stand in the cache alone.
        try translating(paths.segments) {
            for directory in Set(seals.map { paths.segmentDirectory($0.segment) }).sorted() {
                try fileSystem.synchronizeDirectory(directory)
            }
        }
        var byteCount: UInt64 = 0
        for seal in seals {
            let row = SegmentRow(footer: try footer(seal), fileByteCount: try fileByteCount(path(seal)))
            try SegmentDirectoryFile.write(fileSystem, paths, row)
            reader.install(SegmentHandle(fileSystem, paths, row))
            byteCount += row.fileByteCount
        }
        return byteCount
    }

    /// The footer of a named generation, which must be the one that its prepared record states.
    private func footer(_ seal: SealRecord) throws(ArchiveError) -> Footer {
        try translating(path(seal)) {
            let file = try fileSystem.open(path(seal), .read)
            defer { file.close() }
            guard let footer = try SegmentFile.footer(file), footer.digest == seal.footerDigest else {
                throw ArchiveError(
                    .damaged, "\(path(seal)) is not the generation that was prepared: nothing is purged; run verify.")
            }
            return footer
        }
    }

    private func fileByteCount(_ path: String) throws(ArchiveError) -> UInt64 {
        try translating(path) { try fileSystem.status(path)?.byteCount ?? 0 }
    }

    // MARK: Step 6: keys

    /// Destroys every key of the segments that the new generations do not use. Irreversible.
    func destroyKeys(_ seals: [SealRecord]) throws(ArchiveError) -> CompletedRecord.Strength {
        var slots: Set<UInt64> = []
        for seal in seals {
            let used = Set(try footer(seal).groups.map(\.slot))
            slots.formUnion(keys.slots(segment: seal.segment).subtracting(used))
        }
        let strength = try keys.beginEpoch(destroying: slots)
        reader.forgetContents()
        return strength
    }

    // MARK: Step 7: files

    /// Removes older generations and the body files that only they have; returns how many bytes that frees.
    func removeRemains(_ seals: [SealRecord]) throws(ArchiveError) -> UInt64 {
        let remains = GenerationRemains(reader, statements, committed)
        var freed: UInt64 = 0
        for seal in seals {
            let kept = Set(try footer(seal).bodyFiles.map(\.id))
            let directory = paths.segmentDirectory(seal.segment)
            let names = try translating(directory) { try fileSystem.names(in: directory) }
            for name in names {
                guard let found = SegmentHeader.parse(fileName: name), found.segment == seal.segment,
                    found.generation < seal.generation
                else { continue }
                freed += try remains.remove(directory + "/" + name, keeping: kept)
            }
        }
        return freed
    }

    /// Removes what a run that died left of `sealed` segments under temporary names. Those of others are being written: by whoever seals them now.
    func removeUnnamed(_ sealed: [SegmentHandle]) throws(ArchiveError) {
        let segments = Set(sealed.map(\.segment))
        for directory in Set(segments.map { paths.segmentDirectory($0) }).sorted() {
            try translating(directory) {
                for name in try fileSystem.names(in: directory) where name.hasSuffix(TemporaryFile.suffix) {
                    let final = String(name.dropLast(TemporaryFile.suffix.utf8.count))
                    guard let found = SegmentHeader.parse(fileName: final), segments.contains(found.segment) else {
                        continue
                    }
                    try fileSystem.remove(directory + "/" + name)
                }
            }
        }
    }
}
