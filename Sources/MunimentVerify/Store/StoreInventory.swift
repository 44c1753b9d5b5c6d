// What is in a store's directory: which segment files there are, which of them count, and what does not belong.
// Everything found here is accounted for by some later check, or is reported as foreign.

internal import MunimentFormat

struct StoreInventory {
    private let files: StoreFiles
    /// The segments in order. Numbers may be missing.
    private(set) var segments: [SegmentSource] = []
    private(set) var findings = Findings()
    private var candidates: [UInt64: [UInt32]] = [:]

    init(_ files: StoreFiles) { self.files = files }

    /// Lists everything but the body files, which are listed at the end.
    mutating func run() throws(FileFailure) {
        if let root = DirectoryListing.item(files.root) { checkMode(".", root) }
        for item in try DirectoryListing.items(files.root) { topLevel(item) }
        choose()
    }

    // MARK: Names

    private mutating func topLevel(_ item: DirectoryItem) {
        switch item.name {
        case "muniment.json", "checkpoint", "checkpoints", "segments.dir": expect(.file, item, item.name)
        case "lock":
            guard expect(.file, item, item.name) else { return }
            if item.byteCount > 0 {
                findings.append(
                    Finding(
                        .lockNotEmpty, .unattested, "lock", offset: 0,
                        "The lock file has \(item.byteCount) bytes; it is always empty."))
            }
        case "segments": if expect(.directory, item, item.name) { listSegments() }
        case "tree": if expect(.directory, item, item.name) { listTree() }
        case "bodies": expect(.directory, item, item.name)
        default: foreign(item.name, item)
        }
    }

    /// Whether `item` is of the kind that its name asks for.
    @discardableResult
    private mutating func expect(_ kind: DirectoryItem.Kind, _ item: DirectoryItem, _ name: String) -> Bool {
        guard item.kind == kind else {
            findings.append(
                Finding(
                    .fileUnreadable, .error, name, kind == .file ? "This is no regular file." : "This is no directory.")
            )
            return false
        }
        checkMode(name, item)
        return true
    }

    private mutating func checkMode(_ name: String, _ item: DirectoryItem) {
        if let finding = Finding(mode: item, name) { findings.append(finding) }
    }

    private mutating func foreign(_ name: String, _ item: DirectoryItem) {
        if name == "segments/prepared", item.kind == .file { return checkPrepared(name, item) }
        let what = name.hasSuffix(".new") ? "It was left when a file was being replaced." : "It is no part of a store."
        findings.append(Finding(.fileForeign, .unattested, name, "\(what) Nothing covers its bytes."))
    }

    /// The file that will be the next segment: zeros, perhaps after a header block that was never used.
    private mutating func checkPrepared(_ name: String, _ item: DirectoryItem) {
        checkMode(name, item)
        guard let file = files.open(name, isRequired: false, &findings) else { return }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { scratch.deallocate() }
        do throws(FileFailure) {
            let head = try file.bytes(Limits.blockByteCount)
            let isHeader = head.withUnsafeBytes { (try? SegmentHeader(decoding: $0)) != nil }
            let start = isHeader ? UInt64(Limits.blockByteCount) : 0
            if let offset = try file.firstNonZero(in: start..<max(start, file.byteCount), scratch: scratch) {
                findings.append(
                    Finding(
                        .fileForeign, .unattested, name, offset: offset,
                        "The prepared segment holds bytes that are not zero."))
            }
        } catch {
            findings.append(Finding(unreadable: name, error))
        }
    }

    private mutating func listSegments() {
        for directory in list("segments") {
            let name = "segments/" + directory.name
            guard directory.kind == .directory, let number = UInt64(directory.name),
                number <= (Limits.segmentCount - 1) / 4_096,
                SegmentHeader.directoryName(segment: number * 4_096).utf8.elementsEqual(directory.name.utf8)
            else {
                foreign(name, directory)
                continue
            }
            checkMode(name, directory)
            for item in list(name) {
                guard let parsed = SegmentHeader.parse(fileName: item.name), parsed.segment / 4_096 == number else {
                    foreign(name + "/" + item.name, item)
                    continue
                }
                guard expect(.file, item, name + "/" + item.name) else { continue }
                candidates[parsed.segment, default: []].append(parsed.generation)
            }
        }
    }

    private mutating func listTree() {
        for item in list("tree") {
            guard StoredTree.level(name: item.name) != nil else {
                foreign("tree/" + item.name, item)
                continue
            }
            expect(.file, item, "tree/" + item.name)
        }
    }

    private mutating func list(_ name: String) -> [DirectoryItem] {
        do throws(FileFailure) {
            return try DirectoryListing.items(files.path(name))
        } catch {
            findings.append(Finding(unreadable: name, error))
            return []
        }
    }

    // MARK: Which generation counts

    private mutating func choose() {
        for segment in numbers() {
            let sources = open(segment, candidates[segment] ?? [])
            guard let chosen = SegmentSource.chosen(sources) else { continue }
            segments.append(chosen)
            for other in sources where other.generation != chosen.generation {
                findings.append(
                    Finding(
                        .segmentLeftover, .unattested, other.name,
                        "Generation \(other.generation) of segment \(segment) is beside generation \(chosen.generation), which counts: it was "
                            + "left by a rewrite; nothing covers its bytes."))
            }
        }
        candidates = [:]
    }

    /// The numbers of the segments that are there. A listing may miss a file that is being replaced meanwhile: numbers
    /// that seem to be left out, and those after the last, are looked for once more.
    private mutating func numbers() -> [UInt64] {
        var expected: UInt64 = 0
        for segment in candidates.keys.sorted() {
            if segment > expected { lookAgain(expected..<min(segment, expected + StoreInventory.lookAgainCountMax)) }
            expected = segment + 1
        }
        lookAgain(expected..<min(expected + 2, Limits.segmentCount))
        return candidates.keys.sorted()
    }

    /// Segments of one gap that are looked for again: at most two are being replaced at a time.
    private static let lookAgainCountMax: UInt64 = 16

    private mutating func lookAgain(_ segments: Range<UInt64>) {
        for segment in segments {
            let found = SegmentSource.generations(files, segment: segment).map(\.generation)
            if !found.isEmpty { candidates[segment] = found }
        }
    }

    /// The generations of a segment that can be opened. What went away since it was listed was replaced: then they are
    /// listed again.
    private mutating func open(_ segment: UInt64, _ generations: [UInt32]) -> [SegmentSource] {
        var sources: [SegmentSource] = []
        for generation in generations {
            do throws(FileFailure) {
                sources.append(try SegmentSource.open(files, segment: segment, generation: generation).source)
            } catch  where error == .missing {
                return SegmentSource.generations(files, segment: segment)
            } catch {
                findings.append(
                    Finding(unreadable: SegmentHeader.path(segment: segment, generation: generation), error))
            }
        }
        return sources
    }
}

extension Finding {
    /// Permissions that let others in; nil where they are as the engine sets them.
    init?(mode item: DirectoryItem, _ name: String) {
        let wanted: UInt32 = item.kind == .directory ? 0o700 : 0o600
        guard item.mode != wanted else { return nil }
        self.init(
            .fileMode, .notice, name,
            "The permissions are 0\(String(item.mode, radix: 8)); the engine sets 0\(String(wanted, radix: 8)).")
    }
}
