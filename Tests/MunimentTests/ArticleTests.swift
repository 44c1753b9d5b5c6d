// The articles of Muniment.docc show code that is compiled and run: each listing is a snippet of Tutorial.swift, word for word.

import Foundation
import Testing

@Suite struct ArticleTests {
    private static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let catalogue = package.appending(path: "Sources/Muniment/Muniment.docc")

    private static func articles() throws -> [(name: String, lines: [Substring])] {
        try FileManager.default.contentsOfDirectory(at: catalogue, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "md" }
            .map { url in
                let text = try String(contentsOf: url, encoding: .utf8)
                return (url.lastPathComponent, text.split(separator: "\n", omittingEmptySubsequences: false))
            }
    }

    /// The snippets by name, each without the indentation that its lines share.
    private static func snippets() throws -> [String: [String]] {
        let text = try String(
            contentsOf: package.appending(path: "Tests/MunimentTests/Tutorial.swift"), encoding: .utf8)
        var snippets: [String: [String]] = [:]
        var name: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bare = line.drop { $0 == " " }
            if bare.hasPrefix("// snippet: ") {
                name = String(bare.dropFirst(12))
            } else if bare == "// end" {
                name = nil
            } else if let name {
                snippets[name, default: []].append(line.isEmpty ? "" : String(line.dropFirst(8)))
            }
        }
        return snippets
    }

    @Test func listingsAreSnippets() throws {
        let snippets = try Self.snippets()
        var shown: Set<String> = []
        for (article, lines) in try Self.articles() {
            for (place, line) in lines.enumerated() where line == "```swift" {
                let marker = place > 0 ? lines[place - 1] : ""
                let name = String(marker.dropFirst("<!-- snippet: ".count).dropLast(" -->".count))
                let snippet = try #require(
                    snippets[name], "\(article):\(place + 1): no snippet \"\(name)\" before the listing")
                let listing = lines[(place + 1)...].prefix { $0 != "```" }.map(String.init)
                #expect(listing == snippet, "\(article):\(place + 1) differs from the snippet \(name)")
                shown.insert(name)
            }
        }
        #expect(shown == Set(snippets.keys), "snippets that no article shows, or the other way round")
    }

    @Test func landingPageNamesEveryArticle() throws {
        let articles = try Self.articles()
        let landing = try #require(articles.first { $0.name == "Muniment.md" }).lines.joined(separator: "\n")
        for (name, _) in articles where name != "Muniment.md" {
            #expect(landing.contains("<doc:\(name.dropLast(3))>"), "Muniment.md does not name \(name)")
        }
        #expect(articles.count >= 6)
    }
}
