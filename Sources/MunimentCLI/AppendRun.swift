// Reading records and handing them to the archive: one thread reads and fills buffers while the archive's threads hash,
// seal, write and sync those before. On the way of a record without attributes nothing is allocated and its bytes are
// copied once.
//
// Whatever ends the reading, what was read before is committed and reported: a bad record, a signal, a failed source.
// Only a failure of the archive itself ends everything.

import Muniment
import MunimentInput

final class AppendRun {
    struct Settings {
        var format: InputFormat
        var files: [String]
        var retentionClass: String
        var stream: String?
        /// Records of a commit; nil for what is waiting.
        var batchCount: Int?
        var inFlightMax: Int
        var skipCount: UInt64
        var token: [UInt8]?
        var printsJSON: Bool
        var printsAcknowledgements: Bool
        var input: InputOptions
    }

    /// Without --batch, a buffer is handed over at the latest when it holds this much.
    private static let gatheredCountMax = 1_000
    private static let gatheredByteCountMax = 1 << 20

    private let archive: Archive
    private let settings: Settings
    private let ledger: AppendLedger
    private let attributes: RecordAttributes
    private let recordCountMax: Int
    // One thread fills the buffers: dynamic exclusivity checks for each record would cost more than they tell.
    @exclusivity(unchecked) private var buffer: RecordBuffer
    /// Payload bytes in `buffer`.
    @exclusivity(unchecked) private var payloadByteCount: UInt64 = 0
    @exclusivity(unchecked) private var skipCount: UInt64
    private var badCount = 0
    private var currentPath = ""
    private var progress = Progress()
    private var start = ContinuousClock.now

    init(_ archive: Archive, _ settings: Settings) {
        (self.archive, self.settings) = (archive, settings)
        ledger = AppendLedger(keepsAcknowledgements: settings.printsAcknowledgements)
        attributes = RecordAttributes(format: settings.format)
        recordCountMax = settings.batchCount ?? AppendRun.gatheredCountMax
        skipCount = settings.skipCount
        buffer = archive.makeBuffer()
    }

    func run() throws {
        guard archive.retentionClasses.contains(where: { $0.utf8.elementsEqual(settings.retentionClass.utf8) }) else {
            throw ArchiveError(
                .unknownClass,
                "There is no retention class \"\(settings.retentionClass)\": class list shows those that exist.")
        }
        let ledger = ledger
        let printer = settings.printsAcknowledgements ? OwnThread { ledger.printAcknowledgements() } : nil
        start = .now
        var ending: (any Error)?
        do { try readFiles() } catch { ending = error }
        do {
            if commitsRest(after: ending) { try submit() }
        } catch {
            ending = ending ?? error
        }
        do { try ledger.finish() } catch { ending = error }
        printer?.join()
        progress.clear()
        if !(ending is Output.Closed) { try report() }
        if let ending { throw explained(ending) }
        if skipCount > 0 {
            throw ArchiveError(
                .badInput,
                "the input has \(settings.skipCount - skipCount) records, fewer than --skip \(settings.skipCount) passes over."
            )
        }
    }

    // MARK: Reading

    private func readFiles() throws {
        for path in settings.files {
            let file = try InputFile.open(path)
            defer { file.finish() }
            currentPath = path
            var options = settings.input
            options.onSkip = { AppendRun.tell($0, path) }
            let reader = RecordReader(format: settings.format, source: file, options: options)
            defer { badCount += reader.skippedCount }
            do {
                try readRecords(reader, waits: !file.isRegular)
            } catch let error as InputError {
                if Interruption.signal != nil { throw Interruption.Interrupted() }
                throw BadRecord(path: path, error: error)
            }
            if Interruption.signal != nil { throw Interruption.Interrupted() }
        }
    }

    /// `waits` says that reading may block for long, so that what is complete must not be kept waiting.
    private func readRecords(_ reader: RecordReader, waits: Bool) throws {
        let handsOverEarly = waits && settings.batchCount == nil && settings.token == nil
        while let record = try reader.next() {
            if skipCount > 0 {
                skipCount -= 1
                continue
            }
            do {
                if record.isComplete { try append(record) } else { try append(record, readingOn: reader) }
            } catch let error as ArchiveError where error.code == .badInput {
                try leaveOut(
                    InputError(
                        code: .init(rawValue: "record.refused"), position: record.position,
                        message: "\(record.position): \(error.message)", isRecoverable: true))
            } catch let error as InputError where error.isRecoverable {
                try leaveOut(error)
            }
            if isDue || (handsOverEarly && !reader.hasBufferedRecord) {
                try submit()
                if Interruption.signal != nil { return }
            }
        }
    }

    private var isDue: Bool {
        if settings.token != nil { return buffer.isFull }
        if buffer.count >= recordCountMax || buffer.isFull { return true }
        return settings.batchCount == nil && buffer.byteCount >= AppendRun.gatheredByteCountMax
    }

    private func append(_ record: InputRecord) throws {
        try buffer.append(
            payload: record.payload,
            attributes: record.attributes.isEmpty ? [] : attributes.convert(record, currentPath),
            stream: settings.stream, retentionClass: settings.retentionClass, occurredAt: record.occurredAt)
        payloadByteCount += UInt64(record.payload.count)
    }

    /// A record that is larger than a part: it goes to a file of its own as it arrives.
    private func append(_ record: InputRecord, readingOn reader: RecordReader) throws {
        let payload = archive.makePayloadStream()
        let converted = attributes.convert(record, currentPath)
        var byteCount = UInt64(record.payload.count)
        try payload.append(record.payload)
        while let part = try reader.readMore() {
            try payload.append(part)
            byteCount += UInt64(part.count)
            progress.update("\(Quantity.bytes(byteCount)) of one record")
        }
        try payload.finish(
            into: buffer, attributes: converted, stream: settings.stream, retentionClass: settings.retentionClass,
            occurredAt: record.occurredAt)
        payloadByteCount += byteCount
    }

    private func leaveOut(_ error: InputError) throws {
        guard settings.input.skipsBad else { throw error }
        badCount += 1
        AppendRun.tell(error, currentPath)
    }

    private static func tell(_ error: InputError, _ path: String) {
        StandardError.sentence("\(name(path)): \(error.message); it was left out")
    }

    // MARK: Handing over

    private func submit() throws {
        guard buffer.count > 0 else { return }
        if settings.token != nil, buffer.isFull {
            throw ArchiveError(
                .badInput,
                "the input does not fit in one append of \(RecordBuffer.countMax) records and "
                    + "\(Quantity.bytes(RecordBuffer.byteCountMax)): leave --token out, or split the input; nothing was appended."
            )
        }
        let (full, byteCount) = (buffer, payloadByteCount)
        // The next is likely to become as large: it need not grow on the way.
        buffer = archive.makeBuffer(reservingByteCount: min(full.byteCount + full.byteCount / 16 + 1_024, 2 << 20))
        payloadByteCount = 0
        try ledger.begin(inFlightMax: settings.inFlightMax)
        let ledger = ledger
        do {
            if settings.inFlightMax == 1 {
                ledger.end(.success(try archive.appendBlocking(full, token: settings.token)), byteCount: byteCount)
            } else {
                try archive.submit(full, token: settings.token, isAlone: settings.batchCount != nil) { result in
                    ledger.end(result, byteCount: byteCount)
                }
            }
        } catch {
            let failure = error as? ArchiveError ?? ArchiveError(.inputOutput, "\(error)")
            ledger.end(.failure(failure), byteCount: byteCount)
            throw failure
        }
        progress.update(progressText)
    }

    private var progressText: String {
        let total = ledger.total
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return "\(Quantity.things(total.recordCount, "record")), \(Quantity.bytes(total.byteCount)), "
            + "\(Quantity.count(Int(Double(total.recordCount) / max(seconds, 0.001)))) a second"
    }

    /// Whether what was read before `ending` is to be committed: always, but for a token's records, which go together
    /// or not at all, and for failures of the archive.
    private func commitsRest(after ending: (any Error)?) -> Bool {
        guard let ending else { return true }
        if settings.token != nil { return false }
        switch ending {
        case is BadRecord, is Interruption.Interrupted: return true
        case let error as ArchiveError: return error.code == .badInput || error.code == .absent
        default: return false
        }
    }

    // MARK: Reporting

    /// A bad record, and the file that holds it.
    private struct BadRecord: Error {
        var path: String
        var error: InputError
    }

    private static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    /// What ended the run, with where to go on.
    private func explained(_ ending: any Error) -> any Error {
        let committed = ledger.total.recordCount
        let resume = settings.token != nil ? "nothing was appended" : "the \(committed) records before it are committed"
        switch ending {
        case let bad as BadRecord:
            let code = bad.error.code == .read ? ExitStatus.inputOutput : ExitStatus.badInput
            return Failure(exitCode: code, sentence: "\(AppendRun.name(bad.path)): \(bad.error.message); \(resume).")
        case is Interruption.Interrupted:
            return Failure(
                exitCode: 128 + (Interruption.signal ?? 2),
                sentence:
                    "interrupted; \(committed) records are committed: go on with --skip \(settings.skipCount + committed)."
            )
        case let error as ArchiveError where error.appendOutcome != nil && committed > 0:
            return Failure(
                exitCode: error.code.exitCode,
                sentence:
                    "\(error.message) \(committed) records of this run are durable: go on with --skip \(settings.skipCount + committed)."
            )
        default:
            return ending
        }
    }

    private func report() throws {
        let total = ledger.total
        let state = archive.durableState
        let seconds = ((total.end ?? .now) - start) / .seconds(1)
        if settings.printsJSON {
            try Output.standard.write(json(total, state, seconds))
            try Output.standard.flush()
        } else if !settings.printsAcknowledgements {
            try Output.standard.line(text(total, state.treeSize, seconds))
            try Output.standard.flush()
        }
    }

    private func json(_ total: AppendLedger.Total, _ state: (treeSize: UInt64, root: Digest), _ seconds: Double)
        -> [UInt8]
    {
        var json = JSONWriter()
        json.beginObject()
        json.key("records")
        json.integer(total.recordCount)
        json.key("bytes")
        json.integer(total.byteCount)
        json.key("firstIndex")
        if let first = total.firstIndex { json.integer(first) } else { json.null() }
        json.key("treeSize")
        json.integer(total.last?.treeSize ?? state.treeSize)
        json.key("root")
        json.base64((total.last?.root ?? state.root).bytes)
        json.key("seconds")
        json.double((seconds * 1e6).rounded() / 1e6)
        if settings.input.skipsBad {
            json.key("bad")
            json.integer(badCount)
        }
        json.endObject()
        json.endLine()
        return json.bytes
    }

    private func text(_ total: AppendLedger.Total, _ treeSize: UInt64, _ seconds: Double) -> String {
        let bad = badCount > 0 ? "; \(Quantity.things(badCount, "bad record")) left out" : ""
        guard let first = total.firstIndex, let last = total.last else { return "Nothing appended\(bad)." }
        let verb = total.isRepeat ? "Known by its token, not appended again:" : "Appended"
        return "\(verb) \(Quantity.things(total.recordCount, "record")), \(Quantity.bytes(total.byteCount)), "
            + "from index \(first) on, in \(Quantity.oneDecimal(seconds)) s; the log has \(Quantity.count(last.treeSize)) entries\(bad)."
    }
}
