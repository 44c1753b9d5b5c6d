// The control records in order: their chain, what the log says that it is, its classes, its seals. Format/control.md.

internal import MunimentFormat
internal import MunimentNote

/// What the manifest says, and the digest of its bytes.
struct ManifestFacts: Sendable {
    /// Nil where it does not decode.
    let manifest: Manifest?
    /// SHA-256 of the file; nil where it can't be read.
    let digest: Digest?
}

/// A seal record, and where it stands.
struct SealFact: Sendable {
    let record: SealRecord
    let index: UInt64
    /// The segment in which it stands, and its frame's offset there.
    let name: String
    let offset: UInt64
}

struct ControlLedger {
    private let facts: ManifestFacts
    /// The newest control record; nil at the start.
    private(set) var last: UInt64?
    /// The newest one that is no seal.
    private var policy: UInt64?
    /// False after a gap, until a record or a header says where the chain is.
    private(set) var isInStep = true
    private var isPolicyKnown = true
    /// Whether control records may have been lost.
    private var hadGap = false
    private(set) var count: UInt64 = 0
    private(set) var classes: [UInt32: ClassRecord] = [:]
    /// What the records say about retention.
    private(set) var retention = RetentionLedger()
    /// What the newest entries, of all that have gone by, tell of the compliance clock.
    private var newestPlain: Microseconds?
    private var newestFlagged: Microseconds?

    init(_ facts: ManifestFacts) { self.facts = facts }

    /// Entries were lost: the chain may have gone on in them.
    mutating func loseStep() {
        hadGap = true
        isInStep = false
        isPolicyKnown = false
        retention.loseStep()
    }

    /// After a gap, a frame's header tells the newest control record.
    mutating func adopt(_ lastControl: UInt64?) {
        last = lastControl
        isInStep = true
    }

    /// Notes the times of entries that have gone by: the recorded time of the newest without compliance time, and the
    /// compliance time of the newest with one.
    mutating func remember(plain: Microseconds?, flagged: Microseconds?) {
        newestPlain = plain ?? newestPlain
        newestFlagged = flagged ?? newestFlagged
    }

    /// Takes the next control entry, which stands in segment file `name`; returns the seal if it is one.
    mutating func take(_ entry: FrameOutcome.Control, _ name: String, _ findings: inout Findings) -> SealFact? {
        let control = entry.after(plain: newestPlain, flagged: newestFlagged)
        defer {
            last = entry.index
            isInStep = true
            count += 1
        }
        func finding(_ code: Finding.Code, _ what: String) -> Finding {
            Finding(code, .error, name, offset: control.offset, index: control.index, what)
        }
        let record: ControlRecord
        switch control.record {
        case .success(let decoded): record = decoded
        case .failure(let error):
            findings.append(
                Finding(
                    error, .controlMalformed, unknown: .controlUnknown, name, offset: control.offset,
                    index: control.index))
            isPolicyKnown = false
            retention.loseStep()
            return nil
        }
        if isInStep, record.previous != last {
            findings.append(
                finding(
                    .controlChain,
                    "Control record \(control.index) names \(ControlLedger.describe(record.previous)) as the one before it, which is "
                        + "\(ControlLedger.describe(last))."))
        }
        if control.index == 0, record.kind != .identity {
            findings.append(finding(.controlMalformed, "Entry 0 does not say what the log is."))
        }
        if control.index == 1, record.kind != .retentionClass {
            findings.append(finding(.controlMalformed, "Entry 1 does not declare the default class."))
        }
        let seal = body(record, control, name, &findings)
        if record.kind != .seal {
            policy = control.index
            isPolicyKnown = true
        }
        return seal
    }

    private static func describe(_ index: UInt64?) -> String { index.map { "record \($0)" } ?? "none" }

    private mutating func body(
        _ record: ControlRecord, _ control: FrameOutcome.Control, _ name: String, _ findings: inout Findings
    ) -> SealFact? {
        do throws(FormatError) {
            switch record.kind {
            case .identity:
                try identity(try record.body.decode(IdentityRecord.init(decoding:)), control, name, &findings)
            case .retentionClass:
                let declared = try record.body.decode(ClassRecord.init(decoding:))
                try retentionClass(declared, control.index)
                retention.take(declared, RetentionLedger.Place(control: control, name: name), &findings)
            case .seal:
                let seal = try record.body.decode(SealRecord.init(decoding:))
                if isPolicyKnown, seal.policy != policy {
                    findings.append(
                        Finding(
                            .controlChain, .error, name, offset: control.offset, index: control.index,
                            "Seal record \(control.index) names \(ControlLedger.describe(seal.policy)) as the newest that is no seal, which is "
                                + "\(ControlLedger.describe(policy))."))
                }
                return SealFact(record: seal, index: control.index, name: name, offset: control.offset)
            case .export:
                _ = try record.body.decode(ExportRecord.init(decoding:))
            case .event, .hold, .release, .erasure, .intent, .prepared, .completed, .clock:
                try retention.take(record, RetentionLedger.Place(control: control, name: name), &findings)
            case .key:
                findings.append(
                    Finding(
                        .controlUnknown, .unattested, name, offset: control.offset, index: control.index,
                        "Control record \(control.index) is of type \(record.kind.rawValue), whose rules this program does not know."
                    ))
            }
        } catch {
            retention.loseStep()
            findings.append(
                Finding(
                    error, .controlMalformed, unknown: .controlUnknown, name, offset: control.offset,
                    index: control.index))
        }
        return nil
    }

    /// What the log is must be what the manifest says; the manifest only bootstraps, so it is the one that is wrong.
    private mutating func identity(
        _ identity: IdentityRecord, _ control: FrameOutcome.Control, _ name: String, _ findings: inout Findings
    ) throws(FormatError) {
        guard control.index == 0 else {
            throw FormatError(.inconsistent, "identity record", at: 0, "entry \(control.index) is a second one")
        }
        if !identity.predecessor.isEmpty, (try? Checkpoint(text: SignedNote(identity.predecessor).text)) == nil {
            throw FormatError(.inconsistent, "identity record", at: 0, "the predecessor's checkpoint is none")
        }
        if let digest = facts.digest, digest != identity.manifestDigest {
            findings.append(
                Finding(
                    .manifestDigest, .error, "muniment.json", index: 0,
                    "The manifest has another SHA-256 than entry 0 states: it was changed."))
        }
        retention.take(identity, control)
        guard let manifest = facts.manifest else { return }
        guard manifest.logID == identity.logID, manifest.origin.utf8.elementsEqual(identity.origin.utf8),
            manifest.verifierKey.utf8.elementsEqual(identity.verifierKey.utf8)
        else {
            findings.append(
                Finding(
                    .manifestDigest, .error, "muniment.json", index: 0,
                    "The manifest names another log, or another key, than entry 0."))
            return
        }
    }

    private mutating func retentionClass(_ record: ClassRecord, _ index: UInt64) throws(FormatError) {
        guard record.classID != ControlRecord.classID else {
            throw FormatError(.inconsistent, "class record", at: 0, "class 0 is the control records' own")
        }
        guard index != 1 || record.classID == 1 else {
            throw FormatError(
                .inconsistent, "class record", at: 0, "entry 1 declares class \(record.classID), not class 1")
        }
        classes[record.classID] = record
    }

    /// Whether records of a class may stand in the log as far as it has been read. After a gap nobody knows.
    func isDeclared(_ classID: UInt32) -> Bool {
        classID == ControlRecord.classID || classes[classID] != nil || hadGap
    }
}
