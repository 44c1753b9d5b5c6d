// The files of a tile directory: what stands at a tile's path, whether it can be that tile, and what else there is.

internal import MunimentFormat
internal import MunimentMerkle

/// A tile directory's files, for a tree of `size` leaves.
struct TileFiles {
    /// The most bytes of an entry bundle.
    static let bundleByteCountMax = Tile.widthMax * (2 + Limits.entryByteCount)

    private let files: StoreFiles
    let size: UInt64

    init(_ files: StoreFiles, size: UInt64) { (self.files, self.size) = (files, size) }

    /// How many nodes of a tile level, or entries, the tree has.
    func count(_ kind: Tile.Kind) -> UInt64 {
        switch kind {
        case .entries: size
        case .hashes(let level): level < 8 ? size >> UInt64(level * Tile.height) : 0
        }
    }

    /// The tile with this index as the tree has it; nil where it has none.
    func tile(_ kind: Tile.Kind, _ index: UInt64) -> Tile? {
        let (start, overflow) = index.multipliedReportingOverflow(by: UInt64(Tile.widthMax))
        let count = count(kind)
        guard !overflow, start < count else { return nil }
        return Tile(kind, index: index, width: Int(min(count - start, UInt64(Tile.widthMax))))
    }

    /// A tile's bytes, and the path at which they stand.
    struct Found {
        let name: String
        let bytes: [UInt8]
    }

    /// What stands at the tile's own path, or, where a log has grown past a partial one, at that of the full tile. Nil
    /// with a finding.
    func read(_ tile: Tile, _ findings: inout Findings) -> Found? {
        if let found = bytes(tile.path, tile, &findings) { return found }
        if tile.isPartial, let full = Tile(tile.kind, index: tile.index), let found = bytes(full.path, full, &findings)
        {
            return found
        }
        findings.append(
            Finding(
                .tileMissing, .error, tile.path, index: firstEntry(tile),
                "The tile is missing, though the checkpoint's tree needs it."))
        return nil
    }

    /// The first entry that a tile stands for.
    func firstEntry(_ tile: Tile) -> UInt64 {
        switch tile.kind {
        case .entries: tile.index << 8
        case .hashes(let level): tile.index << UInt64(Tile.height + level * Tile.height)
        }
    }

    private func bytes(_ name: String, _ tile: Tile, _ findings: inout Findings) -> Found? {
        guard let file = files.open(name, isRequired: false, &findings) else { return nil }
        let bound = tile.kind == .entries ? TileFiles.bundleByteCountMax : tile.width * Digest.byteCount
        guard let bytes = files.bytes(of: file, name, atMost: bound, &findings) else { return nil }
        if tile.kind != .entries, bytes.count != bound {
            findings.append(
                Finding(
                    .tileMalformed, .error, name, offset: UInt64(bytes.count), index: firstEntry(tile),
                    "The tile has \(bytes.count) bytes; \(tile.width) hashes have \(bound)."))
            return nil
        }
        return Found(name: name, bytes: bytes)
    }

    // MARK: Everything that is there

    /// Looks at every file of the directory: those that the tree needs were read before; older partial tiles must be
    /// the start of what took their place; the rest is reported.
    func survey() throws(FileFailure) -> Findings {
        var findings = Findings()
        for item in try DirectoryListing.items(files.root) {
            switch (item.name, item.kind) {
            case ("checkpoint", .file): continue
            case ("tile", .directory): walk("tile", depth: 0, &findings)
            default: findings.append(foreign(item.name))
            }
        }
        return findings
    }

    private func foreign(_ name: String) -> Finding {
        Finding(.fileForeign, .unattested, name, "This is no part of a tile directory; nothing covers its bytes.")
    }

    private func walk(_ directory: String, depth: Int, _ findings: inout Findings) {
        do throws(FileFailure) {
            for item in try DirectoryListing.items(files.path(directory)) {
                let name = directory + "/" + item.name
                switch item.kind {
                // tile, level, seven groups of digits at most, and the directory of partial tiles.
                case .directory where depth < 10: walk(name, depth: depth + 1, &findings)
                case .file: look(name, &findings)
                default: findings.append(foreign(name))
                }
            }
        } catch {
            findings.append(Finding(unreadable: directory, error))
        }
    }

    private func look(_ name: String, _ findings: inout Findings) {
        guard let tile = try? Tile(path: name) else { return findings.append(foreign(name)) }
        guard let needed = self.tile(tile.kind, tile.index),
            tile.width <= needed.width || needed.isPartial && !tile.isPartial
        else {
            findings.append(
                Finding(
                    .tileUnattested, .unattested, name, index: firstEntry(tile),
                    "The tile reaches past the checkpoint's tree."))
            return
        }
        if tile.width == needed.width { return }
        // Findings about the needed tile were made when it was read.
        var ignored = Findings()
        guard let whole = read(needed, &ignored), let part = bytes(name, tile, &findings) else { return }
        if whole.name == name { return beyond(tile, needed, part, &findings) }
        let (short, long) = tile.width < needed.width ? (part.bytes, whole.bytes) : (whole.bytes, part.bytes)
        guard long.starts(with: short),
            tile.kind != .entries || TileFiles.entryCount(short) == min(tile.width, needed.width)
        else {
            findings.append(
                Finding(
                    .tileNode, .error, name, index: firstEntry(tile),
                    "The tile contradicts \(whole.name), which has the same entries."))
            return
        }
        if tile.width > needed.width { beyond(tile, needed, part, &findings) }
    }

    /// A full tile in the place of the partial one that the tree has.
    private func beyond(_ tile: Tile, _ needed: Tile, _ found: Found, _ findings: inout Findings) {
        findings.append(
            Finding(
                .tileUnattested, .unattested, found.name, index: size,
                "Only \(needed.width) of the tile's \(tile.width) places are in the checkpoint's tree; nothing covers the others."
            ))
    }

    /// How many entries a bundle holds; nil where it does not decode.
    static func entryCount(_ bundle: [UInt8]) -> Int? {
        var place = 0
        var count = 0
        while place < bundle.count {
            guard place + 2 <= bundle.count else { return nil }
            place += 2 + (Int(bundle[place]) << 8 | Int(bundle[place + 1]))
            count += 1
        }
        return place == bundle.count ? count : nil
    }
}
