// Verifies an evidence file in one pass. Format/evidence.md, "Checks". The chunks tell their lengths, so that a body that does not decode is a
// finding and what follows is checked all the same; where the chunks themselves go wrong, that is the last finding.

internal import MunimentCrypto
internal import MunimentFormat
internal import MunimentMerkle
internal import MunimentNote

/// What an evidence file says of itself. Attested by whoever exported it, and by the log where `logIndex` is set; never proved.
public struct EvidenceStatus: Sendable {
    /// Who, when, with what, and how the records were chosen.
    public let custody: EvidenceCustody
    /// The index of the control record by which the log tells of this export and no other; nil where it does not, or where no key that is
    /// trusted signed a checkpoint that the file's entries lead to: then that record too is the file's own word.
    public let logIndex: UInt64?
}

struct EvidenceVerifier {
    private let name: String
    private let options: VerifyOptions
    private let stream: EvidenceStream
    private let start = MonotonicTime.now
    private let meter: ProgressMeter
    private let byteCount: UInt64

    private var findings: Findings
    private var ledger: EvidenceLedger
    private var order = EvidenceOrder()
    private var custody: EvidenceCustody?
    private var logIndex: UInt64?
    private var judged: TrustJudge.Judged?
    private var isProved = false

    init(_ path: String, _ file: ReadOnlyFile, _ options: VerifyOptions) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.options = options
        stream = EvidenceStream(file)
        byteCount = file.byteCount
        meter = ProgressMeter(options.progress, total: file.byteCount)
        findings = Findings(options)
        ledger = EvidenceLedger(name)
    }

    mutating func run() throws(VerifyError) -> VerifyReport {
        guard options.against == nil else {
            throw VerifyError(
                .usage,
                "An evidence file can't be verified against another checkpoint: that needs the log, or its tiles.")
        }
        do {
            try walk()
        } catch let error as VerifyError {
            throw error
        } catch let error as FileFailure {
            throw VerifyError(.io, "\(name) can't be read: \(error.description).")
        } catch let error as FormatError {
            findings.append(Finding(error, .evidenceMalformed, name, offset: stream.offset))
        } catch {
            findings.append(Finding(.evidenceMalformed, .error, name, offset: stream.offset, "\(error)"))
        }
        return report()
    }

    // MARK: Chunks

    private mutating func walk() throws {
        let header = try stream.take(EvidenceHeader.byteCount)
        try header.withUnsafeBytes { try EvidenceHeader.check($0) }
        var last: EvidenceChunk?
        while !order.isAtEnd {
            let (offset, prefix) = (stream.offset, stream.hasher)
            let heading = try stream.take(EvidenceHeading.byteCount).decode(EvidenceHeading.init(decoding:))
            try order.take(heading)
            guard heading.bodyByteCount <= stream.remainingByteCount else {
                throw FormatError(.truncated, "evidence file", at: 0, "a \(heading.chunk) chunk is cut off")
            }
            if heading.chunk != last {
                ledger.beginRun()
                if last == .control { ledger.conclude(&findings) }
            }
            last = heading.chunk
            try take(heading, at: offset, prefix: prefix)
            meter.tell(
                byteCount: stream.offset, entryCount: ledger.recordCount, findingCount: findings.count,
                isLast: order.isAtEnd)
        }
        guard stream.remainingByteCount == 0 else {
            throw FormatError(.notCanonical, "evidence file", at: 0, "bytes follow the end chunk")
        }
    }

    private mutating func take(_ heading: EvidenceHeading, at offset: UInt64, prefix: SHA256.Hasher) throws {
        switch heading.chunk {
        case .record: return try takeRecord(heading, at: offset)
        case .proof: return try takeProof(heading, at: offset)
        case .custody, .control, .log, .checkpoint, .end: break
        }
        let body = try stream.take(Int(heading.bodyByteCount))
        do throws(FormatError) {
            switch heading.chunk {
            case .custody: custody = try body.decode(EvidenceCustody.init(decoding:))
            case .control:
                ledger.take(try body.decode(EvidenceControl.init(decoding:)), at: offset, &findings)
            case .log: takeLog(try body.decode(EvidenceLogging.init(decoding:)), at: offset, prefix: prefix.finalize())
            case .end:
                guard Digest(body) == prefix.finalize() else {
                    findings.append(
                        Finding(
                            .evidenceDigest, .error, name, offset: offset,
                            "The file has not the digest that stands at its end: it was changed, or damaged."))
                    return
                }
            default: break
            }
        } catch {
            findings.append(
                Finding(error, .evidenceMalformed, name, offset: offset + UInt64(EvidenceHeading.byteCount)))
        }
        if heading.chunk == .checkpoint { try takeCheckpoint(body, at: offset + UInt64(EvidenceHeading.byteCount)) }
    }

    private mutating func takeRecord(_ heading: EvidenceHeading, at offset: UInt64) throws {
        let end = stream.offset + heading.bodyByteCount
        do {
            guard heading.bodyByteCount >= UInt64(EvidenceRecord.prefixByteCount) else {
                throw FormatError(.truncated, "evidence record", at: 0, "a record of \(heading.bodyByteCount) bytes")
            }
            let headByteCount = try stream.take(EvidenceRecord.prefixByteCount).decode { raw throws(FormatError) in
                try EvidenceRecord.headByteCount(decoding: raw, bodyByteCount: heading.bodyByteCount)
            }
            let head = try stream.take(headByteCount)
            let payloadByteCount = end - stream.offset
            let record = try head.decode { raw throws(FormatError) in
                try EvidenceRecord(decoding: raw, payloadByteCount: payloadByteCount)
            }
            try takeContent(record, payloadByteCount: payloadByteCount, at: offset)
        } catch let error as FormatError {
            findings.append(
                Finding(error, .evidenceMalformed, name, offset: offset + UInt64(EvidenceHeading.byteCount)))
            try stream.skip(end - stream.offset)
        }
    }

    private mutating func takeContent(_ record: EvidenceRecord, payloadByteCount: UInt64, at offset: UInt64) throws {
        var digest = Digest.zero
        if case .opened(let pieces, let payload) = record.content {
            if case .disclosed(let salt) = payload {
                var hasher = DisclosedContent.payloadHasher(salt: salt)
                try stream.forEach(payloadByteCount) { hasher.update($0) }
                digest = hasher.finalize()
            }
            checkDisclosure(record, pieces, at: offset)
        } else if custody?.disclosure == .whole, record.content == .withheld {
            findings.append(disclosure(record.index, at: offset, "is withheld, though all is said to be disclosed"))
        }
        ledger.take(record, payloadDigest: digest, at: offset, &findings)
    }

    /// What is disclosed must decode, and be what custody says: no more, no less, and no other.
    private mutating func checkDisclosure(_ record: EvidenceRecord, _ pieces: [EvidenceRecord.Piece], at offset: UInt64)
    {
        guard let custody else { return }
        for piece in pieces {
            guard case .disclosed(_, let bytes) = piece else {
                if custody.disclosure == .whole {
                    findings.append(disclosure(record.index, at: offset, "has an attribute that is withheld"))
                }
                continue
            }
            switch bytes.withUnsafeBytes({ decoding($0, Attribute.init(decoding:)) }) {
            case .success(let attribute):
                if !custody.discloses(attribute.name.utf8) {
                    findings.append(
                        disclosure(record.index, at: offset, "discloses an attribute that custody does not name"))
                }
            case .failure(let error):
                findings.append(
                    Finding(error, .contentMalformed, name, offset: offset, index: record.index))
            }
        }
        if record.disclosesPayload != custody.discloses(EvidenceCustody.payloadName.utf8) {
            findings.append(
                disclosure(record.index, at: offset, "discloses or withholds its payload against what custody says"))
        }
    }

    private func disclosure(_ index: UInt64, at offset: UInt64, _ what: String) -> Finding {
        Finding(.evidenceDisclosure, .error, name, offset: offset, index: index, "Record \(index) \(what).")
    }

    // MARK: Log, checkpoint, proof

    private mutating func takeLog(_ logging: EvidenceLogging, at offset: UInt64, prefix: Digest) {
        switch logging {
        case .unlogged:
            findings.append(
                Finding(
                    .evidenceUnlogged, .notice, name, offset: offset,
                    "The log does not tell of this export: its custody, and that no record was left out, are the file's own words."
                ))
        case .logged(let control, let salt):
            let isBound = ledger.take(export: control, salt: salt, prefix: prefix, at: offset, &findings)
            logIndex = isBound ? control.index : nil
        }
    }

    private mutating func takeCheckpoint(_ note: [UInt8], at offset: UInt64) throws(VerifyError) {
        let judge = try TrustJudge(
            options.trustedKeys, origin: ledger.identity?.origin, ownKey: ledger.identity?.verifierKey)
        if let finding = judge.distrust(name) { findings.append(finding) }
        judged = judge.judge(note, name, offset: offset, &findings)
    }

    private mutating func takeProof(_ heading: EvidenceHeading, at offset: UInt64) throws {
        let nodeCount = heading.bodyByteCount / UInt64(Digest.byteCount)
        guard let checkpoint = judged?.checkpoint,
            let length = ledger.proofLength(treeSize: checkpoint.size, at: offset, &findings)
        else { return try stream.skip(heading.bodyByteCount) }
        guard UInt64(length) == nodeCount else {
            findings.append(
                Finding(
                    .evidenceProof, .error, name, offset: offset,
                    "The proof has \(nodeCount) hashes, where these entries at size \(checkpoint.size) need \(length).")
            )
            return try stream.skip(heading.bodyByteCount)
        }
        var failure: (any Error)?
        let root = try ledger.root(treeSize: checkpoint.size) { [stream] in
            do {
                return Digest(try stream.take(Digest.byteCount)) ?? .zero
            } catch {
                failure = error
                return .zero
            }
        }
        if let failure { throw failure }
        isProved = root == checkpoint.root
        if !isProved {
            findings.append(
                Finding(
                    .evidenceProof, .error, name, offset: offset,
                    "The entries and the proof do not lead to the root that the checkpoint of size \(checkpoint.size) states."
                ))
        }
    }

    private func report() -> VerifyReport {
        let checkpoint = judged?.checkpoint
        var report = VerifyReport(
            subject: .evidence, findings: findings.kept, omittedCounts: findings.omittedCounts,
            verdict: findings.verdict,
            origin: checkpoint?.origin ?? ledger.identity?.origin, treeSize: checkpoint?.size ?? 0,
            root: isProved ? checkpoint?.root : nil,
            checkpointSize: judged.flatMap { $0.isTrusted && isProved ? $0.checkpoint.size : nil },
            records: ledger.recordCount, controlRecords: ledger.controlCount, purged: ledger.purgedCount,
            unexplained: 0,
            opened: ledger.openedCount, seconds: start.seconds)
        report.facts = ReportFacts(judged, options)
        report.facts.counts.entries = ledger.recordCount + ledger.controlCount
        report.facts.counts.contents = ledger.openedCount
        report.facts.counts.proofs = isProved ? 1 : 0
        let isAttested = isProved && judged?.isTrusted == true
        report.evidence = custody.map { EvidenceStatus(custody: $0, logIndex: isAttested ? logIndex : nil) }
        return report
    }
}
