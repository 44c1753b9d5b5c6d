// After the log: what of each segment is not there, and why. A missing content is purged, on its way to be, or lost; what
// was purged is judged by the rules; what should be gone and is not is told too. Format/retention.md.

internal import MunimentFormat

struct PurgeAudit {
    private let files: StoreFiles
    private let facts: RetentionFacts
    private let attestedSize: UInt64
    /// The size of the checkpoint after the last frame was read, which a writer may have moved on: a prepared record stands under it before
    /// the first content goes.
    private let explainedSize: UInt64
    /// Whether contents were opened, so that places of purged ones could be seen.
    private let hasKeys: Bool
    /// Whether the keys are of a later epoch than this log knows: the store is an older copy than they.
    private let keysAreAhead: Bool
    /// The prepared records of each segment that are carried out or on their way, in the order of the log.
    private var prepared: [UInt64: [Step]] = [:]

    /// Segments that a purge replaced after they were read: which keys their new generations use is not known.
    private var replaced: Set<UInt64> = []

    private(set) var findings = Findings()
    /// Records whose content a carried-out disposition destroyed.
    private(set) var purgedCount: UInt64 = 0
    /// Records whose content is gone without one.
    private(set) var unexplainedCount: UInt64 = 0
    /// Of each open disposition how many contents are gone already.
    private var incompleteCount: UInt64 = 0
    /// Of each disposition how many purged records lie in the public part of a restricted scope, by matter.
    private var attested: [UInt64: [UInt64: UInt64]] = [:]
    /// What was found of each disposition, for reports.
    private(set) var tallies: [UInt64: DispositionTally] = [:]

    private struct Step {
        let disposition: Disposition
        let prepared: Disposition.Prepared
        let state: Disposition.State
    }

    /// `attestedSize` is that of the checkpoint which was read before the frames, `explainedSize` of the one after them.
    init(
        _ files: StoreFiles, _ facts: RetentionFacts, attestedSize: UInt64, explainedSize: UInt64, keyEpoch: UInt64?
    ) {
        (self.files, self.facts) = (files, facts)
        (self.attestedSize, self.explainedSize) = (attestedSize, explainedSize)
        hasKeys = keyEpoch != nil
        let known = facts.openDisposition.map { facts.dispositions[$0].intent.epoch } ?? facts.epoch ?? 0
        keysAreAhead = keyEpoch.map { $0 > known } ?? false
        for disposition in facts.dispositions {
            for record in disposition.prepared {
                let state = disposition.state(of: record)
                if state == .dropped { continue }
                prepared[record.seal.segment, default: []].append(
                    Step(disposition: disposition, prepared: record, state: state))
            }
        }
    }

    /// The generation below which a segment's keys must be gone, by segment: those of the newest disposition that was
    /// carried out.
    var purgedGenerations: [UInt64: UInt32] {
        prepared.filter { !replaced.contains($0.key) }.compactMapValues { steps in
            steps.last { $0.state == .carriedOut }.map { $0.prepared.seal.generation }
        }
    }

    mutating func run(_ summaries: [SegmentSummary]) {
        for summary in summaries {
            unexplainedCount += summary.unexplainedCount
            let steps = prepared[summary.segment] ?? []
            let isRewritten = summary.seal.map { summary.generation > $0.record.generation } ?? false
            if steps.isEmpty, !isRewritten, summary.missing == nil, summary.keyless == nil { continue }
            let covering = checkGeneration(summary, steps, isRewritten: isRewritten)
            classify(summary, steps, covering)
            for step in steps { judge(step, summary) }
        }
        for disposition in facts.dispositions { conclude(disposition) }
    }

    // MARK: Which file counts

    /// Compares the file that is there with what the newest seal or prepared record says of it. Returns the prepared
    /// record that it follows, if one.
    private mutating func checkGeneration(_ summary: SegmentSummary, _ steps: [Step], isRewritten: Bool) -> Step? {
        func mismatch(_ what: String) -> Finding {
            Finding(
                .sealMismatch, .error, summary.name, offset: summary.footerOffset, index: summary.firstIndex, what)
        }
        // What was appended after the checkpoint may be carried out while this program reads.
        let due = steps.last { $0.state == .carriedOut && ($0.disposition.completed?.index ?? .max) < attestedSize }
        if let due, summary.generation < due.prepared.seal.generation {
            findings.append(
                mismatch(
                    "Segment \(summary.segment) is of generation \(summary.generation): disposition \(due.disposition.id) put generation "
                        + "\(due.prepared.seal.generation) in its place."))
        }
        guard isRewritten else { return nil }
        guard let step = steps.last(where: { $0.prepared.seal.generation == summary.generation }) else {
            findings.append(
                mismatch(
                    "No seal and no disposition speaks of generation \(summary.generation) of segment \(summary.segment)."
                ))
            return nil
        }
        let seal = step.prepared.seal
        if summary.footerDigest != seal.footerDigest || summary.derivedDigest != nil && seal.groups != summary.groups {
            findings.append(
                mismatch(
                    "Generation \(summary.generation) of segment \(summary.segment) is not the one that disposition \(step.disposition.id) "
                        + "prepared."))
        }
        if seal.firstIndex != summary.firstIndex || seal.entryCount != summary.entryCount {
            findings.append(
                mismatch("The prepared record \(step.prepared.index) speaks of other entries than the segment has."))
        }
        if summary.footerDigest != nil, seal.indexRoot != summary.indexRoot {
            findings.append(mismatch("The prepared record states another index than the footer of its generation has."))
        }
        if step.prepared.index >= attestedSize, summary.firstIndex < attestedSize, !summary.isOpened {
            findings.append(
                Finding(
                    .tailUnattested, .unattested, summary.name, offset: UInt64(Limits.blockByteCount),
                    index: summary.firstIndex,
                    "The prepared record of segment \(summary.segment) is past the checkpoint, and its contents were not all opened: its "
                        + "entries are proved, the rest of its bytes is only checked for accidents."))
        }
        return step
    }

    // MARK: What is missing

    private mutating func classify(_ summary: SegmentSummary, _ steps: [Step], _ covering: Step?) {
        let range = summary.firstIndex..<summary.firstIndex + summary.entryCount
        // A prepared record that no checkpoint covers is nobody's word: it explains the loss of no content that one covers.
        let unsigned = range.clamped(to: explainedSize..<UInt64.max)
        func listed(_ state: Disposition.State) -> IndexSet {
            steps.filter { $0.state == state }.reduce(IndexSet()) { set, step in
                set.union(step.prepared.purged.within(step.prepared.index < explainedSize ? range : unsigned))
            }
        }
        let done = listed(.carriedOut)
        let open = listed(.open).subtracting(done)
        var gone = summary.missing?.within(range) ?? IndexSet()
        // With all contents opened it is known which are not there; otherwise the file that the log speaks of is believed.
        let isExact = hasKeys && summary.isOpened
        if !isExact, let covering, covering.prepared.index >= explainedSize {
            gone = gone.union(covering.prepared.purged.within(range))
        }
        let keyless = (summary.keyless?.within(range) ?? IndexSet()).subtracting(gone)
        let absent = gone.union(keyless)
        purgedCount += (isExact || covering == nil ? absent.intersection(done) : done).count
        incompleteCount += (isExact || covering == nil ? absent.intersection(open) : open).count
        lose(
            gone.subtracting(done).subtracting(open), summary,
            "are gone, and no disposition under a checkpoint destroyed them",
            .error)
        lose(
            keyless.subtracting(done).subtracting(open), summary,
            keysAreAhead
                ? "can't be opened: the keys are of a later epoch than this log knows, and theirs are destroyed"
                : "can't be opened: their keys are destroyed, and no disposition under a checkpoint says so",
            keysAreAhead ? .unattested : .error)
        let before = readBefore(summary, steps)
        if !before.isEmpty { replaced.insert(summary.segment) }
        let surviving = isExact ? done.subtracting(absent).subtracting(before) : IndexSet()
        if let first = surviving.first {
            findings.append(
                Finding(
                    .purgeSurvives, .error, summary.name, index: first,
                    "\(surviving.count) contents of segment \(summary.segment) that a disposition purged are still there, and can be opened."
                ))
        }
    }

    /// What was purged while this program read, after it had read the segment: by a disposition that the checkpoint of before knows nothing of, and whose
    /// generation is there now.
    private func readBefore(_ summary: SegmentSummary, _ steps: [Step]) -> IndexSet {
        var set = IndexSet()
        for step in steps where step.state == .carriedOut && step.prepared.seal.generation > summary.generation {
            let path = SegmentHeader.path(segment: summary.segment, generation: step.prepared.seal.generation)
            guard (step.disposition.completed?.index ?? 0) >= attestedSize,
                DirectoryListing.item(files.path(path))?.kind == .file
            else { continue }
            let range = summary.firstIndex..<summary.firstIndex + summary.entryCount
            set = set.union(step.prepared.purged.within(range))
        }
        return set
    }

    private mutating func lose(
        _ lost: IndexSet, _ summary: SegmentSummary, _ what: String, _ severity: Finding.Severity
    ) {
        guard let first = lost.first else { return }
        if severity == .error { unexplainedCount += lost.count }
        findings.append(
            Finding(
                severity == .error ? .contentMissing : .keyMissing, severity, summary.name, index: first,
                "\(lost.count) contents of segment \(summary.segment) \(what)."))
    }

    // MARK: Whether it was allowed

    private mutating func judge(_ step: Step, _ summary: SegmentSummary) {
        var judge = PurgeJudge(facts, step.disposition, step.prepared)
        do throws(FileFailure) {
            try FrameSkeletons(files, summary).forEach { header, columns in judge.take(header, columns) }
        } catch {
            findings.append(Finding(unreadable: summary.name, error, offset: 0))
        }
        let found = judge.finish()
        tallies[step.disposition.id, default: DispositionTally()].add(found)
        for (matter, count) in found.attested {
            attested[step.disposition.id, default: [:]][matter, default: 0] += count.count
        }
        func accuse(_ code: Finding.Code, _ count: PurgeJudge.Judgement.Count, _ what: String) {
            guard let first = count.first else { return }
            findings.append(
                Finding(
                    code, .error, summary.name, index: first,
                    "Disposition \(step.disposition.id) lists \(count.count) records of segment \(summary.segment) \(what)."
                ))
        }
        accuse(.purgeEarly, found.early, "that were not due by the log's own clock and rules")
        accuse(.purgeEarly, found.control, "that are control records, which are never due")
        accuse(.dispositionFacts, found.unstated, "of a class whose rule its intent does not state")
        for (matter, count) in found.held.sorted(by: { $0.key < $1.key }) {
            accuse(.purgeHeld, count, "that the hold of matter \(matter) covered")
        }
    }

    // MARK: What became of each disposition

    private mutating func conclude(_ disposition: Disposition) {
        func notice(_ code: Finding.Code, _ what: String) {
            findings.append(
                Finding(
                    code, .notice, disposition.name, offset: disposition.offset, index: disposition.id,
                    "Disposition \(disposition.id) \(what)"))
        }
        guard let (_, completed) = disposition.completed else {
            return notice(
                .purgeIncomplete,
                "is not completed; \(incompleteCount) contents that it lists are gone. The next open for writing carries it on, or gives it up."
            )
        }
        guard completed.outcome == .completed else {
            return notice(.purgeAborted, "was given up before it destroyed anything.")
        }
        let done = disposition.prepared.filter { disposition.state(of: $0) == .carriedOut }
        let count = done.reduce(0) { $0 + $1.purgedCount }
        let held = done.reduce(0) { $0 + $1.heldCount }
        notice(
            .contentPurged,
            "destroyed the contents of \(count) records in \(done.count) segment\(done.count == 1 ? "" : "s") and kept \(held) due ones that were held. "
                + DispositionWords(facts, disposition, attested[disposition.id] ?? [:]).text)
    }
}

/// The facts of a disposition, for a person.
struct DispositionWords {
    let text: String

    init(_ facts: RetentionFacts, _ disposition: Disposition, _ attested: [UInt64: UInt64]) {
        let intent = disposition.intent
        let rules = intent.rules.prefix(16).map { rule -> String in
            let stated = facts.rules[rule.classID]?.first { $0.index == rule.record }
            return "class \(rule.classID) by record \(rule.record)"
                + (stated.map { " (\($0.text) since \($0.basis), \($0.mode))" } ?? "")
        }
        let holds = intent.holds.prefix(16).map { hold -> String in
            let within = attested[hold.matter].map { ", \($0) records within its public scope" } ?? ""
            return "matter \(hold.matter) (\(hold.decided)\(within))"
        }
        let strength = disposition.completed?.record.strength ?? []
        let methods = [
            strength.contains(.overwritten) ? "the files that held the keys were overwritten" : nil,
            strength.contains(.epochDestroyed) ? "the key-encryption key is destroyed" : nil,
            strength.contains(.deviceAttested) ? "a device attests it" : nil,
        ].compactMap { $0 }
        func list(_ items: [String], of count: Int) -> String {
            if items.isEmpty { return "none" }
            return items.joined(separator: ", ") + (count > items.count ? " and \(count - items.count) more" : "")
        }
        text =
            "Rules: \(list(rules, of: intent.rules.count)). Clock: \(CalendarPeriod.text(intent.compliance)) by record "
            + "\(intent.clockRecord), \(intent.clockEvidence). Holds in force: \(list(holds, of: intent.holds.count)). "
            + "Erasures: \(intent.erasures.count). Strength: \(list(methods, of: methods.count))."
    }
}
