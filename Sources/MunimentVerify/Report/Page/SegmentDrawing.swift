// The segments as a strip, coloured by the worst that was found in each, and marked so that the colour is not needed.

internal import MunimentFormat

extension VerifyPage {
    var segmentSection: Markup {
        guard let strip = report.facts.strip, !strip.cells.isEmpty else { return "" }
        let drawing = SegmentDrawing(strip)
        let coarse: Markup =
            strip.width == 1
            ? "Each cell is one segment."
            : "Each cell stands for \(PageText.count(strip.width)) neighbouring segments: at most \(SegmentMarks.cellCountMax) cells are drawn, and each shows the worst of its segments."
        let caption: Markup = """
            <figcaption>\(PageText.things(strip.segmentCount, "segment")), in the order of the log. \(coarse) \
            A thick lower edge: sealed. A bar at the top: written anew since, as purges do.</figcaption>

            """
        return VerifyPage.section(
            "segments", "The segments",
            "<figure>\n" + drawing.markup + SegmentDrawing.legend + caption + "</figure>\n" + table(strip))
    }

    /// The cells for whoever can't see the drawing: all of them where each is one segment, else those in which something
    /// was found.
    private func table(_ strip: SegmentStrip) -> Markup {
        let isWhole = strip.width == 1
        let listed = strip.cells.filter {
            isWhole || $0.found.errors + $0.found.unattested > 0 || $0.missingCount > 0
        }
        guard !listed.isEmpty else { return "<p>In no segment is there anything but notices.</p>\n" }
        let sealed: Markup =
            isWhole
            ? """
            <p>The proof of the record that binds a segment, its seal or a disposition's prepared record, binds a copy of it without the rest of the log: \
            <code>muniment prove STORE RECORD</code>, then <code>muniment verify SEGMENT --against PROOF</code>.</p>

            """ : ""
        return
            "<table>\n<thead><tr><th class=\"n\">Segment</th><th class=\"n\">First entry</th><th class=\"n\">Entries</th><th class=\"n\">Bound by record</th><th class=\"n\">Errors</th><th class=\"n\">Unattested</th><th class=\"n\">Notices</th></tr></thead>\n<tbody>\n"
            + .joined(listed.map { row($0, isWhole: isWhole) }) + "</tbody>\n</table>\n" + sealed
    }

    private func row(_ cell: SegmentStrip.Cell, isWhole: Bool) -> Markup {
        let last = cell.segments.upperBound - 1
        let name =
            isWhole ? PageText.count(last) : "\(PageText.count(cell.segments.lowerBound)) to \(PageText.count(last))"
        let sealed =
            isWhole
            ? cell.bindingIndex.map { PageText.count($0) } ?? "\u{2013}"
            : "\(PageText.count(cell.sealedCount)) of \(PageText.count(cell.segments.count))"
        let cells = [
            name, cell.firstIndex.map { PageText.count($0) } ?? "not there", PageText.count(cell.entryCount), sealed,
            PageText.count(cell.found.errors), PageText.count(cell.found.unattested),
            PageText.count(cell.found.notices),
        ]
        return "<tr>" + .joined(cells.map { "<td class=\"n\">\($0)</td>" }) + "</tr>\n"
    }
}

private struct SegmentDrawing {
    private static let width = 720.0
    private static let perRow = 48
    private static let rowHeight = 52.0
    private let strip: SegmentStrip

    init(_ strip: SegmentStrip) { self.strip = strip }

    var markup: Markup {
        let rows = (strip.cells.count + SegmentDrawing.perRow - 1) / SegmentDrawing.perRow
        // Few segments get wide cells, but not absurdly wide ones.
        let columns = min(SegmentDrawing.perRow, max(12, strip.cells.count))
        let cell = SegmentDrawing.width / Double(columns)
        var svg: Markup =
            "<svg viewBox=\"0 0 \(at: SegmentDrawing.width) \(at: Double(rows) * SegmentDrawing.rowHeight + 4)\" role=\"img\" aria-label=\"The segments of the log\">\n"
        svg += Patterns.definitions
        for (number, content) in strip.cells.enumerated() {
            svg += draw(
                content, x: Double(number % SegmentDrawing.perRow) * cell,
                y: Double(number / SegmentDrawing.perRow) * SegmentDrawing.rowHeight, width: cell,
                isLabelled: columns <= 16 || number % 8 == 0)
        }
        return svg + "</svg>\n"
    }

    private func draw(_ cell: SegmentStrip.Cell, x: Double, y: Double, width: Double, isLabelled: Bool) -> Markup {
        let state = CellState(cell)
        let (left, inner) = (x + 1, width - 2)
        var svg: Markup = "<g class=\"cell \(state.name)\"><title>\(title(cell, state))</title>"
        svg += "<rect x=\"\(at: left)\" y=\"\(at: y + 2)\" width=\"\(at: inner)\" height=\"30\"/>"
        if let pattern = state.pattern {
            svg +=
                "<rect class=\"hatch\" x=\"\(at: left)\" y=\"\(at: y + 2)\" width=\"\(at: inner)\" height=\"30\" fill=\"url(#\(pattern))\"/>"
        }
        if cell.rewrittenCount > 0 {
            svg +=
                "<rect class=\"bar\" x=\"\(at: left + 2)\" y=\"\(at: y + 4)\" width=\"\(at: inner - 4)\" height=\"3\"/>"
        }
        if cell.presentCount > 0, cell.sealedCount == cell.presentCount {
            svg += "<rect class=\"bar\" x=\"\(at: left)\" y=\"\(at: y + 32)\" width=\"\(at: inner)\" height=\"4\"/>"
        }
        if !state.sign.text.isEmpty {
            svg += "<text class=\"sign\" x=\"\(at: x + width / 2)\" y=\"\(at: y + 23)\">\(state.sign)</text>"
        }
        if isLabelled {
            svg +=
                "<text class=\"label\" x=\"\(at: x + width / 2)\" y=\"\(at: y + 48)\">\(PageText.count(cell.segments.lowerBound))</text>"
        }
        return svg + "</g>\n"
    }

    private func title(_ cell: SegmentStrip.Cell, _ state: CellState) -> Markup {
        let name =
            cell.segments.count == 1
            ? "Segment \(PageText.count(cell.segments.lowerBound))"
            : "Segments \(PageText.count(cell.segments.lowerBound)) to \(PageText.count(cell.segments.upperBound - 1))"
        return
            "\(name): \(state.words); \(PageText.things(cell.entryCount, "entry", plural: "entries")), \(PageText.things(cell.found.errors, "error")), \(PageText.count(cell.found.unattested)) unattested, \(PageText.things(cell.found.notices, "notice"))"
    }

    static let legend: Markup = {
        var svg: Markup = "<svg viewBox=\"0 0 720 52\" role=\"img\" aria-label=\"Legend\" class=\"legend\">\n"
        for (number, state) in CellState.allCases.enumerated() {
            let (x, y) = (Double(number % 3) * 240, Double(number / 3) * 25)
            svg +=
                "<g class=\"cell \(state.name)\"><rect x=\"\(at: x + 1)\" y=\"\(at: y + 3)\" width=\"26\" height=\"18\"/>"
            if let pattern = state.pattern {
                svg +=
                    "<rect class=\"hatch\" x=\"\(at: x + 1)\" y=\"\(at: y + 3)\" width=\"26\" height=\"18\" fill=\"url(#\(pattern))\"/>"
            }
            svg += "<text class=\"sign\" x=\"\(at: x + 14)\" y=\"\(at: y + 17)\">\(state.sign)</text></g>"
            svg += "<text class=\"key\" x=\"\(at: x + 34)\" y=\"\(at: y + 16)\">\(state.words)</text>\n"
        }
        return svg + "</svg>\n"
    }()
}

/// What a cell shows: the worst of what was found there.
private enum CellState: CaseIterable {
    case sound
    case open
    case notice
    case unattested
    case error
    case missing

    init(_ cell: SegmentStrip.Cell) {
        self =
            cell.found.errors > 0
            ? .error
            : cell.missingCount > 0
                ? .missing
                : cell.found.unattested > 0
                    ? .unattested
                    : cell.found.notices > 0 ? .notice : cell.sealedCount < cell.presentCount ? .open : .sound
    }

    var name: Markup {
        switch self {
        case .sound: "sound"
        case .open: "open"
        case .notice: "notice"
        case .unattested: "unattested"
        case .error: "error"
        case .missing: "missing"
        }
    }

    var words: String {
        switch self {
        case .sound: "sealed, nothing found"
        case .open: "not sealed yet"
        case .notice: "notices only"
        case .unattested: "unattested bytes"
        case .error: "errors"
        case .missing: "not there"
        }
    }

    var sign: Markup {
        switch self {
        case .sound, .open: ""
        case .notice: "i"
        case .unattested: "?"
        case .error: "\u{2715}"
        case .missing: "\u{2013}"
        }
    }

    var pattern: Markup? {
        switch self {
        case .error: "hatch-error"
        case .unattested: "hatch-dots"
        default: nil
        }
    }
}

/// Fills that tell cells apart in black and white.
enum Patterns {
    static let definitions: Markup = """
        <defs>
        <pattern id="hatch-error" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch-line" d="M0 0V7"/></pattern>
        <pattern id="hatch-dots" width="6" height="6" patternUnits="userSpaceOnUse"><circle class="hatch-dot" cx="3" cy="3" r="1"/></pattern>
        <pattern id="hatch-hold" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><path class="hold-line" d="M0 0V6"/></pattern>
        </defs>

        """
}
