// A page in a real browser: what its document is once it has been read, and what it asked the network for. Where there is
// no browser, tests say so and pass; `make deps-browser` installs it.

import Foundation
import Testing

/// Chromium, without a window.
struct Browser {
    let workspace: Workspace

    private static let path: String? = {
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let paths = names.flatMap { name in folders.map { "\($0)/\(name)" } }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// What became of a page.
    struct Visit {
        let document: String
        let requests: [String]

        var verdict: String? {
            document.firstMatch(of: /<html lang="en" data-verdict="([A-Za-z]+)"/).map { String($0.output.1) }
        }

        /// How many elements of a name there are.
        func count(_ name: String) throws -> Int { document.matches(of: try Regex("<\(name)\\b")).count }

        /// The document's text: no markup, no references, white space as one blank.
        var text: String {
            var text = document.replacing(/<style>[^<]*<\/style>/, with: "").replacing(/<[^>]*>/, with: " ")
            for (reference, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
                text = text.replacing(reference, with: sign)
            }
            return text.replacing(/\s+/, with: " ")
        }
    }

    /// Opens a page and lets it work for so many milliseconds of its own time; nil, with a message, where there is no browser.
    func visit(_ page: String, fragment: String = "", budget: Int = 2_000) throws -> Visit? {
        let log = workspace.file("net-\(UUID().uuidString).json")
        let options = ["--log-net-log=\(log)", "--virtual-time-budget=\(budget)", "--dump-dom"]
        guard let document = try run(page, fragment: fragment, options) else { return nil }
        return Visit(document: document, requests: try Self.requests(Data(contentsOf: URL(fileURLWithPath: log))))
    }

    /// Prints a page, and counts the sheets; nil, with a message, where there is no browser.
    func sheetCount(_ page: String) throws -> Int? {
        let path = workspace.file("page.pdf")
        guard try run(page, ["--no-pdf-header-footer", "--print-to-pdf=\(path)"]) != nil else { return nil }
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        return text.matches(of: /\/Type \/Page\b/).count
    }

    private func run(_ page: String, fragment: String = "", _ options: [String]) throws -> String? {
        guard let browser = Self.path else {
            print("skipped: there is no Chromium; make deps-browser installs it")
            return nil
        }
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._/"))
        let address = page.addingPercentEncoding(withAllowedCharacters: plain) ?? page
        let result = try Command.Running(
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--disable-component-update", "--no-first-run", "--user-data-dir=\(workspace.file("profile"))",
            ] + options + ["file://\(address)" + (fragment.isEmpty ? "" : "#" + fragment)],
            input: nil, executable: browser
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
        return result.text
    }

    /// The requests that a page made. The browser's own have no origin.
    private static func requests(_ log: Data) throws -> [String] {
        let whole = try #require(try JSONSerialization.jsonObject(with: log) as? [String: Any])
        let events = try #require(whole["events"] as? [[String: Any]])
        return events.compactMap { event in
            guard let parameters = event["params"] as? [String: Any],
                let initiator = parameters["initiator"] as? String, initiator != "not an origin"
            else { return nil }
            return parameters["url"] as? String ?? "?"
        }
    }
}
