import Foundation
import Testing

/// The evidence page in a real browser. Without one these tests say so and pass; `make deps-browser` installs it.
@Suite(.serialized) struct EvidencePageTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    // MARK: A browser

    /// Opens a page until its script is done; nil, with a message, where there is no browser.
    /// Visits again where the browser's virtual time was over before its cryptography had answered, as on a machine that is busy.
    private func visit(_ path: String, key: String? = nil, opensAll: Bool = false) throws -> Browser.Visit? {
        var words = opensAll ? ["open"] : []
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._/"))
        if let key { words.append("key=" + (key.addingPercentEncoding(withAllowedCharacters: plain) ?? "")) }
        for attempt in 1...5 {
            let visit = try Browser(workspace: workspace).visit(
                path, fragment: words.joined(separator: "&"), budget: 60_000 * attempt)
            if visit == nil || visit?.verdict != nil || attempt == 5 { return visit }
        }
        return nil
    }

    // MARK: Pages

    private func page(_ archive: String, _ options: String...) throws -> String {
        let path = workspace.file("page.html")
        try? FileManager.default.removeItem(atPath: path)
        let result = try Command.run(["export", archive, path, "--html"] + options)
        #expect(result.status == 0, "\(result.errors)")
        return path
    }

    /// Changes bytes of the evidence that a page carries.
    private func change(_ path: String, _ body: (inout [UInt8]) throws -> Void) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let start = try #require(text.firstRange(of: "id=\"evidence\">\n")).upperBound
        let end = try #require(text[start...].firstRange(of: "</script>")).lowerBound
        let data = try #require(Data(base64Encoded: text[start..<end].filter { $0 != "\n" }))
        var bytes = [UInt8](data)
        try body(&bytes)
        let changed = text[..<start] + Data(bytes).base64EncodedString() + "\n" + text[end...]
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func aValidPageTurnsGreenWithTheReadersKey() throws {
        let (archive, key) = try workspace.archive()
        let mailbox = Samples.mailbox(30, seed: 3).mailbox
        #expect(try Command.run(["append", archive, "--format", "mbox"], input: mailbox).status == 0)
        let path = try page(archive, "--index", "4-20")
        // Nobody has said which key to trust.
        guard let untrusted = try visit(path) else { return }
        #expect(untrusted.verdict == "notEstablished" && untrusted.document.contains(key))
        let trusted = try visit(path, key: key, opensAll: true)
        #expect(trusted?.verdict == "intact" && trusted?.requests == [])
        // That the log's owner attests custody is only shown where their signature is trusted.
        let attested = "owner attests this in entry"
        #expect(!untrusted.custody.contains(attested) && trusted?.custody.contains(attested) == true)
        #expect(trusted?.document.contains("person3@example.com") == true)
        #expect(try trusted?.count("details") == 17)
        // Another log of the same name.
        let (_, other) = try workspace.archive("other")
        #expect(try visit(path, key: other)?.verdict == "tampered")
        let partial = try page(archive, "--index", "4-20", "--only", "from", "--unlogged")
        #expect(try visit(partial, key: key)?.verdict == "intact")
    }

    /// The digest at the end of the evidence, made right: then it is the other checks that must find a change.
    private func repair(_ bytes: inout [UInt8]) throws {
        let path = try workspace.write("prefix", bytes.dropLast(41))
        let digits = Array(try Command.shell("sha256sum '\(path)'").text.prefix(64))
        let digest = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
        bytes.replaceSubrange(bytes.count - 32..<bytes.count, with: digest)
    }

    @Test func oneChangedByteTurnsItRed() throws {
        let (archive, key) = try workspace.archive()
        let lines = Samples.lines((0..<12).map { Array("words of record \($0)".utf8) })
        #expect(try Command.run(["append", archive, "--format", "lines"], input: lines).status == 0)
        let path = try page(archive, "--index", "3-9")
        let whole = try workspace.read("page.html")
        guard try visit(path) != nil else { return }
        var places: [Int] = []
        try change(path) { bytes in
            places = (0..<12).map { (2 * $0 + 1) * bytes.count / 24 } + [30, bytes.count - 1]
        }
        for place in places {
            try workspace.write("page.html", whole)
            try change(path) { bytes in
                bytes[place] ^= 1
                if place < bytes.count - 41 { try repair(&bytes) }
            }
            #expect(try visit(path, key: key)?.verdict == "tampered", "byte \(place)")
        }
    }

    /// A purged record is shown with what the log states of its disposition, and with what the page does not judge.
    @Test func whatIsPurgedComesWithItsDisposition() throws {
        let (archive, key) = try workspace.archive()
        let rule = ["class", "set", archive, "brief", "--period", "P7Y", "--since", "occurred"]
        #expect(try Command.run(rule).status == 0)
        let lines = Samples.lines((0..<6).map { Array(#"{"at": "2001-02-03T04:05:0\#($0)Z"}"#.utf8) })
        let options = ["--format", "ndjson", "--class", "brief", "--time", "at"]
        #expect(try Command.run(["append", archive] + options, input: lines).status == 0)
        #expect(try Command.run(["hold", "place", archive, "Doe v. Roe", "--index", "5"]).status == 0)
        #expect(try Command.run(["compact", archive]).status == 0)
        let path = try page(archive, "--index", "3-8")
        guard let visit = try visit(path, key: key, opensAll: true) else { return }
        #expect(visit.verdict == "intact" && visit.requests.isEmpty, "\(visit.requests)")
        #expect(visit.document.matches(of: /purged by disposition \d+: it was destroyed/).count == 5)
        for words in [
            "5 records, by disposition", "class record 2 of brief", "Compliance clock", "proved", "matter 9 (proved)",
            "1 due records of the same segment", "key-encryption key is destroyed", "Not judged",
        ] { #expect(visit.document.contains(words), "\(words)") }
    }

    @Test func whatRecordsHoldStaysInert() throws {
        let (archive, key) = try workspace.archive()
        var lines = [
            #"<script>document.documentElement.dataset.pwned=1</script><img src=http://127.0.0.1:9/a onerror=alert(1)>"#,
            #"</script></pre></details><svg onload="document.documentElement.dataset.pwned=2"><iframe src=http://127.0.0.1:9/b>"#,
            #"--><style>*{background:url(http://127.0.0.1:9/c)}</style><link rel=stylesheet href=http://127.0.0.1:9/d>"#,
        ].map { Array($0.utf8) }
        if let shared = Samples.shared {
            for name in ["blns.txt", "utf8tests.txt"] {
                lines += try Samples.bytes("\(shared)/hostile-strings/\(name)").split(separator: 0x0a).map { Array($0) }
            }
            let mail = try Command.shell("find '\(shared)/hostile-email' -type f -size -1000k | sort").lines
            lines += try mail.map { try Samples.bytes($0) }
        } else {
            print("the shared hostile data are not here: the test's own alone are used")
        }
        let hostile = "<script>document.documentElement.dataset.pwned=3</script>"
        let appended = try Command.run(
            ["append", archive, "--format", "framed", "--stream", hostile], input: Samples.frames(lines))
        #expect(appended.status == 0, "\(appended.errors)")
        let path = try page(archive, "--where", "!k=\(hostile)")
        guard let visit = try visit(path, key: key, opensAll: true) else { return }
        #expect(visit.verdict == "intact" && visit.requests.isEmpty, "\(visit.requests)")
        #expect(!visit.document.contains("data-pwned"))
        // All of the elements are the page's own: one script and one block of data, nothing that loads or runs.
        #expect(try visit.count("script") == 2 && visit.count("style") == 1 && visit.count("meta") == 4)
        #expect(try visit.count("pre") == lines.count)
        for name in ["img", "svg", "iframe", "object", "embed", "link", "a", "base", "video", "audio"] {
            #expect(try visit.count(name) == 0, "\(name)")
        }
    }

    /// What the tests above look for would be seen: a page that does ask the network, and does run a script.
    @Test func theBrowserTellsWhatAPageDoes() throws {
        let path = try workspace.write(
            "control.html",
            Array(
                #"<!doctype html><html lang="en" data-verdict="none"><img src="http://127.0.0.1:9/x.png" onerror="document.documentElement.dataset.pwned=1">"#
                    .utf8))
        guard let visit = try visit(path) else { return }
        #expect(visit.requests.contains { $0.contains("127.0.0.1:9") } && visit.document.contains("data-pwned"))
        #expect(try visit.count("img") == 1)
    }
}

extension Browser.Visit {
    /// Who vouches for the custody, as the page shows it; empty where nothing is shown.
    fileprivate var custody: String {
        document.firstMatch(of: /id="custody-word"[^>]*>([^<]*)</).map { String($0.output.1) } ?? ""
    }
}
