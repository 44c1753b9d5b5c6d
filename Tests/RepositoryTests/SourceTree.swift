// The repository's own files, as the rules in this folder read them. Build products, caches and what git does not track by habit are
// left out.

import Foundation

/// One text file.
struct SourceFile: Sendable {
    /// Relative to the package.
    let path: String
    let lines: [Substring]

    /// The name of the folder under Sources or Tests that holds it.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Lines of code: without comments, and with every string's text taken out.
    let code: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = path.hasSuffix(".swift") ? lines.map { Substring(SourceFile.code($0)) } : lines
    }

    /// A line up to its comment, its strings emptied.
    private static func code(_ line: Substring) -> String {
        var kept: [UInt8] = []
        var isString = false
        var isEscaped = false
        for byte in line.utf8 {
            if isString {
                isString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                if !isString { kept.append(byte) }
            } else if byte == UInt8(ascii: "/"), kept.last == byte {
                kept.removeLast()
                break
            } else {
                isString = byte == UInt8(ascii: "\"")
                kept.append(byte)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// `path:line` of each line of code with one of `words`, which no letter precedes.
    func places(of words: String...) -> [String] {
        code.enumerated().filter { _, line in words.contains { SourceFile.has($0, line) } }.map {
            "\(path):\($0.offset + 1)"
        }
    }

    private static func has(_ word: String, _ line: Substring) -> Bool {
        guard let range = line.firstRange(of: word) else { return false }
        let before = line[..<range.lowerBound].last
        return !(before.map { $0.isLetter || $0 == "_" || $0 == "." } ?? false) || has(word, line[range.upperBound...])
    }
}

enum SourceTree {
    /// The package's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All files of the package whose name ends with one of `extensions`.
    static func files(_ extensions: String...) -> [SourceFile] {
        all.filter { file in extensions.contains { file.path.hasSuffix($0) } }
    }

    /// The Swift files under Sources.
    static let swiftSources = files(".swift").filter { $0.path.hasPrefix("Sources/") }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static let all: [SourceFile] = {
        var found: [SourceFile] = []
        let prefix = root.standardizedFileURL.path + "/"
        let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isDirectoryKey])
        while let url = walk?.nextObject() as? URL {
            if url.lastPathComponent.hasPrefix(".") {
                // .build, .git and the like; of them only the continuous integration's folder is ours.
                if url.lastPathComponent != ".ci" { walk?.skipDescendants() }
                continue
            }
            let path = url.standardizedFileURL.path
            guard path.hasPrefix(prefix), !url.lastPathComponent.hasSuffix(".json"),
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            found.append(SourceFile(path: String(path.dropFirst(prefix.count)), text: text))
        }
        return found.sorted { $0.path < $1.path }
    }()
}
