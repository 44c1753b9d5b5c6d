// The rules that an entry obeys beside its spelling, and the control records that entries carry. Format/entry.md,
// Format/control.md.

internal import MunimentFormat

enum EntryRules {
    /// Checks the entries of a frame, counts them by class, and gathers the control records.
    static func check(_ columns: EntryColumns, _ header: FrameHeader, _ name: String, _ outcome: inout FrameOutcome) {
        var ordinal = 0
        for run in columns.runs {
            let range = ordinal..<ordinal + run.count
            ordinal = range.upperBound
            let index = header.firstIndex + UInt64(range.lowerBound)
            outcome.recordedFirst = min(outcome.recordedFirst, run.recorded)
            outcome.recordedLast = max(outcome.recordedLast, run.recorded)
            outcome.classes[run.classID, default: ClassTally()].append(range)
            if run.kind == .record { takeTimes(run, &outcome) }
            if run.kind == .record { outcome.recordCount += run.count }
            if (run.kind == .control) != (run.classID == ControlRecord.classID) || run.classID > Limits.classCount {
                outcome.findings.append(
                    Finding(
                        .entryMalformed, .error, name, offset: header.offset, index: index,
                        "\(run.count) entries of kind \(run.kind.rawValue) are of class \(run.classID)."))
            }
            if run.kind == .control && run.flags & Entry.hasExtensions == 0 {
                outcome.findings.append(
                    Finding(
                        .entryMalformed, .error, name, offset: header.offset, index: index,
                        "\(run.count) control entries have no public part."))
            }
            for (place, list) in run.extensions.enumerated() {
                check(list, run, index + UInt64(place), header, name, &outcome)
                remember(run, &outcome)
            }
            remember(run, &outcome)
        }
    }

    /// What an entry of the run tells of the compliance clock, for whatever comes after it.
    private static func remember(_ run: EntryRun, _ outcome: inout FrameOutcome) {
        if run.flags & Entry.hasCompliance == 0 {
            outcome.newestPlain = run.recorded
        } else {
            outcome.newestFlagged = run.compliance
        }
    }

    /// The times that the index's directory must span.
    private static func takeTimes(_ run: EntryRun, _ outcome: inout FrameOutcome) {
        let times = run.occurred.isEmpty ? [run.recorded] : run.occurred
        if let first = times.min(), let last = times.max() {
            outcome.classes[run.classID]?.append(time: first)
            outcome.classes[run.classID]?.append(time: last)
        }
    }

    private static func check(
        _ list: [UInt8], _ run: EntryRun, _ index: UInt64, _ header: FrameHeader, _ name: String,
        _ outcome: inout FrameOutcome
    ) {
        // The list decoded when the columns did.
        guard let extensions = try? list.decode(EntryExtension.list(decoding:)) else { return }
        func malformed(_ what: String) {
            outcome.findings.append(Finding(.entryMalformed, .error, name, offset: header.offset, index: index, what))
        }
        judge(extensions, of: run.kind, name, offset: header.offset, index: index, &outcome.findings)
        let control = extensions.first { $0.type == EntryExtension.controlType }
        switch (run.kind, control) {
        case (.record, _): break
        case (.control, nil): malformed("A control entry has no public part.")
        case (.control, .some(let item)):
            if !item.isCritical { malformed("The public part of a control record is not marked critical.") }
            let record = item.bytes.withUnsafeBytes { decoding($0, ControlRecord.init(decoding:)) }
            outcome.controls.append(
                FrameOutcome.Control(
                    index: index, offset: header.offset, record: record, recorded: run.recorded,
                    compliance: run.flags & Entry.hasCompliance == 0 ? nil : run.compliance,
                    plainBefore: outcome.newestPlain, flaggedBefore: outcome.newestFlagged))
        }
    }

    // MARK: Everywhere

    /// Judges the extensions of an entry that stands outside of a store: in an evidence file, a bundle, a proof.
    static func judge(
        _ entry: Entry, _ name: String, offset: UInt64? = nil, index: UInt64, _ findings: inout Findings
    ) {
        // The list decoded when the entry did; the empty one has no encoding.
        guard let list = try? entry.extensions.decode(EntryExtension.list(decoding:)) else { return }
        judge(list, of: entry.kind, name, offset: offset, index: index, &findings)
    }

    /// What holds wherever an entry is met: with a critical extension that nobody here knows it is not established, and no user's entry
    /// has the public part of a control record.
    private static func judge(
        _ extensions: [EntryExtension], of kind: Entry.Kind, _ name: String, offset: UInt64?, index: UInt64,
        _ findings: inout Findings
    ) {
        for item in extensions where item.type != EntryExtension.controlType && item.isCritical {
            findings.append(
                Finding(
                    .entryUnknown, .unattested, name, offset: offset, index: index,
                    "The entry has a critical extension of type \(item.type), which this program does not know."))
        }
        if kind == .record, extensions.contains(where: { $0.type == EntryExtension.controlType }) {
            findings.append(
                Finding(
                    .entryMalformed, .error, name, offset: offset, index: index,
                    "A user's entry has the public part of a control record."))
        }
    }
}
