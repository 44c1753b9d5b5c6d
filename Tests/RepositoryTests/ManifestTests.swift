// What an embedder's package manager sees of this package.

import Foundation
import Testing

@Suite struct ManifestTests {
    private static let manifest = SourceTree.files("Package.swift").filter { $0.path == "Package.swift" }

    @Test func noUnsafeFlags() throws {
        let manifest = try #require(Self.manifest.first)
        #expect(
            manifest.places(of: "unsafeFlags", ".unsafeFlags").isEmpty,
            "a package with unsafe flags can't be a dependency")
    }

    /// Tools of the developers come in only where an environment variable asks for them, each on one line.
    @Test func developersToolsAreGated() throws {
        let manifest = try #require(Self.manifest.first)
        let gates = manifest.lines.filter { $0.contains("Context.environment") }
        let names = gates.compactMap { gate in
            gate.firstMatch(of: /environment\["(MUNIMENT_\w+)"\] == "1"/).map {
                String($0.output.1)
            }
        }
        #expect(names.count == gates.count, "an environment variable that is not compared with 1 on its line")
        #expect(Set(names).isSubset(of: ["MUNIMENT_FUZZ", "MUNIMENT_DOCS"]))
    }

    /// The packages that reach an embedder: these and no others.
    @Test func dependenciesAreFew() throws {
        let manifest = try #require(Self.manifest.first)
        var names: [String] = []
        for line in manifest.lines {
            if line.contains("Context.environment") { break }
            if let match = line.firstMatch(of: /url: "https:\/\/github.com\/([\w-]+\/[\w-]+)"/) {
                names.append(String(match.output.1))
            }
        }
        #expect(
            Set(names).isSubset(of: [
                "apple/swift-crypto", "apple/swift-argument-parser", "apple/swift-log", "apple/swift-metrics",
                "apple/swift-system",
                "apple/swift-collections",
            ]))
        #expect(names.count >= 4)
    }

    @Test func productsAreTheThree() throws {
        let manifest = try #require(Self.manifest.first)
        let products = manifest.lines.compactMap {
            $0.firstMatch(of: /\.(library|executable)\(name: "(\w+)"/).map { String($0.output.2) }
        }
        #expect(products == ["Muniment", "MunimentVerify", "muniment"])
    }
}
