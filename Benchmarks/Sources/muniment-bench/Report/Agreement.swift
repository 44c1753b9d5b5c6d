// Whether two runs say the same: their ratios, since rates are a matter of the machine and the hour.

/// The comparison of two runs.
struct Agreement {
    struct Line {
        let name: String
        let first: Double
        let second: Double

        /// How far apart they are, as a fraction of the smaller.
        var difference: Double { max(first, second) / min(first, second) - 1 }
    }

    let lines: [Line]

    /// All ratios to peers that both runs have.
    init(_ first: Report, _ second: Report) {
        lines = first.sections.flatMap { section -> [Line] in
            guard let other = second.section(section.id) else { return [] }
            return section.series.compactMap { series in
                guard series.role == .subject, let ratio = section.ratio(series),
                    let again = other.series(series.id).flatMap({ other.ratio($0) })
                else { return nil }
                return Line(name: "\(section.title): \(series.name)", first: ratio, second: again)
            }
        }
    }

    /// The ratios that differ by more than `fraction`.
    func outliers(_ fraction: Double) -> [Line] { lines.filter { !($0.difference <= fraction) } }
}
