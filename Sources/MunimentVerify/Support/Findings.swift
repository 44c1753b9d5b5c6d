// Findings in order: a bounded number of each code is kept, the others are counted, so that a file made of nothing but
// faults costs no more memory than a sound one.

internal import MunimentFormat

/// Findings so far. A value: whoever owns it decides on the order.
struct Findings: Sendable {
    /// The findings that are kept of each code where nobody says otherwise.
    static let countMaxDefault = 10_000

    private let countMax: Int
    private(set) var kept: [Finding] = []
    /// How many more there were of a code.
    private(set) var omittedCounts: [Finding.Code: Int] = [:]
    private var keptCounts: [Finding.Code: Int] = [:]
    private var hasError = false
    private var hasUnattested = false
    /// How many findings concern which segments, kept or not; nil where nobody asks.
    private(set) var marks: SegmentMarks?

    /// Told of each, kept or not.
    private var listener: (@Sendable (Finding) -> Void)?

    /// None so far, of a verification with `options`.
    init(_ options: VerifyOptions, marksSegments: Bool = false) {
        self.init(countMax: options.findingCountMax)
        marks = marksSegments ? SegmentMarks() : nil
        listener = options.found
    }

    /// None, with room for `countMax` of each code.
    init(countMax: Int = countMaxDefault) { self.countMax = max(1, countMax) }

    /// All findings, those that are not kept included.
    var count: Int { kept.count + omittedCounts.values.reduce(0, +) }

    /// What follows from all of them.
    var verdict: Verdict { hasError ? .tampered : hasUnattested ? .notEstablished : .intact }

    mutating func append(_ finding: Finding) {
        switch finding.severity {
        case .error: hasError = true
        case .unattested: hasUnattested = true
        case .notice: break
        }
        marks?.add(finding)
        listener?(finding)
        let count = keptCounts[finding.code, default: 0]
        if count < countMax {
            keptCounts[finding.code] = count + 1
            kept.append(finding)
        } else {
            omittedCounts[finding.code, default: 0] += 1
        }
    }

    /// Takes over what others found, what they did not keep included.
    static func += (all: inout Findings, more: Findings) {
        for finding in more.kept { all.append(finding) }
        for (code, count) in more.omittedCounts { all.omittedCounts[code, default: 0] += count }
        all.hasError = all.hasError || more.hasError
        all.hasUnattested = all.hasUnattested || more.hasUnattested
    }
}

extension Findings: ExpressibleByArrayLiteral {
    init(arrayLiteral list: Finding...) {
        self.init()
        for finding in list { append(finding) }
    }
}
