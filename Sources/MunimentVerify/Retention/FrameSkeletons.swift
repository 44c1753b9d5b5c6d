// A segment's entries once more, without its contents: what a purge is judged by, when the whole log is known. That the
// bytes are right has been checked and reported when the segment went by; here whatever does not decode is passed over.

internal import MunimentFormat

struct FrameSkeletons {
    private let file: ReadOnlyFile
    private let end: UInt64
    private let name: String

    /// Opens the file of a segment that went by, or the one that took its place since.
    init(_ files: StoreFiles, _ summary: SegmentSummary) throws(FileFailure) {
        do throws(FileFailure) {
            let opened = try SegmentSource.open(files, segment: summary.segment, generation: summary.generation)
            self.init(opened)
        } catch {
            let now = SegmentSource.chosen(SegmentSource.generations(files, segment: summary.segment))
            guard error == .missing, let now else { throw error }
            self.init(try SegmentSource.open(files, segment: now.segment, generation: now.generation))
        }
    }

    private init(_ opened: SegmentSource.Opened) {
        file = opened.file
        end = opened.source.byteCount - (opened.source.footerByteCount ?? 0)
        name = opened.source.name
    }

    /// Hands over the frames in order, up to the first place where none stands.
    func forEach(_ body: (FrameHeader, EntryColumns) -> Void) throws(FileFailure) {
        var offset = UInt64(Limits.blockByteCount)
        while offset < end {
            var raw = try file.bytes(Limits.blockByteCount, at: offset)
            guard let claimed = raw.withUnsafeBytes({ FrameHeader.claimedByteCount($0) }) else { return }
            if claimed > raw.count { raw = try file.bytes(claimed, at: offset) }
            guard claimed <= raw.count,
                let header = try? Array(raw[..<claimed]).decode(FrameHeader.init(decoding:)), header.offset == offset
            else { return }
            let entries = try file.bytes(header.entriesByteCount, at: offset + UInt64(header.headerByteCount))
            let columns = try? entries.decode { raw throws(FormatError) in
                try EntryColumns(decoding: raw, count: header.entryCount)
            }
            if let columns { body(header, columns) }
            offset += UInt64(header.frameByteCount)
        }
    }
}
