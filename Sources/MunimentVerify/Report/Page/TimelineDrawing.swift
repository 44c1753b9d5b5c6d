// Checkpoints, holds and dispositions along the recorded time. The recorded time is the wall clock of whoever wrote the
// log: it orders nothing; the index does.

internal import MunimentFormat

extension VerifyPage {
    var timelineSection: Markup {
        guard let timeline = report.facts.timeline else { return "" }
        let drawing = TimelineDrawing(timeline, report.facts.dispositions)
        let kept: Markup =
            timeline.checkpointStep == 1
            ? ""
            : " Of \(PageText.count(timeline.checkpointCount)) checkpoints every \(PageText.count(timeline.checkpointStep))th is drawn."
        let omitted: Markup =
            timeline.omittedMatterCount == 0
            ? ""
            : " \(PageText.things(timeline.omittedMatterCount, "more matter")) \(timeline.omittedMatterCount == 1 ? "is" : "are") not drawn."
        let undrawn = drawing.undrawnDispositionCount + report.facts.omittedDispositionCount
        let runs: Markup = undrawn == 0 ? "" : " \(PageText.things(undrawn, "earlier disposition")) not drawn."
        let caption: Markup = """
            <figcaption>By the recorded time of the log's own records, \(PageText.time(timeline.span.lowerBound)) to \(PageText.time(timeline.span.upperBound)). \
            A checkpoint bears no time; it stands where the last entry that it covers was recorded. Matters are named by \
            the index of their first hold; their names are content of the log, and not for this report. Hatched: a hold with sealed conditions.\(kept)\(omitted)\(runs)</figcaption>

            """
        return VerifyPage.section("timeline", "The timeline", "<figure>\n" + drawing.markup + caption + "</figure>\n")
    }
}

private struct TimelineDrawing {
    private static let width = 720.0
    private static let left = 112.0
    private static let right = 700.0
    private static let lane = 26.0
    private static let dispositionCountMax = 24

    private let timeline: Timeline
    private let dispositions: [DispositionFacts]
    let undrawnDispositionCount: Int

    init(_ timeline: Timeline, _ dispositions: [DispositionFacts]) {
        self.timeline = timeline
        self.dispositions = Array(dispositions.suffix(TimelineDrawing.dispositionCountMax))
        undrawnDispositionCount = dispositions.count - self.dispositions.count
    }

    /// Where a time stands. Times may be anything.
    private func x(_ time: Microseconds) -> Double {
        let (from, to) = (Double(timeline.span.lowerBound), Double(timeline.span.upperBound))
        guard to > from else { return (TimelineDrawing.left + TimelineDrawing.right) / 2 }
        let share = max(0, min(1, (Double(time) - from) / (to - from)))
        return TimelineDrawing.left + share * (TimelineDrawing.right - TimelineDrawing.left)
    }

    var markup: Markup {
        var lanes: Markup = ""
        var y = 34.0
        lanes += label("checkpoints", y)
        lanes += checkpoints(y)
        y += TimelineDrawing.lane
        for matter in timeline.matters {
            lanes += label("matter \(PageText.count(matter.matter))", y) + hold(matter, y)
            y += TimelineDrawing.lane
        }
        for disposition in dispositions {
            lanes += label("disposition \(PageText.count(disposition.id))", y) + run(disposition, y)
            y += TimelineDrawing.lane
        }
        if timeline.matters.isEmpty, dispositions.isEmpty {
            lanes +=
                "<text class=\"label start\" x=\"\(at: TimelineDrawing.left)\" y=\"\(at: y + 14)\">No hold was ever placed, and nothing was disposed of.</text>\n"
            y += TimelineDrawing.lane
        }
        return
            "<svg viewBox=\"0 0 \(at: TimelineDrawing.width) \(at: y + 8)\" role=\"img\" aria-label=\"Checkpoints, holds and dispositions along recorded time\" class=\"timeline\">\n"
            + Patterns.definitions + axis(y) + lanes + "</svg>\n"
    }

    private func axis(_ bottom: Double) -> Markup {
        var svg: Markup = ""
        let steps = timeline.span.lowerBound == timeline.span.upperBound ? 0...0 : 0...4
        let from = Double(timeline.span.lowerBound)
        let length = Double(timeline.span.upperBound) - from
        for step in steps {
            let exact = from + length * Double(step) / 4
            let time = Int64(exactly: exact.rounded(.down)) ?? timeline.span.upperBound
            let place = x(time)
            let anchor: Markup = step == 0 ? "start" : step == 4 ? "end" : "middle"
            svg += "<path class=\"tick\" d=\"M\(at: place) 22V\(at: bottom)\"/>"
            // Every second one has room for its text.
            guard step % 2 == 0 else { continue }
            svg += "<text class=\"label \(anchor)\" x=\"\(at: place)\" y=\"14\">\(tickText(time, length))</text>\n"
        }
        return svg
    }

    /// The day, and where all happened within a few, the time of day.
    private func tickText(_ time: Int64, _ length: Double) -> String {
        let text = PageText.time(time)
        guard length > 20 * 86_400_000_000 else { return text.replacing("Z", with: "") }
        return String(text.prefix { $0 != " " })
    }

    private func label(_ text: String, _ y: Double) -> Markup {
        "<text class=\"label end\" x=\"\(at: TimelineDrawing.left - 10)\" y=\"\(at: y + 13)\">\(text)</text>\n"
    }

    /// One mark for all checkpoints that would stand on the same spot.
    private func checkpoints(_ y: Double) -> Markup {
        var svg: Markup = ""
        var last = -10.0
        for checkpoint in timeline.checkpoints {
            let place = x(checkpoint.time)
            guard place - last >= 2 else { continue }
            last = place
            svg +=
                "<path class=\"checkpoint\" d=\"M\(at: place) \(at: y + 2)V\(at: y + 18)\"><title>size \(PageText.count(checkpoint.size)), \(PageText.time(checkpoint.time))</title></path>\n"
        }
        return svg
    }

    private func hold(_ matter: Timeline.Matter, _ y: Double) -> Markup {
        let start = x(matter.placed ?? timeline.span.lowerBound)
        let isReleased = matter.releasedAt != nil
        let end = isReleased ? x(matter.released ?? timeline.span.upperBound) : TimelineDrawing.right
        let width = max(3, end - start)
        let words =
            "\(PageText.things(matter.scopeCount, "scope")), \(matter.isRestricted ? "with sealed conditions" : "public"); "
            + (isReleased
                ? "released by record \(PageText.count(matter.releasedAt ?? 0))\(matter.released.map { ", " + PageText.time($0) } ?? "")"
                : "in force")
        var svg: Markup =
            "<g class=\"hold\(matter.isRestricted ? " restricted" : "")\"><title>Matter \(PageText.count(matter.matter)): \(words)</title>"
        svg += "<rect x=\"\(at: start)\" y=\"\(at: y + 3)\" width=\"\(at: width)\" height=\"14\"/>"
        svg +=
            "<rect class=\"hatch\" x=\"\(at: start)\" y=\"\(at: y + 3)\" width=\"\(at: width)\" height=\"14\" fill=\"url(#hatch-hold)\"/>"
        svg += "<path class=\"cap\" d=\"M\(at: start) \(at: y)V\(at: y + 20)\"/>"
        svg +=
            isReleased
            ? "<path class=\"cap\" d=\"M\(at: start + width) \(at: y)V\(at: y + 20)\"/>"
            : "<path class=\"arrow\" d=\"M\(at: TimelineDrawing.right) \(at: y + 1)l12 9l-12 9z\"/>"
        return svg + "</g>\n" + note(isReleased ? "placed, released" : "placed, in force", start, start + width, y)
    }

    private func run(_ disposition: DispositionFacts, _ y: Double) -> Markup {
        let start = x(disposition.begun ?? timeline.span.lowerBound)
        let end = disposition.ended.map { x($0) } ?? start
        let words: String =
            switch disposition.state {
            case .completed: "\(PageText.things(disposition.purgedCount, "record")) purged"
            case .aborted: "given up"
            case .incomplete: "not completed"
            }
        var svg: Markup =
            "<g class=\"run \(disposition.state.rawValue)\"><title>Disposition \(PageText.count(disposition.id)): \(words)</title>"
        if end > start + 14 { svg += "<path class=\"cap\" d=\"M\(at: start) \(at: y + 10)H\(at: end)\"/>" }
        svg += "<path class=\"diamond\" d=\"M\(at: start) \(at: y + 2)l8 8l-8 8l-8 -8z\"/></g>\n"
        return svg + note(words, start - 8, max(start + 8, end), y)
    }

    /// A few words beside a mark, on the side where there is room.
    private func note(_ words: String, _ start: Double, _ end: Double, _ y: Double) -> Markup {
        if TimelineDrawing.right - end > 150 {
            return "<text class=\"label start\" x=\"\(at: end + 8)\" y=\"\(at: y + 14)\">\(words)</text>\n"
        }
        if start - TimelineDrawing.left > 150 {
            return "<text class=\"label end\" x=\"\(at: start - 8)\" y=\"\(at: y + 14)\">\(words)</text>\n"
        }
        return
            "<text class=\"label over\" x=\"\(at: (start + end) / 2)\" y=\"\(at: y + 14)\">\(words)</text>\n"
    }
}
