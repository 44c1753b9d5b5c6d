// What the frames of a segment give for its index, and the comparison with the one that is there once they have gone by.

internal import MunimentCrypto
internal import MunimentFormat

struct IndexLedger {
    /// The times that each class's records span.
    private var times: [UInt32: ClosedRange<Microseconds>] = [:]
    /// What the index of each class must list.
    private var sums: [UInt32: IndexSum] = [:]

    mutating func take(_ outcome: FrameOutcome) {
        for (classID, tally) in outcome.classes where classID != ControlRecord.classID {
            guard let more = tally.times else { continue }
            let known = times[classID] ?? more
            times[classID] =
                min(known.lowerBound, more.lowerBound)...max(known.upperBound, more.upperBound)
            sums[classID, default: IndexSum()] += tally.indexSum
        }
    }

    /// The root of the index whose directory has these bytes, as the seal record must state it.
    static func root(_ directory: [UInt8]) -> Digest { IndexDirectory.root(ofEncoded: directory) }

    /// Compares the index of a footer that starts at `offset`. `isWhole`: every byte before was a frame; `isOpened`: every content
    /// was opened; `present`: the classes of which a content is there.
    func check(
        _ directory: [UInt8], _ pass: SegmentPass, offset: UInt64, isWhole: Bool, isOpened: Bool,
        present: Set<UInt32>, _ findings: inout Findings
    ) throws(FileFailure) {
        if directory.isEmpty { return }
        switch directory.withUnsafeBytes({ decoding($0, IndexDirectory.init(decoding:)) }) {
        case .failure(let error):
            findings.append(Finding(error, .indexMalformed, pass.name, offset: offset))
        case .success(let decoded):
            if isWhole { compareTimes(decoded, pass, offset, &findings) }
            // A purged group has no terms: where contents are there, queries would miss every one of them.
            for group in decoded.groups where group.isPurged && present.contains(group.classID) {
                findings.append(
                    Finding(
                        .indexTerms, .error, pass.name, offset: offset,
                        "The index says that all contents of class \(group.classID) are purged, and some are there."))
            }
            guard let place = pass.source.index, place.directory == decoded, let file = pass.file else {
                findings.append(
                    Finding(
                        .indexMalformed, .error, pass.name, offset: offset,
                        "The index has more pages than can stand before the footer."))
                return
            }
            // Of a purged group there is nothing but its times.
            for group in decoded.groups where !group.isPurged {
                guard let pages = place.pages(group.classID, in: file) else { continue }
                let opened = pass.keys?.group(group.classID)
                var audit = IndexAudit(pages, key: opened?.indexKey, name: pass.name)
                let isKnown = isWhole && isOpened && opened?.indexed != nil
                try audit.run(expected: isKnown ? sums[group.classID] ?? IndexSum() : nil)
                findings += audit.findings
            }
        }
    }

    private func compareTimes(
        _ directory: IndexDirectory, _ pass: SegmentPass, _ offset: UInt64, _ findings: inout Findings
    ) {
        var stated: [UInt32: ClosedRange<Microseconds>] = [:]
        for group in directory.groups { stated[group.classID] = group.timeFirst...group.timeLast }
        let differing = Set(stated.keys).union(times.keys).filter { stated[$0] != times[$0] }.sorted()
        guard !differing.isEmpty else { return }
        let names = differing.prefix(8).map(String.init).joined(separator: ", ")
        findings.append(
            Finding(
                .indexTimes, .error, pass.name, offset: offset,
                "The index has other classes, or other first and last times, than the entries: class \(names)."))
    }
}
