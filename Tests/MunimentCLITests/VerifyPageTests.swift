// `verify --html` in a real browser: what it says, that nothing of what was verified is markup, and that it asks nobody.

import Foundation
import Testing

@Suite(.serialized) struct VerifyPageTests {
    private let workspace: Workspace
    private let browser: Browser

    init() throws {
        workspace = try Workspace()
        browser = Browser(workspace: workspace)
    }

    /// A page, and what the same verification says as JSON.
    private struct Outcome {
        let visit: Browser.Visit
        let findings: [[String: Any]]
        let last: [String: Any]
        let source: String
    }

    /// Verifies twice, as a page and as JSON; opens the page. Nil where there is no browser.
    private func verify(_ path: String, _ options: [String], status: Int32) throws -> Outcome? {
        let page = workspace.file("report-\(UUID().uuidString).html")
        let written = try Command.run(["verify", path, "--html", page] + options)
        #expect(written.status == status, "\(written.text)\(written.errors)")
        let attributes = try FileManager.default.attributesOfItem(atPath: page)
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
        let objects = try Command.run(["verify", path, "--json"] + options).objects
        let last = try #require(objects.last)
        let source = try String(contentsOfFile: page, encoding: .utf8)
        guard let visit = try browser.visit(page) else { return nil }
        #expect(visit.requests.isEmpty, "\(visit.requests)")
        #expect(visit.verdict == last["verdict"] as? String)
        // All of the elements are the page's own, and none of them runs or loads anything.
        for name in [
            "script", "img", "iframe", "object", "embed", "link", "a", "base", "video", "form", "foreignObject",
        ] {
            #expect(try visit.count(name) == 0, "\(name)")
        }
        #expect(try visit.count("style") == 1 && visit.count("meta") == 4 && visit.count("main") == 1)
        #expect(!visit.document.contains("data-pwned"))
        // The policy lets the page's own style work.
        #expect(source.contains("default-src 'none'; style-src 'sha256-"))
        return Outcome(visit: visit, findings: objects.dropLast(), last: last, source: source)
    }

    /// Every finding is in the document: code, sentence, place.
    private func expectAllFindings(_ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let rows = outcome.visit.document.matches(of: /<tr class="(error|unattested|notice)">/)
        #expect(rows.count == outcome.findings.count, sourceLocation: sourceLocation)
        let text = outcome.visit.text
        for finding in outcome.findings {
            let code = try #require(finding["finding"] as? String)
            let message = try #require(finding["message"] as? String)
            #expect(text.contains(code), sourceLocation: sourceLocation)
            #expect(
                text.contains(message.replacing(/\s+/, with: " ")), "\(message)", sourceLocation: sourceLocation)
        }
    }

    private func mailArchive(_ count: Int = 60) throws -> (path: String, key: String) {
        let (archive, key) = try workspace.archive()
        let mailbox = Samples.mailbox(count, seed: 11).mailbox
        #expect(try Command.run(["append", archive, "--format", "mbox"], input: mailbox).status == 0)
        return (archive, key)
    }

    // MARK: Verdicts

    @Test func anIntactArchive() throws {
        let (archive, key) = try mailArchive()
        guard let outcome = try verify(archive, ["--key", key], status: 0) else { return }
        #expect(outcome.visit.verdict == "intact")
        try expectAllFindings(outcome)
        let root = try #require(outcome.last["root"] as? String)
        let digits = try #require(Data(base64Encoded: root)).map { String(format: "%02x", $0) }.joined()
        for word in [
            key, root, digits, "example.com/test", archive, "62 entries", "60 of users", "muniment 0.1.0",
            "python3 Format/verify.py", "What was checked", "No hold was ever placed", "Nothing was left unestablished",
        ] { #expect(outcome.visit.text.contains(word), "\(word)") }
        // 62 = 32 + 16 + 8 + 4 + 2 entries: the frontier has five subtrees.
        #expect(outcome.visit.document.matches(of: /<g class="node root/).count == 1)
        #expect(outcome.visit.document.matches(of: /<td><code>[0-9a-f]{64}<\/code><\/td>/).count == 5)
        #expect(outcome.visit.document.matches(of: /<g class="cell [a-z]+"><title>/).count == 1)
    }

    @Test func aTamperedArchive() throws {
        let (archive, key) = try mailArchive()
        let segment = "archive/segments/0000/000000000000-0000.seg"
        var bytes = try workspace.read(segment)
        for place in stride(from: 5_000, to: bytes.count, by: bytes.count / 9) { bytes[place] ^= 0x40 }
        try workspace.write(segment, bytes)
        try workspace.write("archive/tree/03", [UInt8](repeating: 1, count: 64))
        guard let outcome = try verify(archive, ["--key", key], status: 1) else { return }
        #expect(outcome.visit.verdict == "tampered" && outcome.findings.count > 3)
        try expectAllFindings(outcome)
        #expect(outcome.visit.document.matches(of: /<g class="cell error"><title>/).count == 1)
        #expect(outcome.visit.text.contains("Tampered"))
    }

    @Test func anArchiveOfWhichLittleIsEstablished() throws {
        let (archive, key) = try mailArchive()
        for options in [[], ["--key", key, "--keys", workspace.file("absent")]] {
            guard let outcome = try verify(archive, options, status: 2) else { return }
            #expect(outcome.visit.verdict == "notEstablished")
            try expectAllFindings(outcome)
            let text = outcome.visit.text
            #expect(text.contains("What was not established, and why"))
            #expect(text.contains("No key was trusted") == options.isEmpty)
        }
    }

    // MARK: Holds and dispositions

    @Test func holdsAndDispositionsAreTold() throws {
        let (archive, key) = try workspace.archive()
        let setUp: [[String]] = [["class", "set", archive, "mail", "--period", "P7Y", "--since", "occurred"]]
        for command in setUp { #expect(try Command.run(command).status == 0) }
        let lines = (0..<30).map {
            #"{"from":"person\#($0 % 3)@example.com","at":"2001-01-01T00:00:00Z"}"#
        }.joined(separator: "\n")
        let appended = try Command.run(
            ["append", archive, "--format", "ndjson", "--class", "mail", "--attr", "from=from", "--time", "at"],
            input: Array(lines.utf8))
        #expect(appended.status == 0)
        for command in [
            ["hold", "place", archive, "A v. B", "--index", "3-7"],
            ["hold", "place", archive, "Zebra", "--where", "from=person1@example.com"],
            ["compact", archive],
            ["hold", "release", archive, "A v. B", "--reason", "settled"],
            ["compact", archive],
        ] { #expect(try Command.run(command).status == 0, "\(command)") }
        guard let outcome = try verify(archive, ["--key", key], status: 0) else { return }
        try expectAllFindings(outcome)
        let (document, text) = (outcome.visit.document, outcome.visit.text)
        #expect(document.matches(of: /<g class="hold( restricted)?">/).count == 2)
        #expect(document.matches(of: /<g class="hold restricted">/).count == 1)
        #expect(document.matches(of: /<g class="run completed">/).count == 2)
        #expect(document.matches(of: /<table class="disposition">/).count == 2)
        for word in [
            "placed, released", "placed, in force", "class mail : P7Y since occurred, governance",
            "decided by sealed conditions", "each purged record was due", "public scope",
            "the key-encryption key is destroyed",
        ] { #expect(text.contains(word), "\(word)") }
        // The names of matters are content, which this report has no business with.
        #expect(!text.contains("A v. B") && !text.contains("Zebra"))
        let purged = try #require(outcome.last["purged"] as? Int)
        #expect(purged == 20 && text.contains("\(purged) records, by dispositions"))
    }

    // MARK: Hostile bytes

    @Test func whatWasVerifiedStaysInert() throws {
        let mark = "document.documentElement.dataset.pwned=1"
        let scripts = [
            "<script>\(mark)</script>", "<img/src=x/onerror=\(mark)>", "</code></td><svg/onload=\(mark)>",
            "\"><iframe/src=http://127.0.0.1:9/>", "x--></style></title></head><script>\(mark)</script>",
            "{{\(mark)}}", "'-\(mark)-'", "<base/href=http://127.0.0.1:9/>",
        ]
        let (archive, key) = try workspace.archive("<script>'\"&\u{202E}", origin: scripts[4])
        for (number, script) in scripts.enumerated() {
            let name = String(decoding: script.utf8.prefix(60), as: UTF8.self) + "\(number)"
            #expect(
                try Command.run(["class", "set", archive, name, "--period", "P1D", "--since", "occurred"]).status == 0)
            let line = #"{"at":"2001-01-01T00:00:00Z"}"#
            let appended = try Command.run(
                ["append", archive, "--format", "ndjson", "--class", name, "--time", "at", "--stream", script],
                input: Array(line.utf8))
            #expect(appended.status == 0, "\(appended.errors)")
            #expect(try Command.run(["hold", "place", archive, script, "--where", "from=x"]).status == 0)
        }
        var payloads = scripts.map { Array($0.utf8) }
        if let shared = Samples.shared {
            for name in ["blns.txt", "utf8tests.txt"] {
                payloads += try Samples.bytes("\(shared)/hostile-strings/\(name)").split(separator: 0x0a).map {
                    Array($0)
                }
            }
            let mail = try Command.shell("find '\(shared)/hostile-email' -type f -size -1000k | sort").lines
            payloads += try mail.map { try Samples.bytes($0) }
        } else {
            print("the shared hostile data are not here: the test's own alone are used")
        }
        #expect(
            try Command.run(["append", archive, "--format", "framed"], input: Samples.frames(payloads)).status == 0)
        #expect(try Command.run(["compact", archive]).status == 0)
        // Names of files that do not belong: the page lists them.
        for (number, script) in scripts.enumerated() {
            let name = script.replacing("/", with: "\u{2215}") + "\n\u{202E}\u{1B}[31m\(number)"
            _ = FileManager.default.createFile(atPath: archive + "/" + name, contents: Data())
        }
        guard let outcome = try verify(archive, ["--key", key], status: 2) else { return }
        #expect(outcome.findings.filter { $0["finding"] as? String == "file.foreign" }.count == scripts.count)
        #expect(outcome.findings.filter { $0["finding"] as? String == "content.purged" }.count == 1)
        let rows = outcome.visit.document.matches(of: /<tr class="(error|unattested|notice)">/)
        #expect(rows.count == outcome.findings.count)
        // They are there to be read, and what hides is spelt out.
        for script in scripts { #expect(outcome.visit.text.contains(String(script.prefix(30))), "\(script)") }
        #expect(outcome.source.contains("\\u{a}\\u{202e}\\u{1b}[31m"))
        for hidden in ["\u{202E}", "\u{1B}"] {
            #expect(!outcome.source.unicodeScalars.contains(hidden.unicodeScalars.first!))
        }
    }

    /// What the tests above look for would be seen: a page that does ask the network, and does run a script.
    @Test func theBrowserTellsWhatAPageDoes() throws {
        let page =
            #"<!doctype html><img src="http://127.0.0.1:9/x.png" onerror="document.documentElement.dataset.pwned=1">"#
        guard let visit = try browser.visit(try workspace.write("control.html", page.utf8)) else { return }
        #expect(visit.requests.contains { $0.contains("127.0.0.1:9") } && visit.document.contains("data-pwned"))
        #expect(try visit.count("img") == 1)
    }

    // MARK: What is no store

    @Test func everySubjectHasItsPage() throws {
        let (archive, key) = try mailArchive()
        let (tiles, evidence) = (workspace.file("tiles"), workspace.file("evidence"))
        let older = try workspace.write("older", Command.run(["checkpoint", archive]).output)
        #expect(try Command.run(["export", archive, evidence, "--index", "4-9", "--only", "from"]).status == 0)
        #expect(try Command.run(["tiles", archive, tiles]).status == 0)
        let newer = try workspace.write("request", Command.run(["prove", archive, "--from", "62"]).output)
        let proof = try workspace.write("proof", Command.run(["prove", archive, "9"]).output)
        let cases: [(path: String, options: [String], status: Int32, words: [String])] = [
            (tiles, [], 0, ["A directory of tiles", "The frontier", "Stored nodes"]),
            (proof, [], 0, ["From the entry to the root", "Entry 9 of", "Proofs"]),
            (evidence, [], 0, ["Custody", "attested by the log in its entry", "only from", "--index 4-9"]),
            (older, [], 0, ["A checkpoint", "The second verifier reads whole logs"]),
            (
                newer, ["--against", older], 0,
                ["A checkpoint from outside, of size 62", "Proofs", "the checkpoint in "]
            ),
            (archive + "/segments/0000/000000000000-0000.seg", [], 2, ["One segment of a log", "stands alone"]),
        ]
        for (path, options, status, words) in cases {
            guard let outcome = try verify(path, ["--key", key] + options, status: status) else { return }
            try expectAllFindings(outcome)
            for word in words { #expect(outcome.visit.text.contains(word), "\(path): \(word)") }
        }
    }

    @Test func aPageTakesNobodysPlace() throws {
        let (archive, key) = try mailArchive(5)
        let page = try workspace.write("report.html", Array("mine".utf8))
        for refused in [page, archive + "/report.html", archive + ".keys/report.html", workspace.file("absent/r.html")]
        {
            let result = try Command.run(["verify", archive, "--key", key, "--html", refused])
            #expect(result.status == 64 && result.output.isEmpty, "\(refused): \(result.text)\(result.errors)")
        }
        #expect(try workspace.read("report.html") == Array("mine".utf8))
        #expect(try Command.run(["verify", archive, "--key", key]).status == 0)
        #expect(try Command.run(["verify", archive, "--json", "--html", workspace.file("r")]).status == 64)
    }
}
