// The findings, gravest first, in the order of the log. The first so many; what is left out is counted, with the command
// that shows it.

internal import MunimentFormat

extension VerifyPage {
    /// Writes the section piece by piece: it is the one part of a page that may be long.
    func writeFindings(_ put: (Markup) throws(VerifyError) -> Void) throws(VerifyError) {
        try put("<section id=\"findings\">\n<h2>Findings</h2>\n")
        if report.findings.isEmpty { try put("<p>None.</p>\n") }
        var room = VerifyPage.findingCountMax
        for severity in Finding.Severity.allCases {
            let all = report.findings.lazy.filter { $0.severity == severity }
            let count = all.count
            guard count > 0 else { continue }
            try put(
                "<h3>\(Self.title(severity)) (\(PageText.count(count)))</h3>\n<p>\(Self.meaning(severity))</p>\n")
            let shown = min(room, count)
            if shown > 0 {
                try put(
                    "<table class=\"findings\">\n<thead><tr><th class=\"n\">No.</th><th>Code</th><th>Where</th><th>What</th></tr></thead>\n<tbody>\n"
                )
                for (number, finding) in all.prefix(shown).enumerated() { try put(row(finding, number + 1)) }
                try put("</tbody>\n</table>\n")
            }
            if shown < count {
                try put("<p>And \(PageText.count(count - shown)) more of this severity, not listed.</p>\n")
            }
            room -= shown
        }
        try put(omitted + "</section>\n\n")
    }

    private func row(_ finding: Finding, _ number: Int) -> Markup {
        var place: [Markup] = []
        if !finding.file.isEmpty { place.append("<bdi>\(finding.file)</bdi>") }
        if let offset = finding.offset { place.append("byte \(PageText.count(offset))") }
        if let index = finding.index { place.append("entry \(PageText.count(index))") }
        return
            "<tr class=\"\(finding.severity.rawValue)\"><td class=\"n\">\(PageText.count(number))</td><td><code>\(finding.code.rawValue)</code></td><td>\(Markup.joined(place, "<br>"))</td><td>\(finding.message)</td></tr>\n"
    }

    private var omitted: Markup {
        let counts = report.omittedCounts.sorted { $0.key.rawValue < $1.key.rawValue }
        let isCut = report.findings.count > VerifyPage.findingCountMax
        guard !counts.isEmpty || isCut else { return "" }
        var text: Markup = ""
        if !counts.isEmpty {
            let lines = counts.map { code, count -> Markup in
                "<li>\(PageText.count(count)) of <code>\(code.rawValue)</code></li>\n"
            }
            text +=
                "<p>Beyond those, so many findings were made and only counted:</p>\n<ul>\n" + .joined(lines) + "</ul>\n"
        }
        if isCut {
            text += "<p>This page lists the first \(PageText.count(VerifyPage.findingCountMax)) findings.</p>\n"
        }
        return text + "<p>All of them, a line each:</p>\n<pre>\(command) --json</pre>\n"
    }

    private static func title(_ severity: Finding.Severity) -> Markup {
        switch severity {
        case .error: "\u{2715} Errors"
        case .unattested: "? Unattested"
        case .notice: "i Notices"
        }
    }

    private static func meaning(_ severity: Finding.Severity) -> Markup {
        switch severity {
        case .error: "Bytes that contradict each other, what was signed, or the format; or that are lost."
        case .unattested: "Bytes that nothing trusted covers: they may be right, and nothing shows it."
        case .notice: "Worth knowing; they change no verdict."
        }
    }
}
