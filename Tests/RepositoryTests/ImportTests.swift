// Who may import whom. The verifier shares no code with the writer above format, hashes, tree and notes: a promise to whoever relies on
// its verdict, kept here and in Package.swift.

import Foundation
import Testing

@Suite struct ImportTests {
    /// Lower modules first. A module imports only those before it.
    private static let layers = [
        "MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote", "MunimentInput", "MunimentStore",
        "MunimentVerify",
        "Muniment", "MunimentCLI",
    ]

    /// Modules that the order alone would allow.
    private static let forbidden: [String: Set<String>] = [
        "MunimentVerify": ["MunimentStore", "MunimentInput"],
        "MunimentStore": ["MunimentInput"],
        "Muniment": ["MunimentVerify", "MunimentInput"],
        "MunimentCLI": ["MunimentStore", "MunimentCrypto", "MunimentFormat"],
    ]

    /// The only files that see C and Foundation: each a door with a Swift face.
    private static let doors: [String: Set<String>] = [
        "CLZ4": ["PartCodec.swift"],
        "CMunimentZip": ["ZipFile.swift"],
        "CSodium": ["Ed25519.swift", "SecretKey.swift", "SaltStream.swift"],
        "CMunimentKernels": [
            "Checksum.swift", "CRC32C.swift", "SHA256.swift", "EntryHasher.swift", "ContentHasher.swift",
            "SystemCalls.swift",
            "FrameInspector.swift", "ReadOnlyFile.swift", "CoreDumps.swift", "EvidenceZip.swift",
        ],
        "Foundation": ["SealingKey.swift"],
    ]

    /// Modules that only these targets import at all.
    private static let owners: [String: Set<String>] = [
        "Crypto": ["MunimentCrypto"],
        "ArgumentParser": ["MunimentCLI"],
        "Logging": ["Muniment"],
        "Metrics": ["Muniment"],
        "Glibc": ["MunimentCrypto", "MunimentInput", "MunimentStore", "MunimentVerify", "MunimentCLI"],
        "Synchronization": ["MunimentStore", "MunimentVerify", "MunimentCLI"],
    ]

    private struct Import {
        var file: SourceFile
        var module: String
    }

    private static let imports: [Import] = SourceTree.swiftSources.flatMap { file in
        file.code.filter { $0.contains("import ") }.compactMap { line in
            guard let match = line.firstMatch(of: /^\s*(@\w+ )*(\w+ )?import (struct |class |enum |func )?(\w+)/) else {
                return nil
            }
            return Import(file: file, module: String(match.output.4))
        }
    }

    @Test func importsAreFound() {
        #expect(Self.imports.count > 100)
        #expect(Set(Self.imports.map(\.file.target)).isSuperset(of: Self.layers.dropLast()))
    }

    @Test func everyFolderIsALayer() {
        let folders = Set(SourceTree.swiftSources.map(\.target))
        #expect(folders == Set(Self.layers), "a new target needs its place in the order")
    }

    @Test func lowerNeverImportsHigher() throws {
        for item in Self.imports {
            guard let imported = Self.layers.firstIndex(of: item.module) else { continue }
            let importing = try #require(Self.layers.firstIndex(of: item.file.target))
            #expect(imported < importing, "\(item.file.path) imports \(item.module)")
            let isForbidden = Self.forbidden[item.file.target]?.contains(item.module) == true
            #expect(!isForbidden, "\(item.file.path) imports \(item.module)")
        }
    }

    @Test func foreignModulesHaveTheirDoors() {
        for item in Self.imports where !Self.layers.contains(item.module) {
            let door = Self.doors[item.module]?.contains(item.file.name)
            let owner = Self.owners[item.module]?.contains(item.file.target)
            #expect(door ?? owner ?? false, "\(item.file.path) imports \(item.module)")
        }
    }

    @Test func doorsAreInUse() {
        for (module, files) in Self.doors {
            let found = Set(Self.imports.filter { $0.module == module }.map(\.file.name))
            #expect(found == files, "the list of files that import \(module) is out of date")
        }
    }
}
