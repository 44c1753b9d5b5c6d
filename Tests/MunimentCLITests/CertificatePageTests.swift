import Foundation
import Testing

/// The certificate's page in a real browser, on the screen and on paper. Without one these tests say so and pass; `make deps-browser` installs it.
@Suite(.serialized) struct CertificatePageTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    /// The headings and values that a reader sees, in order.
    private static func shown(_ document: String) -> [[String]] {
        func plain(_ text: Substring) -> String {
            var text = String(text)
            for (entity, character) in [
                ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&amp;", "&"),
            ] {
                text = text.replacingOccurrences(of: entity, with: character)
            }
            return text
        }
        return document.matches(of: /<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/).map {
            [plain($0.output.1), plain($0.output.2)]
        }
    }

    private struct Facts: Decodable {
        var origin: String
        var disposition: UInt64
        var lines: [[String]]
        var proofs: [String]
    }

    /// The certificate of an archive's newest disposition: its page, and what the JSON says.
    private func certificate(_ archive: String) throws -> (page: String, facts: Facts) {
        let line = try #require(try Command.run(["dispositions", archive]).text.split(separator: "\n").last)
        let disposition = try #require(line.split(whereSeparator: { !$0.isNumber }).first)
        let page = try Command.run(["certificate", archive, String(disposition), "--html"])
        let json = try Command.run(["certificate", archive, String(disposition), "--json"])
        #expect(page.status == 0 && json.status == 0, "\(page.errors)\(json.errors)")
        let facts = try JSONDecoder().decode(Facts.self, from: Data(json.text.utf8))
        return (try workspace.write("certificate.html", Array(page.text.utf8)), facts)
    }

    private func run(_ arguments: [String], _ input: String = "") throws {
        let result = try Command.run(arguments, input: Array(input.utf8))
        #expect(result.status == 0, "\(arguments): \(result.errors)")
    }

    /// Records that are due in a class of that name.
    private func append(_ count: Int, to archive: String, _ name: String) throws {
        let lines = (0..<count).map { "{\"n\":\($0),\"at\":\"2001-02-03T04:05:06Z\"}\n" }.joined()
        try run(["append", archive, "--format", "ndjson", "--class", name, "--time", "at"], lines)
    }

    private func setClass(_ archive: String, _ name: String) throws {
        try run(["class", "set", archive, name, "--period", "P7Y", "--since", "occurred", "--mode", "governance"])
    }

    /// Whether two verifiers come to the same: the page is what it was.
    private func expectIntact(_ page: String, _ key: String) throws {
        #expect(try Command.run(["verify", page, "--key", key]).status == 0)
    }

    /// What every page must be.
    private func expectGood(_ page: String, _ facts: Facts, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let browser = Browser(workspace: workspace)
        guard let visit = try browser.visit(page) else { return }
        let document = visit.document
        #expect(visit.requests == [], sourceLocation: sourceLocation)
        let shown = Self.shown(document)
        #expect(shown == facts.lines, sourceLocation: sourceLocation)
        #expect(shown.contains(["Log", facts.origin]), sourceLocation: sourceLocation)
        #expect(shown.contains(["Disposition", "record \(facts.disposition)"]), sourceLocation: sourceLocation)
        // One script, which is data, and nothing but the page's own elements.
        let allowed = ["html", "head", "meta", "title", "style", "body", "h1", "dl", "dt", "dd", "p", "script"]
        let body = document.replacing(/<script type="application\/json"[\s\S]*<\/script>/, with: "<script>")
        let elements = Set(body.matches(of: /<([a-zA-Z][a-zA-Z0-9]*)/).map { String($0.output.1).lowercased() })
        #expect(elements.subtracting(allowed).isEmpty, "\(elements)", sourceLocation: sourceLocation)
        #expect(document.matches(of: /<script/).count == 1, sourceLocation: sourceLocation)
        #expect(document.contains("<title>Certificate of destruction</title>"), sourceLocation: sourceLocation)
        #expect(try browser.sheetCount(page) == 1, "it fills more than one sheet", sourceLocation: sourceLocation)
    }

    @Test func oneCompletePageThatFetchesNothing() throws {
        let (archive, key) = try workspace.archive()
        try setClass(archive, "mail")
        try append(300, to: archive, "mail")
        let secrets = ["Doe v. Roe <b>", "the \"reason\" <script>document.title='x'</script>"]
        try run(["hold", "place", archive, secrets[0], "--where", "n=5"])
        try run(["hold", "place", archive, "Audit", "--index", "20-40"])
        try run(["erase", archive, "60", "--reason", secrets[1]])
        try run(["compact", archive])
        let (page, facts) = try certificate(archive)
        try expectGood(page, facts)
        try expectIntact(page, key)
        // What is private is in no spelling of it.
        let text = try String(contentsOfFile: page, encoding: .utf8)
        for secret in ["Doe", "Audit", "reason"] { #expect(!text.contains(secret)) }
    }

    /// As many rules, holds, erasures and segments as it lists, and more, each as long as it gets.
    @Test func theLongestIsOnePageStill() throws {
        let (archive, key) = try workspace.archive()
        let names = (0..<14).map { String(UnicodeScalar(0x41 + UInt8($0))) + String(repeating: "\u{200b}", count: 21) }
        for (number, name) in names.enumerated() {
            try setClass(archive, name)
            for _ in 0..<2 { try append(20, to: archive, name) }
            try run([
                "hold", "place", archive, "matter \(number)", "--index", "\(number * 3 + 900)-\(number * 3 + 901)",
            ])
            // Ranges with holes.
            let first = 20 + number * 50
            for hole in 0..<3 { try run(["hold", "place", archive, "hole", "--index", "\(first + hole * 5)"]) }
            if number % 2 == 0 { try run(["checkpoint", archive]) }
        }
        try run(["compact", archive])
        let (page, facts) = try certificate(archive)
        #expect(
            facts.lines.filter { $0[0] == "Rule" }.count == 13
                && facts.lines.filter { $0[0] == "Hold in force" }.count == 13)
        try expectGood(page, facts)
        try expectIntact(page, key)
    }

    /// The one thing in it that a user writes is the name of a class.
    @Test func hostileNamesAreInert() throws {
        var names = [
            "<script>document.title='x'</script>", "</script><script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "<svg/onload=fetch('//example.com')>", "</dd></dl><h1>Not destroyed</h1>", "&lt;b&gt;&amp;", "<!--", "]]>",
            "{{7*7}}",
            "\u{202e}drawkcab\u{202c}", "a\u{1b}[31mb\u{7f}c", "<a href=//example.com>", "javascript:alert(1)",
            "'\"`$(id)`",
        ]
        let strings = Samples.shared.map { $0 + "/data/hostile-strings/blns.json" }
        if let strings,
            let all = try? JSONDecoder().decode([String].self, from: Data(contentsOf: URL(fileURLWithPath: strings)))
        {
            let fitting = all.filter { (1...64).contains($0.utf8.count) && ($0.contains("<") || $0.contains("&")) }
            names += stride(from: 0, to: fitting.count, by: max(1, fitting.count / 20)).map { fitting[$0] }
        } else {
            print("skipped in part: there are no hostile strings in ../shared/data")
        }
        var seen: Set<String> = []
        for (number, batch) in stride(from: 0, to: names.count, by: 11).map({
            Array(names[$0..<min($0 + 11, names.count)])
        }).enumerated() {
            let (archive, key) = try workspace.archive("hostile\(number)")
            for name in batch where seen.insert(name).inserted {
                guard
                    try Command.run(["class", "set", archive, name, "--period", "P7Y", "--since", "occurred"]).status
                        == 0
                else {
                    continue
                }
                try append(1, to: archive, name)
            }
            try run(["compact", archive])
            let (page, facts) = try certificate(archive)
            try expectGood(page, facts)
            try expectIntact(page, key)
        }
        #expect(seen.count > 12)
    }
}
