// The performance budget: what each row of the table asks for, and whether a run met it. The bounds are the design's; where it asks for a ratio, the
// peer was measured in the same run.

/// One row of the budget.
struct Requirement: Sendable {
    enum Bound: Sendable {
        case atLeast(Double)
        case atMost(Double)

        func isMet(by value: Double) -> Bool {
            switch self {
            case .atLeast(let bound): value >= bound
            case .atMost(let bound): value <= bound
            }
        }
    }

    let work: String
    let section: String
    let series: String
    /// The series that the bound is a ratio to; nil where it is on the value itself.
    var reference: String?
    let bound: Bound

    static func ratio(
        _ work: String, _ section: String, _ series: String = "muniment", to reference: String, atLeast bound: Double
    ) -> Requirement {
        Requirement(work: work, section: section, series: series, reference: reference, bound: .atLeast(bound))
    }

    static func value(_ work: String, _ section: String, _ series: String = "muniment", _ bound: Bound) -> Requirement {
        Requirement(work: work, section: section, series: series, bound: bound)
    }

    static let all: [Requirement] = [
        .ratio("durable append 256 B, pipelined", "append-256", "muniment-pipelined", to: "rocksdb", atLeast: 3),
        .ratio("the same, to a raw file", "append-256", "muniment-pipelined", to: "raw-file", atLeast: 1.3),
        .ratio("durable append 256 B, strict", "append-256", "muniment-strict", to: "rocksdb", atLeast: 2.2),
        .ratio("durable append 1 KiB, pipelined", "append-1024", "muniment-pipelined", to: "rocksdb", atLeast: 2.5),
        .ratio("durable append 1 KiB, strict", "append-1024", "muniment-strict", to: "rocksdb", atLeast: 2),
        .value(
            "256 B with 4 attributes, 2 indexed", "append-attributes", "muniment-pipelined", .atLeast(800_000)),
        .value("256 clients, one record each, awaiting", "clients", "muniment-clients", .atLeast(300_000)),
        .ratio("one client, one record at a time", "single", "muniment-single", to: "write-limit", atLeast: 0.9),
        .value("all bytes on disk, 256 B", "disk-256", "muniment-pipelined", .atMost(136)),
        .value("all bytes on disk, 1 KiB", "disk-1024", "muniment-pipelined", .atMost(390)),
        .value("the same, one record a commit, after sealing", "disk-sealed", "muniment-single", .atMost(150)),
        .value("full forensic verify, 256 B, 2 jobs", "verify", "muniment-2", .atLeast(4_000_000)),
        .value("inclusion proof, make", "proof-make", newestTree, .atMost(2.5)),
        .value("inclusion proof, check", "proof-check", newestTree, .atMost(1.6)),
        .value("random read, opened and proved, cold block", "read-cold", "muniment", .atMost(25)),
        .value("random read, opened and proved, cached", "read-cached", "muniment", .atMost(5)),
        .value("open after clean close", "open", newestTree, .atMost(5)),
        .value("peak memory while appending", "memory", "muniment-pipelined", .atMost(96)),
    ]

    /// Stands for the section's last series: that of the largest archive of the run.
    static let newestTree = "last"

    /// What a run says of it; nil where the run did not measure it.
    func outcome(in report: Report) -> RequirementOutcome? {
        guard let section = report.section(section),
            let series = series == Requirement.newestTree ? section.series.last : section.series(series)
        else { return nil }
        guard let reference else {
            let peer = section.series.first { $0.role == .peer }
            return RequirementOutcome(
                requirement: self, series: series, peer: peer, unit: section.unit, isRate: section.isRate,
                value: series.median, isRatio: false)
        }
        guard let peer = section.series(reference) else { return nil }
        return RequirementOutcome(
            requirement: self, series: series, peer: peer, unit: section.unit, isRate: section.isRate,
            value: series.median / peer.median, isRatio: true)
    }
}

/// A row of the budget with what was measured.
struct RequirementOutcome {
    let requirement: Requirement
    let series: Series
    /// The peer of the ratio, or the first peer of the section; nil for none.
    let peer: Series?
    let unit: String
    /// Whether more is better.
    let isRate: Bool
    /// What the bound is on: the ratio, or the median.
    let value: Double
    let isRatio: Bool

    /// How many times better than the peer; nil without one.
    var ratio: Double? {
        peer.map { isRate ? series.median / $0.median : $0.median / series.median }
    }

    var isMet: Bool { requirement.bound.isMet(by: value) }

    /// The bound as the table shows it.
    var target: String {
        func text(_ bound: Double) -> String { isRatio ? compactRatio(bound) : quantity(bound, unit) }
        return switch requirement.bound {
        case .atLeast(let bound): "≥ " + text(bound)
        case .atMost(let bound): "≤ " + text(bound)
        }
    }
}

/// A ratio as the tables show it.
func compactRatio(_ ratio: Double) -> String { decimal(ratio, 2) + "x" }
