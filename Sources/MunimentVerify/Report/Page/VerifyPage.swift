// The report of a verification as one page, for whoever must be convinced and was not there: self-contained, readable on
// paper, in black and white, without a script. The policy in the page allows its own style and nothing else.

internal import MunimentCrypto
internal import MunimentFormat
public import MunimentNote

/// A report as a page for a browser, and for paper.
public struct VerifyPage: Sendable {
    /// What was given to the verification, and when. It stands in the page as given.
    public struct Circumstances: Sendable {
        /// What was verified.
        public var path: String
        /// The keys that were to be trusted, the log's or not.
        public var trustedKeys: [VerifierKey] = []
        /// Where the checkpoint from outside came from; nil for none.
        public var against: String?
        /// The keys directory; nil where contents were not to be opened.
        public var keysDirectory: String?
        public var jobs: Int = 1
        /// The program and its version.
        public var tool: String
        /// When the verification began, in microseconds since 1970-01-01T00:00:00Z.
        public var time: Int64

        public init(path: String, tool: String, time: Int64) {
            (self.path, self.tool, self.time) = (path, tool, time)
        }
    }

    /// The most findings that are listed; the rest are counted.
    public static let findingCountMax = 10_000

    let report: VerifyReport
    let given: Circumstances

    public init(_ report: VerifyReport, _ circumstances: Circumstances) {
        (self.report, given) = (report, circumstances)
    }

    /// Writes the page to `file`, where nothing may be yet: whole or not at all, readable by its owner alone. Blocks.
    /// Throws `usage` where something is there, `io` where the system refuses.
    public func write(to file: String) throws(VerifyError) {
        let target = try PageFile(file)
        do throws(VerifyError) {
            try write { bytes throws(VerifyError) in try target.append(bytes) }
            try target.finish()
        } catch {
            target.abandon()
            throw error
        }
    }

    /// The page, piece by piece, to `sink`. Memory does not grow with the page.
    func write(_ sink: ([UInt8]) throws(VerifyError) -> Void) throws(VerifyError) {
        var buffer: [UInt8] = []
        func put(_ markup: Markup) throws(VerifyError) {
            buffer.append(contentsOf: markup.text.utf8)
            guard buffer.count >= 64 << 10 else { return }
            try sink(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        try put(head)
        for section in [
            verdictSection, subjectSection, summarySection, treeSection, proofSection, segmentSection, timelineSection,
            dispositionSection,
        ] {
            try put(section)
        }
        try writeFindings(put)
        for section in [countSection, meaningSection, repeatSection] { try put(section) }
        try put("</main>\n</body>\n</html>\n")
        try sink(buffer)
    }

    private var head: Markup {
        let digest = Base64.string(SHA256.hash(Array(PageStyle.text.text.utf8)).bytes)
        return """
            <!DOCTYPE html>
            <html lang="en" data-verdict="\(report.verdict.rawValue)">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-\(digest)'; \
            base-uri 'none'; form-action 'none'">
            <meta name="referrer" content="no-referrer">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Verification report: \(VerdictWords.title(report.verdict))</title>
            <style>\(PageStyle.text)</style>
            </head>
            <body>
            <main>
            <header>
            <p class="kind">Verification report</p>
            <h1><bdi>\(report.origin ?? given.path)</bdi></h1>
            <p class="sub">\(VerdictWords.subject(report.subject)), checked on \(PageText.time(given.time)) by \(given.tool)</p>
            </header>

            """
    }

    /// A section with a heading.
    static func section(_ id: Markup, _ title: Markup, _ body: Markup) -> Markup {
        "<section id=\"\(id)\">\n<h2>\(title)</h2>\n\(body)</section>\n\n"
    }

    /// A list of names and values.
    static func list(_ rows: [(Markup, Markup)]) -> Markup {
        "<dl>\n" + .joined(rows.map { "<dt>\($0)</dt><dd>\($1)</dd>\n" }) + "</dl>\n"
    }
}
