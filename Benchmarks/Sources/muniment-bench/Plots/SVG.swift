// A small writer of SVG: elements, text, one style sheet that serves light and dark pages.

/// An SVG document in the making. Colours come from classes, never from attributes, so that the style sheet alone decides them.
struct SVG {
    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

    enum Anchor: String {
        case start
        case middle
        case end
    }

    mutating func text(
        _ text: String, x: Double, y: Double, class name: String, anchor: Anchor = .start, rotated: Bool = false
    ) {
        let turn = rotated ? " transform=\"rotate(-90 \(SVG.number(x)) \(SVG.number(y)))\"" : ""
        body +=
            "<text x=\"\(SVG.number(x))\" y=\"\(SVG.number(y))\" class=\"\(name)\" text-anchor=\"\(anchor.rawValue)\"\(turn)>"
        body += SVG.escaped(text) + "</text>\n"
    }

    mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, class name: String) {
        body +=
            "<line x1=\"\(SVG.number(x1))\" y1=\"\(SVG.number(y1))\" x2=\"\(SVG.number(x2))\" y2=\"\(SVG.number(y2))\" "
        body += "class=\"\(name)\"/>\n"
    }

    mutating func rectangle(x: Double, y: Double, width: Double, height: Double, class name: String, radius: Double = 0)
    {
        body += "<rect x=\"\(SVG.number(x))\" y=\"\(SVG.number(y))\" width=\"\(SVG.number(max(0, width)))\" "
        body += "height=\"\(SVG.number(max(0, height)))\" rx=\"\(SVG.number(radius))\" class=\"\(name)\"/>\n"
    }

    mutating func circle(x: Double, y: Double, radius: Double, class name: String) {
        body +=
            "<circle cx=\"\(SVG.number(x))\" cy=\"\(SVG.number(y))\" r=\"\(SVG.number(radius))\" class=\"\(name)\"/>\n"
    }

    mutating func path(_ points: [(x: Double, y: Double)], class name: String) {
        guard !points.isEmpty else { return }
        let steps = points.enumerated().map { place, point in
            "\(place == 0 ? "M" : "L")\(SVG.number(point.x)) \(SVG.number(point.y))"
        }
        body += "<path d=\"\(steps.joined(separator: " "))\" class=\"\(name)\"/>\n"
    }

    /// The document. `title` is what a reader of the screen says.
    func document(title: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(SVG.number(width)) \(SVG.number(height))" \
        width="\(SVG.number(width))" height="\(SVG.number(height))" role="img" aria-label="\(SVG.escaped(title))">
        <style>\(SVG.styleSheet)</style>
        <rect width="100%" height="100%" class="page"/>
        \(body)</svg>

        """
    }

    /// Colours that differ in lightness too, so that they are told apart without hue and in print.
    private static let styleSheet = """
        svg{--page:#fff;--ink:#1d2430;--soft:#5b6675;--grid:#e3e7ec;--subject:#1f6feb;--subject2:#0b3f91;--peer:#aab4c0;--limit:#c2410c;--good:#1a7f4b}
        @media(prefers-color-scheme:dark){svg{--page:#11161d;--ink:#e7ecf2;--soft:#9aa6b4;--grid:#2a323d;--subject:#58a6ff;--subject2:#a5d0ff;\
        --peer:#5c6876;--limit:#ff9552;--good:#4cc38a}}
        text{font-family:Inter,"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;font-size:14px;fill:var(--ink)}
        .page{fill:var(--page)}.title{font-size:21px;font-weight:600}.subtitle,.tick,.note{fill:var(--soft)}.tick,.note{font-size:12px}
        .value{font-variant-numeric:tabular-nums;font-weight:600}.ratio{fill:var(--soft);font-size:13px}
        .grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
        .subject{fill:var(--subject)}.peer{fill:var(--peer)}.bound{fill:var(--limit)}
        .whisker{stroke:var(--ink);stroke-width:1.4}
        .limit{stroke:var(--limit);stroke-width:1.4;stroke-dasharray:5 4}.limitText{fill:var(--limit);font-size:12px}
        .line1,.line2,.line3,.line4{fill:none;stroke-width:2.2;stroke-linejoin:round}
        .line1{stroke:var(--subject)}.line2{stroke:var(--limit)}.line3{stroke:var(--good)}.line4{stroke:var(--soft)}
        .dot1{fill:var(--subject)}.dot2{fill:var(--limit)}.dot3{fill:var(--good)}.dot4{fill:var(--soft)}
        .label1{fill:var(--subject);font-weight:600}.label2{fill:var(--limit);font-weight:600}
        .label3{fill:var(--good);font-weight:600}.label4{fill:var(--soft);font-weight:600}
        .event{stroke:var(--grid);stroke-width:1}.span{fill:var(--limit);opacity:.14}
        """

    /// At most two decimal places, and none that say nothing.
    static func number(_ value: Double) -> String {
        let scaled = (value * 100).rounded() / 100
        return scaled == scaled.rounded() ? String(Int(scaled)) : String(scaled)
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// Breaks a text into lines between words.
    static func lines(_ text: String, width: Double, size: Double) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, SVG.width(last + " " + word, size: size) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// About how wide a text is, for lack of a font: good enough to keep labels apart.
    static func width(_ text: String, size: Double = 14) -> Double { Double(text.count) * size * 0.56 }
}
