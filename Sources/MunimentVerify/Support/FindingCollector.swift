// Gathers findings in order, keeps a bounded number of each code, and draws the verdict.

internal import MunimentFormat

/// Findings so far. A value: whoever owns it decides on the order.
struct FindingCollector {
    private let countMax: Int
    private(set) var findings: [Finding] = []
    private(set) var omittedCounts: [Finding.Code: Int] = [:]
    private var keptCounts: [Finding.Code: Int] = [:]
    private var hasError = false
    private var hasUnattested = false

    init(countMax: Int) { self.countMax = max(1, countMax) }

    /// All findings, those that are not kept included.
    var count: Int { findings.count + omittedCounts.values.reduce(0, +) }

    mutating func add(_ finding: Finding) {
        switch finding.severity {
        case .error: hasError = true
        case .unattested: hasUnattested = true
        case .notice: break
        }
        let kept = keptCounts[finding.code, default: 0]
        if kept < countMax {
            keptCounts[finding.code] = kept + 1
            findings.append(finding)
        } else {
            omittedCounts[finding.code, default: 0] += 1
        }
    }

    mutating func add(_ list: [Finding]) {
        for finding in list { add(finding) }
    }

    /// What follows from all of them.
    var verdict: Verdict { hasError ? .tampered : hasUnattested ? .notEstablished : .intact }
}

extension Finding {
    /// What a decoder refused, as a finding in `file`, where the structure starts at `offset`. A checksum has a code
    /// of its own; what only a newer program could read is not established.
    init(
        _ error: FormatError, _ code: Code, checksum: Code? = nil, unknown: Code? = nil, _ file: String,
        offset: UInt64 = 0,
        index: UInt64? = nil
    ) {
        let place = offset &+ UInt64(clamping: error.offset)
        switch error.code {
        case .newerVersion:
            self.init(
                unknown ?? code, .unattested, file, offset: place, index: index, "Written by a newer version: \(error)."
            )
        case .unknownValue where unknown != nil:
            self.init(
                unknown ?? code, .unattested, file, offset: place, index: index, "Not known to this program: \(error).")
        case .checksum:
            self.init(checksum ?? code, .error, file, offset: place, index: index, "Damaged: \(error).")
        default:
            self.init(code, .error, file, offset: place, index: index, "Malformed: \(error).")
        }
    }
}

/// Calls a decoder on `bytes`; gives its refusal as a value, for loops that go on after it.
func decoding<T>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> T
) -> Result<T, FormatError> {
    do throws(FormatError) { return .success(try body(bytes)) } catch { return .failure(error) }
}
