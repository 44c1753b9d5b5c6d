// The walk over the entries of a tile directory, one bundle at a time: leaf hashes from the entries, the tree from the
// leaf hashes, each node that a tile has compared with it. Where entries and stored leaf hashes differ, what leads to
// the tree above is right, and the other is the finding.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle

/// The walk over all entries of a tile directory.
final class TileWalk {
    private let tiles: TileFiles
    /// The checkpoint's.
    private let statedRoot: Digest?
    let against: RootClaim?
    private var againstRoot: Digest?
    private var frontier = TreeFrontier()
    /// False once leaf hashes were missing that nothing made up for.
    private var isWhole = true
    private var lostCount = 0
    private static let lostCountMax = 1_000
    private var levels: [Int: Level] = [:]
    private var control: ControlLedger?
    private(set) var recordCount: UInt64 = 0
    /// Entries whose leaf hash was computed, and hashes of tiles that were compared with those that the entries give.
    private(set) var entryCount: UInt64 = 0
    private(set) var comparedCount: UInt64 = 0
    private var top = TreeSketch()
    private var leaves = [UInt8](repeating: 0, count: Tile.widthMax * Digest.byteCount)

    /// The tile of a level that is being compared.
    private struct Level {
        var index: UInt64
        var tile: TileFiles.Found?
    }

    init(_ tiles: TileFiles, root: Digest?, against: RootClaim?) {
        (self.tiles, statedRoot, self.against) = (tiles, root, against)
    }

    /// The top of the tree, for a drawing; nil where entries are lost.
    var sketch: TreeSketch? {
        guard root != nil else { return nil }
        var sketch = top
        sketch.finish(frontier)
        return sketch
    }

    var controlCount: UInt64 { control?.count ?? 0 }
    /// The root that the entries give; nil where some are lost.
    var root: Digest? { isWhole && frontier.size == tiles.size ? frontier.root() : nil }

    /// Goes through all entries; calls `progress` with how many are done, and how many findings were made.
    func run(_ collector: inout Findings, _ progress: (UInt64, Int) -> Void) {
        var index: UInt64 = 0
        if against?.size == 0 { againstRoot = frontier.root() }
        // A forged checkpoint may claim any size: where everything is missing, there is an end to counting it.
        while lostCount < TileWalk.lostCountMax, let bundle = tiles.tile(.entries, index),
            let hashes = tiles.tile(.hashes(0), index)
        {
            var findings = Findings()
            take(bundle, hashes, &findings)
            collector += findings
            index += 1
            progress(min(index << 8, tiles.size), collector.count)
        }
    }

    // MARK: Bundles

    private func take(_ bundle: Tile, _ hashes: Tile, _ findings: inout Findings) {
        let entries = tiles.read(bundle, &findings)
        let stored = tiles.read(hashes, &findings)
        let isHashed = entries.map { hash($0, bundle, &findings) } ?? false
        if let stored {
            let theirs = stored.bytes[..<(bundle.width * Digest.byteCount)]
            if isHashed { comparedCount += UInt64(bundle.width) }
            if !isHashed {
                // The entries are lost; their leaf hashes still lead to the root.
                leaves.replaceSubrange(..<theirs.count, with: theirs)
            } else if !leaves[..<theirs.count].elementsEqual(theirs) {
                judge(bundle, entries?.name ?? bundle.path, stored, theirs, &findings)
            }
        } else if !isHashed {
            isWhole = false
            lostCount += 1
        }
        append(bundle.width, &findings)
    }

    /// Entries and their stored leaf hashes differ. What leads to the tree above is right, and goes on; the other is
    /// the finding.
    private func judge(
        _ bundle: Tile, _ name: String, _ stored: TileFiles.Found, _ theirs: ArraySlice<UInt8>,
        _ findings: inout Findings
    ) {
        let ours = leaves[..<theirs.count]
        guard leads(theirs, bundle) else {
            return compare(ours: ours, stored, at: 0, level: 0, firstNode: bundle.index << 8, &findings)
        }
        for number in 0..<bundle.width {
            let range = number * Digest.byteCount..<(number + 1) * Digest.byteCount
            if ours[range].elementsEqual(theirs[range]) { continue }
            let index = bundle.index << 8 + UInt64(number)
            findings.append(
                Finding(
                    .tileNode, .error, name, index: index,
                    "Entry \(index) does not give the leaf hash that leads to the checkpoint's root."))
        }
        leaves.replaceSubrange(..<theirs.count, with: theirs)
    }

    /// Whether these leaf hashes of a bundle lead to the node above it, or, in the last bundle, to the checkpoint's
    /// root.
    private func leads(_ hashes: ArraySlice<UInt8>, _ bundle: Tile) -> Bool {
        var tree = bundle.isPartial ? frontier : TreeFrontier()
        hashes.withUnsafeBytes { tree.append(leaves: $0) }
        if bundle.isPartial { return tree.root() == statedRoot }
        var ignored = Findings()
        let place = Int(bundle.index & 255) * Digest.byteCount
        guard let above = tiles.tile(.hashes(1), bundle.index >> 8).flatMap({ tiles.read($0, &ignored) }) else {
            return false
        }
        return above.bytes[place..<place + Digest.byteCount].elementsEqual(tree.root().bytes)
    }

    /// The leaf hashes of a bundle's entries; false with a finding where it is malformed.
    private func hash(_ found: TileFiles.Found, _ bundle: Tile, _ findings: inout Findings) -> Bool {
        found.bytes.withUnsafeBytes { bytes in
            var entries: [UnsafeRawBufferPointer] = []
            var place = 0
            while entries.count < bundle.width, place + 2 <= bytes.count {
                let count = Int(bytes[place]) << 8 | Int(bytes[place + 1])
                guard place + 2 + count <= bytes.count else { break }
                entries.append(bytes.slice(place + 2..<place + 2 + count))
                place += 2 + count
            }
            // A full bundle may stand where the tree has a partial one.
            guard entries.count == bundle.width, place == bytes.count || found.name != bundle.path else {
                findings.append(
                    Finding(
                        .tileMalformed, .error, found.name, offset: UInt64(place),
                        index: bundle.index << 8 + UInt64(entries.count),
                        "The bundle does not hold \(bundle.width) entries, each after its length, and nothing else."))
                return false
            }
            leaves.withUnsafeMutableBytes { SHA256.leaves(entries, into: $0) }
            entryCount += UInt64(bundle.width)
            var offset = 0
            for (number, entry) in entries.enumerated() {
                check(
                    entry, index: bundle.index << 8 + UInt64(number), found.name, offset: UInt64(offset + 2), &findings)
                offset += 2 + entry.count
            }
            return true
        }
    }

    /// The rules of an entry, where the log is a Muniment log: its first entry says so.
    private func check(
        _ bytes: UnsafeRawBufferPointer, index: UInt64, _ name: String, offset: UInt64, _ findings: inout Findings
    ) {
        let decoded = decoding(bytes, Entry.init(decoding:))
        if index == 0 {
            let kind = try? decoded.get().kind
            if kind == .control { control = ControlLedger(ManifestFacts(manifest: nil, digest: nil)) }
        }
        guard control != nil else {
            recordCount += 1
            return
        }
        switch decoded {
        case .failure(let error):
            findings.append(Finding(error, .entryMalformed, unknown: .entryUnknown, name, offset: offset, index: index))
        case .success(let entry):
            EntryRules.judge(entry, name, offset: offset, index: index, &findings)
            take(entry, index: index, name, offset: offset, &findings)
            control?.remember(plain: entry.compliance == nil ? entry.recorded : nil, flagged: entry.compliance)
        }
    }

    private func take(_ entry: Entry, index: UInt64, _ name: String, offset: UInt64, _ findings: inout Findings) {
        if entry.kind == .record {
            recordCount += 1
            if control?.isDeclared(entry.classID) != true {
                findings.append(
                    Finding(
                        .entryMalformed, .error, name, offset: offset, index: index,
                        "The record is of class \(entry.classID), which was never declared."))
            }
            return
        }
        var record: Result<ControlRecord, FormatError> = .failure(
            FormatError(.inconsistent, "control record", at: 0, "none"))
        do throws(FormatError) {
            if let found = try ControlRecord(entry: entry) { record = .success(found) }
        } catch {
            record = .failure(error)
        }
        let found = FrameOutcome.Control(
            index: index, offset: offset, record: record, recorded: entry.recorded, compliance: entry.compliance)
        _ = control?.take(found, name, &findings)
    }

    // MARK: The tree

    /// Appends the first `count` leaf hashes, and compares the nodes that they complete with those of the tiles above.
    private func append(_ count: Int, _ findings: inout Findings) {
        var place = 0
        while place < count {
            var end = count
            if let against, against.size > frontier.size, against.size - frontier.size < UInt64(count - place) {
                end = place + Int(against.size - frontier.size)
            }
            leaves.withUnsafeBytes { leaves in
                frontier.append(
                    leaves: leaves.slice(place * Digest.byteCount..<end * Digest.byteCount), reporting: 0
                ) { level, first, nodes in
                    if first < UInt64(TreeSketch.nodeCountMax) {
                        for node in TreeSketch.kept(level: level, first: first, nodes) { top.append(node) }
                    }
                    if level >= Tile.height, level % Tile.height == 0, isWhole {
                        compare(level / Tile.height, first, nodes, &findings)
                    }
                }
            }
            if against?.size == frontier.size { againstRoot = frontier.root() }
            place = end
        }
    }

    private func compare(_ level: Int, _ first: UInt64, _ nodes: UnsafeRawBufferPointer, _ findings: inout Findings) {
        for number in 0..<nodes.count / Digest.byteCount {
            let node = first + UInt64(number)
            let index = node >> 8
            if levels[level]?.index != index {
                levels[level] = Level(
                    index: index, tile: tiles.tile(.hashes(level), index).flatMap { tiles.read($0, &findings) })
            }
            guard let tile = levels[level]?.tile else { continue }
            comparedCount += 1
            let ours = Array(nodes.slice(number * Digest.byteCount..<(number + 1) * Digest.byteCount))
            compare(
                ours: ours[...], tile, at: Int(node & 255) * Digest.byteCount, level: level, firstNode: node, &findings)
        }
    }

    private func compare(
        ours: ArraySlice<UInt8>, _ tile: TileFiles.Found, at place: Int, level: Int, firstNode: UInt64,
        _ findings: inout Findings
    ) {
        let theirs = tile.bytes[place..<place + ours.count]
        if ours.elementsEqual(theirs) { return }
        for number in 0..<ours.count / Digest.byteCount {
            let range = number * Digest.byteCount..<(number + 1) * Digest.byteCount
            let (a, b) = (
                ours.dropFirst(range.lowerBound).prefix(range.count),
                theirs.dropFirst(range.lowerBound).prefix(range.count)
            )
            if a.elementsEqual(b) { continue }
            findings.append(
                Finding(
                    .tileNode, .error, tile.name, offset: UInt64(place + range.lowerBound),
                    index: (firstNode + UInt64(number)) << UInt64(level * Tile.height),
                    "Hash \((firstNode + UInt64(number)) & 255) of the tile is not the one that the entries give."))
        }
    }

    /// The roots, once all entries have gone by.
    func finish() -> Findings {
        guard isWhole else {
            return [
                Finding(
                    .treeLost, .error, "checkpoint", index: tiles.size,
                    "The root can't be computed: entries are lost, and so are their leaf hashes.")
            ]
        }
        var findings = Findings()
        if frontier.root() != statedRoot {
            findings.append(
                Finding(
                    .checkpointRoot, .error, "checkpoint", index: tiles.size,
                    "The checkpoint of size \(tiles.size) has another root than the entries give."))
        }
        if let against, againstRoot != against.root {
            findings.append(
                Finding(
                    .checkpointInconsistent, .error, against.file, index: against.size,
                    "The log does not extend the given checkpoint of size \(against.size)."))
        }
        return findings
    }
}
