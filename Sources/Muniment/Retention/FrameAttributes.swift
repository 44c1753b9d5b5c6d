// What the records of one proved frame say in their attributes, for holds that ask. A part is opened once, and all contents in it are held against
// their commitments in one go: where many records are due, asking for each alone would cost ten times as much.
//
// Whatever does not open or does not match here is looked at again record by record, so what is not known is decided in one place
// (`ProvenLog.content`), and one damaged record makes no other one unknown.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentStore

/// Used by one thread, for one frame.
final class FrameAttributes {
    /// What is known of a class's records: its parts, and the one that was opened last.
    private final class Group {
        let contents: FrameContents
        let parts: [FrameContents.Part]
        var opened: Opened?

        init(_ contents: FrameContents, _ parts: [FrameContents.Part]) {
            (self.contents, self.parts) = (contents, parts)
        }

        /// The part that holds the content of the frame's entry `ordinal`.
        func part(holding ordinal: Int) -> FrameContents.Part? {
            parts.first { part in part.ordinals.last.map { $0 >= ordinal } ?? false }
        }
    }

    /// An opened part.
    private struct Opened {
        var part: FrameContents.Part
        /// One for each of the part's entries; nil where its content is not what the entry commits to, or was not looked at.
        var attributes: [RecordAttributes?]

        func attributes(of ordinal: Int) -> RecordAttributes? {
            guard let first = part.ordinals.first, ordinal >= first else { return nil }
            // Where a class has a frame to itself, its ordinals have no gaps.
            var place = part.ordinals.startIndex + (ordinal - first)
            if place >= part.ordinals.endIndex || part.ordinals[place] != ordinal {
                place = part.ordinals.place { $0 >= ordinal }
                guard place < part.ordinals.endIndex, part.ordinals[place] == ordinal else { return nil }
            }
            return attributes[place - part.ordinals.startIndex]
        }
    }

    private let frame: FrameView
    private let handle: SegmentHandle
    private let log: ProvenLog
    private var groups: [UInt32: Group] = [:]
    /// The one that was asked last.
    private var last: (classID: UInt32, group: Group)?
    /// How many records were looked at one by one.
    private(set) var aloneCount = 0
    private static let hashers = ObjectPool { HasherBox() }

    /// `frame` was proved, and is one of `handle`'s.
    init(_ frame: FrameView, _ handle: SegmentHandle, _ log: ProvenLog) {
        (self.frame, self.handle, self.log) = (frame, handle, log)
    }

    /// The attributes of a record of the frame; nil where they can't be read: purged, damaged, or sealed under a key that is not here. Only failures of
    /// the disk are thrown. Quickest when asked in the order of the log.
    func attributes(of index: UInt64, classID: UInt32) throws(ArchiveError) -> RecordAttributes? {
        if let known = inPart(Int(index - frame.header.firstIndex), classID) { return known }
        aloneCount += 1
        let entry = try translating("record \(index)") { try frame.entry(index).decode(Entry.init(decoding:)) }
        guard let content = try log.content(index, entry) else { return nil }
        return RecordAttributes(content.layout, at: 0, of: content.bytes)
    }

    private func inPart(_ ordinal: Int, _ classID: UInt32) -> RecordAttributes? {
        let group = group(classID)
        if let known = group.opened?.attributes(of: ordinal) { return known }
        guard let part = group.part(holding: ordinal), part.row != group.opened?.part.row else { return nil }
        // A part that can't be opened is not tried again: its records are then looked at one by one.
        let opened =
            (try? open(part, of: group, classID)) ?? Opened(part: part, attributes: part.ordinals.map { _ in nil })
        group.opened = opened
        return opened.attributes(of: ordinal)
    }

    private func group(_ classID: UInt32) -> Group {
        if let last, last.classID == classID { return last.group }
        let group = groups[classID] ?? makeGroup(classID)
        groups[classID] = group
        last = (classID, group)
        return group
    }

    /// Without parts where they are not to be had.
    private func makeGroup(_ classID: UInt32) -> Group {
        let ordinals = frame.outline.ordinalsByClass.first { $0.classID == classID }?.ordinals ?? []
        let contents = FrameContents(frame.outline, handle, log.reader, classID: classID, ordinals: ordinals)
        let isPresent = frame.header.generation == handle.generation
        return Group(contents, isPresent ? (try? contents.parts()) ?? [] : [])
    }

    private func open(_ part: FrameContents.Part, of group: Group, _ classID: UInt32) throws -> Opened {
        guard let keys = log.reader.keys else { return Opened(part: part, attributes: part.ordinals.map { _ in nil }) }
        let header = frame.header
        let salts = try keys.group(
            segment: header.segment, classID: classID, generation: header.generation
        ).key.saltStream
        let bytes = try group.contents.open(part)
        return try bytes.decode { raw throws(FormatError) in
            var run = Run()
            var attributes: [RecordAttributes?] = []
            try group.contents.forEach(of: part, in: raw) { ordinal, layout, offset throws(FormatError) in
                attributes.append(layout.map { RecordAttributes($0, at: offset, of: bytes) })
                // A body file would be read whole: that is left to whoever asks for its record.
                let isPlain = layout.map { !$0.hasBodyFile } ?? false
                if !isPlain || ordinal != run.ordinals.upperBound {
                    check(run, in: raw, salts, &attributes)
                    run = Run(offset: offset, ordinals: ordinal..<ordinal, place: attributes.count - 1)
                }
                if isPlain {
                    run.ordinals = run.ordinals.lowerBound..<ordinal + 1
                } else {
                    attributes[attributes.count - 1] = nil
                }
            }
            check(run, in: raw, salts, &attributes)
            return Opened(part: part, attributes: attributes)
        }
    }

    /// Contents that follow one another in a part as their entries do in the frame.
    private struct Run {
        /// Where the first lies in the opened part.
        var offset = 0
        /// Their entries' places in the frame.
        var ordinals = 0..<0
        /// The first one's place among the part's entries.
        var place = 0
    }

    /// Forgets the attributes of those that are not what their entries commit to.
    private func check(
        _ run: Run, in opened: UnsafeRawBufferPointer, _ salts: SaltStream, _ attributes: inout [RecordAttributes?]
    ) {
        guard !run.ordinals.isEmpty else { return }
        let hasher = FrameAttributes.hashers.take()
        defer { FrameAttributes.hashers.give(hasher) }
        withUnsafeTemporaryAllocation(byteCount: run.ordinals.count * Digest.byteCount, alignment: 64) { commitments in
            guard let base = commitments.baseAddress else { return }
            var isHashed = true
            do throws(FormatError) {
                _ = try hasher.value.commit(
                    contents: UnsafeRawBufferPointer(rebasing: opened[run.offset...]), count: run.ordinals.count,
                    firstIndex: frame.header.firstIndex + UInt64(run.ordinals.lowerBound), salts: salts,
                    bodyDigest: { _, _ throws(FormatError) in
                        throw FormatError(.inconsistent, "content", at: 0, "a body file was not expected")
                    }, to: base)
            } catch {
                isHashed = false
            }
            for (place, ordinal) in run.ordinals.enumerated() {
                let commitment = Digest(loading: base + place * Digest.byteCount)
                if !isHashed || commitment != frame.commitment(ofEntry: ordinal) { attributes[run.place + place] = nil }
            }
        }
    }

    private final class HasherBox: @unchecked Sendable {
        let value = ContentHasher()
    }
}
