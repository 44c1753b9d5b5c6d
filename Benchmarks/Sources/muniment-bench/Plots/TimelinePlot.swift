// What happened when: the greatest latency of each tenth of a second, and above it what the engine did.

/// One plot over time.
struct TimelinePlot {
    /// Something that took its time.
    struct Span {
        let name: String
        let from: Double
        let to: Double
    }

    let title: String
    let subtitle: String
    let unit: String
    /// Evenly spaced values over `seconds`.
    let values: [Double]
    let seconds: Double
    let spans: [Span]
    /// Moments, in seconds, by name.
    let moments: [(name: String, at: [Double])]

    private static let (width, left, right) = (960.0, 132.0, 40.0)
    private static let plotHeight = 260.0

    func document() -> String {
        let top = 96 + Double(moments.count + (spans.isEmpty ? 0 : 1)) * 20
        let floor = top + TimelinePlot.plotHeight
        var svg = SVG(width: TimelinePlot.width, height: floor + 56)
        let across = LinearScale(maximum: seconds, length: TimelinePlot.width - TimelinePlot.left - TimelinePlot.right)
        let up = LinearScale(maximum: max(values.max() ?? 1, 1e-9) * 1.08, length: TimelinePlot.plotHeight)
        func x(_ time: Double) -> Double { TimelinePlot.left + across.place(time) }
        svg.text(title, x: 24, y: 38, class: "title")
        svg.text(subtitle, x: 24, y: 62, class: "subtitle")
        for tick in up.ticks {
            svg.line(
                x1: TimelinePlot.left, y1: floor - up.place(tick), x2: TimelinePlot.width - TimelinePlot.right,
                y2: floor - up.place(tick), class: "grid")
            svg.text(
                tickLabel(tick, unit), x: TimelinePlot.left - 10, y: floor - up.place(tick) + 4, class: "tick",
                anchor: .end)
        }
        for tick in across.ticks {
            svg.text(tickLabel(tick, "s"), x: x(tick), y: floor + 20, class: "tick", anchor: .middle)
        }
        for span in spans {
            svg.rectangle(
                x: x(span.from), y: 84, width: max(1.5, across.place(span.to - span.from)), height: floor - 84,
                class: "span")
        }
        for (row, moment) in moments.enumerated() {
            let y = 96 + Double(row) * 20
            svg.text(moment.name, x: TimelinePlot.left - 10, y: y + 4, class: "tick", anchor: .end)
            for time in moment.at where time >= 0 && time <= seconds {
                svg.rectangle(x: x(time) - 0.6, y: y - 6, width: 1.2, height: 12, class: "peer")
            }
        }
        if let first = spans.first {
            let y = 96 + Double(moments.count) * 20
            svg.text(first.name, x: TimelinePlot.left - 10, y: y + 4, class: "limitText", anchor: .end)
        }
        let step = seconds / Double(max(values.count, 1))
        svg.path(
            values.enumerated().map { (x: x((Double($0.offset) + 0.5) * step), y: floor - up.place($0.element)) },
            class: "line1")
        return svg.document(title: title)
    }
}
