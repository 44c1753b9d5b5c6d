// A comparison as horizontal bars: medians, whiskers from the least to the greatest round, ratios to the peer, physical limits as lines.

/// One bar plot.
struct BarPlot {
    private let section: ReportSection
    private let limits: [(name: String, value: Double)]
    private let subtitle: String

    private static let width = 960.0
    private static let rowHeight = 44.0
    private static let barHeight = 24.0
    private static let right = 190.0

    /// The plot of a section as an SVG document. `limits` are in records a second or whatever the section's unit is.
    static func document(_ section: ReportSection, limits: [(name: String, value: Double)], subtitle: String) -> String
    {
        BarPlot(section: section, limits: limits, subtitle: subtitle).draw()
    }

    /// Limits far beyond the longest bar would make all bars short: they are named instead of drawn.
    private static let limitReach = 3.2

    private var drawnLimits: [(name: String, value: Double)] {
        let longest = section.series.map(\.high).max() ?? 1
        return limits.filter { $0.value <= longest * BarPlot.limitReach }.sorted { $0.value < $1.value }
    }

    private func draw() -> String {
        let left = min(380, (section.series.map { SVG.width($0.name) }.max() ?? 0) + 40)
        let drawn = drawnLimits
        let top = 92.0 + Double(drawn.count) * 18
        let bottom = top + Double(section.series.count) * BarPlot.rowHeight
        let notes = SVG.lines(note, width: BarPlot.width - 48, size: 12)
        var svg = SVG(width: BarPlot.width, height: bottom + 56 + Double(notes.count) * 17)
        let longest = max(section.series.map(\.high).max() ?? 1, drawn.last?.value ?? 0)
        let scale = LinearScale(maximum: longest * 1.02, length: BarPlot.width - left - BarPlot.right)
        svg.text(section.title, x: 24, y: 38, class: "title")
        svg.text(subtitle, x: 24, y: 62, class: "subtitle")
        for tick in scale.ticks {
            let x = left + scale.place(tick)
            svg.line(x1: x, y1: top - 6, x2: x, y2: bottom, class: "grid")
            svg.text(tickLabel(tick, section.unit), x: x, y: bottom + 20, class: "tick", anchor: .middle)
        }
        for (place, series) in section.series.enumerated() {
            draw(series, y: top + (Double(place) + 0.5) * BarPlot.rowHeight, left: left, scale, &svg)
        }
        for (place, limit) in drawn.enumerated() {
            let x = left + scale.place(limit.value)
            let y = 88 + Double(place) * 18
            svg.line(x1: x, y1: y + 2, x2: x, y2: bottom, class: "limit")
            let isRight = x > BarPlot.width * 0.62
            svg.text(
                "\(limit.name): \(quantity(limit.value, section.unit))", x: x + (isRight ? -6 : 6), y: y,
                class: "limitText",
                anchor: isRight ? .end : .start)
        }
        for (place, line) in notes.enumerated() {
            svg.text(line, x: 24, y: bottom + 52 + Double(place) * 17, class: "note")
        }
        return svg.document(title: section.title)
    }

    private func draw(_ series: Series, y: Double, left: Double, _ scale: LinearScale, _ svg: inout SVG) {
        let bar = BarPlot.barHeight
        let kind =
            switch series.role {
            case .subject: "subject"
            case .peer: "peer"
            case .limit: "bound"
            }
        svg.text(series.name, x: left - 12, y: y + 5, class: "name", anchor: .end)
        svg.rectangle(
            x: left, y: y - bar / 2, width: scale.place(series.median), height: bar, class: kind, radius: 2)
        if series.samples.count > 1 {
            let (low, high) = (left + scale.place(series.low), left + scale.place(series.high))
            svg.line(x1: low, y1: y, x2: high, y2: y, class: "whisker")
            for x in [low, high] { svg.line(x1: x, y1: y - 5, x2: x, y2: y + 5, class: "whisker") }
        }
        let end = left + scale.place(max(series.median, series.samples.count > 1 ? series.high : 0)) + 10
        let value = quantity(series.median, section.unit)
        svg.text(value, x: end, y: y + 5, class: "value")
        if let ratio = section.ratio(series) {
            svg.text(compactRatio(ratio), x: end + SVG.width(value) + 16, y: y + 5, class: "ratio")
        }
    }

    private var note: String {
        let longest = section.series.map(\.high).max() ?? 1
        let beyond = limits.filter { $0.value > longest * BarPlot.limitReach }
        var parts: [String] = []
        if section.series.contains(where: { $0.samples.count > 1 }) {
            parts.append("Whiskers: least and greatest round.")
        }
        if let reference = section.referenceID.flatMap({ section.series($0) }) {
            parts.append("Ratios: to \(reference.name.split(separator: ",")[0]).")
        }
        if !beyond.isEmpty {
            let list = beyond.map { "\($0.name) \(quantity($0.value, section.unit))" }
            parts.append("Beyond the scale: \(list.joined(separator: ", ")).")
        }
        return parts.joined(separator: " ")
    }
}
