// `segments.dir` against the segments. Derived: what is missing can be made again, what contradicts is a finding.
// Format/directory.md.

internal import MunimentFormat

struct DirectoryAudit {
    private static let name = "segments.dir"
    private let files: StoreFiles
    private let file: ReadOnlyFile?

    init(_ files: StoreFiles, _ findings: inout Findings) {
        self.files = files
        file = files.open(DirectoryAudit.name, isRequired: false, &findings)
    }

    /// Compares the row of a segment that has gone by.
    func check(_ summary: SegmentSummary, _ findings: inout Findings) {
        let offset = summary.segment * UInt64(SegmentRow.byteCount)
        guard let raw = row(at: offset, &findings) else {
            if summary.footerDigest != nil {
                findings.append(
                    Finding(
                        .directoryMissing, .notice, DirectoryAudit.name, offset: offset,
                        "The sealed segment \(summary.segment) has no row; it can be made again."))
            }
            return
        }
        var decoded = raw.withUnsafeBytes { decoding($0, SegmentRow.init(decoding:)) }
        // It may have been read while it was written: look again before accusing.
        if case .failure = decoded, let again = row(at: offset, &findings) {
            decoded = again.withUnsafeBytes { decoding($0, SegmentRow.init(decoding:)) }
        }
        switch decoded {
        case .failure(let error): findings.append(Finding(error, .directoryRow, DirectoryAudit.name, offset: offset))
        case .success(let row):
            let isSealed = summary.footerDigest != nil
            let expected = SegmentRow(
                segment: summary.segment, generation: summary.generation, isSealed: isSealed,
                firstIndex: summary.firstIndex,
                entryCount: isSealed ? summary.entryCount : 0, recordedFirst: isSealed ? summary.recordedFirst : 0,
                recordedLast: isSealed ? summary.recordedLast : 0, footerDigest: summary.footerDigest ?? .zero,
                fileByteCount: isSealed ? summary.fileByteCount : row.fileByteCount)
            if row != expected {
                // A row that is ahead of its segment: sealed since it was read, if the store is open for writing.
                let isAhead = row.isSealed && !isSealed && summary.footerOffset == nil || isReplaced(summary, by: row)
                findings.append(
                    Finding(
                        .directoryRow, isAhead ? .unattested : .error, DirectoryAudit.name, offset: offset,
                        index: summary.firstIndex,
                        "The row of segment \(summary.segment) contradicts the segment."))
            }
        }
    }

    /// Whether a purge put the generation of which `row` speaks in the place of the one that was read, after it was.
    private func isReplaced(_ summary: SegmentSummary, by row: SegmentRow) -> Bool {
        guard row.isSealed, row.segment == summary.segment, row.generation > summary.generation else { return false }
        let now = SegmentSource.chosen(SegmentSource.generations(files, segment: row.segment))
        return now?.generation == row.generation && now?.footerByteCount != nil
    }

    private func row(at offset: UInt64, _ findings: inout Findings) -> [UInt8]? {
        guard let file, offset + UInt64(SegmentRow.byteCount) <= file.byteCount else { return nil }
        do throws(FileFailure) {
            return try file.bytes(SegmentRow.byteCount, at: offset)
        } catch {
            findings.append(Finding(unreadable: DirectoryAudit.name, error, offset: offset))
            return nil
        }
    }

    /// What follows the row of the last segment, whose number is `last`.
    func end(last: UInt64?) -> Findings {
        guard let file else { return [] }
        let rows = last.map { $0 + 1 } ?? 0
        let end = rows * UInt64(SegmentRow.byteCount)
        if file.byteCount >= end + UInt64(SegmentRow.byteCount) {
            return [
                Finding(
                    .directoryRow, .error, DirectoryAudit.name, offset: end,
                    "Rows follow for segments that are not there: \(rows) are.")
            ]
        }
        let rest = file.byteCount % UInt64(SegmentRow.byteCount)
        guard rest > 0 else { return [] }
        return [
            Finding(
                .directoryTrailing, .unattested, DirectoryAudit.name, offset: file.byteCount - rest,
                "The last \(rest) bytes make no row; nothing covers them.")
        ]
    }
}
