// The pages of Format/ show real bytes: each example is one of the vectors, and each vector file is named by a page.

import Foundation
import MunimentFormat
import Testing

@Suite struct PageTests {
    private static let folder = Vectors.directory.deletingLastPathComponent()

    /// An example block: which vector it shows, and its bytes.
    private struct Example {
        var file: String
        var name: String
        var lines: [Substring]

        /// The bytes of a listing: after an offset of six characters, up to 66 characters of bytes, then the field's name.
        var bytes: [UInt8]? {
            var words: [String] = []
            for line in lines {
                guard line.utf8.count > 8, Int(line.prefix(6).drop { $0 == " " }) != nil else { return nil }
                words.append(line.dropFirst(8).prefix(66).trimmingCharacters(in: .whitespaces))
            }
            return Spelt(words.joined(separator: " "))?.bytes
        }
    }

    private func pages() throws -> [(name: String, text: String)] {
        try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "md" }.map {
                ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
            }
    }

    private func examples(_ text: String) -> [Example] {
        var found: [Example] = []
        var open: Example?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("<!-- example: ") {
                let words = line.dropFirst(14).dropLast(4).split(separator: " ", maxSplits: 1)
                open = Example(file: String(words[0]), name: String(words[1]), lines: [])
            } else if line == "<!-- end -->", let example = open {
                found.append(example)
                open = nil
            } else if line != "```" {
                open?.lines.append(line)
            }
        }
        return found
    }

    @Test func examplesAreVectors() throws {
        var checked = 0
        for page in try pages() {
            for example in examples(page.text) {
                #expect(!example.lines.isEmpty, "\(page.name): \(example.name)")
                let vectors = try VectorNames(example.file)
                guard let vector = vectors.good?.first(where: { $0.name == example.name }), let hex = vector.hex else {
                    continue
                }
                #expect(example.bytes == Spelt(hex)?.bytes, "\(page.name): \(example.name)")
                checked += 1
            }
        }
        #expect(checked >= 20)
    }

    @Test func everyVectorFileHasItsPage() throws {
        let texts = try pages()
        let files = try FileManager.default.contentsOfDirectory(atPath: Vectors.directory.path)
            .filter { $0.hasSuffix(".json") }
        #expect(files.count >= 30)
        for file in files {
            let page = try VectorNames(file).page
            let text = try #require(texts.first { $0.name == page }?.text, "\(file)")
            #expect(text.contains(file), "\(page) does not name \(file)")
        }
    }

    @Test func pagesNameFilesThatExist() throws {
        for page in try pages() {
            for match in page.text.matches(of: /vectors\/([a-z_-]+\.[a-z]+)/) {
                let path = Vectors.directory.appending(path: String(match.output.1)).path
                #expect(FileManager.default.fileExists(atPath: path), "\(page.name): \(match.output.1)")
            }
        }
    }

    private struct VectorNames: Decodable {
        struct Named: Decodable {
            var name: String
            var hex: String?
        }
        var page: String
        var good: [Named]?

        init(_ file: String) throws {
            self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: Vectors.directory.appending(path: file)))
        }
    }
}
