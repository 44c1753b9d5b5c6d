// The operations that write.

import MunimentFormat
import MunimentStore

extension Simulation {
    // MARK: Records

    private func payload() -> [UInt8] {
        let count: Int
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5: count = 0
        case 5..<80: count = Int.random(in: 1...120, using: &random)
        case 80..<97: count = Int.random(in: 120...2_000, using: &random)
        case 97..<99: count = Int.random(in: 2_000...20_000, using: &random)
        default: count = Int.random(in: 60_000...150_000, using: &random)
        }
        // Half random, half not, so that some of it compresses.
        var bytes = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: count)
        for place in 0..<min(count / 2, 64) { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        return bytes
    }

    private func attributes() -> [[UInt8]] {
        guard random.odds(30) else { return [] }
        let attributes = (0..<Int.random(in: 1...3, using: &random)).map { place in
            random.odds(50)
                ? Attribute("number\(place)", .integer(Int64.random(in: -5...1_000, using: &random)))
                : Attribute("text", .text("value \(Int.random(in: 0...100, using: &random))"))
        }
        return ContentEncoder.canonical(attributes)
    }

    func makeAttempt(isSmall: Bool = false) -> Attempt {
        let most = isSmall ? 5 : (random.odds(70) ? 8 : 50)
        let isOneClass = random.odds(70)
        let only = classIDs.randomElement(using: &random)!
        let hasTimes = random.odds(30)
        let records = (0..<Int.random(in: 1...most, using: &random)).map { _ in
            ModelRecord(
                classID: isOneClass ? only : classIDs.randomElement(using: &random)!, payload: payload(),
                attributes: attributes(), occurred: hasTimes ? Int64.random(in: 0...1 << 50, using: &random) : nil)
        }
        var token: [UInt8]?
        if isOneClass && random.odds(40) {
            token = (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        return Attempt(records: records, token: token)
    }

    /// The batches of an attempt: a new one wherever the class changes.
    func batches(_ attempt: Attempt) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        for record in attempt.records {
            let last = batches.last
            if last == nil || last!.classID != record.classID || last!.hasOccurred != (record.occurred != nil) {
                batches.append(RecordBatch(classID: record.classID, hasOccurred: record.occurred != nil))
            }
            record.payload.withUnsafeBytes {
                batches[batches.count - 1].append(payload: $0, attributes: record.attributes, occurred: record.occurred)
            }
        }
        return batches
    }

    // MARK: Operations

    func append() throws {
        let attempt = makeAttempt()
        note("append \(attempt.records.count)" + (attempt.token == nil ? "" : " with a token"))
        try settleOutcome(attempt, Result { try store.append(batches(attempt), token: attempt.token) })
    }

    /// Several appends that wait together, and frames that are formed and committed in any order that is allowed.
    func appendGroup() throws {
        let attempts = (0..<Int.random(in: 2...6, using: &random)).map { _ in makeAttempt(isSmall: random.odds(70)) }
        let outcomes = Guarded<[Int: Result<AppendReceipt, ArchiveError>]>([:])
        var all = attempts
        if let twice = attempts.first(where: { $0.token != nil }), random.odds(30) { all.append(twice) }
        note("append group " + all.map { "\($0.records.count)" }.joined(separator: " "))
        for (place, attempt) in all.enumerated() {
            store.submit(
                PendingAppend(batches(attempt), token: attempt.token, isAlone: random.odds(10)) { result in
                    outcomes.withLock { $0[place] = result }
                })
            if random.odds(30) { _ = random.odds(70) ? store.formStep() : store.commitStep() }
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            _ = random.odds(60) ? store.formStep() : store.commitStep()
        }
        store.drain()
        let results = outcomes.withLock { $0 }
        for (place, attempt) in all.enumerated() {
            guard let result = results[place] else { throw Violation("append \(place) of a group was never answered") }
            try settleOutcome(attempt, result.mapError { $0 })
        }
    }

    func retry() throws {
        let remembered = store.reader.segments.dropLast().last?.firstIndex ?? 0
        let tokens = model.tokens.sorted { $0.value.firstIndex < $1.value.firstIndex }
        guard let (token, known) = tokens.filter({ $0.value.firstIndex >= remembered }).randomElement(using: &random)
        else {
            return
        }
        if random.odds(30) {
            note("token conflict")
            var other = known.attempt
            other.records[0].payload.append(1)
            do {
                _ = try store.append(batches(other), token: token)
                throw Violation("a token was taken for other content")
            } catch let error as ArchiveError {
                if error.code != .tokenConflict { try settleFailure(other, error) }
            }
        } else {
            note("retry of \(known.firstIndex)")
            do {
                let receipt = try store.append(batches(known.attempt), token: token)
                guard receipt.isRepeat, receipt.firstIndex == known.firstIndex else {
                    throw Violation("a retry of \(known.firstIndex) was appended again at \(receipt.firstIndex)")
                }
                try model.acknowledge(known.attempt, receipt)
            } catch let error as ArchiveError {
                try settleFailure(known.attempt, error)
            }
        }
    }

    func appendBody() throws {
        let bytes = (0..<Int.random(in: 1...150_000, using: &random)).map { UInt8(truncatingIfNeeded: $0 / 50) }
        var record = ModelRecord(classID: 1, payload: bytes, attributes: attributes(), occurred: nil)
        record.isBodyFile = true
        note("body of \(bytes.count)")
        let attempt = Attempt(records: [record], token: nil)
        do {
            let writer = try BodyFileWriter(observed, store.paths, logID: store.reader.logID)
            for start in stride(from: 0, to: bytes.count, by: 40_000) {
                try bytes[start..<min(start + 40_000, bytes.count)].withUnsafeBytes { try writer.append($0) }
            }
            let (reference, body) = try writer.finish()
            let batch = RecordBatch(classID: 1, hasOccurred: false)
            batch.append(reference: reference, body: body, attributes: record.attributes, occurred: nil)
            try settleOutcome(attempt, Result { try store.append([batch]) })
        } catch let error as ArchiveError {
            note("  body: \(error.code): \(error.message)")
            try excuse(error)
        }
    }

    func defineClass() throws {
        let isNew = classIDs.count < 4 && random.odds(70)
        let classID = isNew ? store.classes.nextID : classIDs.randomElement(using: &random)!
        let compression: [ClassRecord.Compression] = [.shared, .record, .none]
        let name = classID == 1 ? "default" : "class\(classID)"
        let record = ClassRecord(classID: classID, name: name, compression: compression.randomElement(using: &random)!)
        note("class \(classID)")
        do {
            let receipt = try store.appendClass(record)
            try model.publish(Head(size: receipt.treeSize, root: receipt.root))
            if isNew { classIDs.append(classID) }
        } catch let error as ArchiveError {
            note("  \(error.code): \(error.message)")
            try excuse(error)
        }
    }

    // MARK: Outcomes

    private func settleOutcome(_ attempt: Attempt, _ result: Result<AppendReceipt, any Error>) throws {
        switch result {
        case .success(let receipt):
            note("  at \(receipt.firstIndex), size \(receipt.treeSize)" + (receipt.isRepeat ? ", repeated" : ""))
            try model.acknowledge(attempt, receipt)
        case .failure(let error as ArchiveError): try settleFailure(attempt, error)
        case .failure(let error): throw error
        }
    }

    private func settleFailure(_ attempt: Attempt, _ error: ArchiveError) throws {
        note("  \(error.appendOutcome.map { "\($0)" } ?? "no outcome"), \(error.code): \(error.message)")
        try excuse(error)
        switch error.appendOutcome {
        case .failed: break
        case .unknown:
            guard store.failure != nil else { throw Violation("an append of unknown outcome, and the store goes on") }
            model.leaveUnknown(attempt)
        case nil: throw Violation("an append failed without saying how")
        }
    }
}
