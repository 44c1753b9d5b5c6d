// Lines over a logarithmic axis: growth curves, and quantiles of latencies.

/// One line plot.
struct LinePlot {
    struct Line {
        let name: String
        /// Ascending by x.
        let points: [(x: Double, y: Double)]
    }

    /// A place on the x axis that is marked, with its text.
    struct Tick {
        let x: Double
        let text: String
    }

    let title: String
    let subtitle: String
    let xTitle: String
    let unit: String
    let lines: [Line]
    /// Nil for powers of ten.
    var xTicks: [Tick]?
    var isLogarithmicY = true
    var note = ""

    private static let (width, height) = (960.0, 520.0)
    private static let (left, right, top, bottom) = (96.0, 230.0, 92.0, 92.0)

    func document() -> String {
        var svg = SVG(width: LinePlot.width, height: LinePlot.height)
        let xs = LogScale(
            around: lines.flatMap { $0.points.map(\.x) }, length: LinePlot.width - LinePlot.left - LinePlot.right)
        svg.text(title, x: 24, y: 38, class: "title")
        svg.text(subtitle, x: 24, y: 62, class: "subtitle")
        drawY(&svg)
        drawX(xs, &svg)
        drawLines(xs, &svg)
        svg.text(note, x: 24, y: LinePlot.height - 20, class: "note")
        return svg.document(title: title)
    }

    private var floor: Double { LinePlot.height - LinePlot.bottom }
    private var plotHeight: Double { floor - LinePlot.top }

    private func y(_ value: Double) -> Double {
        let values = lines.flatMap { $0.points.map(\.y) }
        if isLogarithmicY { return floor - LogScale(around: values, length: plotHeight).place(value) }
        return floor - LinearScale(maximum: (values.max() ?? 1) * 1.08, length: plotHeight).place(value)
    }

    private func drawY(_ svg: inout SVG) {
        let values = lines.flatMap { $0.points.map(\.y) }
        let ticks =
            isLogarithmicY
            ? LogScale(around: values, length: plotHeight).ticks
            : LinearScale(maximum: (values.max() ?? 1) * 1.08, length: plotHeight).ticks
        for tick in ticks {
            svg.line(x1: LinePlot.left, y1: y(tick), x2: LinePlot.width - LinePlot.right, y2: y(tick), class: "grid")
            svg.text(tickLabel(tick, unit), x: LinePlot.left - 10, y: y(tick) + 4, class: "tick", anchor: .end)
        }
    }

    private func drawX(_ scale: LogScale, _ svg: inout SVG) {
        let ticks = xTicks ?? scale.ticks.map { Tick(x: $0, text: grouped($0)) }
        for tick in ticks {
            let x = LinePlot.left + scale.place(tick.x)
            svg.line(x1: x, y1: LinePlot.top, x2: x, y2: floor, class: "grid")
            svg.text(tick.text, x: x, y: floor + 20, class: "tick", anchor: .middle)
        }
        svg.text(
            xTitle, x: (LinePlot.left + LinePlot.width - LinePlot.right) / 2, y: floor + 44, class: "tick",
            anchor: .middle)
    }

    private func drawLines(_ scale: LogScale, _ svg: inout SVG) {
        // Labels at the ends of their lines, moved apart where they would overlap.
        var labels: [(y: Double, name: String, style: Int)] = []
        for (place, line) in lines.enumerated() {
            let style = place % 4 + 1
            let points = line.points.map { (x: LinePlot.left + scale.place($0.x), y: y($0.y)) }
            svg.path(points, class: "line\(style)")
            if points.count <= 24 {
                for point in points { svg.circle(x: point.x, y: point.y, radius: 3.2, class: "dot\(style)") }
            }
            if let last = points.last { labels.append((last.y, line.name, style)) }
        }
        var lowest = -Double.infinity
        for label in labels.sorted(by: { $0.y < $1.y }) {
            let y = max(label.y, lowest + 18)
            lowest = y
            svg.text(label.name, x: LinePlot.width - LinePlot.right + 12, y: y + 5, class: "label\(label.style)")
        }
    }
}
