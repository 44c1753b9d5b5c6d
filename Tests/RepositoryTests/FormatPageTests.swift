// Format/ is whole: every structure has its page, every page that defines bytes its vectors, every file of vectors its page.

import Foundation
import Testing

@Suite struct FormatPageTests {
    /// Pages that define no bytes of their own.
    private static let pagesWithoutVectors: Set<String> = ["README.md", "recovery.md", "findings.md"]

    private static func names(_ folder: String, _ suffix: String) throws -> Set<String> {
        let all = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.appending(path: folder).path)
        return Set(all.filter { $0.hasSuffix(suffix) })
    }

    private struct Row {
        var page: String
        var vectors: [String]
    }

    /// The table of pages in Format/README.md.
    private static func table() throws -> [Row] {
        try SourceTree.text("Format/README.md").split(separator: "\n").compactMap { line in
            guard let match = line.firstMatch(of: /^\| \[([\w-]+\.md)\]\([\w-]+\.md\) \|[^|]*\|([^|]*)\|/) else {
                return nil
            }
            let vectors = match.output.2.split(separator: ",").map { String($0.trimming { $0 == " " }) }.filter {
                !$0.isEmpty
            }
            return Row(page: String(match.output.1), vectors: vectors)
        }
    }

    @Test func everyPageIsInTheTable() throws {
        let pages = try Self.names("Format", ".md").subtracting(["README.md"])
        #expect(Set(try Self.table().map(\.page)) == pages)
    }

    @Test func everyPageHasVectors() throws {
        let files = try Self.names("Format/vectors", ".json")
        for row in try Self.table() {
            #expect(!row.vectors.isEmpty || Self.pagesWithoutVectors.contains(row.page), "\(row.page) has no vectors")
            for file in row.vectors { #expect(files.contains(file), "\(row.page) names \(file), which is not there") }
        }
    }

    /// The verifier's codes and the page that lists them agree.
    @Test func everyFindingIsListed() throws {
        let source = try SourceTree.text("Sources/MunimentVerify/FindingCode.swift")
        let codes = source.matches(of: /= Self\("([\w.]+)"\)/).map { String($0.output.1) }
        let page = try SourceTree.text("Format/findings.md")
        let rows = page.matches(of: /\| `([\w.]+)` \| (error|unattested|notice|error, unattested) \| \S/)
            .map { String($0.output.1) }
        #expect(codes.count > 80 && Set(codes).count == codes.count)
        #expect(rows.count == Set(rows).count, "a code is listed twice")
        #expect(Set(codes).subtracting(rows).isEmpty && Set(rows).subtracting(codes).isEmpty)
    }

    @Test func everyVectorFileHasAPage() throws {
        let named = try Set(Self.table().flatMap(\.vectors))
        for file in try Self.names("Format/vectors", ".json") where !named.contains(file) {
            let introduction = try SourceTree.text("Format/README.md")
            #expect(introduction.contains(file), "no page has \(file)")
        }
    }
}

extension StringProtocol {
    /// Without the characters at both ends that `isUnwanted` names.
    fileprivate func trimming(_ isUnwanted: (Character) -> Bool) -> SubSequence {
        var rest = self[...]
        while let first = rest.first, isUnwanted(first) { rest.removeFirst() }
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return rest
    }
}
